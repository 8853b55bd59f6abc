//! Checks what a writer hands in, and gives it the form in which it is kept.

use crate::lines::{is_blank_char, line_feeds, one_line, trim_blank_lines};

/// Characters that a title may have at most.
pub const TITLE_CHARS_MAX: usize = 200;
/// Bytes that a body may have at most, in the form in which it is kept.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Characters that a status may have at most.
pub const STATUS_CHARS_MAX: usize = 32;
/// Characters that an idempotency key may have at most.
pub const KEY_CHARS_MAX: usize = 128;
/// Characters that a ball may have at most.
pub const BALL_CHARS_MAX: usize = 100;
/// The roles, as they are written.
pub const ROLES: [&str; 6] = ["planner", "critic", "implementer", "tester", "pm", "scribe"];
/// The types of entries, as they are written.
pub const ENTRY_TYPES: [&str; 5] = ["Note", "Plan", "Decision", "PR", "Closure"];

/// Why a text cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left of it.
    #[error("the {what} is empty")]
    Empty {
        /// What the text is.
        what: &'static str,
    },
    /// It is over its limit.
    #[error("the {what} is longer than {max} {unit}")]
    TooLong {
        /// What the text is.
        what: &'static str,
        /// The limit.
        max: usize,
        /// What the limit counts.
        unit: &'static str,
    },
    /// It holds U+0000, which no file of text can carry.
    #[error("the {what} holds a NUL character")]
    Nul {
        /// What the text is.
        what: &'static str,
    },
    /// It is none of the words there are.
    #[error("'{text}' is no {what}; there are {}", words.join(", "))]
    UnknownWord {
        /// What the text should be.
        what: &'static str,
        /// The text, shortened.
        text: String,
        /// The words there are.
        words: &'static [&'static str],
    },
    /// It has characters that are not allowed.
    #[error("the {what} '{text}' is not of the form {form}")]
    Form {
        /// What the text should be.
        what: &'static str,
        /// The text, shortened.
        text: String,
        /// The form, as a pattern.
        form: &'static str,
    },
}

/// A title as one line: line breaks are spaces, blanks at the ends are dropped.
///
/// # Errors
/// It is empty, longer than [`TITLE_CHARS_MAX`], or holds NUL.
pub fn check_title(text: &str) -> Result<String, TextError> {
    const WHAT: &str = "title";
    line_of(WHAT, text, TITLE_CHARS_MAX)
}

/// A body with LF at its line ends and no blank lines at its end. It may be empty.
///
/// # Errors
/// It is longer than [`BODY_BYTES_MAX`] or holds NUL.
pub fn check_body(text: &str) -> Result<String, TextError> {
    const WHAT: &str = "body";
    if text.contains('\0') {
        return Err(TextError::Nul { what: WHAT });
    }
    let body = normal_body(text);
    if body.len() > BODY_BYTES_MAX {
        return Err(TextError::TooLong {
            what: WHAT,
            max: BODY_BYTES_MAX,
            unit: "bytes",
        });
    }
    Ok(body)
}

/// The role that a text means, in any case.
///
/// # Errors
/// It is none of [`ROLES`].
pub fn check_role(text: &str) -> Result<String, TextError> {
    word("role", text, &ROLES)
}

/// The type of entry that a text means, in any case.
///
/// # Errors
/// It is none of [`ENTRY_TYPES`].
pub fn check_entry_type(text: &str) -> Result<String, TextError> {
    word("entry_type", text, &ENTRY_TYPES)
}

/// A status in capitals.
///
/// # Errors
/// It is not `[A-Za-z][A-Za-z0-9_-]{0,31}`.
pub fn check_status(text: &str) -> Result<String, TextError> {
    let text = text.trim_matches(is_blank_char);
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let fits = text.len() <= STATUS_CHARS_MAX
        && text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.bytes().all(rest);
    let form = "[A-Za-z][A-Za-z0-9_-]{0,31}";
    if fits {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(form_error("status", text, form))
    }
}

/// An idempotency key, as it is.
///
/// # Errors
/// It is not 1 to [`KEY_CHARS_MAX`] of `[A-Za-z0-9._:-]`.
pub fn check_key(text: &str) -> Result<String, TextError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let fits = (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed);
    let form = "[A-Za-z0-9._:-]{1,128}";
    if fits {
        Ok(text.to_owned())
    } else {
        Err(form_error("idempotency_key", text, form))
    }
}

/// A ball as one line.
///
/// # Errors
/// It is empty, longer than [`BALL_CHARS_MAX`], or holds NUL.
pub(crate) fn check_ball(text: &str) -> Result<String, TextError> {
    line_of("ball", text, BALL_CHARS_MAX)
}

/// A body in the form in which it is kept, whatever its length.
pub(crate) fn normal_body(text: &str) -> String {
    let text = line_feeds(text);
    let end = trim_blank_lines(text.as_bytes(), 0..text.len());
    text[..end].to_owned()
}

fn line_of(what: &'static str, text: &str, max: usize) -> Result<String, TextError> {
    if text.contains('\0') {
        return Err(TextError::Nul { what });
    }
    let line = one_line(text);
    if line.is_empty() {
        Err(TextError::Empty { what })
    } else if line.chars().count() > max {
        Err(TextError::TooLong {
            what,
            max,
            unit: "characters",
        })
    } else {
        Ok(line)
    }
}

fn word(
    what: &'static str,
    text: &str,
    words: &'static [&'static str],
) -> Result<String, TextError> {
    let wanted = text.trim_matches(is_blank_char);
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(wanted));
    found
        .map(|word| (*word).to_owned())
        .ok_or_else(|| TextError::UnknownWord {
            what,
            text: shortened(wanted),
            words,
        })
}

fn form_error(what: &'static str, text: &str, form: &'static str) -> TextError {
    TextError::Form {
        what,
        text: shortened(text),
        form,
    }
}

/// A text as an error may repeat it.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    one_line(text).chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: Result<String, TextError>, expected: Result<&str, &str>) {
        assert_eq!(
            found.map_err(|error| error.to_string()),
            expected.map(Into::into).map_err(Into::into)
        );
    }

    #[test]
    fn titles() {
        check(check_title(" a\r\nb\u{2028}c\n"), Ok("a b c"));
        check(check_title("\n\u{85}"), Err("the title is empty"));
        check(check_title("a\0"), Err("the title holds a NUL character"));
        let longest = "é".repeat(TITLE_CHARS_MAX);
        check(check_title(&longest), Ok(&longest));
        check(
            check_title(&format!("{longest}é")),
            Err("the title is longer than 200 characters"),
        );
    }

    #[test]
    fn bodies() {
        check(check_body("a\r\n\rb  \n \u{B}\n\n"), Ok("a\n\nb  "));
        check(check_body("\n\n  a"), Ok("\n\n  a"));
        check(check_body(" \n\t"), Ok(""));
        check(check_body("a\u{2028}"), Ok("a\u{2028}"));
        check(check_body("a\0b"), Err("the body holds a NUL character"));
        let longest = "x".repeat(BODY_BYTES_MAX);
        check(check_body(&format!("{longest}\n\n")), Ok(&longest));
        check(
            check_body(&format!("{longest}x")),
            Err("the body is longer than 1048576 bytes"),
        );
    }

    #[test]
    fn words() {
        check(check_role(" PM "), Ok("pm"));
        check(
            check_role("admin"),
            Err("'admin' is no role; there are planner, critic, implementer, tester, pm, scribe"),
        );
        check(check_entry_type("pr"), Ok("PR"));
        check(
            check_entry_type(""),
            Err("'' is no entry_type; there are Note, Plan, Decision, PR, Closure"),
        );
    }

    #[test]
    fn statuses_and_keys() {
        check(check_status("in_review"), Ok("IN_REVIEW"));
        let longest = "S".repeat(STATUS_CHARS_MAX);
        check(check_status(&longest), Ok(&longest));
        for text in ["", "1a", "a b", "a\nBall: x", &format!("{longest}S")] {
            assert!(check_status(text).is_err(), "{text}");
        }
        let longest = "k".repeat(KEY_CHARS_MAX);
        check(check_key("a.B_1:2-3"), Ok("a.B_1:2-3"));
        let refused = "the idempotency_key 'é' is not of the form [A-Za-z0-9._:-]{1,128}";
        check(check_key("é"), Err(refused));
        check(check_key(&longest), Ok(&longest));
        for text in ["", "a b", &format!("{longest}k")] {
            assert!(check_key(text).is_err(), "{text}");
        }
    }
}
