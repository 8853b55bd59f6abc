//! Text that others wrote, made safe to print: nothing in it can move a cursor, set a colour, reach
//! a clipboard, hide itself or change the order in which a line is read.

/// Several lines: line feeds and tabs stay, carriage returns before a line feed go, and every other
/// control is shown as a visible sign.
pub(crate) fn lines(text: &str) -> String {
    shown(text, |character, next| match character {
        '\n' | '\t' => Some(character.into()),
        '\r' if next == Some('\n') => Some(String::new()),
        _ => None,
    })
}

/// One line: line ends and tabs are shown as signs too.
pub(crate) fn one_line(text: &str) -> String {
    shown(text, |_, _| None)
}

fn shown(text: &str, kept: impl Fn(char, Option<char>) -> Option<String>) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let next = rest.peek().copied();
        match kept(character, next) {
            Some(kept) => plain.push_str(&kept),
            None if is_joiner(character) && is_joined(before) && is_joined(next) => {
                plain.push(character);
            }
            None => push(&mut plain, character),
        }
        before = Some(character);
    }
    plain
}

/// Scripts and emoji need the joiners, between two characters of theirs.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

fn is_joined(side: Option<char>) -> bool {
    side.is_some_and(|side| !side.is_ascii() && !is_hidden(side))
}

fn push(plain: &mut String, character: char) {
    match character {
        // The Unicode block "Control Pictures" stands in the order of the controls.
        '\u{0}'..='\u{1f}' => {
            plain.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'));
        }
        '\u{7f}' => plain.push('\u{2421}'),
        other if is_hidden(other) => plain.push_str(&format!("<U+{:04X}>", u32::from(other))),
        other => plain.push(other),
    }
}

/// Controls of the second set, the bidirectional controls, what has no width or no ink, the line ends
/// of Unicode, and the characters that carry hidden text (tags, selectors of the second set).
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str) {
        assert_eq!(one_line(text), shown, "{text:?}");
    }

    #[test]
    fn escape_sequences_are_shown_and_do_nothing() {
        check("plain ü 漢字 👩‍👩‍👧", "plain ü 漢字 👩‍👩‍👧");
        check("\u{1b}[31mred", "␛[31mred");
        check("\u{1b}]52;c;aGk=\u{7}", "␛]52;c;aGk=␇");
        check("\u{1b}]0;title\u{1b}\\", "␛]0;title␛\\");
        check("\u{1b}P1$r\u{1b}\\ \u{1b}_apc\u{1b}\\", "␛P1$r␛\\ ␛_apc␛\\");
        check(
            "\u{9b}31m \u{9d}52;c\u{9c} \u{90}",
            "<U+009B>31m <U+009D>52;c<U+009C> <U+0090>",
        );
        check("a\rb\nc\td\u{8}e\u{7f}\0", "a␍b␊c␉d␈e␡␀");
        check("\u{85}\u{2028}\u{2029}", "<U+0085><U+2028><U+2029>");
    }

    #[test]
    fn what_turns_or_hides_text_is_shown() {
        check("abc\u{202e}fed\u{202c}", "abc<U+202E>fed<U+202C>");
        check(
            "\u{2066}x\u{2069} \u{200f}y\u{61c}",
            "<U+2066>x<U+2069> <U+200F>y<U+061C>",
        );
        check(
            "pass\u{200b}word\u{feff}\u{ad}",
            "pass<U+200B>word<U+FEFF><U+00AD>",
        );
        check("\u{e0041}\u{e0100}", "<U+E0041><U+E0100>");
    }

    #[test]
    fn joiners_stand_only_where_they_join() {
        check("क\u{200d}ष می\u{200c}خواهم", "क\u{200d}ष می\u{200c}خواهم");
        check("pass\u{200d}word\u{200c}", "pass<U+200D>word<U+200C>");
        check("é\u{200d}\u{200d}é", "é<U+200D><U+200D>é");
    }

    #[test]
    fn no_control_of_any_kind_is_left() {
        let every: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        assert!(!one_line(&every).chars().any(char::is_control));
        assert!(!one_line(&every).chars().any(is_hidden));
        let left = lines(&every);
        assert!(
            left.chars()
                .all(|each| !each.is_control() || "\n\t".contains(each))
        );
    }

    #[test]
    fn several_lines_keep_their_lines() {
        assert_eq!(lines("a\r\nb\n\tc\rd\u{1b}[A"), "a\nb\n\tc␍d␛[A");
    }
}
