//! What this machine shows of one repository: an immutable value behind an atomic pointer.
//!
//! A [`Base`] is the remote's tip, a [`Snapshot`] is a base with the pending operations on top.
//! Readers take an `Arc` and hold it; nobody waits for anybody.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use repository::{BlobId, Tip};
use sha2::{Digest, Sha256};
use threads::entry_id::EntryId;
use threads::header::HeaderForm;
use threads::outline::Outline;
use threads::timestamp::Timestamp;
use threads::topic::Topic;

use crate::alike::Alike;
use crate::condition::Condition;

/// The threads of one tip.
#[derive(Debug, Default)]
pub(crate) struct Base {
    /// The commit; none in an empty repository.
    pub(crate) tip: Option<Tip>,
    /// Its threads.
    pub(crate) threads: HashMap<Topic, Arc<Shown>>,
    /// Whether a Python server writes here too, so that new threads take its form.
    pub(crate) python: bool,
    /// What of its threads could not be read.
    pub(crate) missing: Missing,
}

/// What of a tip's threads could not be read, because the clone is damaged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Missing {
    /// All were.
    #[default]
    Nothing,
    /// These could not be.
    These(BTreeSet<Topic>),
    /// Not even which there are is known.
    Unknown,
}

/// What is shown: a base, and what waits to be pushed on top of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The remote's tip, or our own branch where there is no remote.
    pub(crate) base: Arc<Base>,
    /// The threads that pending operations change.
    pub(crate) overlay: Arc<HashMap<Topic, Arc<Shown>>>,
    /// The threads that pending operations gave another name.
    pub(crate) gone: Arc<BTreeSet<Topic>>,
    /// The operations that are durable here and not yet on the remote.
    pub(crate) pending: Arc<BTreeSet<EntryId>>,
    /// The operations that the remote refused.
    pub(crate) held: Arc<BTreeSet<EntryId>>,
    /// How the repository stands.
    pub(crate) condition: Arc<Condition>,
    /// Its threads in groups, once somebody asked; shared with the next that has the same threads.
    pub(crate) alike: Arc<OnceLock<Alike>>,
}

/// One thread as shown.
#[derive(Debug)]
pub(crate) struct Shown {
    /// What lists and writes need of it.
    pub(crate) summary: Summary,
    /// Where its text is.
    pub(crate) content: Content,
}

/// Where a thread's text is.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// In the clone.
    Blob(BlobId),
    /// Pending, so nowhere but here and, operation by operation, in the outbox.
    Bytes(Arc<[u8]>),
}

/// What lists and writes need of a thread.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) ball: String,
    pub(crate) form: HeaderForm,
    pub(crate) closed: bool,
    /// The newest entry's time, else the thread's creation.
    pub(crate) updated: Option<Timestamp>,
    /// The entries in file order.
    pub(crate) entries: Vec<Mark>,
    /// The distinct authors, the newest entry's first.
    pub(crate) authors: Vec<String>,
    /// The last entry's ID, where it has one.
    pub(crate) newest: Option<EntryId>,
    /// The last entry's title.
    pub(crate) newest_title: String,
}

/// What tells one entry from another, small enough to hold for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// A hash of its ID, or of its text where it has none.
    pub(crate) key: u64,
    /// Its author's place in [`Summary::authors`].
    pub(crate) author: u32,
    /// Its time in Unix seconds; 0 where it is unreadable or beyond the year 2106.
    pub(crate) at: u32,
}

impl Base {
    /// Whether a thread stands there that could not be read.
    pub(crate) fn may_hide(&self, topic: &Topic) -> bool {
        match &self.missing {
            Missing::Nothing => false,
            Missing::These(topics) => topics.contains(topic),
            Missing::Unknown => !self.threads.contains_key(topic),
        }
    }
}

impl Snapshot {
    /// The thread of that topic.
    pub(crate) fn thread(&self, topic: &Topic) -> Option<&Arc<Shown>> {
        let settled = || self.base.threads.get(topic);
        let pending = self.overlay.get(topic);
        pending.or_else(|| settled().filter(|_| !self.gone.contains(topic)))
    }

    /// Every thread, in no order.
    pub(crate) fn threads(&self) -> impl Iterator<Item = (&Topic, &Arc<Shown>)> {
        let settled =
            self.base.threads.iter().filter(|(topic, _)| {
                !self.overlay.contains_key(*topic) && !self.gone.contains(*topic)
            });
        settled.chain(self.overlay.iter())
    }

    /// Its threads in groups.
    pub(crate) fn alike(&self) -> &Alike {
        self.alike.get_or_init(|| Alike::of(self.threads()))
    }

    /// How many threads there are.
    pub(crate) fn threads_len(&self) -> usize {
        let only_pending = self
            .overlay
            .keys()
            .filter(|topic| !self.base.threads.contains_key(*topic))
            .count();
        let gone = self.gone.iter();
        let gone = gone.filter(|topic| self.base.threads.contains_key(*topic));
        self.base.threads.len() + only_pending - gone.count()
    }
}

impl Shown {
    /// A thread in the clone; none where the file is no thread.
    pub(crate) fn settled(blob: BlobId, bytes: &[u8]) -> Option<Self> {
        let summary = Summary::of(bytes)?;
        Some(Self {
            summary,
            content: Content::Blob(blob),
        })
    }

    /// A thread that pending operations change.
    pub(crate) fn pending(bytes: Vec<u8>) -> Option<Self> {
        let summary = Summary::of(&bytes)?;
        Some(Self {
            summary,
            content: Content::Bytes(bytes.into()),
        })
    }
}

impl Summary {
    /// The author of the entry at that index.
    pub(crate) fn author_of(&self, index: usize) -> Option<&str> {
        let place = self.entries.get(index)?.author;
        self.authors.get(place as usize).map(String::as_str)
    }

    /// The index of the entry of that ID.
    pub(crate) fn place_of(&self, id: &EntryId) -> Option<usize> {
        let key = key_of_id(id);
        self.entries.iter().rposition(|entry| entry.key == key)
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let mut reading = Reading::default();
        let (head, outline) = Outline::read(bytes, |entry| reading.take(entry));
        let head = head.thread();
        if !head.is_thread() && outline.is_empty() {
            return None;
        }
        let (authors, entries) = reading.newest_author_first();
        Some(Self {
            title: head.title(),
            status: head.status(),
            ball: head.ball(),
            form: head.form(),
            closed: head.is_closed(),
            updated: reading
                .updated
                .or_else(|| head.updated())
                .or_else(|| head.created()),
            entries,
            newest: reading.newest,
            newest_title: reading.newest_title,
            authors,
        })
    }
}

/// What a summary takes from the entries, one after the other, so that none is held.
#[derive(Debug, Default)]
struct Reading {
    marks: Vec<Mark>,
    /// Each author's number, by first appearance, and the place of their last entry.
    authors: HashMap<String, (u32, usize)>,
    updated: Option<Timestamp>,
    newest: Option<EntryId>,
    newest_title: String,
}

impl Reading {
    fn take(&mut self, entry: &threads::entry::Entry) {
        let number = u32::try_from(self.authors.len()).unwrap_or(u32::MAX);
        let place = self.marks.len();
        let author = match self.authors.get_mut(&entry.agent) {
            Some((number, last)) => {
                *last = place;
                *number
            }
            None => {
                self.authors.insert(entry.agent.clone(), (number, place));
                number
            }
        };
        let at = entry.timestamp.map(|at| at.as_unix_seconds());
        self.marks.push(Mark {
            key: mark_key(entry),
            author,
            at: at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0),
        });
        self.updated = self.updated.max(entry.timestamp);
        self.newest.clone_from(&entry.id);
        self.newest_title.clone_from(&entry.title);
    }

    /// The authors, the newest entry's first, and the marks with their numbers in that order.
    fn newest_author_first(&mut self) -> (Vec<String>, Vec<Mark>) {
        let mut authors: Vec<_> = std::mem::take(&mut self.authors).into_iter().collect();
        authors.sort_unstable_by_key(|(_, (_, last))| Reverse(*last));
        let mut renumbered = vec![u32::MAX; authors.len()];
        for (place, (_, (number, _))) in authors.iter().enumerate() {
            renumbered[*number as usize] = u32::try_from(place).unwrap_or(u32::MAX);
        }
        let mut marks = std::mem::take(&mut self.marks);
        for mark in &mut marks {
            mark.author = renumbered[mark.author as usize];
        }
        marks.shrink_to_fit();
        let authors = authors.into_iter().map(|(name, _)| name).collect();
        (authors, marks)
    }
}

/// The key of [`Mark`] for an entry: the first eight bytes of a SHA-256, since it is kept in files.
fn mark_key(entry: &threads::entry::Entry) -> u64 {
    let mut hasher = Sha256::new();
    match &entry.id {
        Some(id) => return key_of_id(id),
        None => {
            for part in [entry.agent.as_str(), entry.title.as_str(), &entry.body()] {
                hasher.update(part);
                hasher.update([0]);
            }
            hasher.update(
                entry
                    .timestamp
                    .map_or(0, |at| at.as_unix_seconds())
                    .to_le_bytes(),
            );
        }
    }
    first_eight(&hasher.finalize())
}

/// The key of [`Mark`] for an entry of that ID.
pub(crate) fn key_of_id(id: &EntryId) -> u64 {
    first_eight(&Sha256::digest(id.as_str()))
}

fn first_eight(digest: &[u8]) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|place| digest[place]))
}
