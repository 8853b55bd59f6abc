//! What one entry says without its body: its name, its author, its title, its time.

use repository::CloneError;
use threads::timestamp::Timestamp;

use crate::entries::Entries;
use crate::snapshot::Shown;

/// One entry without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    pub(crate) entry_id: Option<String>,
    /// `Name (user)`.
    pub(crate) agent: String,
    pub(crate) title: String,
    /// RFC 3339; none where unreadable.
    pub(crate) timestamp: Option<String>,
}

impl Headline {
    /// That of a thread's last entry, which the summary holds; none for any other.
    pub(crate) fn of_last(thread: &Shown, index: usize) -> Option<Self> {
        let summary = &thread.summary;
        let is_last = index + 1 == summary.entries.len();
        let mark = summary.entries.get(index).filter(|_| is_last)?;
        let at = (mark.at > 0).then(|| Timestamp::from_unix_seconds(mark.at.into()));
        Some(Self {
            entry_id: summary.newest.as_ref().map(ToString::to_string),
            agent: summary.author_of(index)?.to_owned(),
            title: summary.newest_title.clone(),
            timestamp: at.map(|at| at.to_string()),
        })
    }

    /// That of any entry, from the thread's text.
    ///
    /// # Errors
    /// Where the text of a long thread cannot be read.
    pub(crate) fn of(entries: &Entries, index: usize) -> Result<Self, CloneError> {
        let unreadable = |source| CloneError::Io {
            path: "the text of a long thread".into(),
            source,
        };
        let entry = entries.bare(index).map_err(unreadable)?;
        Ok(Self {
            entry_id: entry.entry_id,
            agent: entry.agent,
            title: entry.title,
            timestamp: entry.timestamp,
        })
    }
}
