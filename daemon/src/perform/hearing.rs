//! What a fetch took away: entries that vanished, and our own operations that had landed before.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use repository::CloneError;
use threads::entry_id::EntryId;
use threads::hand_edit::EntryEdit;
use threads::operation::Operation;
use threads::topic::Topic;

use crate::outbox::Slot;
use crate::perform::Performer;
use crate::snapshot::Base;
use crate::vanished::Loss;

impl Performer {
    /// What vanished between two bases. The old tip is kept then.
    pub(super) fn vanished(
        &self,
        before: &Base,
        after: &Base,
        changed: &[Topic],
        rewritten: bool,
    ) -> Result<Option<Loss>, CloneError> {
        let loss = Loss::between(before, after, changed, rewritten);
        if let Some(loss) = &loss {
            self.clone.back_up(&loss.tip)?;
        }
        Ok(loss)
    }

    /// Those operations that stood in a tip: they were on the remote, whatever became of the news,
    /// and are not put there again by what took them out. Where the history was not rewritten, what
    /// its trailers name is found by any replay; an entry without one by nothing but its file.
    pub(super) fn landed(
        &self,
        base: &Base,
        slots: &[Slot],
        rewritten: bool,
    ) -> Result<Vec<EntryId>, CloneError> {
        let Some(tip) = &base.tip else {
            return Ok(Vec::new());
        };
        let mut known: HashMap<Option<&str>, HashSet<EntryId>> = HashMap::new();
        let mut landed = Vec::new();
        for operation in slots.iter().map(|slot| &slot.kept.operation) {
            let in_file = base
                .threads
                .get(&operation.topic)
                .is_some_and(|shown| shown.summary.place_of(&operation.id).is_some());
            if in_file {
                landed.push(operation.id.clone());
                continue;
            }
            if !rewritten {
                continue;
            }
            let made_on = operation.made_on.as_deref();
            let trailers = match known.entry(made_on) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.clone.ids_since(made_on, tip)?),
            };
            if trailers.contains(&operation.id) {
                landed.push(operation.id.clone());
            }
        }
        Ok(landed)
    }

    /// Those of the operations that the history of `base` holds and no thread of it, nor of `after`,
    /// which is shown next: somebody took them out before their own machine saw them there.
    pub(super) fn taken_out(
        &self,
        base: &Base,
        after: &Base,
        slots: &[Slot],
        done: &[EntryId],
    ) -> Result<Vec<Loss>, CloneError> {
        let mut losses = Vec::new();
        let Some(tip) = &base.tip else {
            return Ok(losses);
        };
        let done: HashSet<&EntryId> = done.iter().collect();
        let operations = slots.iter().map(|slot| &slot.kept.operation);
        let ours = deleted_here(slots);
        // An edit by hand has no entry of its own that could be gone.
        let operations = operations
            .filter(|operation| operation.edit.is_none() && !ours.contains(&operation.id));
        for operation in operations.filter(|operation| done.contains(&operation.id)) {
            let Operation { id, topic, .. } = operation;
            if holds(base, topic, id) || holds(after, topic, id) {
                continue;
            }
            if let Some(commit) = self.clone.commit_of(id, tip)? {
                self.clone.back_up(&commit)?;
                losses.push(Loss::of_one(commit, topic, id));
            }
        }
        Ok(losses)
    }
}

/// The entries that a person at this machine takes out by one of the operations.
fn deleted_here(slots: &[Slot]) -> HashSet<EntryId> {
    let edits = slots
        .iter()
        .filter_map(|slot| slot.kept.operation.edit.as_ref());
    let changes = edits.flat_map(|edit| &edit.entries);
    let ids = changes.filter_map(|change| match change {
        EntryEdit::Deleted { which } => which.id.clone(),
        EntryEdit::Added { .. } | EntryEdit::Changed { .. } => None,
    });
    ids.collect()
}

/// Whether the entry stands in a thread, most likely in this one, or may.
fn holds(base: &Base, topic: &Topic, id: &EntryId) -> bool {
    let own = base.threads.get(topic).into_iter();
    let mut threads = own.chain(base.threads.values());
    base.may_hide(topic) || threads.any(|shown| shown.summary.place_of(id).is_some())
}
