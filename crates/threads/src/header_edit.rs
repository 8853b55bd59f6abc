//! Changes Status and Ball in a header, and leaves every other byte of it as it is.

use std::ops::Range;

use crate::header::{Header, HeaderForm, Key};
use crate::lines::Line;
use crate::print::heading;

/// New text for a range of the file.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    text: String,
}

/// The file's bytes with these values in its header. A field that is missing is put where its
/// sibling stands, else below the heading, else at the top under a heading of its own.
pub(crate) fn with_fields(
    bytes: &[u8],
    header: &Header,
    topic: &str,
    status: &str,
    ball: &str,
) -> Vec<u8> {
    let mut edits: Vec<Edit> = [(Key::Status, status), (Key::Ball, ball)]
        .into_iter()
        .filter_map(|(key, value)| replaced(bytes, header, key, value))
        .collect();
    edits.extend(inserted(bytes, header, topic, status, ball));
    edits.sort_by_key(|edit| edit.range.start);

    let mut edited = Vec::with_capacity(bytes.len() + status.len() + ball.len());
    let mut done = 0;
    for edit in edits {
        edited.extend_from_slice(&bytes[done..edit.range.start]);
        edited.extend_from_slice(edit.text.as_bytes());
        done = edit.range.end;
    }
    edited.extend_from_slice(&bytes[done..]);
    edited
}

/// The break of the file's lines: CRLF where its first line ends so.
pub(crate) fn line_break(bytes: &[u8]) -> &'static str {
    match memchr::memchr(b'\n', bytes) {
        Some(feed) if feed > 0 && bytes[feed - 1] == b'\r' => "\r\n",
        Some(_) | None => "\n",
    }
}

/// The edit of a field that is there.
fn replaced(bytes: &[u8], header: &Header, key: Key, value: &str) -> Option<Edit> {
    let field = header.field(key)?;
    if field.value.is_empty() {
        let range = field.value.start..field.line.end;
        return Some(Edit {
            range,
            text: format!(" {value}"),
        });
    }
    let changed = header
        .value(bytes, key)
        .is_none_or(|current| current != value);
    changed.then(|| Edit {
        range: field.value.clone(),
        text: value.to_owned(),
    })
}

/// The edit that puts the missing ones of both fields in.
fn inserted(bytes: &[u8], header: &Header, topic: &str, status: &str, ball: &str) -> Option<Edit> {
    let (status_field, ball_field) = (header.field(Key::Status), header.field(Key::Ball));
    let (status_key, ball_key) = match header.form {
        HeaderForm::FrontMatter => ("status", "ball"),
        HeaderForm::Classic => ("Status", "Ball"),
    };
    let mut lines = Vec::new();
    if status_field.is_none() {
        lines.push(format!("{status_key}: {status}"));
    }
    if ball_field.is_none() {
        lines.push(format!("{ball_key}: {ball}"));
    }
    if lines.is_empty() {
        return None;
    }
    let end = line_break(bytes);
    let before = |line: Line, lines: Vec<String>| {
        let text = lines.into_iter().map(|line| line + end).collect();
        Edit {
            range: line.start..line.start,
            text,
        }
    };
    Some(
        match (
            header.closing,
            status_field,
            ball_field,
            header.heading,
            header.fields.first(),
        ) {
            (Some(closing), ..) => before(closing, lines),
            (None, Some(status), ..) => after(status.line, &lines, end),
            (None, None, Some(ball), ..) => before(ball.line, lines),
            (None, None, None, Some(heading), _) => after(heading, &lines, end),
            (None, None, None, None, Some(first)) => before(first.line, lines),
            (None, None, None, None, None) => {
                let text = format!("{}{end}{}{end}{end}", heading(topic), lines.join(end));
                Edit {
                    range: header.start..header.start,
                    text,
                }
            }
        },
    )
}

/// The edit that puts lines in behind a line, which may lack its break.
fn after(line: Line, lines: &[String], end: &str) -> Edit {
    let text = lines
        .iter()
        .fold(String::new(), |text, line| text + end + line);
    Edit {
        range: line.end..line.end,
        text,
    }
}
