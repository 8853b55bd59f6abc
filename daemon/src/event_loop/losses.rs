//! Entries that are gone from the remote: what the loop makes of them.

use sync_engine::event::Event;
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;
use tracing::warn;

use crate::event_loop::EventLoop;
use crate::perform::Fetched;
use crate::vanished::Loss;

impl EventLoop {
    /// A fetch was compared with what was shown before it.
    pub(super) fn compared(&mut self, fetched: &Fetched) {
        let mut differs = self.vanished.returned(&fetched.base, &fetched.changed);
        if let Some(loss) = &fetched.vanished {
            warn!(
                repository = %self.performer.name,
                entries = loss.len(), tip = %loss.tip, rewritten = loss.rewritten,
                "Entries are gone from the remote"
            );
            self.vanished.found(loss.clone());
            differs = true;
        }
        if differs {
            self.note_losses();
        }
        self.taken_out(fetched.taken_out.clone());
    }

    /// Entries of ours were on the remote and were taken out before they were seen there.
    pub(super) fn taken_out(&mut self, mut losses: Vec<Loss>) {
        losses.retain(|loss| !self.vanished.knows(loss));
        if losses.is_empty() {
            return;
        }
        for loss in losses {
            warn!(repository = %self.performer.name, commit = %loss.tip, "An entry of ours is gone from the remote");
            self.vanished.found(loss);
        }
        self.note_losses();
    }

    /// The person has seen to it.
    pub(super) fn seen_to(&mut self) {
        if self.vanished.seen_to() {
            self.note_losses();
        }
    }

    /// Tells of what is gone, as long as there is any.
    pub(super) fn tell_of_losses(&mut self) {
        let kind = TroubleKind::Rewritten;
        let (name, clone) = (&self.performer.name, &self.performer.clone);
        match self.vanished.words(name, clone) {
            Some(words) => {
                self.words.insert(kind, words);
                let trouble = Trouble::new(kind);
                self.tell(Event::TroubleFound { trouble });
            }
            None => self.tell(Event::TroubleGone { kind }),
        }
    }

    /// Operations of ours that the tip before held are done, and stay gone where they are gone.
    pub(super) fn landed(&mut self, ids: &[EntryId]) {
        if ids.is_empty() {
            return;
        }
        self.settle_done(ids);
        self.unprojected.extend(self.pending.topics().cloned());
        self.pending.remove(ids, &[]);
        self.tell(Event::Settled { ids: ids.to_vec() });
    }

    fn note_losses(&mut self) {
        self.notes += 1;
        self.performer.note(self.vanished.clone(), self.notes);
        self.tell_of_losses();
    }
}
