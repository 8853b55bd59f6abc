//! What must hold when all is quiet again.

use std::collections::{BTreeMap, BTreeSet};

use threads::entry_id::EntryId;
use threads::topic::Topic;

use crate::disk::Folder;
use crate::machine::Machine;
use crate::remote::{Maker, Remote, Tip};

/// A promise that was not kept.
#[derive(Debug)]
#[expect(dead_code, reason = "the fields are for whoever reads the failure")]
pub(crate) enum Broken {
    /// An acknowledged entry is neither on the remote nor held, and nobody took it off.
    Lost { id: EntryId },
    /// An acknowledged entry was taken off the remote, and nobody was told.
    LostInSilence { id: EntryId },
    /// A machine that had shown an entry which is gone did not tell, or kept no tip that has it.
    Uncounted { machine: usize, id: EntryId },
    /// A machine puts back what it had shown before it was taken off the remote.
    PutBack { machine: usize, id: EntryId },
    /// An entry is there more than once.
    Doubled { id: EntryId },
    /// An entry is on the remote and held.
    HeldAndThere { id: EntryId },
    /// An entry was held though the remote took no other.
    HeldBlindly { id: EntryId },
    /// Rules are lifted, and an entry is still held.
    StillHeld { machine: usize, id: EntryId },
    /// An entry is or was on the remote whose writer was told that it was not kept.
    RefusedAndThere { id: EntryId },
    /// A machine's push brought something else to a thread than its entries, each at the end.
    Forged { version: Tip, topic: Topic },
    /// A machine's push moved or removed an entry that was on the remote.
    Reordered { version: Tip, topic: Topic },
    /// A machine pushed after a rejected or an unknown push without having looked at the remote.
    PushedBlindly { machine: usize },
    /// A machine shows something else than the remote.
    Differs { machine: usize },
    /// It did not come to rest.
    Restless {
        machine: usize,
        standing: &'static str,
        pending: usize,
    },
}

/// What became of the writes, for their writers.
#[derive(Default)]
pub(crate) struct Answers {
    /// It is durable.
    pub(crate) acknowledged: BTreeSet<EntryId>,
    /// It was not kept.
    pub(crate) refused: BTreeSet<EntryId>,
    /// What one clone alone knew to be on the remote, and lost.
    pub(crate) forgotten: BTreeSet<EntryId>,
}

pub(crate) fn check(
    remote: &Remote,
    machines: &[Machine],
    answers: &Answers,
) -> Result<(), Broken> {
    check_history(remote, answers)?;
    let there = check_entries(remote)?;
    let held: BTreeSet<EntryId> = machines
        .iter()
        .flat_map(|machine| machine.disk.list(Folder::Held))
        .collect();
    if let Some(id) = held.intersection(&there).next() {
        return Err(Broken::HeldAndThere { id: id.clone() });
    }
    // What the remote refuses for all we know waits on.
    let waits = |id: &EntryId| {
        remote.is_poisoned(id)
            && machines
                .iter()
                .any(|machine| machine.pending_ids().any(|pending| pending == id))
    };
    let is_told = |id: &EntryId| machines.iter().any(|machine| machine.told.contains(id));
    for id in &answers.acknowledged {
        if there.contains(id) || held.contains(id) || waits(id) {
            continue;
        }
        if !remote.was_taken_off(id) {
            return Err(Broken::Lost { id: id.clone() });
        }
        if !is_told(id) && !answers.forgotten.contains(id) {
            return Err(Broken::LostInSilence { id: id.clone() });
        }
    }
    machines
        .iter()
        .try_for_each(|machine| check_machine(machine, remote, &there))
}

fn check_machine(
    machine: &Machine,
    remote: &Remote,
    there: &BTreeSet<EntryId>,
) -> Result<(), Broken> {
    let number = machine.number;
    let is_kept = |id: &EntryId| machine.backups.iter().any(|tip| remote.holds(*tip, id));
    let gone = machine.saw.difference(there);
    let mut uncounted = gone.filter(|&id| !machine.told.contains(id) || !is_kept(id));
    if let Some(id) = uncounted.next() {
        let id = id.clone();
        return Err(Broken::Uncounted {
            machine: number,
            id,
        });
    }
    if machine.pending().is_empty() && machine.shown(remote) != *remote.files(remote.tip()) {
        return Err(Broken::Differs { machine: number });
    }
    Ok(())
}

/// Nothing is held any more.
pub(crate) fn check_released(machines: &[Machine]) -> Result<(), Broken> {
    for machine in machines {
        if let Some(id) = machine.disk.list(Folder::Held).pop() {
            let machine = machine.number;
            return Err(Broken::StillHeld { machine, id });
        }
    }
    Ok(())
}

/// Each entry once.
fn check_entries(remote: &Remote) -> Result<BTreeSet<EntryId>, Broken> {
    let mut there = BTreeSet::new();
    for entries in remote.threads(remote.tip()).values() {
        for id in entries.iter().flatten() {
            if !there.insert(id.clone()) {
                return Err(Broken::Doubled { id: id.clone() });
            }
        }
    }
    Ok(there)
}

/// The remote's order comes first: what a machine pushes adds its entries behind what was there, and
/// nothing else.
fn check_history(remote: &Remote, answers: &Answers) -> Result<(), Broken> {
    for version in 1..=remote.newest() {
        match remote.by(version) {
            Maker::Outsider => (),
            Maker::Machine(_) => check_version(remote, version)?,
        }
        if let Some(id) = remote
            .brought(version)
            .intersection(&answers.refused)
            .next()
        {
            return Err(Broken::RefusedAndThere { id: id.clone() });
        }
    }
    Ok(())
}

fn check_version(remote: &Remote, version: Tip) -> Result<(), Broken> {
    let before: &BTreeMap<_, _> = remote.threads(remote.replaced(version));
    let after = remote.threads(version);
    if let Some(topic) = before.keys().find(|&topic| !after.contains_key(topic)) {
        let topic = topic.clone();
        return Err(Broken::Reordered { version, topic });
    }
    let mut brought = remote.brought(version).clone();
    for (topic, entries) in after {
        let older = before.get(topic).cloned().unwrap_or_default();
        let Some(new) = entries.strip_prefix(&*older) else {
            let topic = topic.clone();
            return Err(Broken::Reordered { version, topic });
        };
        let is_ours = |id: &Option<EntryId>| id.as_ref().is_some_and(|id| brought.remove(id));
        if !new.iter().all(is_ours) {
            let topic = topic.clone();
            return Err(Broken::Forged { version, topic });
        }
    }
    // Without an entry of its own: it is part of another one's text.
    match brought.pop_first() {
        Some(id) => Err(Broken::Lost { id }),
        None => Ok(()),
    }
}
