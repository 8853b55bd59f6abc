//! What can go wrong, by what can be done about it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The kinds of trouble that `status` shows; named after what can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No answer, or one that makes no sense: try again later. Also everything unknown.
    Offline,
    /// The server asks for fewer requests.
    RateLimited,
    /// There is no credential.
    CredentialMissing,
    /// The server does not take the credential, or it may not do this.
    CredentialRefused,
    /// A credential store waits for its owner.
    KeychainLocked,
    /// The server's key or certificate is not known.
    HostKeyUnknown,
    /// The server's key is another one than before.
    HostKeyChanged,
    /// The remote's rules forbid the push.
    PushRefused,
    /// The remote's history no longer holds what it held.
    Rewritten,
    /// This machine's disk is full.
    DiskFull,
    /// The settings, or a needed program, must be corrected.
    SettingsInvalid,
    /// The server does not know, or hides, the repository; or the branch is gone.
    NotFound,
    /// Too much is waiting to be sent.
    OutboxFull,
    /// The clone is damaged and has to be made again.
    Damaged,
}

impl Kind {
    /// The name in `status --json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Offline => "offline",
            Kind::RateLimited => "rate_limited",
            Kind::CredentialMissing => "credential_missing",
            Kind::CredentialRefused => "credential_refused",
            Kind::KeychainLocked => "keychain_locked",
            Kind::HostKeyUnknown => "host_key_unknown",
            Kind::HostKeyChanged => "host_key_changed",
            Kind::PushRefused => "push_refused",
            Kind::Rewritten => "rewritten",
            Kind::DiskFull => "disk_full",
            Kind::SettingsInvalid => "settings_invalid",
            Kind::NotFound => "not_found",
            Kind::OutboxFull => "outbox_full",
            Kind::Damaged => "damaged",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why an exchange with the remote failed. `message` and `hint` are single lines for a person,
/// without control characters or secrets.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct TransferError {
    /// What can be done about it.
    pub kind: Kind,
    /// What failed, with the remote's own words.
    pub message: String,
    /// What a person can do; never empty.
    pub hint: String,
    /// How many seconds the server asks to be left alone, where it named a time.
    #[serde(default)]
    pub retry_after_seconds: Option<u64>,
    #[source]
    pub(crate) source: Option<Cause>,
}

/// What libgit2 said of a failed exchange, as text: it may come from another process.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{0}")]
pub(crate) struct Cause(String);

impl TransferError {
    /// A trouble in our own words; both are single lines for a person.
    pub fn new(kind: Kind, message: impl Into<String>, hint: impl Into<String>) -> TransferError {
        TransferError {
            kind,
            message: message.into(),
            hint: hint.into(),
            retry_after_seconds: None,
            source: None,
        }
    }

    pub(crate) fn after_seconds(mut self, seconds: u64) -> TransferError {
        self.message = format!("{}; it asks for {seconds} s of quiet", self.message);
        self.retry_after_seconds = Some(seconds);
        self
    }

    pub(crate) fn caused_by(mut self, source: git2::Error) -> TransferError {
        self.source = Some(Cause(source.to_string()));
        self
    }
}

impl From<CloneError> for TransferError {
    fn from(error: CloneError) -> TransferError {
        let (kind, hint) = match &error {
            CloneError::Branch { .. } | CloneError::Directory { .. } => {
                (Kind::SettingsInvalid, "correct this repository's settings")
            }
            CloneError::DiskFull { .. } => (Kind::DiskFull, "free some space on this machine"),
            CloneError::Damaged { .. } | CloneError::TooLarge { .. } => (
                Kind::Damaged,
                "the clone is made anew; nothing that was written is lost",
            ),
            CloneError::InUse { .. }
            | CloneError::Io { .. }
            | CloneError::Git { .. }
            | CloneError::Raced
            | CloneError::Blocked { .. } => (
                Kind::Offline,
                "it is tried again; look at the log if it stays",
            ),
        };
        TransferError::new(kind, error.to_string(), hint)
    }
}

/// Why the clone on this machine could not be opened, read or written.
#[derive(Debug, Error)]
pub enum CloneError {
    /// Not a name that git takes for a branch.
    #[error("'{name}' is no name for a branch")]
    Branch {
        /// As it was given.
        name: String,
    },
    /// Not a plain relative folder.
    #[error("'{directory}' is no folder inside a repository")]
    Directory {
        /// As it was given.
        directory: String,
    },
    /// A file or folder of the clone could not be used.
    #[error("{path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The process that works on it for a daemon did not end in time.
    #[error("another process still works on {path}")]
    InUse {
        /// The clone.
        path: PathBuf,
    },
    /// No space is left where the clone is.
    #[error("no space is left at {path}")]
    DiskFull {
        /// The clone.
        path: PathBuf,
    },
    /// Something in the clone is missing or unreadable.
    #[error("the clone is damaged ({doing})")]
    Damaged {
        /// What was being done.
        doing: &'static str,
        /// What git said.
        source: git2::Error,
    },
    /// A file is larger than what is read.
    #[error("a file of {bytes} bytes is larger than what is served")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// Something that is no plain file or folder stands where a thread is to be written.
    #[error("{path} {reason}")]
    Blocked {
        /// The path inside the tree.
        path: String,
        /// What stands there.
        reason: &'static str,
    },
    /// Somebody else moved our branch meanwhile; nothing was changed.
    #[error("the branch was moved meanwhile")]
    Raced,
    /// Anything else that git reports.
    #[error("{doing}: {source}")]
    Git {
        /// What was being done.
        doing: &'static str,
        /// What git said.
        source: git2::Error,
    },
}

/// How a push failed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum PushError {
    /// The remote moved meanwhile and took nothing: fetch, then push again.
    #[error("the remote has moved meanwhile")]
    Rejected {
        /// Those who take turns at this remote let us go first, if we come again at once.
        at_once: bool,
    },
    /// The connection was lost after sending began, so it may have been applied: fetch first.
    #[error("whether the push arrived is not known: {0}")]
    Unknown(#[source] TransferError),
    /// Nothing was applied, and what is in the way is no rule about these operations.
    #[error(transparent)]
    Failed(TransferError),
    /// The remote's rules forbid this push; with several operations, perhaps only one of them.
    #[error("the remote refuses the push: {reason}")]
    Refused {
        /// The server's words, without control characters.
        reason: String,
    },
}
