//! Those who write to the branch without us: other programs, and people with git.

use std::collections::BTreeSet;

use threads::entry_id::EntryId;
use threads::topic::Topic;

use super::{Turn, World};
use crate::coverage::Occurrence;
use crate::outsiders::{Deed, appended, deed, without};
use crate::people;
use crate::remote::{Files, Maker, Tip};

/// What stands behind a fence that was closed for somebody else.
const FENCE_CLOSED: &str = "<!-- fence closed -->";

/// What outsiders are up to.
pub(super) struct Outsiders {
    /// Whether they write at all; the rules of the remote change in any world.
    write: bool,
    /// Where the branch was before it was deleted.
    deleted: Tip,
    /// Where the branch was left by a deed that may be undone, and where it was before.
    undo: Option<Undo>,
}

#[derive(Clone, Copy)]
enum Undo {
    Revert { left: Tip, before: Tip },
    Reset { left: Tip, before: Tip },
}

impl Outsiders {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            write: !seed.is_multiple_of(4),
            deleted: 0,
            undo: None,
        }
    }
}

impl World {
    pub(super) fn outsiders_turn(&mut self) {
        if self.is_calm {
            return;
        }
        let next = self.now + self.chance.span(200, 4_000);
        self.think(next, Turn::Outsiders);
        if self.remote.is_closed() && self.chance.percent(40) {
            self.open();
        }
        if self.remote.tip() == 0 {
            if self.outsiders.deleted != 0 && self.chance.percent(50) {
                self.make_anew();
            }
            return;
        }
        if self.chance.percent(50) && self.undo() {
            return;
        }
        match deed(&mut self.chance) {
            Deed::Close => {
                if !self.remote.is_closed() {
                    self.note("the branch is closed");
                    self.counts.note(Occurrence::Closed);
                    self.remote.close(true);
                }
            }
            _ if !self.outsiders.write => (),
            Deed::Append => self.append(),
            Deed::Revert => self.revert(),
            Deed::RemoveFile => self.remove_file(),
            Deed::Reset => self.reset(),
            Deed::Squash => self.squash(),
            Deed::Delete => {
                self.note("the branch is deleted");
                self.counts.note(Occurrence::BranchDeleted);
                self.outsiders.deleted = self.remote.tip();
                self.remote.outsider_moves(0);
            }
        }
    }

    /// What outsiders did to the branch is undone, as far as nobody could write otherwise.
    pub(super) fn outsiders_end(&mut self) {
        self.open();
        if self.remote.tip() == 0 && self.outsiders.deleted != 0 {
            self.make_anew();
        }
    }

    fn open(&mut self) {
        if !self.remote.is_closed() {
            return;
        }
        self.note("the branch is open");
        self.remote.close(false);
        let waiting = self.machines.iter();
        let mut waiting = waiting.flat_map(|machine| machine.pending_ids());
        if waiting.any(|id| !self.remote.is_poisoned(id)) {
            self.counts.note(Occurrence::HealedWithWaiting);
        }
    }

    fn push_as_outsider(&mut self, parent: Tip, files: Files, brought: BTreeSet<EntryId>) -> Tip {
        let tip = self.remote.outsider_pushes(parent, files, brought);
        self.note(&format!("somebody makes version {tip} on {parent}"));
        tip
    }

    fn append(&mut self) {
        let tip = self.remote.tip();
        let topic = people::topic(&mut self.chance);
        let mut files = self.remote.files(tip).clone();
        let id = format!(
            "{:010}-x-{:04}",
            self.now.as_ms(),
            self.chance.below(10_000)
        );
        let id = EntryId::parse(&id).expect("an id");
        let has_id = self.chance.percent(70);
        let opens_fence = self.chance.percent(30);
        let known = files.get(&topic).map(|bytes| &bytes[..]);
        let id_written = has_id.then_some(&id);
        let bytes = appended(known, &topic, id_written, opens_fence, self.now);
        files.insert(topic, bytes.into());
        self.counts.note(if has_id {
            Occurrence::ForeignEntry
        } else {
            Occurrence::ForeignEntryWithoutId
        });
        if opens_fence {
            self.counts.note(Occurrence::ForeignOpenFence);
        }
        let brought = BTreeSet::from_iter(has_id.then_some(id));
        self.push_as_outsider(tip, files, brought);
    }

    /// Takes the last deed back, where nothing came after it.
    fn undo(&mut self) -> bool {
        let tip = self.remote.tip();
        match self.outsiders.undo.take() {
            Some(Undo::Revert { left, before }) if left == tip => {
                let files = self.remote.files(before).clone();
                self.push_as_outsider(tip, files, BTreeSet::new());
                self.counts.note(Occurrence::RevertedBack);
                true
            }
            Some(Undo::Reset { left, before }) if left == tip => {
                self.note(&format!("the branch is forced on to {before}"));
                self.remote.outsider_moves(before);
                self.counts.note(Occurrence::ResetBack);
                true
            }
            Some(Undo::Revert { .. } | Undo::Reset { .. }) | None => false,
        }
    }

    /// An entry of any age is taken out.
    fn revert(&mut self) {
        let tip = self.remote.tip();
        let topic = people::topic(&mut self.chance);
        let mut files = self.remote.files(tip).clone();
        let Some(bytes) = files.get(&topic) else {
            return;
        };
        if let Some(bytes) = without(bytes, &mut self.chance) {
            files.insert(topic, bytes.into());
            let left = self.push_as_outsider(tip, files, BTreeSet::new());
            self.outsiders.undo = Some(Undo::Revert { left, before: tip });
            self.counts.note(Occurrence::Reverted);
        }
    }

    fn remove_file(&mut self) {
        let tip = self.remote.tip();
        let mut files = self.remote.files(tip).clone();
        let topics: Vec<Topic> = files.keys().cloned().collect();
        if topics.len() > 1 {
            files.remove(self.chance.pick(&topics));
            self.push_as_outsider(tip, files, BTreeSet::new());
            self.counts.note(Occurrence::FileRemoved);
        }
    }

    fn reset(&mut self) {
        if let Some(older) = self.older() {
            self.note(&format!("the branch is forced back to {older}"));
            let before = self.remote.tip();
            self.remote.outsider_moves(older);
            self.outsiders.undo = Some(Undo::Reset {
                left: older,
                before,
            });
            self.counts.note(Occurrence::Reset);
        }
    }

    /// All that came after an older tip becomes one commit, with its trailers or without, and
    /// perhaps without one of its entries.
    fn squash(&mut self) {
        let Some(older) = self.older() else {
            return;
        };
        let tip = self.remote.tip();
        let mut files = self.remote.files(tip).clone();
        let topic = people::topic(&mut self.chance);
        if self.chance.percent(40)
            && let Some(bytes) = files.get(&topic)
            && let Some(bytes) = without(bytes, &mut self.chance)
        {
            files.insert(topic, bytes.into());
        }
        let mut brought = BTreeSet::new();
        if self.chance.percent(50) {
            let squashed = self.remote.history(tip).take_while(|at| *at != older);
            for version in squashed.collect::<Vec<_>>() {
                brought.extend(self.remote.brought(version).iter().cloned());
            }
        }
        self.push_as_outsider(older, files, brought);
        self.counts.note(Occurrence::Squashed);
    }

    fn make_anew(&mut self) {
        let deleted = std::mem::take(&mut self.outsiders.deleted);
        match self.chance.below(3) {
            0 => {
                self.note("the branch is restored");
                self.remote.outsider_moves(deleted);
                self.counts.note(Occurrence::BranchRestored);
            }
            what => {
                let mut files = self.remote.files(deleted).clone();
                if what == 1 {
                    let topic = people::topic(&mut self.chance);
                    files.retain(|other, _| *other == topic);
                }
                self.push_as_outsider(0, files, BTreeSet::new());
                self.counts.note(Occurrence::BranchMadeAnew);
            }
        }
    }

    /// One of the last few tips before this one.
    fn older(&mut self) -> Option<Tip> {
        let older: Vec<Tip> = self
            .remote
            .history(self.remote.tip())
            .skip(1)
            .take(4)
            .collect();
        (!older.is_empty()).then(|| *self.chance.pick(&older))
    }

    /// Notes where a machine's entry stands behind a fence that somebody left open.
    pub(super) fn look_behind_fences(&mut self, version: Tip) {
        let parent = self.remote.parent(version);
        if self.remote.by(version) == Maker::Outsider {
            return;
        }
        for (topic, bytes) in self.remote.files(parent) {
            let after = self.remote.files(version).get(topic);
            if after.is_some_and(|after| closings(after) > closings(bytes)) {
                self.counts.note(Occurrence::PutBehindOpenFence);
            }
        }
    }
}

/// How many fences were closed for somebody else.
fn closings(bytes: &[u8]) -> usize {
    String::from_utf8_lossy(bytes).matches(FENCE_CLOSED).count()
}
