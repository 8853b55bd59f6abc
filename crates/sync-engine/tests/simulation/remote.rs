//! The remote: versions that follow one another, and a branch that is at one of them, or gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use threads::entry_id::EntryId;
use threads::parse::parse;
use threads::topic::Topic;

use crate::world::Faithfulness;

/// Topic → bytes.
pub(crate) type Files = BTreeMap<Topic, Arc<[u8]>>;

/// The entries of a thread, in order.
pub(crate) type Entries = Arc<[Option<EntryId>]>;

/// The number of a version, in the order in which they were made; 0: no branch.
pub(crate) type Tip = usize;

/// Who made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Machine(usize),
    /// Somebody who writes to the branch without us.
    Outsider,
}

/// What the remote did with a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Applied {
        tip: Tip,
    },
    /// The branch is elsewhere.
    Rejected,
    /// There is no branch, and there was one.
    Absent,
    /// Its rules say no.
    Refused,
}

pub(crate) struct Remote {
    versions: Vec<Version>,
    branch: Tip,
    /// What its rules refuse.
    poisoned: BTreeSet<EntryId>,
    /// Whether they refuse whatever comes.
    is_closed: bool,
    /// What outsiders took off the branch at any time.
    taken_off: BTreeSet<EntryId>,
    faithfulness: Faithfulness,
}

struct Version {
    files: Files,
    entries: BTreeMap<Topic, Entries>,
    /// What the trailers of its commits name.
    brought: BTreeSet<EntryId>,
    parent: Tip,
    /// Where the branch was before.
    replaced: Tip,
    by: Maker,
}

impl Remote {
    pub(crate) fn new(faithfulness: Faithfulness) -> Self {
        let no_branch = Version {
            files: Files::new(),
            entries: BTreeMap::new(),
            brought: BTreeSet::new(),
            parent: 0,
            replaced: 0,
            by: Maker::Outsider,
        };
        Self {
            versions: vec![no_branch],
            branch: 0,
            poisoned: BTreeSet::new(),
            is_closed: false,
            taken_off: BTreeSet::new(),
            faithfulness,
        }
    }

    pub(crate) fn poison(&mut self, id: EntryId) {
        self.poisoned.insert(id);
    }

    pub(crate) fn is_poisoned(&self, id: &EntryId) -> bool {
        self.poisoned.contains(id)
    }

    /// From here on nothing is refused for what it is.
    pub(crate) fn lift_rules(&mut self) {
        self.poisoned.clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// From here on everything is refused, or no more.
    pub(crate) fn close(&mut self, is_closed: bool) {
        self.is_closed = is_closed;
    }

    /// Where the branch is.
    pub(crate) fn tip(&self) -> Tip {
        self.branch
    }

    /// The number of the newest version, wherever the branch is.
    pub(crate) fn newest(&self) -> Tip {
        self.versions.len() - 1
    }

    pub(crate) fn files(&self, tip: Tip) -> &Files {
        &self.versions[tip].files
    }

    pub(crate) fn entries(&self, tip: Tip, topic: &Topic) -> Entries {
        let entries = self.versions[tip].entries.get(topic);
        entries.cloned().unwrap_or_default()
    }

    pub(crate) fn threads(&self, tip: Tip) -> &BTreeMap<Topic, Entries> {
        &self.versions[tip].entries
    }

    /// The entries of a version that have an ID.
    pub(crate) fn ids(&self, tip: Tip) -> BTreeSet<EntryId> {
        let entries = self.versions[tip].entries.values();
        entries
            .flat_map(|entries| entries.iter().flatten().cloned())
            .collect()
    }

    pub(crate) fn holds(&self, tip: Tip, id: &EntryId) -> bool {
        let entries = self.versions[tip].entries.values();
        entries
            .flat_map(|entries| entries.iter().flatten())
            .any(|here| here == id)
    }

    pub(crate) fn brought(&self, tip: Tip) -> &BTreeSet<EntryId> {
        &self.versions[tip].brought
    }

    pub(crate) fn parent(&self, tip: Tip) -> Tip {
        self.versions[tip].parent
    }

    pub(crate) fn replaced(&self, tip: Tip) -> Tip {
        self.versions[tip].replaced
    }

    pub(crate) fn by(&self, tip: Tip) -> Maker {
        self.versions[tip].by
    }

    /// A version and those before it, the newest first.
    pub(crate) fn history(&self, tip: Tip) -> impl Iterator<Item = Tip> {
        let before = |at: &Tip| Some(self.parent(*at));
        std::iter::successors(Some(tip), before).take_while(|at| *at != 0)
    }

    pub(crate) fn descends(&self, tip: Tip, from: Tip) -> bool {
        from == 0 || self.history(tip).any(|at| at == from)
    }

    /// Whether outsiders took it off the branch at any time.
    pub(crate) fn was_taken_off(&self, id: &EntryId) -> bool {
        self.taken_off.contains(id)
    }

    /// How many others than `machine` made the versions after `known`.
    pub(crate) fn others_since(&self, known: Tip, machine: usize) -> u32 {
        let mut others = 0;
        for maker in (0..crate::world::MACHINES)
            .map(Maker::Machine)
            .chain([Maker::Outsider])
        {
            let wrote = self.versions[known + 1..]
                .iter()
                .any(|version| version.by == maker);
            others += u32::from(wrote && maker != Maker::Machine(machine));
        }
        others
    }

    /// A push made on `expected` arrives.
    pub(crate) fn receive(
        &mut self,
        by: usize,
        expected: Tip,
        files: Files,
        brought: BTreeSet<EntryId>,
    ) -> Received {
        let overwrites = self.faithfulness == Faithfulness::RemoteOverwrites;
        if expected != self.branch && !overwrites {
            return if self.branch == 0 {
                Received::Absent
            } else {
                Received::Rejected
            };
        }
        if self.is_closed || brought.iter().any(|id| self.poisoned.contains(id)) {
            return Received::Refused;
        }
        let tip = self.make(expected, files, brought, Maker::Machine(by));
        self.branch = tip;
        Received::Applied { tip }
    }

    /// An outsider pushes a version, by force where it does not follow the tip.
    pub(crate) fn outsider_pushes(
        &mut self,
        parent: Tip,
        files: Files,
        brought: BTreeSet<EntryId>,
    ) -> Tip {
        let tip = self.make(parent, files, brought, Maker::Outsider);
        self.outsider_moves(tip);
        tip
    }

    /// An outsider moves the branch to this version, or deletes it.
    pub(crate) fn outsider_moves(&mut self, tip: Tip) {
        let here = self.ids(tip);
        let gone = self.ids(self.branch).into_iter();
        self.taken_off.extend(gone.filter(|id| !here.contains(id)));
        self.branch = tip;
    }

    fn make(&mut self, parent: Tip, files: Files, brought: BTreeSet<EntryId>, by: Maker) -> Tip {
        let before = &self.versions[parent];
        let mut entries = BTreeMap::new();
        for (topic, bytes) in &files {
            let known = before.entries.get(topic);
            let is_same = before.files.get(topic) == Some(bytes);
            let read = match known.filter(|_| is_same) {
                Some(known) => Arc::clone(known),
                None => read(bytes),
            };
            entries.insert(topic.clone(), read);
        }
        self.versions.push(Version {
            files,
            entries,
            brought,
            parent,
            replaced: self.branch,
            by,
        });
        self.newest()
    }
}

/// The entries of a file.
pub(crate) fn read(bytes: &[u8]) -> Entries {
    let (thread, _) = parse(bytes);
    thread
        .entries()
        .iter()
        .map(|entry| entry.id.clone())
        .collect()
}
