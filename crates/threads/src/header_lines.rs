//! Every line of a header that is a field, known or not, and those that are none.

use std::ops::Range;

use crate::header::{Header, HeaderForm, RULE, is_key_line};
use crate::lines::{Line, break_len_at, is_blank, one_line, plain_lines, skip_blanks, trim};

/// One field, whatever its key.
#[derive(Debug, Clone)]
pub(crate) struct KeyLine {
    /// As it is written.
    pub(crate) key: String,
    /// As one line; empty where it has none.
    pub(crate) value: String,
    /// Where the value stands; empty, behind the colon, where there is none.
    pub(crate) range: Range<usize>,
    pub(crate) line: Line,
}

/// The lines before the first entry.
#[derive(Debug, Default)]
pub(crate) struct HeaderLines {
    /// The first of each key.
    pub(crate) fields: Vec<KeyLine>,
    /// The first heading.
    pub(crate) heading: Option<(Line, String)>,
    /// What is no field, heading, rule or blank, trimmed.
    pub(crate) others: Vec<Vec<u8>>,
}

impl HeaderLines {
    /// Of a text whose first entry's piece begins at `limit`.
    pub(crate) fn read(bytes: &[u8], header: &Header, limit: usize) -> HeaderLines {
        let mut lines = HeaderLines::default();
        let mut in_fields = true;
        for line in plain_lines(bytes, header.start..limit) {
            let text = line.text(bytes);
            let is_front = line.start < header.front_end;
            if trim(text) == RULE {
                in_fields &= is_front;
                continue;
            }
            let holds_fields = match header.form {
                HeaderForm::FrontMatter => is_front,
                HeaderForm::Classic => in_fields,
            };
            if holds_fields && is_key_line(text) {
                lines.take(KeyLine::read(bytes, line));
            } else if header.heading == Some(line) {
                let text = one_line(&String::from_utf8_lossy(text));
                lines.heading = Some((line, text));
            } else if !is_blank(text) {
                lines.others.push(trim(text).to_vec());
            }
        }
        lines
    }

    /// The field of a key, in any case.
    pub(crate) fn field(&self, key: &str) -> Option<&KeyLine> {
        self.fields
            .iter()
            .find(|field| field.key.eq_ignore_ascii_case(key))
    }

    fn take(&mut self, field: Option<KeyLine>) {
        if let Some(field) = field.filter(|field| self.field(&field.key).is_none()) {
            self.fields.push(field);
        }
    }
}

impl KeyLine {
    fn read(bytes: &[u8], line: Line) -> Option<KeyLine> {
        let colon = memchr::memchr(b':', line.text(bytes))?;
        let behind = line.start + colon + 1;
        // As in `Header`: a break that Python's lines alone know ends the value.
        let end = (behind..line.end)
            .find(|at| break_len_at(bytes, *at) > 0)
            .unwrap_or(line.end);
        let text = trim(&bytes[behind..end]);
        let range = if text.is_empty() {
            behind..behind
        } else {
            let start = skip_blanks(bytes, behind);
            start..start + text.len()
        };
        Some(KeyLine {
            key: String::from_utf8_lossy(&bytes[line.start..line.start + colon]).into_owned(),
            value: one_line(&String::from_utf8_lossy(text)),
            range,
            line,
        })
    }
}
