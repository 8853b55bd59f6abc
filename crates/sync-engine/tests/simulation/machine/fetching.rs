//! What a machine makes of a fetch: a new base, what vanished, what had landed before.

use std::collections::BTreeSet;

use sync_engine::event::Event;
use sync_engine::moment::{Moment, Span};
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;

use super::Machine;
use crate::coverage::{Counts, Occurrence};
use crate::disk::Folder;
use crate::remote::{Remote, Tip};
use crate::replay::has_landed;

impl Machine {
    /// A fetch showed this tip; what left the outbox.
    pub(crate) fn fetched(
        &mut self,
        tip: Tip,
        remote: &Remote,
        took: Span,
        now: Moment,
        counts: &mut Counts,
    ) -> Vec<EntryId> {
        let before = self.base;
        if tip == 0 && before != 0 {
            counts.note(Occurrence::FetchFoundNoBranch);
            let trouble = Trouble::new(TroubleKind::NotFound);
            self.handle(Event::FetchFailed { trouble }, now);
            return Vec::new();
        }
        self.must_look = false;
        let rewritten = !remote.descends(tip, before);
        if rewritten {
            counts.note(Occurrence::SawRewritten);
            self.backups.insert(before);
        }
        let mut settled = Vec::new();
        if tip != before {
            let stood = remote.ids(before);
            for operation in self.pending() {
                let in_file = stood.contains(&operation.id);
                if in_file || (rewritten && has_landed(remote, before, &operation)) {
                    counts.note(Occurrence::Landed);
                    settled.push(operation.id);
                }
            }
            self.compare(before, tip, remote, now, counts);
        }
        let shown = [before, tip].map(|tip| remote.ids(tip));
        let is_shown = |id: &EntryId| shown.iter().any(|ids| ids.contains(id));
        let gone = settled.iter().filter(|&id| !is_shown(id));
        self.found_gone(gone.cloned().collect(), now, counts);
        let writers = remote.others_since(before.min(tip), self.number);
        self.set_base(tip, remote);
        // Some daemons look for what arrived with an answer that was lost; replay finds it too.
        if self.number.is_multiple_of(2) {
            let there = remote.ids(tip);
            let mut ids = self.disk.list(Folder::Outbox);
            ids.retain(|id| there.contains(id));
            settled.extend(ids);
        }
        if !settled.is_empty() {
            let ids = settled.clone();
            self.handle(Event::Settled { ids }, now);
        }
        self.handle(
            Event::Fetched {
                moved: tip != before,
                writers,
                took,
            },
            now,
        );
        settled
    }

    fn compare(
        &mut self,
        before: Tip,
        tip: Tip,
        remote: &Remote,
        now: Moment,
        counts: &mut Counts,
    ) {
        let here = remote.ids(tip);
        let gone: BTreeSet<EntryId> = remote.ids(before).difference(&here).cloned().collect();
        let told = self.vanished.len();
        self.vanished.retain(|id| !here.contains(id));
        if self.vanished.len() < told {
            counts.note(Occurrence::CameBack);
        }
        if !gone.is_empty() {
            counts.note(Occurrence::CountedVanished);
            self.backups.insert(before);
            self.told.extend(gone.iter().cloned());
            self.vanished.extend(gone);
        }
        self.tell_of_losses(now);
    }
}
