//! The agents of this user that connected in the last 30 days: a ball with one of their names is
//! also the person's turn.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tracing::warn;

/// How long an agent counts after it last connected; source: the outside contract, section 5.
const RECENT_SECONDS: i64 = 30 * 24 * 3600;

/// How many names are remembered; a client may send any.
const AGENTS_MAX: usize = 128;

/// A last connection is written again after this long, so that each call need not.
const REFRESH_SECONDS: i64 = 24 * 3600;

/// The agents that connected, by name, with the Unix second of their last connection.
#[derive(Debug)]
pub(crate) struct RecentAgents {
    file: PathBuf,
    // Held for a look-up or an insertion; the write to the disk is rare and a few hundred bytes.
    seen: Mutex<BTreeMap<String, i64>>,
}

impl RecentAgents {
    /// The names kept in that file; unreadable counts as none.
    pub(crate) fn open(file: PathBuf) -> Self {
        let seen = std::fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self {
            file,
            seen: Mutex::new(seen),
        }
    }

    /// That agent connected now.
    pub(crate) fn saw(&self, name: &str, now: i64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen
            .get(name)
            .is_some_and(|last| now - last < REFRESH_SECONDS)
        {
            return;
        }
        seen.insert(name.to_owned(), now);
        forget_the_old(&mut seen, now);
        let written = serde_json::to_vec(&*seen)
            .map_err(std::io::Error::from)
            .and_then(|bytes| platform::durable::write_durably(&self.file, &bytes));
        if let Err(error) = written {
            warn!(%error, "Recent agents were not kept");
        }
    }

    /// The names of the last 30 days.
    pub(crate) fn names(&self, now: i64) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = seen
            .iter()
            .filter(|(_, last)| now - **last < RECENT_SECONDS);
        recent.map(|(name, _)| name.clone()).collect()
    }
}

fn forget_the_old(seen: &mut BTreeMap<String, i64>, now: i64) {
    seen.retain(|_, last| now - *last < RECENT_SECONDS);
    while seen.len() > AGENTS_MAX {
        let oldest = seen
            .iter()
            .min_by_key(|(_, last)| **last)
            .map(|(name, _)| name.clone());
        let Some(oldest) = oldest else { return };
        seen.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_counts_for_thirty_days_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agents.json");
        let agents = RecentAgents::open(file.clone());
        agents.saw("Claude", 1_000);
        assert_eq!(RecentAgents::open(file.clone()).names(1_000), ["Claude"]);
        assert!(agents.names(1_000 + RECENT_SECONDS).is_empty());
    }

    #[test]
    fn the_names_remembered_are_limited() {
        let mut seen: BTreeMap<String, i64> = (0..=AGENTS_MAX)
            .map(|at| (at.to_string(), i64::try_from(at).unwrap()))
            .collect();
        forget_the_old(&mut seen, 200);
        assert_eq!(seen.len(), AGENTS_MAX);
        assert!(!seen.contains_key("0"));
    }
}
