//! Why a request was not done, in a stable code and in words that say what to do next.

use serde::{Deserialize, Serialize};

/// The stable kinds of failure; source: the outside contract, section 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// No thread has that topic.
    ThreadNotFound,
    /// No entry has that ID, or the index is out of range.
    EntryNotFound,
    /// No repository has that name.
    RepositoryNotFound,
    /// Several repositories could be meant.
    RepositoryAmbiguous,
    /// An argument is missing or not of the form that the tool takes.
    InvalidArgument,
    /// A topic that we would not make.
    InvalidTopic,
    /// A body, title or result over its limit.
    TooLarge,
    /// The cursor is none that this daemon gave.
    CursorExpired,
    /// The connection may not write.
    ReadOnly,
    /// This client wrote more than `writes_per_minute`.
    RateLimited,
    /// The idempotency key was used with other arguments.
    KeyReused,
    /// The outbox holds as much as it may.
    OutboxFull,
    /// The disk refused the write; nothing was kept.
    NotDurable,
    /// It is not known whether the call was carried out.
    Uncertain,
    /// No daemon answers.
    DaemonUnavailable,
    /// Client and daemon share no protocol.
    VersionMismatch,
}

impl FailureCode {
    /// The code as it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ThreadNotFound => "thread_not_found",
            Self::EntryNotFound => "entry_not_found",
            Self::RepositoryNotFound => "repository_not_found",
            Self::RepositoryAmbiguous => "repository_ambiguous",
            Self::InvalidArgument => "invalid_argument",
            Self::InvalidTopic => "invalid_topic",
            Self::TooLarge => "too_large",
            Self::CursorExpired => "cursor_expired",
            Self::ReadOnly => "read_only",
            Self::RateLimited => "rate_limited",
            Self::KeyReused => "key_reused",
            Self::OutboxFull => "outbox_full",
            Self::NotDurable => "not_durable",
            Self::Uncertain => "uncertain",
            Self::DaemonUnavailable => "daemon_unavailable",
            Self::VersionMismatch => "version_mismatch",
        }
    }
}

/// A failed request: `{"code", "message", "hint"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The stable kind.
    pub code: FailureCode,
    /// What failed, in one sentence.
    pub message: String,
    /// What to do or call next.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure that says what to do next.
    #[must_use]
    pub fn new(code: FailureCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }
}
