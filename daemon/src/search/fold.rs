//! Text made comparable: without regard to case, and with one space for any run of spaces, line
//! breaks and control characters.

/// A character that separates words and is shown as a space; all line breaks of `escaping.md` are
/// among them.
pub(super) fn is_gap(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// Appends a text's folded form.
pub(super) fn fold(text: &str, into: &mut String) {
    for character in text.chars() {
        if is_gap(character) {
            if !into.ends_with(' ') {
                into.push(' ');
            }
        } else {
            folded(character, |folded| into.push(folded));
        }
    }
}

/// Hands over what stands for a character where case counts for nothing. Up and down again: of some
/// letters there are several small ones (`ß` and `SS`, `ς` and `σ`).
pub(super) fn folded(character: char, mut each: impl FnMut(char)) {
    if character.is_ascii() {
        each(character.to_ascii_lowercase());
        return;
    }
    for upper in character.to_uppercase() {
        upper.to_lowercase().for_each(&mut each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut into = String::new();
        fold(text, &mut into);
        assert_eq!(into, expected, "{text:?}");
    }

    #[test]
    fn case_and_the_kind_of_space_count_for_nothing() {
        check("", "");
        check("Refactor AUTH", "refactor auth");
        check("Straße STRASSE", "strasse strasse");
        check("ΟΔΟΣ οδος", "οδοσ οδοσ");
        check("ÉCOLE", "école");
        check("a \n\t b\r\nc", "a b c");
        check("a\u{b}\u{1c}\u{85}\u{2028}b\0c", "a b c");
    }
}
