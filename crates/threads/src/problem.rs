//! What is odd about a thread's file; none of it keeps the thread from being read.

use crate::entry_id::EntryId;

/// One oddity. `entry` counts the thread's entries from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Some bytes are no UTF-8; they are shown as U+FFFD. The Python readers refuse such a file.
    #[error("the file is not all UTF-8")]
    NotUtf8,
    /// Entries stand in a file without a header.
    #[error("the file has entries and no header")]
    HeaderMissing,
    /// The header has no status; it counts as `OPEN`.
    #[error("the header has no status")]
    StatusMissing,
    /// The header has no ball.
    #[error("the header has no ball")]
    BallMissing,
    /// The numbers of an entry's timestamp are no time.
    #[error("the time of entry {entry} is none")]
    TimestampInvalid {
        /// Which one.
        entry: usize,
    },
    /// An entry's ID is longer than an ID may be; the entry counts as one without.
    #[error("the ID of entry {entry} is too long")]
    EntryIdTooLong {
        /// Which one.
        entry: usize,
    },
    /// The same entry stands in the file again; it is shown once.
    #[error("entry {id} stands in the file more than once")]
    EntryRepeated {
        /// Its ID.
        id: EntryId,
    },
    /// Another entry has the ID of one before it.
    #[error("another entry has the ID {}; it is shown as {id}", id.plain())]
    EntryIdDoubled {
        /// The ID that it is shown with.
        id: EntryId,
    },
    /// A code fence is open at the file's end, so that what looks like entries behind it is none.
    #[error("a code fence is left open")]
    FenceOpen,
}
