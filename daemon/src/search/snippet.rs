//! One line of an entry around what was found in it.

use super::fold::{folded, is_gap};

/// The most characters of a snippet.
pub(crate) const SNIPPET_CHARS_MAX: usize = 160;

/// How many of them stand before what was found.
const BEFORE_CHARS: usize = 40;

/// The line of `text` around the byte of its folded form: no line break and no control character
/// is left in it, and `…` stands where something is cut off.
pub(super) fn snippet(text: &str, found_at: usize) -> String {
    let place = place_of(text, found_at);
    // What stands at the end has more before it.
    let len = flat(text).take(place + SNIPPET_CHARS_MAX).count();
    let begin = place.saturating_sub(BEFORE_CHARS);
    let begin = begin.min(len.saturating_sub(SNIPPET_CHARS_MAX - 2));
    let mut rest = flat(text).skip(begin);
    let mut line = String::new();
    if begin > 0 {
        line.push('…');
    }
    line.extend(rest.by_ref().take(SNIPPET_CHARS_MAX - 2));
    if rest.next().is_some() {
        line.push('…');
    }
    line.trim_end().to_owned()
}

/// Which character of the flat text holds that byte of the folded one.
fn place_of(text: &str, found_at: usize) -> usize {
    let mut bytes = 0;
    for (place, character) in flat(text).enumerate() {
        folded(character, |folded| bytes += folded.len_utf8());
        if bytes > found_at {
            return place;
        }
    }
    0
}

/// The characters of a text on one line, one space for any run of gaps.
fn flat(text: &str) -> impl Iterator<Item = char> {
    let mut after_gap = false;
    text.chars().filter_map(move |character| {
        let gap = is_gap(character);
        let shown = (!(gap && after_gap)).then_some(if gap { ' ' } else { character });
        after_gap = gap;
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;

    fn check(text: &str, found: &str, expected: &str) {
        let mut folded = String::new();
        fold(text, &mut folded);
        let at = folded.find(found).unwrap();
        assert_eq!(snippet(text, at), expected, "{text:?}");
    }

    #[test]
    fn a_snippet_is_one_line_around_what_was_found() {
        check("short", "short", "short");
        check("Two\n\n  lines\r\n", "lines", "Two lines");
        check(
            "a\u{2028}Entry: Mallory\u{1c}b\u{1b}[31m",
            "entry:",
            "a Entry: Mallory b [31m",
        );
        let at_the_end = format!("{} needle", "y".repeat(90));
        check(&at_the_end, "needle", &at_the_end);
        let long = format!("{} Straße here {}", "ß".repeat(100), "x".repeat(300));
        let expected = format!("…{} Straße here {}…", "ß".repeat(39), "x".repeat(106));
        check(&long, "strasse", &expected);
        assert_eq!(expected.chars().count(), SNIPPET_CHARS_MAX);
    }
}
