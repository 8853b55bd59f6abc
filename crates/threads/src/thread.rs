//! A thread as it stands in one version of its file.

use std::ops::Range;

use crate::ball::Ball;
use crate::entry::{Entry, Source};
use crate::fence::Fence;
use crate::header::{Header, HeaderForm, Key};
use crate::timestamp::Timestamp;

/// The status of a thread whose header has none.
pub const STATUS_DEFAULT: &str = "OPEN";
/// The ball that a header without one gets where a write brings none.
pub const BALL_DEFAULT: &str = "Team";
/// Statuses of threads in which nothing is to be done.
pub const STATUSES_CLOSED: [&str; 6] = [
    "DONE",
    "CLOSED",
    "MERGED",
    "RESOLVED",
    "ABANDONED",
    "OBSOLETE",
];

/// A thread: its header and its entries, in file order, over the bytes of its file.
#[derive(Debug, Clone)]
pub struct Thread {
    pub(crate) source: Source,
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    /// The header's bytes, then each entry's with its separator and the repeated ones too. They
    /// cover the file.
    pub(crate) pieces: Vec<Range<usize>>,
    /// The fence that is open at the file's end.
    pub(crate) fence: Option<Fence>,
}

impl Thread {
    /// Whether the file is a thread: it has a header or an entry. A README has neither.
    pub fn is_thread(&self) -> bool {
        self.header.present || !self.entries.is_empty()
    }

    /// The header's form; `Classic` where there is none.
    pub fn form(&self) -> HeaderForm {
        self.header.form
    }

    /// The header's title, else its heading without ` — Thread`, else its topic; else empty.
    pub fn title(&self) -> String {
        let bytes = &self.source.0;
        self.header
            .value(bytes, Key::Title)
            .or_else(|| self.header.heading_text(bytes))
            .or_else(|| self.header.value(bytes, Key::Topic))
            .unwrap_or_default()
    }

    /// The header's status in capitals; `OPEN` where it has none.
    pub fn status(&self) -> String {
        let status = self.header.value(&self.source.0, Key::Status);
        status.map_or_else(|| STATUS_DEFAULT.to_owned(), |status| status.to_uppercase())
    }

    /// The header's ball; empty where it has none.
    pub fn ball(&self) -> String {
        self.header
            .value(&self.source.0, Key::Ball)
            .unwrap_or_default()
    }

    /// When the header says that the thread was made.
    pub fn created(&self) -> Option<Timestamp> {
        self.header_time(Key::Created)
    }

    /// The entries in file order, each once.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether the status is one of [`STATUSES_CLOSED`].
    pub fn is_closed(&self) -> bool {
        is_closed(&self.status())
    }

    /// The greatest time of its entries; without one the header's `Updated`, then `Created`.
    pub fn updated(&self) -> Option<Timestamp> {
        let entries = self
            .entries
            .iter()
            .filter_map(|entry| entry.timestamp)
            .max();
        entries
            .or_else(|| self.header_time(Key::Updated))
            .or_else(|| self.created())
    }

    /// Where the first entry begins in the file, with its separator; the file's length where there
    /// is none. What stands before is the header.
    pub fn entries_start(&self) -> usize {
        self.pieces.first().map_or(0, |header| header.end)
    }

    /// The last entry in file order.
    pub fn newest(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// The authors of its entries, newest first, as [`crate::ball::next_ball`] wants them.
    pub fn authors_newest_first(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().rev().map(|entry| entry.agent.as_str())
    }

    /// The header's ball, in its parts; `None` where it has none.
    pub fn ball_parts(&self) -> Option<Ball> {
        let ball = self.ball();
        (!ball.is_empty()).then(|| Ball::parse(&ball))
    }

    fn header_time(&self, key: Key) -> Option<Timestamp> {
        Timestamp::parse(&self.header.value(&self.source.0, key)?)
    }
}

/// Whether a status, in any case, is one of [`STATUSES_CLOSED`].
pub fn is_closed(status: &str) -> bool {
    STATUSES_CLOSED
        .iter()
        .any(|closed| closed.eq_ignore_ascii_case(status.trim()))
}
