//! The entries of one thread, found once in its text. Those of a short thread are kept as they are
//! first asked for; of a long thread only their places are held, and its text lies in a file.

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use protocol::answer::Entry;
use threads::entry::Entry as InFile;
use threads::outline::Outline;

use crate::long_text::LongText;

/// What an entry takes beside its text, twice over: its fields, their allocations, its row.
const ENTRY_BYTES: usize = 1024;

/// How often a byte of the text can be held: in the text, in an entry's fields, in its row, where a
/// byte that is no UTF-8 becomes three.
const COPIES: usize = 5;

/// The entries of one thread.
#[derive(Debug)]
pub(crate) struct Entries {
    outline: Outline,
    text: Text,
}

#[derive(Debug)]
enum Text {
    /// In memory, with what was made of it.
    Short {
        bytes: Arc<[u8]>,
        rows: Box<[OnceLock<Row>]>,
    },
    /// In memory because it waits to be pushed; nothing more of it is kept.
    Pending(Arc<[u8]>),
    /// In a file.
    Long(LongText),
}

#[derive(Clone, Debug)]
struct Row {
    entry: Arc<Entry>,
    chars_len: usize,
}

impl Entries {
    /// The entries of a text of which nearly all will be read.
    pub(crate) fn of(bytes: Arc<[u8]>) -> Self {
        let (_, outline) = Outline::read(&bytes, |_| ());
        let rows = (0..outline.len()).map(|_| OnceLock::new()).collect();
        let text = Text::Short { bytes, rows };
        Self { outline, text }
    }

    /// The entries of a text that is in memory anyhow, and is read once.
    pub(crate) fn of_pending(bytes: Arc<[u8]>) -> Self {
        let (_, outline) = Outline::read(&bytes, |_| ());
        let text = Text::Pending(bytes);
        Self { outline, text }
    }

    /// The entries of a text that is not held; it was put into a file.
    pub(crate) fn of_long(bytes: &[u8], text: LongText) -> Self {
        let (_, outline) = Outline::read(bytes, |_| ());
        let text = Text::Long(text);
        Self { outline, text }
    }

    /// About how many bytes of memory it takes once every row is made.
    pub(crate) fn bytes_max(&self) -> u64 {
        let text = match &self.text {
            Text::Short { bytes, rows } => bytes.len() * COPIES + (rows.len() + 1) * ENTRY_BYTES,
            Text::Pending(bytes) => bytes.len(),
            Text::Long(_) => 0,
        };
        (text + self.outline.bytes_len()) as u64
    }

    /// How many bytes of disk it takes.
    pub(crate) fn file_bytes(&self) -> u64 {
        match &self.text {
            Text::Short { .. } | Text::Pending(_) => 0,
            Text::Long(text) => text.bytes_len(),
        }
    }

    /// Whether a part of it is made without a look at the disk and without much work.
    pub(crate) fn is_at_hand(&self) -> bool {
        match &self.text {
            Text::Short { .. } => true,
            Text::Pending(_) | Text::Long(_) => false,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.outline.len()
    }

    /// How many characters an entry's body has.
    ///
    /// # Errors
    /// Where the text cannot be read.
    pub(crate) fn body_chars(&self, index: usize) -> io::Result<usize> {
        Ok(self.row(index)?.chars_len)
    }

    /// An entry as an answer gives it, with that range of its body's characters.
    ///
    /// # Errors
    /// Where the text cannot be read.
    pub(crate) fn with_body(&self, index: usize, range: Range<usize>) -> io::Result<Arc<Entry>> {
        let row = self.row(index)?;
        if range.start == 0 && range.end >= row.chars_len {
            return Ok(row.into_owned().entry);
        }
        let body = row.entry.body.chars().skip(range.start).take(range.len());
        Ok(Arc::new(without_body(&row.entry, body.collect())))
    }

    /// An entry as an answer gives it, with an empty body.
    ///
    /// # Errors
    /// Where the text cannot be read.
    pub(crate) fn bare(&self, index: usize) -> io::Result<Entry> {
        if let Text::Short { rows, .. } = &self.text
            && let Some(Row { entry, .. }) = rows[index].get()
        {
            return Ok(without_body(entry, String::new()));
        }
        Ok(shown(index, &self.in_file(index)?, String::new()))
    }

    fn row(&self, index: usize) -> io::Result<Cow<'_, Row>> {
        match &self.text {
            Text::Short { bytes, rows } => {
                let row = rows[index].get_or_init(|| {
                    let bytes = &bytes[self.outline.range(index)];
                    Row::of(index, &self.outline.entry(index, bytes))
                });
                Ok(Cow::Borrowed(row))
            }
            Text::Pending(_) | Text::Long(_) => {
                Ok(Cow::Owned(Row::of(index, &self.in_file(index)?)))
            }
        }
    }

    fn in_file(&self, index: usize) -> io::Result<InFile> {
        let range = self.outline.range(index);
        match &self.text {
            Text::Short { bytes, .. } | Text::Pending(bytes) => {
                Ok(self.outline.entry(index, &bytes[range]))
            }
            Text::Long(text) => Ok(self.outline.entry(index, &text.read(range)?)),
        }
    }
}

impl Row {
    fn of(index: usize, entry: &InFile) -> Self {
        let entry = shown(index, entry, entry.body());
        Self {
            chars_len: entry.body.chars().count(),
            entry: Arc::new(entry),
        }
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
    fn a_row_is_the_same_wherever_the_text_is_and_in_whatever_order_it_is_asked_for() {
        fn check(entries: &Entries) {
            let body = |range: Range<usize>| {
                let entry = entries.with_body(0, range).unwrap();
                assert_eq!(entry.title, "One");
                entry.body.clone()
            };
            let bare = entries.bare(0).unwrap();
            assert_eq!((bare.index, bare.body.as_str()), (0, ""));
            assert_eq!(entries.body_chars(0).unwrap(), 4);
            assert_eq!(body(0..usize::MAX), "grün");
            assert_eq!(body(0..4), "grün");
            assert_eq!(body(1..3), "rü");
            assert_eq!(body(2..usize::MAX), "ün");
            assert_eq!(body(9..usize::MAX), "");
            assert_eq!(entries.bare(0).unwrap(), bare);
            assert_eq!(entries.with_body(1, 0..usize::MAX).unwrap().body, "two");
        }
        check(&Entries::of(Arc::from(TEXT.as_bytes())));
        check(&Entries::of_pending(Arc::from(TEXT.as_bytes())));
        let folder = tempfile::tempdir().unwrap();
        let text = LongText::put(folder.path(), TEXT.as_bytes()).unwrap();
        check(&Entries::of_long(TEXT.as_bytes(), text));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
