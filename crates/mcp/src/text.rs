//! The small forms that all texts share.

use std::borrow::Cow;

use protocol::answer::{Freshness, Trouble};

/// On one line: line breaks and control characters become spaces.
pub(crate) fn flat(value: &str) -> Cow<'_, str> {
    // Nearly all of what is shown is plain, and is then not copied.
    if value.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return Cow::Borrowed(value);
    }
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    value
        .chars()
        .map(|c| if breaks(c) { ' ' } else { c })
        .collect()
}

/// On one line and unable to look like an entry's frame.
pub(crate) fn one_line(value: &str) -> String {
    flat(value).replace('<', "&lt;").replace('>', "&gt;")
}

/// At most so many characters; what is cut off is marked.
pub(crate) fn clipped(value: &str, chars_max: usize) -> String {
    if is_within(value, chars_max) {
        return value.to_owned();
    }
    let mut clipped: String = value.chars().take(chars_max.saturating_sub(1)).collect();
    clipped.push('…');
    clipped
}

/// As [`clipped`], in its place.
pub(crate) fn clip(value: &mut String, chars_max: usize) {
    if !is_within(value, chars_max) {
        *value = clipped(value, chars_max);
    }
}

/// Whether it has at most so many characters.
fn is_within(value: &str, chars_max: usize) -> bool {
    // A character takes a byte at least.
    value.len() <= chars_max || value.chars().nth(chars_max).is_none()
}

/// `1 entry`, `2 entries`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The first line of what may not be the newest: `(as of 10:42, offline)`.
pub(crate) fn stale_line(freshness: &Freshness) -> Option<String> {
    if !freshness.stale {
        return None;
    }
    let words = freshness.as_of.as_deref().map(one_line);
    let words = words.unwrap_or_else(|| {
        let time = freshness.fetched_at.as_deref().unwrap_or("never");
        format!("{}, {}", one_line(time), freshness.state.as_str())
    });
    Some(format!("(as of {words})"))
}

/// What stands in the way, and what to do about it.
pub(crate) fn trouble_lines(trouble: &Trouble) -> [String; 2] {
    [
        format!(
            "Trouble: {}: {}",
            one_line(&trouble.kind),
            one_line(&trouble.message)
        ),
        format!("To do: {}", one_line(&trouble.hint)),
    ]
}
/// The text that an address writes with `%` and hex digits; none where that is no text.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
