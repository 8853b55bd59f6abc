//! One entry of a thread: who said what and when.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::entry_id::EntryId;
use crate::escape::{ENTRY_KEY, unescape_body, unescape_title};
use crate::fence::{Fence, is_bare_fence, open_fence};
use crate::header::RULE;
use crate::id_comment::{first_id, id_of_line};
use crate::lines::{
    is_blank, line_feeds, one_line, plain_line_at, plain_line_before, plain_line_start,
    plain_lines, skip_blanks_back, trim, trim_blank_lines,
};
use crate::timestamp::{Timestamp, has_shape};

/// The line that follows the fence with which we closed one that somebody left open.
pub(crate) const FENCE_CLOSED: &str = "<!-- fence closed -->";

/// The bytes of a whole file, shared by the thread and its entries.
#[derive(Clone)]
pub(crate) struct Source(pub(crate) Arc<[u8]>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} bytes)", self.0.len())
    }
}

/// One entry, in text as it was meant: decoded (what is not UTF-8 becomes U+FFFD) and unescaped.
///
/// The body stays in the file's bytes, which every entry of the thread keeps alive together.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its ID as shown: `ID~HASH` where an entry before it has the same ID and other bytes.
    pub id: Option<EntryId>,
    /// Its author, `NAME` or `NAME (TAG)`, one line.
    pub agent: String,
    /// When it was written; `None` where the numbers are no time.
    pub timestamp: Option<Timestamp>,
    /// The author's role; empty where none is given.
    pub role: String,
    /// Its type; empty where none is given.
    pub entry_type: String,
    /// Its title, one line; empty where none is given.
    pub title: String,
    source: Source,
    /// From its `Entry:` line to its last line that is not blank.
    content: Range<usize>,
    body: Range<usize>,
    marked: bool,
}

impl Entry {
    /// Its body, exact but for line ends, which are LF, and blank lines at the end, which are
    /// dropped; without the ID comment. Made anew by each call.
    pub fn body(&self) -> String {
        let text = String::from_utf8_lossy(&self.source.0[self.body.clone()]);
        let text = line_feeds(&text);
        if self.marked {
            unescape_body(&text)
        } else {
            text.into_owned()
        }
    }

    /// Bytes of the body as it stands in the file; an estimate of [`Entry::body`]'s length.
    pub fn body_len(&self) -> usize {
        self.body.len()
    }

    /// Whether its title and body stand in the file with the marks of [`crate::escape`].
    pub fn is_escaped(&self) -> bool {
        self.marked
    }

    /// Its bytes in the file, from `Entry:` to the last line that is not blank.
    pub fn raw(&self) -> &[u8] {
        &self.source.0[self.content.clone()]
    }

    /// Where its `Entry:` line begins in the file.
    pub(crate) fn start(&self) -> usize {
        self.content.start
    }

    /// Reads the entry whose `Entry:` line begins at `range.start` and whose bytes end before the
    /// next entry's separator. The ID is as it stands, of any length; `None` for ones over it.
    pub(crate) fn read(source: &Source, range: Range<usize>) -> (Entry, Option<Range<usize>>) {
        let bytes: &[u8] = &source.0;
        let end = content_end(bytes, range.clone());
        let content = range.start..end;
        let fields = Fields::read(bytes, content.clone());

        // Ours is the last line; where there is none, Python's rule: the first in the entry.
        let last = plain_line_start(bytes, end, content.start);
        let last_id = id_of_line(&bytes[last..end]);
        let body_end = if last_id.is_some() { last } else { end };
        let body_start = fields.end.min(body_end);
        let id = match last_id {
            Some(id) => Some(last + id.start..last + id.end),
            None => first_id(&bytes[content.clone()])
                .map(|id| content.start + id.start..content.start + id.end),
        };
        let line = plain_line_at(bytes, content.start, content.end);
        let (agent, time) = entry_line(line.text(bytes)).unwrap_or_default();
        let text = |bytes: &[u8]| one_line(&String::from_utf8_lossy(bytes));
        let title = text(fields.title.unwrap_or_default());
        let marked = fields.escaped.is_some_and(|value| value == b"1");
        let entry = Entry {
            id: id
                .clone()
                .and_then(|id| EntryId::parse(std::str::from_utf8(&bytes[id]).ok()?).ok()),
            agent: text(agent),
            timestamp: std::str::from_utf8(time).ok().and_then(Timestamp::parse),
            role: text(fields.role.unwrap_or_default()),
            entry_type: text(fields.entry_type.unwrap_or_default()),
            title: if marked {
                unescape_title(&title)
            } else {
                title
            },
            source: source.clone(),
            content,
            body: body_start..trim_blank_lines(bytes, body_start..body_end),
            marked,
        };
        (entry, id)
    }
}

/// The header lines of an entry: the first value of each key that is known.
#[derive(Debug, Default)]
struct Fields<'b> {
    role: Option<&'b [u8]>,
    entry_type: Option<&'b [u8]>,
    title: Option<&'b [u8]>,
    escaped: Option<&'b [u8]>,
    /// Where the body begins, after the first blank line.
    end: usize,
}

impl<'b> Fields<'b> {
    fn read(bytes: &'b [u8], content: Range<usize>) -> Fields<'b> {
        let mut fields = Fields {
            end: content.end,
            ..Fields::default()
        };
        for line in plain_lines(bytes, content).skip(1) {
            let text = line.text(bytes);
            if is_blank(text) {
                fields.end = line.next;
                break;
            }
            let Some(colon) = memchr::memchr(b':', text) else {
                continue;
            };
            let (key, value) = (trim(&text[..colon]), trim(&text[colon + 1..]));
            let slot = match key {
                key if key.eq_ignore_ascii_case(b"role") => &mut fields.role,
                key if key.eq_ignore_ascii_case(b"type") => &mut fields.entry_type,
                key if key.eq_ignore_ascii_case(b"title") => &mut fields.title,
                key if key.eq_ignore_ascii_case(b"escaped") => &mut fields.escaped,
                _ => continue,
            };
            // The first one: a title that was broken into lines comes last and changes no role.
            slot.get_or_insert(value);
        }
        fields
    }
}

/// The author and the timestamp's text of a line that begins an entry.
pub(crate) fn entry_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(ENTRY_KEY)?;
    let end = skip_blanks_back(rest, 0, rest.len());
    // A timestamp is ASCII, so the blank before it ends where its last byte that is none does.
    let time = rest[..end]
        .iter()
        .rposition(|byte| !is_time_byte(*byte))
        .map_or(0, |at| at + 1);
    let agent_end = skip_blanks_back(rest, 0, time);
    let agent = trim(&rest[..agent_end]);
    (agent_end < time && !agent.is_empty() && has_shape(&rest[time..end]))
        .then_some((agent, &rest[time..end]))
}

fn is_time_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'T' | b'Z' | b'.' | b'+')
}

/// The end of an entry's last line that says something. What follows is blank, or `---` lines:
/// the next entry's separator, more of them where a merge doubled it, or one at the file's end;
/// or the fence with which we closed one that the entry left open.
fn content_end(bytes: &[u8], range: Range<usize>) -> usize {
    let start = range.start;
    let end = without_rules(bytes, range);
    let last = plain_line_start(bytes, end, start);
    if last <= start || trim(&bytes[last..end]) != FENCE_CLOSED.as_bytes() {
        return end;
    }
    let fence = plain_line_before(bytes, last, start);
    if fence <= start || !is_bare_fence(&bytes[fence..last]) {
        return end;
    }
    // A fence that opens is somebody's text.
    let opener = open_fence(&bytes[start..fence]);
    let closer = Fence::of_line(&bytes[fence..last]);
    match opener.zip(closer) {
        Some((opener, closer)) if closer.closes(opener) => without_rules(bytes, start..fence),
        Some(_) | None => end,
    }
}

/// The end of the range without blank and `---` lines; never before its first line's.
fn without_rules(bytes: &[u8], range: Range<usize>) -> usize {
    let mut end = range.end;
    loop {
        end = trim_blank_lines(bytes, range.start..end);
        let last = plain_line_start(bytes, end, range.start);
        if last <= range.start || trim(&bytes[last..end]) != RULE {
            return end;
        }
        end = last;
    }
}
