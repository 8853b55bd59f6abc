//! What must hold when all is quiet again.

use std::collections::{BTreeMap, BTreeSet};

use threads::entry_id::EntryId;
use threads::parse::parse;
use threads::topic::Topic;

use crate::disk::Folder;
use crate::machine::Machine;
use crate::remote::{Files, Remote};

/// A promise that was not kept.
#[derive(Debug)]
#[expect(dead_code, reason = "the fields are for whoever reads the failure")]
pub(crate) enum Broken {
    /// An acknowledged entry is neither on the remote nor held.
    Lost { id: EntryId },
    /// An entry is there more than once.
    Doubled { id: EntryId },
    /// An entry is on the remote and held.
    HeldAndThere { id: EntryId },
    /// An entry is there that nobody said, or without its ID.
    Forged { topic: Topic },
    /// An entry that was on the remote moved or vanished.
    Reordered { version: usize, topic: Topic },
    /// A machine shows something else than the remote.
    Differs { machine: usize },
    /// It did not come to rest.
    Restless {
        machine: usize,
        standing: &'static str,
        pending: usize,
    },
}

pub(crate) fn check(
    remote: &Remote,
    machines: &[Machine],
    acknowledged: &BTreeSet<EntryId>,
    said: &BTreeSet<EntryId>,
) -> Result<(), Broken> {
    check_history(remote)?;
    let files = remote.files(remote.tip());
    let counts = check_entries(files, said)?;
    let held: BTreeSet<EntryId> = machines
        .iter()
        .flat_map(|machine| machine.disk.list(Folder::Held))
        .collect();
    if let Some(id) = held.iter().find(|&id| counts.contains_key(id)) {
        return Err(Broken::HeldAndThere { id: id.clone() });
    }
    // What the remote refuses for all we know waits on.
    let waiting: BTreeSet<EntryId> = machines
        .iter()
        .flat_map(|machine| machine.disk.list(Folder::Outbox))
        .filter(|id| remote.is_poisoned(id))
        .collect();
    let lost =
        |id: &&EntryId| !counts.contains_key(*id) && !held.contains(*id) && !waiting.contains(*id);
    if let Some(id) = acknowledged.iter().find(lost) {
        return Err(Broken::Lost { id: id.clone() });
    }
    match machines
        .iter()
        .find(|machine| machine.pending().is_empty() && machine.shown(remote) != *files)
    {
        Some(machine) => Err(Broken::Differs {
            machine: machine.number,
        }),
        None => Ok(()),
    }
}

/// Each entry once, and each said by somebody.
fn check_entries(
    files: &Files,
    said: &BTreeSet<EntryId>,
) -> Result<BTreeMap<EntryId, u32>, Broken> {
    let mut counts = BTreeMap::new();
    for (topic, bytes) in files {
        for entry in parse(bytes).0.entries() {
            let Some(id) = entry.id.clone().filter(|id| said.contains(id)) else {
                return Err(Broken::Forged {
                    topic: topic.clone(),
                });
            };
            *counts.entry(id).or_default() += 1;
        }
    }
    match counts.iter().find(|(_, count)| **count > 1) {
        Some((id, _)) => Err(Broken::Doubled { id: id.clone() }),
        None => Ok(counts),
    }
}

/// The remote's order comes first: each version only adds behind what was there.
fn check_history(remote: &Remote) -> Result<(), Broken> {
    let mut before: BTreeMap<Topic, Vec<Option<EntryId>>> = BTreeMap::new();
    for version in 1..=remote.tip() {
        for (topic, bytes) in remote.files(version) {
            if remote.files(version - 1).get(topic) == Some(bytes) {
                continue;
            }
            let ids: Vec<_> = parse(bytes)
                .0
                .entries()
                .iter()
                .map(|entry| entry.id.clone())
                .collect();
            let older = before
                .insert(topic.clone(), ids.clone())
                .unwrap_or_default();
            if !ids.starts_with(&older) {
                return Err(Broken::Reordered {
                    version,
                    topic: topic.clone(),
                });
            }
        }
    }
    Ok(())
}
