//! One write, with all that is needed to do it again anywhere: the content of an outbox file.

use serde::{Deserialize, Serialize};

use crate::entry_id::EntryId;
use crate::hand_edit::HandEdit;
use crate::header::HeaderForm;
use crate::lines::one_line;
use crate::timestamp::Timestamp;
use crate::topic::Topic;

/// The newest format of an operation that this version reads.
pub const OPERATION_FORMAT: u32 = 2;
/// The format of an operation that says an entry, which every version reads.
pub const SAYING_FORMAT: u32 = 1;
/// The format of an edit by hand: a version that knows none leaves it alone.
pub const HAND_EDIT_FORMAT: u32 = 2;

/// One write: an entry, and what it changes in the header; or an edit by hand. Its JSON is the
/// outbox's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// At most [`OPERATION_FORMAT`]; a greater one is for a later version to read.
    pub format: u32,
    /// The entry's ID, or the edit's own, made once.
    pub id: EntryId,
    /// The thread.
    pub topic: Topic,
    /// The author, `Claude (alice)`.
    pub agent: String,
    /// When it was asked for. The time written may be later, see [`crate::apply::apply`].
    pub timestamp: Timestamp,
    /// One of [`crate::check::ROLES`].
    pub role: String,
    /// One of [`crate::check::ENTRY_TYPES`].
    pub entry_type: String,
    /// As [`crate::check::check_title`] gives it.
    pub title: String,
    /// As [`crate::check::check_body`] gives it.
    pub body: String,
    /// The new ball; `None` leaves it.
    #[serde(default)]
    pub ball: Option<String>,
    /// The new status; `None` leaves it.
    #[serde(default)]
    pub status: Option<String>,
    /// The header to write where there is no thread yet.
    #[serde(default)]
    pub creates: Option<NewThread>,
    /// What the writer saw of the thread.
    #[serde(default)]
    pub seen: Seen,
    /// The tip it was made on: 40 hex digits; `None` on an empty branch.
    #[serde(default)]
    pub made_on: Option<String>,
    /// Where the writer's code stood.
    #[serde(default)]
    pub code: CodeTrailers,
    /// The idempotency key that it came with.
    #[serde(default)]
    pub key: Option<String>,
    /// A digest of the arguments under that key.
    #[serde(default)]
    pub arguments_digest: Option<String>,
    /// What a person did to the file. Where it is set, the operation says no entry of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<HandEdit>,
}

/// The header of a thread to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewThread {
    /// Its title.
    pub title: String,
    /// Its form.
    pub form: HeaderForm,
    /// Its ball.
    pub ball: String,
    /// Its status.
    pub status: String,
}

/// What a writer saw of a thread; all empty where there was none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its ball.
    pub ball: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// The ID of its last entry.
    pub newest: Option<EntryId>,
    /// How many entries it had.
    pub entries_len: u64,
}

/// What is known of the code that a writer worked on; each becomes a trailer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeTrailers {
    /// `Code-Repo`.
    pub repo: Option<String>,
    /// `Code-Branch`.
    pub branch: Option<String>,
    /// `Code-Commit`.
    pub commit: Option<String>,
    /// `Spec`, `model:role`.
    pub spec: Option<String>,
}

impl Operation {
    /// An edit by hand. `person` is in the commit's subject alone: no entry gets an author by it.
    #[must_use]
    pub fn by_hand(
        edit: HandEdit,
        id: EntryId,
        topic: Topic,
        person: String,
        timestamp: Timestamp,
        made_on: Option<String>,
    ) -> Operation {
        Operation {
            format: HAND_EDIT_FORMAT,
            id,
            topic,
            agent: person,
            timestamp,
            role: String::new(),
            entry_type: String::new(),
            title: edit.title(),
            body: String::new(),
            ball: None,
            status: None,
            creates: None,
            seen: Seen::default(),
            made_on,
            code: CodeTrailers::default(),
            key: None,
            arguments_digest: None,
            edit: Some(edit),
        }
    }

    /// The thread whose file it gives another name.
    #[must_use]
    pub fn moved_from(&self) -> Option<&Topic> {
        self.edit.as_ref()?.moved_from.as_ref()
    }

    /// The message of its commit: `AGENT: TITLE (TOPIC)`, then the trailers (contract §6). That of
    /// an edit by hand has `Watercooler-Operation: KIND ID` in place of an Entry-ID.
    pub fn commit_message(&self) -> String {
        let subject = one_line(&format!("{}: {} ({})", self.agent, self.title, self.topic));
        let plain = self.id.plain();
        let entry_id = self.edit.is_none().then(|| plain.to_owned());
        let edited = self.edit.as_ref();
        let edited = edited.map(|edit| format!("{} {plain}", edit.word()));
        let topic = Some(self.topic.to_string());
        let code = &self.code;
        let trailers = [
            ("Watercooler-Entry-ID", &entry_id),
            ("Watercooler-Topic", &topic),
            ("Code-Repo", &code.repo),
            ("Code-Branch", &code.branch),
            ("Code-Commit", &code.commit),
            ("Spec", &code.spec),
            ("Watercooler-Operation", &edited),
        ];
        let mut message = format!("{subject}\n\n");
        for (key, value) in trailers {
            let value = value
                .as_deref()
                .map(one_line)
                .filter(|value| !value.is_empty());
            if let Some(value) = value {
                message += &format!("{key}: {value}\n");
            }
        }
        message
    }
}
