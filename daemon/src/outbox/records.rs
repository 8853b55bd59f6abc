//! What the outbox remembers of an operation: while it waits, when it is held, and once it is done.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use threads::entry_id::EntryId;
use threads::hand_edit::HandEdit;
use threads::operation::Operation;
use threads::timestamp::Timestamp;
use threads::topic::Topic;

/// The format of the files that this build writes.
pub(super) const FORMAT: u32 = 1;

/// How long an answer is remembered.
pub(super) const ANSWER_SECONDS_MAX: i64 = 30 * 24 * 3_600;

/// What an operation counts beside its body and title.
pub(super) const OVERHEAD_BYTES: usize = 1_024;

/// An operation and the call that it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// What is to be written.
    pub(crate) operation: Operation,
    /// The shim's session and JSON-RPC id: recognises the same call when it is sent again.
    #[serde(default)]
    pub(crate) resent_as: Option<String>,
}

/// An operation that the remote refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// What was to be written.
    pub(crate) kept: Arc<Kept>,
    /// The server's words.
    pub(crate) reason: String,
    /// When it was refused.
    pub(crate) at: Timestamp,
}

/// What is remembered of a done operation: enough to answer the same call again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The entry.
    pub(crate) id: EntryId,
    /// The thread.
    pub(crate) topic: Topic,
    /// The author, `Name (user)`.
    pub(crate) agent: String,
    /// As written.
    pub(crate) title: String,
    /// As written.
    pub(crate) role: String,
    /// As written.
    pub(crate) entry_type: String,
    /// The caller's idempotency key.
    pub(crate) key: Option<String>,
    /// See [`Kept::resent_as`].
    pub(crate) resent_as: Option<String>,
    /// Of the call's arguments: other arguments under one key are refused.
    pub(crate) arguments_digest: Option<String>,
    /// What came of it.
    pub(crate) outcome: Written,
    /// Whether the writer moved the ball.
    pub(crate) ball_flipped: bool,
    /// When it was done.
    pub(crate) done_at: Timestamp,
}

/// How the thread stood with a done operation in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// The entry's place in the file.
    pub(crate) index: Option<u64>,
    /// Whose turn it was then.
    pub(crate) ball: String,
    /// The status then.
    pub(crate) status: String,
}

impl Answer {
    pub(super) fn of(kept: &Kept, outcome: Written, done_at: Timestamp) -> Self {
        let operation = &kept.operation;
        Self {
            id: operation.id.clone(),
            topic: operation.topic.clone(),
            agent: operation.agent.clone(),
            title: operation.title.clone(),
            role: operation.role.clone(),
            entry_type: operation.entry_type.clone(),
            key: operation.key.clone(),
            resent_as: kept.resent_as.clone(),
            arguments_digest: operation.arguments_digest.clone(),
            ball_flipped: operation.ball.is_some() && operation.ball != operation.seen.ball,
            outcome,
            done_at,
        }
    }
}

/// Whether an answer is in force no more.
pub(super) fn is_too_old(answer: &Answer, now: Timestamp) -> bool {
    let age = now.as_unix_seconds() - answer.done_at.as_unix_seconds();
    age > ANSWER_SECONDS_MAX
}

/// What an operation counts against the outbox's bytes.
pub(super) fn weight(kept: &Kept) -> usize {
    let edited = kept.operation.edit.as_ref();
    let edited = edited.map_or(0, HandEdit::weight);
    OVERHEAD_BYTES + kept.operation.body.len() + kept.operation.title.len() + edited
}
