//! What became known: told to those who watch, one JSON document a line, and to those who ask.
//!
//! Source of the names: the outside contract, section 4, `watch`.

use serde::{Deserialize, Serialize};

use crate::answer::{Freshness, Reply, RepositoryState, Trouble};

/// A line of a watch, as the daemon sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// What became known; the first is [`Update::Hello`].
    Update(Update),
    /// The stream ends here, and why.
    Ended(Reply),
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Update {
    /// The first line of a stream.
    Hello {
        /// `X.Y.Z` of the daemon.
        version: String,
        /// [`crate::hello::PROTOCOL`] of the daemon.
        protocol: u32,
    },
    /// An entry is shown that was not.
    Entry {
        /// The repository's name.
        repository: String,
        /// The thread.
        topic: String,
        /// Its name; null for entries that have none.
        entry_id: Option<String>,
        /// Its place in the file, from 0; may move until it is pushed.
        index: u64,
        /// `Name (user)`.
        agent: String,
        /// One line.
        title: String,
        /// RFC 3339; null where unreadable.
        timestamp: Option<String>,
    },
    /// A thread's ball is with somebody else than before.
    Ball {
        /// The repository's name.
        repository: String,
        /// The thread.
        topic: String,
        /// Whose turn it is, as written.
        ball: String,
        /// Whether that is the watching reader.
        your_turn: bool,
        /// The thread's newest entry.
        entry_id: Option<String>,
    },
    /// A repository's state or trouble is another than before.
    State {
        /// The repository's name.
        repository: String,
        /// How it stands.
        state: RepositoryState,
        /// What stands in its way.
        trouble: Option<Trouble>,
    },
    /// What the watching person was shown, or has muted, is another than before: to be asked for.
    /// Told to the tray alone.
    Counts {
        /// The repository's name; empty where the settings are others.
        repository: String,
    },
}

/// Of `list_updates`: entries by others, in the order of their arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Updates {
    /// This page.
    pub updates: Vec<EntryUpdate>,
    /// Where to go on.
    pub cursor: String,
    /// Where this page began: the same question with it as `since` gives this page again.
    #[serde(rename = "_from", default)]
    pub from: String,
    /// Whether there is more now.
    pub more: bool,
    /// How fresh.
    pub freshness: Freshness,
}

/// One entry that arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryUpdate {
    /// The thread.
    pub topic: String,
    /// Its name; null for entries that have none.
    pub entry_id: Option<String>,
    /// Its place in the file, from 0.
    pub index: u64,
    /// `Name (user)`.
    pub agent: String,
    /// One line.
    pub title: String,
    /// RFC 3339; null where unreadable.
    pub timestamp: Option<String>,
    /// Whose turn it is in the thread now, as written.
    pub ball: String,
    /// Whether that is the reader.
    pub your_turn: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_watch_is_as_the_contract_writes_it() {
        let state = Update::State {
            repository: "acme".into(),
            state: RepositoryState::Synced,
            trouble: None,
        };
        let wire = serde_json::to_value(&state).unwrap();
        let expected = serde_json::json!({
            "event": "state", "repository": "acme", "state": "synced", "trouble": null,
        });
        assert_eq!(wire, expected);
        assert_eq!(serde_json::from_value::<Update>(wire).unwrap(), state);
    }
}
