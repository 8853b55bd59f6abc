//! Reads a thread's file. Never fails: what is odd becomes a problem, and every byte is kept.
//!
//! Invariant: the pieces of the thread cover the file without gap or overlap.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::entry::{Entry, Source, entry_line};
use crate::fence::{Fence, OpenFence};
use crate::header::{Header, Key, RULE, text_start};
use crate::lines::{is_blank, plain_line_before, plain_lines, python_lines, trim};
use crate::problem::Problem;
use crate::thread::Thread;

/// Reads the bytes of a file, whatever they are, as a thread. Whether the file is one at all is
/// for [`Thread::is_thread`] to say.
///
/// The time is linear in the bytes, which are copied once; bodies are cut out only when asked for.
pub fn parse(bytes: &[u8]) -> (Thread, Vec<Problem>) {
    let source = Source(Arc::from(bytes));
    let (starts, fence) = entry_starts(bytes);
    let header = Header::read(bytes, starts.first().copied().unwrap_or(bytes.len()));
    let separators = separators(bytes, &starts, header.front_end);

    let mut problems = Vec::new();
    if std::str::from_utf8(bytes).is_err() {
        problems.push(Problem::NotUtf8);
    }
    let ends = separators.iter().copied().chain([bytes.len()]);
    let begins = std::iter::once(0).chain(separators.iter().copied());
    let pieces: Vec<Range<usize>> = begins.zip(ends).map(|(begin, end)| begin..end).collect();
    let mut entries = Entries::default();
    for (start, piece) in starts.iter().zip(&pieces[1..]) {
        entries.take(&source, *start..piece.end, &mut problems);
    }
    let thread = Thread {
        source,
        header,
        entries: entries.list,
        pieces,
        fence,
    };
    problems.extend(header_problems(&thread));
    problems.extend(fence.map(|_| Problem::FenceOpen));
    (thread, problems)
}

/// Where the `Entry:` lines outside code fences begin, and the fence that is open at the end.
pub(crate) fn entry_starts(bytes: &[u8]) -> (Vec<usize>, Option<Fence>) {
    let mut fence = OpenFence::default();
    let mut starts = Vec::new();
    // A byte order mark is no part of the first line.
    let skipped = text_start(bytes);
    for line in python_lines(&bytes[skipped..]) {
        let (start, text) = (line.start + skipped, line.text(&bytes[skipped..]));
        let begins_plain_line = start == skipped || matches!(bytes[start - 1], b'\n' | b'\r');
        if !fence.holds(text) && begins_plain_line && entry_line(text).is_some() {
            starts.push(start);
        }
    }
    (starts, fence.get())
}

/// For each entry where its separator begins.
pub(crate) fn separators(bytes: &[u8], starts: &[usize], header_end: usize) -> Vec<usize> {
    let limits = std::iter::once(header_end).chain(starts.iter().map(|start| start + 1));
    starts
        .iter()
        .zip(limits)
        .map(|(start, limit)| separator(bytes, *start, limit))
        .collect()
}

/// The `---` line before the entry that begins at `start`, with nothing but blank lines between,
/// not before `limit`; `start` itself where there is none.
fn separator(bytes: &[u8], start: usize, limit: usize) -> usize {
    let mut at = start;
    while at > limit {
        let line = plain_line_before(bytes, at, limit);
        let text = trim(&bytes[line..at]);
        if text == RULE {
            return line;
        }
        if !is_blank(text) {
            break;
        }
        at = line;
    }
    start
}

/// The entries so far, by ID.
#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    by_id: HashMap<String, usize>,
}

impl Entries {
    /// Takes an entry in, once for the same ID and bytes, with another ID for other bytes.
    fn take(&mut self, source: &Source, range: Range<usize>, problems: &mut Vec<Problem>) {
        let at = self.list.len();
        let (mut entry, id_range) = Entry::read(source, range);
        if let Some(id) = entry.id.clone() {
            if let Some(first) = self.by_id.get(id.as_str()) {
                if same_bytes(self.list[*first].raw(), entry.raw()) {
                    problems.push(Problem::EntryRepeated { id });
                    return;
                }
                let id = id.doubled(&normal(entry.raw()));
                if self.by_id.contains_key(id.as_str()) {
                    problems.push(Problem::EntryRepeated { id });
                    return;
                }
                entry.id = Some(id.clone());
                problems.push(Problem::EntryIdDoubled { id });
            }
            let shown = entry.id.as_ref().map_or(id.as_str(), |id| id.as_str());
            self.by_id.insert(shown.to_owned(), at);
        } else if id_range.is_some() {
            problems.push(Problem::EntryIdTooLong { entry: at });
        }
        if entry.timestamp.is_none() {
            problems.push(Problem::TimestampInvalid { entry: at });
        }
        self.list.push(entry);
    }
}

/// Whether two entries are the same but for their line ends.
pub(crate) fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    one == other || normal(one) == normal(other)
}

/// The bytes with LF for every CRLF and CR.
pub(crate) fn normal(bytes: &[u8]) -> Vec<u8> {
    let mut normal = Vec::with_capacity(bytes.len());
    for line in plain_lines(bytes, 0..bytes.len()) {
        normal.extend_from_slice(line.text(bytes));
        normal.extend((line.end < line.next).then_some(b'\n'));
    }
    normal
}

fn header_problems(thread: &Thread) -> Vec<Problem> {
    if !thread.is_thread() {
        return Vec::new();
    }
    if !thread.header.present {
        return vec![Problem::HeaderMissing];
    }
    let missing = |key: Key| thread.header.value(&thread.source.0, key).is_none();
    let status = missing(Key::Status).then_some(Problem::StatusMissing);
    status
        .into_iter()
        .chain(missing(Key::Ball).then_some(Problem::BallMissing))
        .collect()
}
