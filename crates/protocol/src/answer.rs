//! What the daemon answers. The fields of each answer are those of the tool's structured result,
//! so that `--json` and MCP print the same thing; an unknown value is null and never left out. What
//! only the words for a person need has a wire name that begins with `_`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::hits::Hits;
use crate::status::{Health, Status};
use crate::update::Updates;

/// One answer on a connection that speaks [`crate::hello::Speaks::Requests`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The id of the [`crate::request::Ask`].
    pub id: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done(Box<Done>),
    /// It was not.
    Failed(Failure),
}

/// A done request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The repository that the request was about, where it was about one.
    pub repository: Option<String>,
    /// The topics whose turn is the asking reader's, in the order of a list; empty where the
    /// request was about no repository.
    pub your_turn: Vec<String>,
    /// The result.
    pub answer: Answer,
}

/// The results, one for each [`crate::request::Request`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Of `Status`.
    Status(Status),
    /// Of `ListThreads`.
    Threads(Threads),
    /// Of `ReadThread`.
    Thread(Thread),
    /// Of `Say`, `Ack`, `Handoff` and `SetStatus`.
    Written(Written),
    /// Of `ListUpdates`.
    Updates(Updates),
    /// Of `Search`.
    Hits(Hits),
    /// Of `MarkRead`.
    Marked(Marked),
    /// Of `Mute`.
    Muted(Muted),
    /// Of `Sync`.
    Synced(Synced),
    /// Of `Health`.
    Health(Box<Health>),
    /// Of `Whoami`.
    Whoami(Whoami),
    /// Of `RepositoryList`.
    Repositories(Vec<RepositoryListed>),
    /// Of `CredentialTest`.
    Tested(Tested),
    /// Of `RepositoryProbe`.
    Probed(Probed),
    /// Of `Pause` and `Resume`: the repositories that were meant.
    Paused(Vec<RepositoryPaused>),
    /// Of `CredentialReload`, `SettingsReload`, `RepositoryForget` and `Stop`.
    Accepted,
}

/// Whether a repository is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryPaused {
    /// Its name.
    pub name: String,
    /// Whether it is.
    pub paused: bool,
    /// When that ends by itself, RFC 3339; null where it does not.
    pub until: Option<String>,
}

/// How fresh a read is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Freshness {
    /// The commit shown, 40 hex digits; null where nothing is known yet.
    pub head: Option<String>,
    /// When the remote was last heard, RFC 3339; null where never, or local only.
    pub fetched_at: Option<String>,
    /// Seconds since then.
    pub age_seconds: Option<f64>,
    /// As in `status`.
    pub state: RepositoryState,
    /// Whether a person must be told: the state is not in step, or the age is over twice the poll
    /// interval.
    #[serde(rename = "_stale", default)]
    pub stale: bool,
    /// The words for it, `10:42, offline`.
    #[serde(rename = "_as_of", default)]
    pub as_of: Option<String>,
}

/// How a repository stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryState {
    /// Nothing to fetch or push.
    Synced,
    /// Under way, or pending without trouble.
    Syncing,
    /// The remote cannot be reached.
    Offline,
    /// By the user.
    Paused,
    /// A credential is missing or refused.
    SignedOut,
    /// A person is needed.
    Attention,
    /// No remote is set up.
    Local,
}

impl RepositoryState {
    /// The state as it stands on the wire and in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Syncing => "syncing",
            Self::Offline => "offline",
            Self::Paused => "paused",
            Self::SignedOut => "signed_out",
            Self::Attention => "attention",
            Self::Local => "local",
        }
    }
}

/// What stands in the way of a repository or the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// A kind of the contract, section 4: `offline`, `push_refused`, …
    pub kind: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

/// A page of threads: the reader's turn first, then newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threads {
    /// This page.
    pub threads: Vec<ThreadSummary>,
    /// How many the filter lets through, over all pages.
    #[serde(rename = "_total", default)]
    pub total: u64,
    /// For the next page; null at the end.
    pub next_cursor: Option<String>,
    /// How fresh.
    pub freshness: Freshness,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadSummary {
    /// Its name.
    pub topic: String,
    /// Its title.
    pub title: String,
    /// Its status, in capitals.
    pub status: String,
    /// Whose turn, as written.
    pub ball: String,
    /// Whether that is the reader.
    pub your_turn: bool,
    /// Whether there are entries that the reader has not been shown.
    pub is_new: bool,
    /// How many entries.
    pub entries: u64,
    /// The newest entry's time, else the thread's creation, RFC 3339.
    pub updated: Option<String>,
    /// `Name (user)` of the last entry.
    pub last_author: Option<String>,
}

/// One thread, or a part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Its name.
    pub topic: String,
    /// Its title.
    pub title: String,
    /// Its status.
    pub status: String,
    /// Whose turn, as written.
    pub ball: String,
    /// Whether that is the reader.
    pub your_turn: bool,
    /// How many entries it has.
    pub total_entries: u64,
    /// 0-based index to go on at; null at the end.
    pub next_entry: Option<u64>,
    /// Character of that entry's body to go on at; null for its beginning.
    pub next_body_offset: Option<u64>,
    /// The entries of this part, in file order; bodies are empty in a summary. Shared, since the
    /// daemon answers many times with the same ones.
    #[serde(with = "shared_entries")]
    pub entries: Vec<Arc<Entry>>,
    /// How fresh.
    pub freshness: Freshness,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the file, from 0.
    pub index: u64,
    /// Its name; null for entries that have none.
    pub entry_id: Option<String>,
    /// `Name (user)`.
    pub agent: String,
    /// RFC 3339; null where unreadable.
    pub timestamp: Option<String>,
    /// As written.
    pub role: String,
    /// As written.
    #[serde(rename = "type")]
    pub entry_type: String,
    /// One line.
    pub title: String,
    /// Exact, escaping undone.
    pub body: String,
}

/// Of a write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The thread.
    pub topic: String,
    /// The entry's name for ever.
    pub entry_id: String,
    /// Its place as shown here; may move until it is pushed.
    pub index: u64,
    /// Whose turn it is after the write.
    pub ball: String,
    /// The status after the write.
    pub status: String,
    /// How far it came.
    pub delivery: Delivery,
    /// Why no further: null, `syncing`, `paused` or a trouble's kind.
    pub delivery_reason: Option<String>,
    /// What the text of the answer needs besides.
    #[serde(rename = "_details", default)]
    pub details: WrittenDetails,
}

/// What the text of a write's answer needs besides its structured result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenDetails {
    /// The title as written.
    pub title: String,
    /// The role as written.
    pub role: String,
    /// The type as written.
    pub entry_type: String,
    /// Whether this write moved the ball.
    pub ball_flipped: bool,
    /// Whether the thread is closed.
    pub closed: bool,
}

/// How far a write came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Durable here, not yet on the remote.
    Queued,
    /// On the remote.
    Pushed,
    /// Durable here, and there is no remote.
    Local,
}

/// Of `mark-read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// How many threads had entries that the reader had not been shown.
    pub threads: u64,
    /// How many entries.
    pub entries: u64,
}

/// Of `mute` and `unmute`: what is muted in the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// Whether the whole repository is.
    pub muted: bool,
    /// The threads that are by themselves, in order.
    pub topics: Vec<String>,
}

/// Of `credential test`: what a remote lets us do. Null is what could not be known, because
/// something before it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// Whether we may read and write.
    pub ok: bool,
    /// With what we go there; null for a folder.
    pub way: Option<String>,
    /// Whether the server answers.
    pub reachable: Option<bool>,
    /// Whether its key, or certificate, is known.
    pub host_key: Option<bool>,
    /// As whom we come: the name by which an ssh server greets us, else the way in that let us in.
    pub who: Option<String>,
    /// Whether it lets us read.
    pub may_read: Option<bool>,
    /// Whether it lets us write, as far as it tells before a push.
    pub may_write: Option<bool>,
    /// What stands in the way.
    pub trouble: Option<Trouble>,
}

/// Of `sync`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Synced {
    /// How the repository stands.
    pub state: RepositoryState,
    /// The commit that this machine shows.
    pub head: Option<String>,
    /// Operations that wait for the remote.
    pub pending: u64,
    /// What stands in its way.
    #[serde(rename = "_trouble", default)]
    pub trouble: Option<Trouble>,
    /// How fresh.
    pub freshness: Freshness,
}

/// Of `whoami`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Whoami {
    /// `Claude (alice)`.
    pub agent: String,
    /// `alice`.
    pub user: String,
    /// The repository that calls on this connection reach.
    pub repository: String,
    /// The client's own name.
    pub client: Option<String>,
    /// How fresh.
    pub freshness: Freshness,
}

/// One line of `repo list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryListed {
    /// Its name.
    pub name: String,
    /// Its remote, without credentials; null where local only.
    pub url: Option<String>,
    /// The branch that is followed; null where not yet known.
    pub branch: Option<String>,
    /// Where threads live inside the tree.
    pub directory: String,
    /// Code checkouts whose agents talk in it.
    pub code: Vec<String>,
    /// How it stands; null where no daemon runs.
    pub state: Option<RepositoryState>,
    /// Where it comes from.
    pub origin: Origin,
}

/// What a remote said before it was set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// The branch that is followed there; null where the remote was not reached.
    pub branch: Option<String>,
    /// Its commit, 40 hex digits; null where the first push makes the branch, or it is not known.
    pub tip: Option<String>,
    /// Why the remote was not reached.
    pub trouble: Option<Trouble>,
    /// The top folder of the code checkout that the client works in, where it is one and is no
    /// checkout of this very remote.
    pub checkout: Option<String>,
}

/// Where a repository comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `config.toml`, or the repository `local` where that names none.
    Settings,
    /// A client's environment.
    Environment,
}

impl Done {
    /// The structured result as MCP and `--json` show it: the answer's fields alone, without the
    /// variant's name and without those that begin with `_`, which only the words need.
    #[must_use]
    pub fn structured(&self) -> Value {
        let Ok(Value::Object(tagged)) = serde_json::to_value(&self.answer) else {
            return Value::Null;
        };
        let mut bare = tagged
            .into_iter()
            .next()
            .map_or(Value::Null, |(_, fields)| fields);
        drop_words(&mut bare);
        bare
    }
}

fn drop_words(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with('_'));
            fields.values_mut().for_each(drop_words);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_words),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

/// Entries as they would be if nobody shared them; serde has this behind a feature that would
/// concern everything that is built on it.
mod shared_entries {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Entry;

    pub(super) fn serialize<S: Serializer>(
        entries: &[Arc<Entry>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(entries.iter().map(|entry| &**entry))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Arc<Entry>>, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        Ok(entries.into_iter().map(Arc::new).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structured_result_is_the_bare_answer_without_words() {
        let freshness = Freshness {
            head: None,
            fetched_at: None,
            age_seconds: None,
            state: RepositoryState::Local,
            stale: true,
            as_of: Some("10:42".into()),
        };
        let answer = Answer::Whoami(Whoami {
            agent: "Claude (alice)".into(),
            user: "alice".into(),
            repository: "local".into(),
            client: None,
            freshness,
        });
        let done = Done {
            repository: Some("local".into()),
            your_turn: Vec::new(),
            answer,
        };
        let expected = serde_json::json!({
            "agent": "Claude (alice)", "user": "alice", "repository": "local", "client": null,
            "freshness": {"head": null, "fetched_at": null, "age_seconds": null, "state": "local"},
        });
        assert_eq!(done.structured(), expected);
        let wire = serde_json::to_string(&done).unwrap();
        assert_eq!(serde_json::from_str::<Done>(&wire).unwrap(), done);
    }
}
