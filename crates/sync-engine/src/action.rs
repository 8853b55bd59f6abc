//! What the engine wants done; the daemon performs it and tells what came of it as an event.

use threads::entry_id::EntryId;

/// One thing to do. At most one [`Action::Fetch`] or [`Action::Push`] is under way at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put the operation into the outbox durably; then `Kept` or `NotKept`.
    Keep {
        /// The operation's Entry-ID.
        id: EntryId,
    },
    /// Do not keep the operation: the outbox is full ([`crate::limits::PENDING_MAX`]). The writer
    /// is told so; nothing comes back.
    Refuse {
        /// The operation's Entry-ID.
        id: EntryId,
    },
    /// Learn the remote's tip; then `Fetched` or `FetchFailed`. A clone that was reported damaged
    /// is made anew first.
    Fetch,
    /// Put the pending operations, from the first on and as many as fit, on the last known tip and
    /// push them at once; then `Pushed`,
    /// `PushRejected`, `PushUnknown` or `PushFailed`. For a local repository: commit them into our
    /// own branch. Where the tip holds them all, nothing needs to be sent and they are `Pushed`.
    Push,
    /// Make the clone small; then `Tidied`. No fetch and no push is under way meanwhile.
    Tidy,
}
