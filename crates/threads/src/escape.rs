//! Marks what would be misread in a body or title, and takes the marks off again.
//!
//! Three kinds of places can mislead one of the readers: `Entry:` at a line's start (E), a fence
//! that stays open (F), and an ID comment (ID). Where one is dangerous the entry gets the header
//! line `Escaped: 1`, and one backslash goes before every dangerous place and before every one
//! that has backslashes already; so it can be undone exactly, and texts that merely look escaped
//! are left alone. All lines are Python's, and fences hide nothing, because one reader looks
//! inside them.

use crate::fence::Fence;
use crate::id_comment::{key_len_at, places};
use crate::lines::{is_blank_char, python_lines, skip_blanks};

/// How an entry's first line begins.
pub(crate) const ENTRY_KEY: &[u8] = b"Entry:";

/// An entry's texts as they stand in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escaped {
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// Whether the entry's header must say `Escaped: 1`.
    pub marked: bool,
}

/// Escapes a title of one line and a body whose lines end with LF, so that no reader takes a part
/// of them for an entry, a fence left open or an ID.
pub fn escape(title: &str, body: &str) -> Escaped {
    let lines = line_places(body);
    let bare_id = |text: &str| places(text.as_bytes()).any(|(_, slashes)| slashes == 0);
    let dangerous = lines.iter().any(|place| place.dangerous)
        || bare_id(body)
        || bare_id(title)
        || comment_crosses(title, body);
    if !dangerous {
        return Escaped {
            title: title.to_owned(),
            body: body.to_owned(),
            marked: false,
        };
    }
    let marks = lines
        .iter()
        .filter(|place| place.dangerous || place.slashes > 0);
    let body = mark(body, marks.map(|place| place.at).chain(id_marks(body, 0)));
    Escaped {
        title: mark(title, id_marks(title, 0)),
        body,
        marked: true,
    }
}

/// The body of a marked entry as it was written.
pub fn unescape_body(text: &str) -> String {
    let lines = line_places(text);
    let marks = lines
        .iter()
        .filter(|place| place.slashes > 0)
        .map(|place| place.at);
    unmark(text, marks.chain(id_marks(text, 1)))
}

/// The title of a marked entry as it was written.
pub fn unescape_title(text: &str) -> String {
    unmark(text, id_marks(text, 1))
}

/// A line's start that is or was an `Entry:` or a fence.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Where its backslashes begin, or would.
    at: usize,
    slashes: usize,
    fence: Option<Fence>,
    dangerous: bool,
}

/// The E and F places of a body, in order.
fn line_places(body: &str) -> Vec<Place> {
    let bytes = body.as_bytes();
    // The readers' patterns for an entry line run on over line breaks.
    let timed = holds_timestamp(body);
    let mut places: Vec<Place> = python_lines(bytes)
        .filter_map(|line| {
            let text = line.text(bytes);
            let start = skip_blanks(text, 0);
            let slashes = text[start..]
                .iter()
                .take_while(|byte| **byte == b'\\')
                .count();
            let rest = &text[start + slashes..];
            let entry = rest.starts_with(ENTRY_KEY);
            let fence = Fence::of_line(rest).filter(|_| !entry && matches!(rest[0], b'`' | b'~'));
            (entry || fence.is_some()).then_some(Place {
                at: line.start + start,
                slashes,
                fence,
                dangerous: entry && slashes == 0 && timed,
            })
        })
        .collect();
    judge_fences(&mut places);
    places
}

/// Marks the bare fences that would be open at the body's end, each with the ones before it
/// already escaped.
///
/// A fence that opens stays open when no later one closes it; escaping it leaves the state before
/// it as it was, so one pass suffices.
fn judge_fences(places: &mut [Place]) {
    // For each place the longest bare fence of either mark from there on.
    let mut longest = vec![[0; 2]; places.len() + 1];
    let column = |fence: Fence| usize::from(fence.mark == b'~');
    let bare = |place: &Place| place.fence.filter(|_| place.slashes == 0);
    for at in (0..places.len()).rev() {
        longest[at] = longest[at + 1];
        if let Some(fence) = bare(&places[at]) {
            let most = &mut longest[at][column(fence)];
            *most = fence.len.max(*most);
        }
    }
    let mut opener: Option<Fence> = None;
    for at in 0..places.len() {
        let Some(fence) = bare(&places[at]) else {
            continue;
        };
        match opener {
            Some(open) if fence.closes(open) => opener = None,
            Some(_) => (),
            None if longest[at + 1][column(fence)] >= fence.len => opener = Some(fence),
            None => places[at].dangerous = true,
        }
    }
}

/// Where backslashes begin in the ID places that have `slashes_min` at least.
fn id_marks(text: &str, slashes_min: usize) -> impl Iterator<Item = usize> + '_ {
    places(text.as_bytes())
        .filter(move |(_, slashes)| *slashes >= slashes_min)
        .map(|(at, _)| at)
}

/// Whether a comment that the title opens would find its `Entry-ID:` at the body's start. The
/// header line of the mark comes between them, so no backslash is needed.
fn comment_crosses(title: &str, body: &str) -> bool {
    let body = body.as_bytes();
    title.trim_end_matches(is_blank_char).ends_with("<!--")
        && key_len_at(body, skip_blanks(body, 0)) > 0
}

/// The text with a backslash put in at each place; the places in any order, none twice.
fn mark(text: &str, places: impl Iterator<Item = usize>) -> String {
    let mut places: Vec<usize> = places.collect();
    places.sort_unstable();
    let mut marked = String::with_capacity(text.len() + places.len());
    let mut done = 0;
    for at in places {
        marked.push_str(&text[done..at]);
        marked.push('\\');
        done = at;
    }
    marked.push_str(&text[done..]);
    marked
}

/// The text without the backslash at each place; the places in any order, none twice.
fn unmark(text: &str, places: impl Iterator<Item = usize>) -> String {
    let mut places: Vec<usize> = places.collect();
    places.sort_unstable();
    let mut plain = String::with_capacity(text.len());
    let mut done = 0;
    for at in places {
        plain.push_str(&text[done..at]);
        done = at + 1;
    }
    plain.push_str(&text[done..]);
    plain
}

/// Whether `dddd-dd-ddTdd:dd:dd` stands anywhere in the text. Python's `\d` takes the decimal
/// digits of every script; all numeric characters are taken here, which only marks more.
fn holds_timestamp(text: &str) -> bool {
    let fits = |char: Option<char>, shape: char| match shape {
        'd' => char.is_some_and(char::is_numeric),
        exact => char == Some(exact),
    };
    memchr::memchr_iter(b'T', text.as_bytes()).any(|at| {
        let mut before = text[..at].chars().rev();
        let mut after = text[at + 1..].chars();
        "dd-dd-dddd".chars().all(|shape| fits(before.next(), shape))
            && "dd:dd:dd".chars().all(|shape| fits(after.next(), shape))
    })
}

#[cfg(test)]
mod tests;
