//! The comment that carries an entry's ID, `<!-- Entry-ID: X -->`, as the Python readers find it.

use std::ops::Range;

use crate::entry_id::{EntryId, is_id_byte};
use crate::lines::{is_blank, skip_blanks, skip_blanks_back};

/// How the comment begins.
const OPEN: &[u8] = b"<!--";
/// How it ends.
const CLOSE: &[u8] = b"-->";

/// The comment for an ID, without a break.
pub(crate) fn id_comment(id: &EntryId) -> String {
    format!("<!-- Entry-ID: {} -->", id.plain())
}

/// The first ID comment in the bytes: the range of its ID's text.
pub(crate) fn first_id(bytes: &[u8]) -> Option<Range<usize>> {
    memchr::memmem::find_iter(bytes, OPEN).find_map(|at| id_at(bytes, at).map(|(id, _)| id))
}

/// The text of every ID comment in the bytes.
pub(crate) fn all_ids(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let comments = memchr::memmem::find_iter(bytes, OPEN);
    comments.filter_map(|at| id_at(bytes, at).map(|(id, _)| &bytes[id]))
}

/// The ID of a line that is an ID comment and nothing else: the range of its text.
pub(crate) fn id_of_line(line: &[u8]) -> Option<Range<usize>> {
    let start = skip_blanks(line, 0);
    if !line[start..].starts_with(OPEN) {
        return None;
    }
    let (id, end) = id_at(line, start)?;
    is_blank(&line[end..]).then_some(id)
}

/// Whether an ID comment with this ID stands anywhere in the bytes.
pub(crate) fn holds_id(bytes: &[u8], id: &EntryId) -> bool {
    let id = id.plain().as_bytes();
    memchr::memmem::find_iter(bytes, id).any(|at| {
        let end = at + id.len();
        let before = skip_blanks_back(bytes, 0, at);
        let opens = (0..=before).rev().take(KEY_BYTES_MAX + 1).any(|key| {
            key_len_at(bytes, key) == before - key && {
                let open = skip_blanks_back(bytes, 0, key);
                bytes[..open].ends_with(OPEN) && before > key
            }
        });
        opens && bytes[skip_blanks(bytes, end)..].starts_with(CLOSE)
    })
}

/// The comment at `at`, where `<!--` stands: the range of its ID and its end.
fn id_at(bytes: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let key = skip_blanks(bytes, at + OPEN.len());
    let start = match key_len_at(bytes, key) {
        0 => return None,
        len => skip_blanks(bytes, key + len),
    };
    let end = start
        + bytes[start..]
            .iter()
            .take_while(|byte| is_id_byte(**byte))
            .count();
    // `[\w-]+` takes the dashes of a `-->` that follows at once, then gives them back.
    let dashes = bytes[start..end]
        .iter()
        .rev()
        .take_while(|byte| **byte == b'-')
        .count();
    let (end, close) = if dashes >= 2 && bytes.get(end) == Some(&b'>') {
        (end - 2, end - 2)
    } else {
        (end, skip_blanks(bytes, end))
    };
    let closed = end > start && bytes[close..].starts_with(CLOSE);
    closed.then_some((start..end, close + CLOSE.len()))
}

/// Bytes of the longest spelling of the key.
const KEY_BYTES_MAX: usize = 10;

/// Bytes of `Entry-ID:` at `at`, in any case, its I also as U+0130 or U+0131 (Python's
/// `IGNORECASE`); 0 where it is not there.
pub(crate) fn key_len_at(bytes: &[u8], at: usize) -> usize {
    let Some(rest) = bytes.get(at..) else {
        return 0;
    };
    if !rest
        .get(..6)
        .is_some_and(|text| text.eq_ignore_ascii_case(b"entry-"))
    {
        return 0;
    }
    match &rest[6..] {
        [b'i' | b'I', b'd' | b'D', b':', ..] => 9,
        [0xC4, 0xB0 | 0xB1, b'd' | b'D', b':', ..] => 10,
        _ => 0,
    }
}

/// The places `<!--` blank* `\`* `Entry-ID:`: where the backslashes begin and how many there are.
pub(crate) fn places(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    memchr::memmem::find_iter(bytes, OPEN).filter_map(|at| {
        let slashes = skip_blanks(bytes, at + OPEN.len());
        let count = bytes[slashes..]
            .iter()
            .take_while(|byte| **byte == b'\\')
            .count();
        (key_len_at(bytes, slashes + count) > 0).then_some((slashes, count))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = first_id(text.as_bytes()).map(|range| &text[range]);
        assert_eq!(found, expected, "{text}");
        if let Some(id) = expected {
            assert!(
                holds_id(text.as_bytes(), &EntryId::parse(id).unwrap()),
                "{text}"
            );
        }
    }

    #[test]
    fn finds_comments_as_python_does() {
        check("<!-- Entry-ID: A1_b-2 -->", Some("A1_b-2"));
        check("x<!--ENTRY-id:A-->y", Some("A"));
        check("<!-- Entry-ID: A--->", Some("A-"));
        check("<!--\n Entry-\u{130}D:\u{2028}A\n-->", Some("A"));
        check("<!-- Entry-\u{131}D: A -->", Some("A"));
        check("<!-- <!-- Entry-ID: A -->", Some("A"));
        check("<!-- Entry-ID: a b --> <!-- Entry-ID: C -->", Some("C"));
        for text in [
            "<!-- \\Entry-ID: A -->",
            "<!-- Entry-ID: -->",
            "<!-- Entry-ID A -->",
            "<!--",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn an_id_is_held_only_as_a_comment_of_its_own() {
        let holds = |text: &str, id: &str| holds_id(text.as_bytes(), &EntryId::parse(id).unwrap());
        assert!(holds("A <!-- Entry-ID: B --> <!-- entry-id: A -->", "A"));
        assert!(!holds("<!-- Entry-ID: AB -->", "A"));
        assert!(!holds("<!-- Entry-ID: BA -->", "A"));
        assert!(!holds("<!-- \\Entry-ID: A -->", "A"));
        assert!(!holds("Entry-ID: A -->", "A"));
        assert!(!holds("", "A"));
    }

    #[test]
    fn a_line_is_a_comment_or_not() {
        assert_eq!(id_of_line(b"  <!-- Entry-ID: A -->\t"), Some(17..18));
        assert_eq!(id_of_line(b"x <!-- Entry-ID: A -->"), None);
        assert_eq!(id_of_line(b"<!-- Entry-ID: A --> x"), None);
    }
}
