//! The entries of one thread, read once from its text: each row is made when it is first asked for,
//! and kept for the reads that follow.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use protocol::answer::Entry;
use threads::entry::Entry as InFile;
use threads::thread::Thread;

/// What an entry takes beside its text, twice over: its fields, their allocations, its row.
const ENTRY_BYTES: usize = 1024;

/// How often a byte of the text can be held: in the file, in an entry's fields, in its row, where a
/// byte that is no UTF-8 becomes three.
const COPIES: usize = 5;

/// The entries of one thread.
#[derive(Debug)]
pub(crate) struct Entries {
    thread: Thread,
    rows: Box<[OnceLock<Row>]>,
    bytes_max: u64,
}

#[derive(Debug)]
struct Row {
    entry: Arc<Entry>,
    chars_len: usize,
}

impl Entries {
    /// Reads a thread's file.
    pub(crate) fn of(text: &[u8]) -> Self {
        let (thread, _problems) = threads::parse::parse(text);
        let rows: Box<[_]> = thread.entries().iter().map(|_| OnceLock::new()).collect();
        let bytes_max = text.len() * COPIES + (rows.len() + 1) * ENTRY_BYTES;
        Self {
            thread,
            rows,
            bytes_max: bytes_max as u64,
        }
    }

    /// About how many bytes of memory it takes once every row is made.
    pub(crate) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// The entries as they stand in the file.
    pub(crate) fn in_file(&self) -> &[InFile] {
        self.thread.entries()
    }

    /// How many characters an entry's body has.
    pub(crate) fn body_chars(&self, index: usize) -> usize {
        self.row(index).chars_len
    }

    /// An entry as an answer gives it, with that range of its body's characters.
    pub(crate) fn with_body(&self, index: usize, range: Range<usize>) -> Arc<Entry> {
        let Row { entry, chars_len } = self.row(index);
        if range.start == 0 && range.end >= *chars_len {
            return Arc::clone(entry);
        }
        let body = entry.body.chars().skip(range.start).take(range.len());
        Arc::new(without_body(entry, body.collect()))
    }

    /// An entry as an answer gives it, with an empty body.
    pub(crate) fn bare(&self, index: usize) -> Entry {
        match self.rows[index].get() {
            Some(Row { entry, .. }) => without_body(entry, String::new()),
            None => shown(index, &self.in_file()[index], String::new()),
        }
    }

    fn row(&self, index: usize) -> &Row {
        self.rows[index].get_or_init(|| {
            let entry = &self.in_file()[index];
            let entry = shown(index, entry, entry.body());
            Row {
                chars_len: entry.body.chars().count(),
                entry: Arc::new(entry),
            }
        })
    }
}

fn shown(index: usize, entry: &InFile, body: String) -> Entry {
    Entry {
        index: index as u64,
        entry_id: entry.id.as_ref().map(ToString::to_string),
        agent: entry.agent.clone(),
        timestamp: entry.timestamp.map(|at| at.to_string()),
        role: entry.role.clone(),
        entry_type: entry.entry_type.clone(),
        title: entry.title.clone(),
        body,
    }
}

fn without_body(entry: &Entry, body: String) -> Entry {
    Entry {
        entry_id: entry.entry_id.clone(),
        agent: entry.agent.clone(),
        timestamp: entry.timestamp.clone(),
        role: entry.role.clone(),
        entry_type: entry.entry_type.clone(),
        title: entry.title.clone(),
        body,
        ..*entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# t — T\n\n---\nEntry: Codex (bob) 2026-01-01T00:00:00Z\nTitle: One\n\n\
                        grün\n<!-- Entry-ID: 01A -->\n\n---\nEntry: Codex (bob) \
                        2026-01-01T00:00:01Z\n\ntwo\n";

    #[test]
    fn a_row_is_the_same_however_often_and_in_whatever_order_it_is_asked_for() {
        let check = |entries: &Entries, range: Range<usize>, body: &str| {
            let entry = entries.with_body(0, range);
            assert_eq!((entry.title.as_str(), entry.body.as_str()), ("One", body));
        };
        let entries = Entries::of(TEXT.as_bytes());
        let bare = entries.bare(0);
        assert_eq!((bare.index, bare.body.as_str()), (0, ""));
        assert_eq!(entries.body_chars(0), 4);
        check(&entries, 0..usize::MAX, "grün");
        check(&entries, 0..4, "grün");
        check(&entries, 1..3, "rü");
        check(&entries, 2..usize::MAX, "ün");
        check(&entries, 9..usize::MAX, "");
        assert_eq!(entries.bare(0), bare);
        assert_eq!(entries.with_body(1, 0..usize::MAX).body, "two");
    }
}
