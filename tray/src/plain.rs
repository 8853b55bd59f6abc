//! Text that others wrote, made safe for menus, tooltips and popups: nothing in it can break a line,
//! hide itself, or change the order in which a line is read; and none is longer than it may be.

/// One line, in which controls and what hides or turns text are shown as `␣`, a visible sign.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| {
            if is_hidden(character) {
                '␣'
            } else {
                character
            }
        })
        .collect()
}

/// Several lines: line ends and tabs stay, and whatever hides or turns text is shown by its number, as
/// `<U+202E>`.
pub(crate) fn lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str("    "),
            other if is_hidden(other) => shown.push_str(&format!("<U+{:04X}>", u32::from(other))),
            other => shown.push(other),
        }
    }
    shown
}

/// The beginning, up to that many characters; `…` ends what was cut.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// As text where the reader takes markup, so that `<b>` is three characters and nothing else.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Controls, and format characters of Unicode that are not seen: marks of direction, zero widths,
/// tags. Emoji keep their joiner.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_or_breaks_a_line() {
        let check = |text: &str, expected: &str| assert_eq!(one_line(text), expected);
        check("plain ✅ 👩‍💻", "plain ✅ 👩‍💻");
        check("a\nb\tc", "a␣b␣c");
        check("\u{1b}[2J\u{7}", "␣[2J␣");
        check("a\u{202e}b\u{200b}c\u{2066}d\u{feff}", "a␣b␣c␣d␣");
        check("\u{e0041}x\u{85}y", "␣x␣y");
    }

    #[test]
    fn several_lines_stay_and_what_turns_them_is_seen() {
        let check = |text: &str, expected: &str| assert_eq!(lines(text), expected);
        check("a\r\nb\n\tc", "a\nb\n    c");
        check(
            "x\u{202e}y\u{2066}\u{1b}[2J\r",
            "x<U+202E>y<U+2066><U+001B>[2J<U+000D>",
        );
        check("[l](http://x) <b>", "[l](http://x) <b>");
    }

    #[test]
    fn what_is_long_is_cut_by_characters() {
        let check = |text: &str, expected: &str| assert_eq!(cut(text, 5), expected);
        check("12345", "12345");
        check("123456", "1234…");
        check("ä ö ü é", "ä ö…");
    }

    #[test]
    fn markup_is_text() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
        check("plain", "plain");
    }
}
