//! The remote: a list of versions, of which only the newest may be followed by another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use threads::apply::{Applied, apply};
use threads::entry_id::EntryId;
use threads::operation::Operation;
use threads::topic::Topic;

use crate::world::Faithfulness;

/// Topic → bytes.
pub(crate) type Files = BTreeMap<Topic, Arc<[u8]>>;

/// The number of a version; 0 is the empty remote.
pub(crate) type Tip = usize;

/// What the remote did with a push.
pub(crate) enum Received {
    Applied {
        tip: Tip,
        /// On the remote, or there before.
        done: Vec<EntryId>,
        /// At fault: refused while others were taken, or as before.
        held: Vec<EntryId>,
        /// Whether more was refused, which may not be its own fault.
        refused: bool,
    },
    Rejected,
}

/// An operation in a push.
pub(crate) struct Sent {
    pub(crate) operation: Operation,
    pub(crate) was_held: bool,
}

pub(crate) struct Remote {
    versions: Vec<Version>,
    /// The version that each entry came with, as the trailers of commits tell.
    came_with: BTreeMap<EntryId, Tip>,
    /// What its rules refuse.
    poisoned: BTreeSet<EntryId>,
    faithfulness: Faithfulness,
}

struct Version {
    files: Files,
    by: usize,
}

impl Remote {
    pub(crate) fn new(faithfulness: Faithfulness) -> Self {
        let empty = Version {
            files: Files::new(),
            by: usize::MAX,
        };
        Self {
            versions: vec![empty],
            came_with: BTreeMap::new(),
            poisoned: BTreeSet::new(),
            faithfulness,
        }
    }

    pub(crate) fn poison(&mut self, id: EntryId) {
        self.poisoned.insert(id);
    }

    pub(crate) fn is_poisoned(&self, id: &EntryId) -> bool {
        self.poisoned.contains(id)
    }

    /// From here on nothing is refused.
    pub(crate) fn lift_rules(&mut self) {
        self.poisoned.clear();
    }

    pub(crate) fn tip(&self) -> Tip {
        self.versions.len() - 1
    }

    pub(crate) fn files(&self, tip: Tip) -> &Files {
        &self.versions[tip].files
    }

    pub(crate) fn holds(&self, tip: Tip, id: &EntryId) -> bool {
        self.came_with
            .get(id)
            .is_some_and(|came_with| *came_with <= tip)
    }

    /// How many others than `machine` made the versions after `known`.
    pub(crate) fn others_since(&self, known: Tip, machine: usize) -> u32 {
        let makers: BTreeSet<usize> = self.versions[known + 1..]
            .iter()
            .map(|version| version.by)
            .collect();
        makers.iter().filter(|&&by| by != machine).count() as u32
    }

    /// A push made on `expected` arrives, as the daemon sifts it: what is poisoned is at fault where
    /// the remote takes others, or where it was held before; else it may be that nothing is taken.
    pub(crate) fn receive(&mut self, by: usize, expected: Tip, push: &[Sent]) -> Received {
        if expected != self.tip() && self.faithfulness != Faithfulness::RemoteOverwrites {
            return Received::Rejected;
        }
        let (bad, good): (Vec<&Sent>, Vec<&Sent>) = push
            .iter()
            .partition(|sent| self.poisoned.contains(&sent.operation.id));
        let mut files = self.files(expected).clone();
        let tip = self.versions.len();
        let mut has_news = false;
        for Sent { operation, .. } in &good {
            if put(&mut files, operation) {
                self.came_with.insert(operation.id.clone(), tip);
                has_news = true;
            }
        }
        if has_news {
            self.versions.push(Version { files, by });
        }
        let (held, waits): (Vec<&Sent>, Vec<&Sent>) =
            bad.into_iter().partition(|sent| has_news || sent.was_held);
        Received::Applied {
            tip: self.tip(),
            done: ids(&good),
            held: ids(&held),
            refused: !waits.is_empty(),
        }
    }
}

fn ids(sent: &[&Sent]) -> Vec<EntryId> {
    sent.iter().map(|sent| sent.operation.id.clone()).collect()
}

/// Puts the operation into its file by the real replay; whether it was not there.
pub(crate) fn put(files: &mut Files, operation: &Operation) -> bool {
    match apply(
        operation,
        files.get(&operation.topic).map(|bytes| &bytes[..]),
    ) {
        Applied::Present => false,
        Applied::Changed(bytes) => {
            files.insert(operation.topic.clone(), bytes.into());
            true
        }
    }
}
