//! What a search found.

use serde::{Deserialize, Serialize};

use crate::answer::Freshness;

/// Of `search`: the best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hits {
    /// This page.
    pub hits: Vec<Hit>,
    /// For the next page; null at the end.
    pub next_cursor: Option<String>,
    /// How many threads were not come to in the time that a search has; `next_cursor` goes on
    /// with them.
    #[serde(rename = "_unsearched", default)]
    pub unsearched: u64,
    /// How fresh.
    pub freshness: Freshness,
}

/// One entry that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The thread.
    pub topic: String,
    /// Its place in the file, from 0.
    pub index: u64,
    /// Its name; null for entries that have none.
    pub entry_id: Option<String>,
    /// `Name (user)`.
    pub agent: String,
    /// RFC 3339; null where unreadable.
    pub timestamp: Option<String>,
    /// One line around what was found.
    pub snippet: String,
}
