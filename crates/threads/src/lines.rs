//! Lines and blanks as the Python readers see them, over bytes that need not be UTF-8.
//!
//! A *Python line* ends at any of the breaks of `str.splitlines`; a *plain line* at LF, CRLF or CR
//! alone, which Python turns into LF when it reads a file. Fences are counted in Python lines,
//! because both Python readers do; entries begin at plain lines, so that a U+2028 in a body of
//! somebody else's forges nothing here.

use std::borrow::Cow;
use std::ops::Range;

/// One line of a text, by byte positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where its text ends, before its break.
    pub(crate) end: usize,
    /// Where the next line begins; the text's length for the last one.
    pub(crate) next: usize,
}

impl Line {
    /// The line's text without its break.
    pub(crate) fn text<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.start..self.end]
    }
}

/// The plain lines of a part of a text that ends where a line does.
pub(crate) fn plain_lines(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Line> + '_ {
    let mut at = range.start;
    std::iter::from_fn(move || {
        if at >= range.end {
            return None;
        }
        let line = plain_line_at(bytes, at, range.end);
        at = line.next;
        Some(line)
    })
}

/// The plain line that begins at `start`, in a text that ends at `limit`.
pub(crate) fn plain_line_at(bytes: &[u8], start: usize, limit: usize) -> Line {
    match memchr::memchr2(b'\n', b'\r', &bytes[start..limit]) {
        Some(found) => {
            let end = start + found;
            Line {
                start,
                end,
                next: end + break_len_at(&bytes[..limit], end),
            }
        }
        None => Line {
            start,
            end: limit,
            next: limit,
        },
    }
}

/// Where the plain line begins that holds `at`, which is no break's, or ends there; not before
/// `limit`.
pub(crate) fn plain_line_start(bytes: &[u8], at: usize, limit: usize) -> usize {
    memchr::memrchr2(b'\n', b'\r', &bytes[limit..at]).map_or(limit, |found| limit + found + 1)
}

/// Where the plain line begins that is followed by one that begins at `next`; not before `limit`,
/// which is less than `next`.
pub(crate) fn plain_line_before(bytes: &[u8], next: usize, limit: usize) -> usize {
    let end = match &bytes[limit..next] {
        [.., b'\r', b'\n'] => next - 2,
        _ => next - 1,
    };
    plain_line_start(bytes, end, limit)
}

/// The lines of a text as Python's `splitlines` gives them after its newline translation.
pub(crate) fn python_lines(bytes: &[u8]) -> impl Iterator<Item = Line> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let start = at;
        let mut end = start;
        // All of a file's bytes pass here, nearly all of them over the table alone.
        while let Some(found) = bytes[end..]
            .iter()
            .position(|byte| MAY_BREAK[usize::from(*byte)])
        {
            end += found;
            match break_len_at(bytes, end) {
                0 => end += 1,
                len => {
                    at = end + len;
                    return Some(Line {
                        start,
                        end,
                        next: at,
                    });
                }
            }
        }
        at = bytes.len();
        Some(Line {
            start,
            end: at,
            next: at,
        })
    })
}

/// Whether a byte may begin a line break.
const MAY_BREAK: [bool; 256] = {
    let mut table = [false; 256];
    let first = [b'\n', 0x0B, 0x0C, b'\r', 0x1C, 0x1D, 0x1E, 0xC2, 0xE2];
    let mut at = 0;
    while at < first.len() {
        table[first[at] as usize] = true;
        at += 1;
    }
    table
};

/// Bytes of the line break at `at`; 0 where there is none.
#[inline]
pub(crate) fn break_len_at(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b'\n' | 0x0B | 0x0C | 0x1C | 0x1D | 0x1E => 1,
        b'\r' => 1 + usize::from(bytes.get(at + 1) == Some(&b'\n')),
        0xC2 if bytes.get(at + 1) == Some(&0x85) => 2,
        0xE2 if matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xA8 | 0xA9])) => 3,
        _ => 0,
    }
}

/// Bytes of the blank at `at` (Unicode White_Space and U+001C to U+001F); 0 where there is none.
#[inline]
pub(crate) fn blank_len_at(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..).unwrap_or_default() {
        [0x09..=0x0D | 0x1C..=0x20, ..] => 1,
        [0xC2, 0x85 | 0xA0, ..] => 2,
        [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Bytes of the blank that ends at `end`; 0 where there is none.
fn blank_len_before(bytes: &[u8], end: usize) -> usize {
    (1..=3usize.min(end))
        .find(|len| blank_len_at(&bytes[..end], end - len) == *len)
        .unwrap_or(0)
}

/// The first position at or after `at` that is no blank.
pub(crate) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match blank_len_at(bytes, at) {
            0 => return at,
            len => at += len,
        }
    }
}

/// The last position at or before `end` with no blank before it, not before `start`.
pub(crate) fn skip_blanks_back(bytes: &[u8], start: usize, mut end: usize) -> usize {
    loop {
        match blank_len_before(&bytes[start..], end - start) {
            0 => return end,
            len => end -= len,
        }
    }
}

/// The text without blanks at both ends, like Python's `strip`.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let start = skip_blanks(bytes, 0);
    &bytes[start..skip_blanks_back(bytes, start, bytes.len())]
}

/// Whether the text is empty but for blanks.
pub(crate) fn is_blank(bytes: &[u8]) -> bool {
    skip_blanks(bytes, 0) == bytes.len()
}

/// The end of the last plain line in `range` that is not blank, before its break; `range.start`
/// where all are blank.
pub(crate) fn trim_blank_lines(bytes: &[u8], range: Range<usize>) -> usize {
    let inked = skip_blanks_back(bytes, range.start, range.end);
    if inked == range.start {
        return range.start;
    }
    plain_line_at(bytes, inked, range.end).end
}

/// Whether a character is one of the breaks of Python's `splitlines` or a CR.
pub(crate) fn is_break(char: char) -> bool {
    matches!(
        char,
        '\n' | '\r' | '\x0B' | '\x0C' | '\x1C'..='\x1E' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Whether a character is a blank.
pub(crate) fn is_blank_char(char: char) -> bool {
    char.is_whitespace() || ('\x1C'..='\x1F').contains(&char)
}

/// The text as one line: every break a space, blanks at both ends dropped.
pub(crate) fn one_line(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.replace(is_break, " ")
        .trim_matches(is_blank_char)
        .to_owned()
}

/// The text with LF for every CRLF and CR.
pub(crate) fn line_feeds(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: [char; 10] = [
        '\n', '\r', '\x0B', '\x0C', '\x1C', '\x1D', '\x1E', '\u{85}', '\u{2028}', '\u{2029}',
    ];

    #[test]
    fn every_char_is_judged_alike_as_char_and_as_bytes() {
        for char in ('\0'..=char::MAX).take(0x11000) {
            let mut buffer = [0; 4];
            let bytes = char.encode_utf8(&mut buffer).as_bytes();
            let blank = if is_blank_char(char) { bytes.len() } else { 0 };
            assert_eq!(blank_len_at(bytes, 0), blank, "{char:?}");
            assert_eq!(blank_len_before(bytes, bytes.len()), blank, "{char:?}");
            let broken = if BREAKS.contains(&char) {
                bytes.len()
            } else {
                0
            };
            assert_eq!(break_len_at(bytes, 0), broken, "{char:?}");
            assert_eq!(is_break(char), broken > 0, "{char:?}");
        }
    }

    #[test]
    fn plain_and_python_lines() {
        let text = "a\u{2028}b\r\nc\rd\n\ne".as_bytes();
        let plain: Vec<_> = plain_lines(text, 0..text.len())
            .map(|line| line.text(text).to_vec())
            .collect();
        assert_eq!(plain, ["a\u{2028}b".as_bytes(), b"c", b"d", b"", b"e"]);
        let python: Vec<_> = python_lines(text).map(|line| line.text(text)).collect();
        assert_eq!(python, [b"a", b"b", b"c", b"d", b"".as_slice(), b"e"]);
        assert_eq!(python_lines(b"a\n").count(), 1);
        assert_eq!(plain_line_before(b"ab\r\nc", 4, 0), 0);
        assert_eq!(plain_line_before(b"a\n\r\nc", 4, 0), 2);
        assert_eq!(plain_line_before(b"a\rb\nc", 4, 0), 2);
    }

    #[test]
    fn one_line_flattens() {
        assert_eq!(one_line(" a\r\nb\u{2028}c\x1F"), "a b c");
        assert_eq!(line_feeds("a\r\nb\rc\n"), "a\nb\nc\n");
    }
}
