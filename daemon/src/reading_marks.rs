//! What each reader was shown of each thread: kept on this machine alone, never in git.
//!
//! A mark names the last entry shown that is on the remote, because entries of others are put
//! before the ones that still wait here; what was shown of those is named one by one.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use threads::topic::Topic;
use tracing::warn;

use crate::snapshot::{Mark, Snapshot, Summary};

/// How many readers are remembered; the ones that read longest ago go first.
const READERS_MAX: usize = 256;

/// What each reader of one repository was shown.
#[derive(Debug)]
pub(crate) struct ReadingMarks {
    file: PathBuf,
    // Held for a look-up or a change in memory, and by `flush` while it copies; never over a write
    // to the disk.
    kept: Mutex<Kept>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    readers: HashMap<String, Reader>,
    #[serde(skip)]
    changed: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Reader {
    /// Unix seconds.
    last: i64,
    threads: HashMap<String, ReadMark>,
}

/// How far one reader was shown one thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ReadMark {
    /// The last entry shown of those on the remote.
    upto: Option<u64>,
    /// Its place when it was shown, for the case that it is gone.
    count: usize,
    /// What was shown of those that were pending.
    also: BTreeSet<u64>,
}

impl ReadingMarks {
    /// The marks kept in that file. One that cannot be read counts as empty: the worst is that old
    /// entries are called new once more.
    pub(crate) fn open(file: PathBuf) -> Self {
        let kept = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                warn!(%error, file = %file.display(), "Reading marks are unreadable");
                Kept::default()
            }),
            Err(_) => Kept::default(),
        };
        Self {
            file,
            kept: Mutex::new(kept),
        }
    }

    /// How many entries by others this reader has not been shown.
    pub(crate) fn unread(&self, reader: &str, own: &str, topic: &str, summary: &Summary) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = kept
            .readers
            .get(reader)
            .and_then(|reader| reader.threads.get(topic));
        unread(mark, own, summary)
    }

    /// The reader was shown the thread's first `shown_len` entries, or a part that ends there.
    pub(crate) fn shown(
        &self,
        (reader, now): (&str, i64),
        topic: &Topic,
        snapshot: &Snapshot,
        shown_len: usize,
    ) {
        let Some(thread) = snapshot.thread(topic) else {
            return;
        };
        let settled_len = snapshot
            .base
            .threads
            .get(topic)
            .map_or(0, |t| t.summary.entries.len());
        let entries = &thread.summary.entries;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept
            .readers
            .get(reader)
            .and_then(|reader| reader.threads.get(topic.as_str()));
        let Some(mark) = advance(before, entries, settled_len, shown_len) else {
            return;
        };
        let entry = kept.readers.entry(reader.to_owned()).or_default();
        entry.last = now;
        entry.threads.insert(topic.as_str().to_owned(), mark);
        kept.changed = true;
        forget_the_oldest(&mut kept.readers);
    }

    /// Whether a mark changed since the last flush.
    pub(crate) fn is_changed(&self) -> bool {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .changed
    }

    /// Writes what has changed since the last call.
    pub(crate) fn flush(&self) {
        let copy = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::take(&mut kept.changed) {
                return;
            }
            kept.clone()
        };
        let written = serde_json::to_vec(&copy)
            .map_err(std::io::Error::from)
            .and_then(|bytes| platform::durable::write_durably(&self.file, &bytes));
        if let Err(error) = written {
            warn!(%error, file = %self.file.display(), "Reading marks were not kept");
        }
    }
}

fn unread(mark: Option<&ReadMark>, own: &str, summary: &Summary) -> u64 {
    let by_others = |entry: &&Mark| {
        summary
            .authors
            .get(entry.author as usize)
            .is_none_or(|author| author != own)
    };
    let Some(mark) = mark else {
        return summary.entries.iter().filter(by_others).count() as u64;
    };
    let from = place_of(mark, &summary.entries).min(summary.entries.len());
    let rest = summary.entries[from..].iter().filter(by_others);
    rest.filter(|entry| !mark.also.contains(&entry.key)).count() as u64
}

/// The place after the last entry shown.
fn place_of(mark: &ReadMark, entries: &[Mark]) -> usize {
    let Some(upto) = mark.upto else { return 0 };
    entries
        .iter()
        .rposition(|entry| entry.key == upto)
        .map_or(mark.count, |place| place + 1)
}

/// The mark after one more part was shown; none where it says no more than `before`.
fn advance(
    before: Option<&ReadMark>,
    entries: &[Mark],
    settled_len: usize,
    shown_len: usize,
) -> Option<ReadMark> {
    let known = before.map_or(0, |mark| place_of(mark, entries));
    let settled_shown = shown_len.min(settled_len).max(known.min(settled_len));
    let pending = entries
        .iter()
        .take(shown_len)
        .skip(settled_len)
        .map(|entry| entry.key);
    let earlier = before
        .into_iter()
        .flat_map(|mark| mark.also.iter().copied());
    let still_pending = |key: &u64| entries[settled_shown..].iter().any(|e| e.key == *key);
    let mark = ReadMark {
        upto: settled_shown
            .checked_sub(1)
            .and_then(|last| entries.get(last))
            .map(|e| e.key),
        count: settled_shown,
        also: pending.chain(earlier).filter(still_pending).collect(),
    };
    (Some(&mark) != before).then_some(mark)
}

fn forget_the_oldest(readers: &mut HashMap<String, Reader>) {
    while readers.len() > READERS_MAX {
        let oldest = readers
            .iter()
            .min_by_key(|(_, reader)| reader.last)
            .map(|(n, _)| n.clone());
        let Some(oldest) = oldest else { return };
        readers.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(entries: &[(u64, u32)]) -> Summary {
        let (thread, _) = threads::parse::parse(b"");
        Summary {
            title: String::new(),
            status: "OPEN".into(),
            ball: String::new(),
            form: thread.form(),
            closed: false,
            updated: None,
            entries: entries
                .iter()
                .map(|&(key, author)| Mark { key, author, at: 0 })
                .collect(),
            authors: vec!["Claude (alice)".into(), "Codex (bob)".into()],
            newest: None,
            newest_title: String::new(),
        }
    }

    /// Entries as (key, author), how many are on the remote, how many were shown.
    type Step<'a> = (&'a [(u64, u32)], usize, usize);

    fn check(steps: &[Step<'_>], now: &[(u64, u32)], expected: u64) {
        let mut mark: Option<ReadMark> = None;
        for (entries, settled_len, shown_len) in steps {
            let entries = summary(entries).entries;
            mark = advance(mark.as_ref(), &entries, *settled_len, *shown_len).or(mark);
        }
        assert_eq!(
            unread(mark.as_ref(), "Claude (alice)", &summary(now)),
            expected
        );
    }

    #[test]
    fn unread_counts_what_others_wrote_after_the_last_entry_shown() {
        let two: &[_] = &[(1, 1), (2, 1)];
        check(&[], two, 2);
        check(&[], &[(1, 0), (2, 1)], 1);
        check(&[(two, 2, 2)], two, 0);
        check(&[(two, 2, 1)], two, 1);
        check(&[(two, 2, 2), (two, 2, 1)], two, 0);
        check(&[(two, 2, 2)], &[(1, 1), (2, 1), (3, 1)], 1);
    }

    #[test]
    fn what_is_put_before_a_pending_entry_that_was_shown_is_new() {
        let pending: &[_] = &[(1, 1), (9, 1)];
        check(&[(pending, 1, 2)], pending, 0);
        check(&[(pending, 1, 2)], &[(1, 1), (2, 1), (9, 1)], 1);
    }

    #[test]
    fn an_entry_shown_that_is_gone_leaves_its_place() {
        check(&[(&[(1, 1), (2, 1)], 2, 2)], &[(1, 1), (7, 1), (8, 1)], 1);
    }

    #[test]
    fn the_readers_remembered_are_limited() {
        let mut readers: HashMap<String, Reader> = HashMap::new();
        for at in 0..=READERS_MAX {
            let last = i64::try_from(at).unwrap();
            readers.insert(
                at.to_string(),
                Reader {
                    last,
                    ..Reader::default()
                },
            );
        }
        forget_the_oldest(&mut readers);
        assert_eq!(readers.len(), READERS_MAX);
        assert!(!readers.contains_key("0"));
    }
}
