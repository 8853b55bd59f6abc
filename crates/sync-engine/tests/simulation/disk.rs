//! A disk that loses, in a crash, what was not synced: or keeps it, as it pleases.

use std::collections::{BTreeMap, BTreeSet};

use threads::entry_id::EntryId;
use threads::operation::Operation;

use crate::chance::Chance;

/// Where an operation's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    Outbox,
    Held,
    /// Done.
    Answers,
}

/// The files of one machine, each an operation.
#[derive(Default)]
pub(crate) struct Disk {
    now: BTreeMap<EntryId, (Folder, Operation)>,
    synced: BTreeMap<EntryId, (Folder, Operation)>,
}

impl Disk {
    pub(crate) fn write(&mut self, folder: Folder, operation: Operation) {
        self.now.insert(operation.id.clone(), (folder, operation));
    }

    /// Moves a file, if it is there, and waits for the disk.
    pub(crate) fn move_to(&mut self, folder: Folder, id: &EntryId) {
        if let Some((here, _)) = self.now.get_mut(id) {
            *here = folder;
            self.sync(id);
        }
    }

    /// Removes the file, without waiting for the disk.
    pub(crate) fn remove(&mut self, id: &EntryId) {
        self.now.remove(id);
    }

    /// What this file says is on the disk to stay.
    pub(crate) fn sync(&mut self, id: &EntryId) {
        match self.now.get(id) {
            Some(file) => self.synced.insert(id.clone(), file.clone()),
            None => self.synced.remove(id),
        };
    }

    pub(crate) fn get(&self, id: &EntryId) -> Option<&Operation> {
        self.now.get(id).map(|(_, operation)| operation)
    }

    pub(crate) fn list(&self, folder: Folder) -> Vec<EntryId> {
        let here = self.now.iter().filter(|(_, (here, _))| *here == folder);
        here.map(|(id, _)| id.clone()).collect()
    }

    /// The power fails: of each change that was not synced, chance says whether it is there.
    pub(crate) fn crash(&mut self, chance: &mut Chance) {
        let ids: BTreeSet<EntryId> = self.now.keys().chain(self.synced.keys()).cloned().collect();
        for id in ids {
            if chance.percent(50) {
                match self.synced.get(&id) {
                    Some(file) => self.now.insert(id, file.clone()),
                    None => self.now.remove(&id),
                };
            }
        }
        self.synced = self.now.clone();
    }
}
