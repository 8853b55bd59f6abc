//! What a fetch took away: entries that vanished, and our own operations that had landed before.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use repository::CloneError;
use threads::entry_id::EntryId;
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
    /// and are not put there again after its history was rewritten.
    pub(super) fn landed(&self, base: &Base, slots: &[Slot]) -> Result<Vec<EntryId>, CloneError> {
        let Some(tip) = &base.tip else {
            return Ok(Vec::new());
        };
        let mut known: HashMap<Option<&str>, HashSet<EntryId>> = HashMap::new();
        let mut landed = Vec::new();
        for operation in slots.iter().map(|slot| &slot.kept.operation) {
            let made_on = operation.made_on.as_deref();
            let trailers = match known.entry(made_on) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.clone.ids_since(made_on, tip)?),
            };
            let in_file = base
                .threads
                .get(&operation.topic)
                .is_some_and(|shown| shown.summary.place_of(&operation.id).is_some());
            if in_file || trailers.contains(&operation.id) {
                landed.push(operation.id.clone());
            }
        }
        Ok(landed)
    }
}
