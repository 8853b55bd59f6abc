//! What happened: everything that the daemon tells an engine.

use threads::entry_id::EntryId;

use crate::moment::{Moment, Span};
use crate::trouble::{Trouble, TroubleKind};

/// One thing that happened. Results of an action that was not asked for are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The repository is open; the outbox was read. Nothing is fetched or pushed before this.
    Started {
        /// What the outbox holds.
        pending: Vec<EntryId>,
    },
    /// A client wrote; the operation has its Entry-ID and is not durable yet.
    Submitted {
        /// The operation's Entry-ID.
        id: EntryId,
    },
    /// The operation is durable in the outbox. One that was not `Submitted` (a hand edit) is taken
    /// too.
    Kept {
        /// The operation's Entry-ID.
        id: EntryId,
    },
    /// Somebody waits for this operation to be on the remote: it is pushed as soon as it can be,
    /// without waiting for company. Nothing happens where it is not pending.
    Awaited {
        /// The operation's Entry-ID.
        id: EntryId,
    },
    /// The operation could not be made durable; its writer was told.
    NotKept {
        /// The operation's Entry-ID.
        id: EntryId,
    },
    /// The remote's tip is known.
    Fetched {
        /// Whether it is another one than before.
        moved: bool,
        /// How many distinct other writers the new commits have, at least; 0 where it did not move.
        /// Those that are known by name are told as [`Event::WriterSeen`] beforehand.
        writers: u32,
        /// From start to end.
        took: Span,
    },
    /// The remote's tip could not be learned.
    FetchFailed {
        /// Why.
        trouble: Trouble,
    },
    /// The push went through.
    Pushed {
        /// What the remote holds, because we pushed it or because it was there. What was pending
        /// and stands in neither list goes with the next push, at once.
        done: Vec<EntryId>,
        /// What its rules refused and we set aside.
        held: Vec<EntryId>,
        /// From start to end.
        took: Span,
    },
    /// The remote moved meanwhile: fetch and replay.
    PushRejected {
        /// From start to end.
        took: Span,
        /// Those who take turns at this remote let us go first, if we come again at once.
        at_once: bool,
    },
    /// The answer was lost: the push may have been applied.
    PushUnknown {
        /// Why it was lost.
        trouble: Trouble,
    },
    /// The push was not applied.
    PushFailed {
        /// Why.
        trouble: Trouble,
    },
    /// Pending operations were found on the remote by a fetch, or taken back by a person.
    Settled {
        /// Those that are pending no more.
        ids: Vec<EntryId>,
    },
    /// Trouble that stops neither fetch nor push was found: operations in `held/` at the start,
    /// rewritten history, a bad settings file, a clone that a reader found damaged. It stands until
    /// `TroubleGone`.
    TroubleFound {
        /// What it is.
        trouble: Trouble,
    },
    /// Such trouble is over.
    TroubleGone {
        /// What it was.
        kind: TroubleKind,
    },
    /// The clone has grown enough to be made small.
    Cluttered,
    /// The clone was made small, or could not be.
    Tidied,
    /// Another writer was heard of in some other way than by a fetch.
    WriterSeen {
        /// A number that is the same each time for the same writer, such as a hash of the address.
        writer: u64,
    },
    /// A client read or did something.
    ClientActive,
    /// Somebody wants to be in step now.
    SyncAsked,
    /// The user wants quiet.
    PauseAsked {
        /// When it ends by itself; never where absent.
        until: Option<Moment>,
    },
    /// The user wants no more quiet.
    ResumeAsked,
    /// The machine has another network, or is awake again.
    NetworkChanged,
    /// A credential or a confirmed host key changed.
    CredentialChanged,
}
