//! Which threads of a repository the person wants no popups about, kept over restarts.
//!
//! The settings say whether the whole repository is muted; what the person says later counts more,
//! until it is the same as the settings.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::answer::Muted;
use serde::{Deserialize, Serialize};
use tracing::warn;

/// How many threads of one repository can be muted.
pub(crate) const TOPICS_MAX: usize = 1_000;

/// What is muted in one repository.
#[derive(Debug)]
pub(crate) struct Mutes {
    file: PathBuf,
    // Held by whoever reads or changes it, and for the one write of a change.
    kept: Mutex<Kept>,
}

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// The whole repository, where the person said so after the settings did.
    repository: Option<bool>,
    /// Threads, by themselves.
    topics: BTreeSet<String>,
}

/// Why a change was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    /// As many threads as can be are muted.
    #[error("{TOPICS_MAX} threads are muted; no more can be")]
    TooMany,
    /// The disk refused it.
    #[error("what is muted could not be kept: {0}")]
    Io(#[from] std::io::Error),
}

impl Mutes {
    /// What is kept in that file; an unreadable one counts as empty.
    pub(crate) fn open(file: PathBuf) -> Self {
        let kept = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                warn!(%error, file = %file.display(), "What is muted is unreadable");
                Kept::default()
            }),
            Err(_) => Kept::default(),
        };
        Self {
            file,
            kept: Mutex::new(kept),
        }
    }

    /// What is muted, where the settings say that of the repository.
    pub(crate) fn shown(&self, configured: bool) -> Muted {
        let kept = self.lock();
        Muted {
            muted: kept.repository.unwrap_or(configured),
            topics: kept.topics.iter().cloned().collect(),
        }
    }

    /// Mutes or unmutes the repository.
    ///
    /// # Errors
    /// [`NotKept::Io`]; then nothing has changed.
    pub(crate) fn repository(&self, muted: bool, configured: bool) -> Result<(), NotKept> {
        self.change(|kept| {
            kept.repository = (muted != configured).then_some(muted);
            Ok(())
        })
    }

    /// Mutes or unmutes a thread.
    ///
    /// # Errors
    /// [`NotKept`]; then nothing has changed.
    pub(crate) fn thread(&self, topic: &str, muted: bool) -> Result<(), NotKept> {
        self.change(|kept| {
            if !muted {
                kept.topics.remove(topic);
            } else if kept.topics.len() < TOPICS_MAX || kept.topics.contains(topic) {
                kept.topics.insert(topic.to_owned());
            } else {
                return Err(NotKept::TooMany);
            }
            Ok(())
        })
    }

    fn change(&self, by: impl FnOnce(&mut Kept) -> Result<(), NotKept>) -> Result<(), NotKept> {
        let mut kept = self.lock();
        let mut changed = kept.clone();
        by(&mut changed)?;
        if changed != *kept {
            let bytes = serde_json::to_vec(&changed).map_err(std::io::Error::from)?;
            platform::durable::write_durably(&self.file, &bytes)?;
            *kept = changed;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_person_says_counts_more_than_the_settings_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mutes.json");
        let check = |said: Option<bool>, configured: bool, expected: bool| {
            let mutes = Mutes::open(file.clone());
            if let Some(said) = said {
                mutes.repository(said, configured).unwrap();
            }
            assert_eq!(mutes.shown(configured).muted, expected);
        };
        check(None, false, false);
        check(None, true, true);
        check(Some(false), true, false);
        check(None, true, false);
        check(Some(true), true, true);
        check(None, false, false);
        check(Some(true), false, true);
        check(None, false, true);
    }

    #[test]
    fn threads_are_muted_by_themselves_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mutes.json");
        let many: BTreeSet<String> = (1..TOPICS_MAX).map(|number| number.to_string()).collect();
        let kept = Kept {
            repository: None,
            topics: many,
        };
        std::fs::write(&file, serde_json::to_vec(&kept).unwrap()).unwrap();
        let mutes = Mutes::open(file.clone());
        mutes.thread("last", true).unwrap();
        assert!(matches!(mutes.thread("over", true), Err(NotKept::TooMany)));
        mutes.thread("last", true).unwrap();
        mutes.thread("1", false).unwrap();
        mutes.thread("over", true).unwrap();
        let shown = Mutes::open(file).shown(false);
        assert_eq!(shown.topics.len(), TOPICS_MAX);
        assert!(shown.topics.contains(&"over".to_owned()));
        std::fs::write(folder.path().join("mutes.json"), "no json").unwrap();
        let empty = Mutes::open(folder.path().join("mutes.json")).shown(false);
        assert_eq!(empty, Muted::default());
    }
}
