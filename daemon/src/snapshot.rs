//! What this machine shows of one repository: an immutable value behind an atomic pointer.
//!
//! A [`Base`] is the remote's tip, a [`Snapshot`] is a base with the pending operations on top.
//! Readers take an `Arc` and hold it; nobody waits for anybody.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use repository::{BlobId, Tip};
use sha2::{Digest, Sha256};
use threads::entry_id::EntryId;
use threads::header::HeaderForm;
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
        self.overlay
            .get(topic)
            .or_else(|| self.base.threads.get(topic))
    }

    /// Every thread, in no order.
    pub(crate) fn threads(&self) -> impl Iterator<Item = (&Topic, &Arc<Shown>)> {
        let settled = self
            .base
            .threads
            .iter()
            .filter(|(topic, _)| !self.overlay.contains_key(*topic));
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
        self.base.threads.len() + only_pending
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
        let (thread, _problems) = threads::parse::parse(bytes);
        if !thread.is_thread() {
            return None;
        }
        let mut authors: Vec<String> = Vec::new();
        let mut places: HashMap<&str, u32> = HashMap::new();
        for entry in thread.entries().iter().rev() {
            let place = u32::try_from(authors.len()).unwrap_or(u32::MAX);
            places.entry(entry.agent.as_str()).or_insert_with(|| {
                authors.push(entry.agent.as_str().to_owned());
                place
            });
        }
        let marks = thread.entries().iter().map(|entry| Mark {
            key: mark_key(entry),
            author: places
                .get(entry.agent.as_str())
                .copied()
                .unwrap_or(u32::MAX),
            at: entry
                .timestamp
                .and_then(|at| u32::try_from(at.as_unix_seconds()).ok())
                .unwrap_or(0),
        });
        Some(Self {
            title: thread.title(),
            status: thread.status(),
            ball: thread.ball(),
            form: thread.form(),
            closed: thread.is_closed(),
            updated: thread.updated().or_else(|| thread.created()),
            entries: marks.collect(),
            newest: thread.newest().and_then(|entry| entry.id.clone()),
            newest_title: thread
                .newest()
                .map(|entry| entry.title.clone())
                .unwrap_or_default(),
            authors,
        })
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
