//! What a person changed in a thread's file by hand, in a form that can be put on any version of it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Entry;
use crate::entry_id::EntryId;
use crate::id_comment::id_of_line;
use crate::lines::{plain_line_start, trim_blank_lines};
use crate::parse::normal;
use crate::topic::Topic;

/// What a change counts beside its text: its words in JSON, a digest and an ID.
const CHANGE_BYTES: usize = 512;

/// The changes of one save. Texts have LF for every line break.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandEdit {
    /// The whole file, where it is a new one; its entries all have an ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<String>,
    /// The thread whose file got this one's name; the changes are to what stood there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Topic>,
    /// The header's fields that have another value.
    #[serde(default)]
    pub fields: Vec<FieldEdit>,
    /// The entries that are others.
    #[serde(default)]
    pub entries: Vec<EntryEdit>,
}

/// Another value of a header's field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldEdit {
    /// The key as the person wrote it; `#` for the first heading.
    pub key: String,
    /// What they saw; `None` where there was no such field.
    pub was: Option<String>,
    /// What they wrote, one line.
    pub is: String,
}

/// What happened to one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryEdit {
    /// It is new; it has an ID.
    Added {
        /// From its `Entry:` line to its last line that is not blank.
        text: String,
    },
    /// Its text is another.
    Changed {
        /// The entry as it was.
        which: Which,
        /// As in `Added`.
        text: String,
    },
    /// It was taken out.
    Deleted {
        /// The entry as it was.
        which: Which,
    },
}

/// An entry in the version that a person saw.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Which {
    /// Its ID as it stands in the file; `None` where it has none.
    pub id: Option<EntryId>,
    /// SHA-256, in hex, of its text with LF line ends and without the line of its ID.
    pub digest: String,
}

impl HandEdit {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            creates,
            moved_from,
            fields,
            entries,
        } = self;
        creates.is_none() && moved_from.is_none() && fields.is_empty() && entries.is_empty()
    }

    /// An estimate of its size in bytes: its texts, and a constant for each change.
    #[must_use]
    pub fn weight(&self) -> usize {
        let created = self.creates.as_ref().map_or(0, String::len);
        let fields = self.fields.iter().map(FieldEdit::weight).sum::<usize>();
        let entries = self.entries.iter().map(EntryEdit::weight).sum::<usize>();
        created + fields + entries
    }

    /// What the trailer calls it: `create`, `rename` or `edit`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (&self.creates, &self.moved_from) {
            (Some(_), _) => "create",
            (None, Some(_)) => "rename",
            (None, None) => "edit",
        }
    }

    /// The words of a commit's subject.
    pub(crate) fn title(&self) -> String {
        match (&self.creates, &self.moved_from) {
            (Some(_), _) => "Created by hand".to_owned(),
            (None, Some(from)) => format!("Renamed by hand from {from}"),
            (None, None) => "Edited by hand".to_owned(),
        }
    }
}

impl FieldEdit {
    fn weight(&self) -> usize {
        let was = self.was.as_ref().map_or(0, String::len);
        CHANGE_BYTES + self.key.len() + was + self.is.len()
    }
}

impl EntryEdit {
    pub(crate) fn weight(&self) -> usize {
        match self {
            EntryEdit::Added { text } | EntryEdit::Changed { text, .. } => {
                CHANGE_BYTES + text.len()
            }
            EntryEdit::Deleted { .. } => CHANGE_BYTES,
        }
    }
}

impl Which {
    /// The name of an entry.
    pub(crate) fn of(entry: &Entry) -> Which {
        Which {
            id: entry
                .id
                .as_ref()
                .and_then(|id| EntryId::parse(id.plain()).ok()),
            digest: digest(entry.raw()),
        }
    }

    /// Whether it is this entry, as it was; the ID of one that had none does not count.
    pub(crate) fn is(&self, other: &Which) -> bool {
        self.digest == other.digest && (self.id.is_none() || self.id == other.id)
    }
}

/// An entry's text without the line of its ID, and with LF.
pub(crate) fn without_id(raw: &[u8]) -> Vec<u8> {
    let mut text = normal(raw);
    let end = trim_blank_lines(&text, 0..text.len());
    let last = plain_line_start(&text, end, 0);
    let end = match id_of_line(&text[last..end]) {
        Some(_) => trim_blank_lines(&text, 0..last),
        None => end,
    };
    text.truncate(end);
    text
}

fn digest(raw: &[u8]) -> String {
    let digest = Sha256::digest(without_id(raw));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
