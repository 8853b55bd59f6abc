//! The header of a thread's file: its form, its fields and where each of them stands.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::lines::{Line, break_len_at, is_blank, one_line, plain_lines, skip_blanks, trim};

/// What a thread's first heading ends with.
pub(crate) const HEADING_SUFFIX: &str = " — Thread";
/// The line around front matter and before an entry.
pub(crate) const RULE: &[u8] = b"---";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How a header is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderForm {
    /// `key: value` lines between two `---` lines, then a heading. Not YAML.
    FrontMatter,
    /// A heading, then `Key: value` lines, as the Python project writes it.
    Classic,
}

/// The fields that a header can have; other keys are left as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Topic,
    Title,
    Status,
    Ball,
    Created,
    Updated,
}

impl Key {
    const ALL: [(&'static str, Key); 6] = [
        ("topic", Key::Topic),
        ("title", Key::Title),
        ("status", Key::Status),
        ("ball", Key::Ball),
        ("created", Key::Created),
        ("updated", Key::Updated),
    ];

    fn of_text(text: &[u8]) -> Option<Key> {
        let known = |(name, _): &&(&str, Key)| text.eq_ignore_ascii_case(name.as_bytes());
        Key::ALL.iter().find(known).map(|(_, key)| *key)
    }
}

/// Where a field stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) key: Key,
    /// Its line.
    pub(crate) line: Line,
    /// Its value, trimmed; empty, just behind the colon, where it has none.
    pub(crate) value: Range<usize>,
}

/// What is known of a header.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) form: HeaderForm,
    /// Where the text begins, after a byte order mark.
    pub(crate) start: usize,
    /// The end of the front matter with its closing `---`; `start` in the classic form.
    pub(crate) front_end: usize,
    /// The closing `---` of the front matter.
    pub(crate) closing: Option<Line>,
    /// The first heading.
    pub(crate) heading: Option<Line>,
    /// The first field of each key, in order. Python takes the first one too.
    pub(crate) fields: Vec<Field>,
    /// Whether there is a header at all, and not just text before the first entry.
    pub(crate) present: bool,
}

impl Header {
    /// Reads the header of a text whose first `Entry:` line begins at `limit`.
    pub(crate) fn read(bytes: &[u8], limit: usize) -> Header {
        let start = text_start(bytes);
        let mut header = Header {
            form: HeaderForm::Classic,
            start,
            front_end: start,
            closing: None,
            heading: None,
            fields: Vec::new(),
            present: false,
        };
        header.read_front_matter(bytes, start..limit);
        header.read_classic(bytes, header.front_end..limit);
        header
    }

    fn read_front_matter(&mut self, bytes: &[u8], range: Range<usize>) {
        let mut lines = plain_lines(bytes, range);
        let Some(first) = lines.next() else { return };
        if trim(first.text(bytes)) != RULE {
            return;
        }
        let mut fields = Vec::new();
        let mut keys_len = 0;
        for line in lines {
            if trim(line.text(bytes)) == RULE {
                if keys_len > 0 {
                    self.form = HeaderForm::FrontMatter;
                    self.front_end = line.next;
                    self.closing = Some(line);
                    fields.into_iter().for_each(|field| self.take(field));
                    self.present = [Key::Topic, Key::Status, Key::Ball]
                        .iter()
                        .any(|key| self.field(*key).is_some());
                }
                return;
            }
            keys_len += usize::from(is_key_line(line.text(bytes)));
            fields.extend(Field::read(bytes, line));
        }
    }

    /// Reads headings and fields up to the first `---`: behind that line are bodies, also those of
    /// entries in a form that is not known.
    ///
    /// A heading with the suffix makes a header, and so does a ball; a status does with another
    /// field beside it, since many a README has one.
    fn read_classic(&mut self, bytes: &[u8], range: Range<usize>) {
        let mut at_top = self.form == HeaderForm::Classic;
        for line in plain_lines(bytes, range) {
            let text = line.text(bytes);
            if trim(text) == RULE {
                return;
            }
            let heading = text.starts_with(b"# ");
            at_top &= heading || is_blank(text) || is_key_line(text);
            if heading && self.heading.is_none() {
                self.heading = Some(line);
                self.present |=
                    at_top && trim(text).ends_with(HEADING_SUFFIX.trim_start().as_bytes());
            }
            if let Some(field) = Field::read(bytes, line) {
                self.take(field);
                self.present |= at_top
                    && (self.field(Key::Ball).is_some()
                        || self.field(Key::Status).is_some() && self.fields.len() > 1);
            }
        }
    }

    fn take(&mut self, field: Field) {
        if self.field(field.key).is_none() {
            self.fields.push(field);
        }
    }

    /// The field of a key, also where its value is empty.
    pub(crate) fn field(&self, key: Key) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The value of a key, as one line; `None` where it is absent or empty.
    pub(crate) fn value(&self, bytes: &[u8], key: Key) -> Option<String> {
        let value = &bytes[self.field(key)?.value.clone()];
        let value = one_line(&String::from_utf8_lossy(value));
        (!value.is_empty()).then_some(value)
    }

    /// The first heading without its `# ` and ` — Thread`.
    pub(crate) fn heading_text(&self, bytes: &[u8]) -> Option<String> {
        let line = self.heading?;
        let text = one_line(&String::from_utf8_lossy(&line.text(bytes)[1..]));
        let text = text
            .strip_suffix(HEADING_SUFFIX)
            .unwrap_or(&text)
            .trim_end();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl Field {
    fn read(bytes: &[u8], line: Line) -> Option<Field> {
        let text = line.text(bytes);
        let colon = memchr::memchr(b':', text)?;
        let key = Key::of_text(&text[..colon])?;
        let behind = line.start + colon + 1;
        // A break that Python's lines alone know ends the value, so that no change to it takes a
        // fence away that such a break is followed by.
        let end = (behind..line.end)
            .find(|at| break_len_at(bytes, *at) > 0)
            .unwrap_or(line.end);
        let value = trim(&bytes[behind..end]);
        let value = if value.is_empty() {
            behind..behind
        } else {
            let start = skip_blanks(bytes, behind);
            start..start + value.len()
        };
        Some(Field { key, line, value })
    }
}

/// Where the text begins, after a byte order mark.
pub(crate) fn text_start(bytes: &[u8]) -> usize {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    }
}

/// Whether a line is `Key: value`, whatever the key.
pub(crate) fn is_key_line(text: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', text) else {
        return false;
    };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-');
    text.first().is_some_and(u8::is_ascii_alphabetic) && text[..colon].iter().all(word)
}
