//! Entries that stood on the remote and do no longer: found between two bases, counted by topic, and
//! kept in a file until they come back or a person has seen to them.
//!
//! Nothing writes them back by itself: whoever took them out may have had a reason.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use repository::{Clone, Tip};
use serde::{Deserialize, Serialize};
use threads::entry_id::EntryId;
use threads::topic::Topic;
use tracing::warn;

use crate::snapshot::{Base, key_of_id};

mod words;

/// The format of the file that this build writes.
const FORMAT: u32 = 1;

/// How many entries are kept by name; of more, the number alone. Those that vanished longest ago
/// are forgotten first.
const ENTRIES_MAX: usize = 20_000;

/// How many losses are told of; as many as the clone keeps old tips.
const LOSSES_MAX: usize = repository::BACKUPS_MAX;

/// What vanished when the remote's tip moved once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Loss {
    /// The tip that held it all; `refs/backup/` keeps it.
    pub(crate) tip: Tip,
    /// Whether the new tip was no descendant of that.
    pub(crate) rewritten: bool,
    /// The keys of the entries, as in [`crate::snapshot::Mark`], by topic.
    entries: BTreeMap<String, BTreeSet<u64>>,
    /// How many more there are than are kept by name.
    #[serde(default)]
    beyond: u64,
}

/// What vanished and nobody has seen to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vanished {
    format: u32,
    /// The oldest first.
    losses: Vec<Loss>,
}

/// Where it is kept. Several writes may be under way; the newest stays.
#[derive(Clone, Debug)]
pub(crate) struct VanishedFile {
    path: PathBuf,
    // The number of the newest write; held over a write, for which other writes alone wait.
    written: Arc<Mutex<u64>>,
}

impl Loss {
    /// What stood in `before` and does not in `after`, which differ in the `changed` topics. An
    /// entry that has moved to another topic has not vanished.
    pub(crate) fn between(
        before: &Base,
        after: &Base,
        changed: &[Topic],
        rewritten: bool,
    ) -> Option<Self> {
        let here: HashSet<u64> = keys(after, changed).collect();
        let gone = |topic: &Topic| {
            let shown = before.threads.get(topic)?;
            let keys = shown.summary.entries.iter().map(|entry| entry.key);
            let gone: BTreeSet<u64> = keys.filter(|key| !here.contains(key)).collect();
            (!gone.is_empty()).then(|| (topic.as_str().to_owned(), gone))
        };
        let entries: BTreeMap<_, _> = changed.iter().filter_map(gone).collect();
        let tip = before.tip.filter(|_| !entries.is_empty())?;
        Some(Self {
            tip,
            rewritten,
            entries,
            beyond: 0,
        })
    }

    /// An entry that came with the commit `tip` and was taken out before any base here had it.
    pub(crate) fn of_one(tip: Tip, topic: &Topic, id: &EntryId) -> Self {
        let keys = BTreeSet::from([key_of_id(id)]);
        Self {
            tip,
            rewritten: false,
            entries: BTreeMap::from([(topic.as_str().to_owned(), keys)]),
            beyond: 0,
        }
    }

    /// How many entries vanished.
    pub(crate) fn len(&self) -> u64 {
        self.named_len() as u64 + self.beyond
    }

    fn named_len(&self) -> usize {
        self.entries.values().map(BTreeSet::len).sum()
    }

    /// Keeps so many by name.
    fn shorten(&mut self, most: usize) {
        let mut excess = self.named_len().saturating_sub(most);
        self.beyond += excess as u64;
        for keys in self.entries.values_mut() {
            let left = keys.len().saturating_sub(excess);
            excess -= keys.len() - left;
            *keys = std::mem::take(keys).into_iter().take(left).collect();
        }
        self.entries.retain(|_, keys| !keys.is_empty());
    }
}

impl Vanished {
    /// Takes one more loss in.
    pub(crate) fn found(&mut self, mut loss: Loss) {
        loss.shorten(ENTRIES_MAX);
        self.losses.push(loss);
        let named = |losses: &[Loss]| losses.iter().map(Loss::named_len).sum::<usize>();
        while self.losses.len() > LOSSES_MAX || named(&self.losses) > ENTRIES_MAX {
            self.losses.remove(0);
        }
    }

    /// Whether all that this loss names is known to have vanished.
    pub(crate) fn knows(&self, loss: &Loss) -> bool {
        let is_known = |topic: &String, key: &u64| {
            let mut named = self
                .losses
                .iter()
                .filter_map(|known| known.entries.get(topic));
            named.any(|keys| keys.contains(key))
        };
        let mut entries = loss.entries.iter();
        entries.all(|(topic, keys)| keys.iter().all(|key| is_known(topic, key)))
    }

    /// Forgets what stands again in the `changed` topics of a base. Gives whether there was any.
    pub(crate) fn returned(&mut self, base: &Base, changed: &[Topic]) -> bool {
        if self.losses.is_empty() {
            return false;
        }
        let here: HashSet<u64> = keys(base, changed).collect();
        let before = self.clone();
        for loss in &mut self.losses {
            for keys in loss.entries.values_mut() {
                keys.retain(|key| !here.contains(key));
            }
            loss.entries.retain(|_, keys| !keys.is_empty());
        }
        self.losses.retain(|loss| !loss.entries.is_empty());
        *self != before
    }

    /// A person has seen to it all. Gives whether there was any.
    pub(crate) fn seen_to(&mut self) -> bool {
        !std::mem::take(&mut self.losses).is_empty()
    }

    /// The message and the hint for a person; none where nothing is to be told.
    pub(crate) fn words(&self, repository: &str, clone: &Clone) -> Option<(String, String)> {
        words::of(&self.losses, repository, clone)
    }
}

impl VanishedFile {
    /// In that folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join("vanished.json"),
            written: Arc::default(),
        }
    }

    /// What it holds. One that cannot be read counts as empty: the old tips are kept all the same.
    pub(crate) fn read(&self) -> Vanished {
        let Ok(bytes) = std::fs::read(&self.path) else {
            return Vanished::default();
        };
        let file = self.path.display();
        match serde_json::from_slice::<Vanished>(&bytes) {
            Ok(vanished) if vanished.format <= FORMAT => vanished,
            Ok(newer) => {
                warn!(%file, format = newer.format, "Written by a newer watercooler");
                Vanished::default()
            }
            Err(error) => {
                warn!(%file, %error, "What vanished is unreadable");
                Vanished::default()
            }
        }
    }

    /// Writes it. `number` tells which of two writes is the newer one.
    pub(crate) fn write(&self, vanished: &Vanished, number: u64) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written > number {
            return;
        }
        *written = number;
        let stamped = Vanished {
            format: FORMAT,
            losses: vanished.losses.clone(),
        };
        let kept = serde_json::to_vec(&stamped)
            .map_err(std::io::Error::from)
            .and_then(|bytes| platform::durable::write_durably(&self.path, &bytes));
        if let Err(error) = kept {
            warn!(%error, file = %self.path.display(), "What vanished was not noted");
        }
    }
}

fn keys<'a>(base: &'a Base, topics: &'a [Topic]) -> impl Iterator<Item = u64> + 'a {
    topics
        .iter()
        .filter_map(|topic| base.threads.get(topic))
        .flat_map(|shown| shown.summary.entries.iter().map(|entry| entry.key))
}

#[cfg(test)]
mod tests;
