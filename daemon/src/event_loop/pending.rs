//! The operations that are durable and not yet on the remote, in order, and what they make of the
//! threads on top of a base.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use threads::entry_id::EntryId;
use threads::operation::Operation;
use threads::topic::Topic;
use tracing::warn;

use crate::outbox::{Kept, Outbox};
use crate::perform::Performer;
use crate::snapshot::{Base, Content, Shown};

/// The pending operations of one repository.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    kept: Vec<Arc<Kept>>,
    overlay: Arc<HashMap<Topic, Arc<Shown>>>,
    ids: Arc<BTreeSet<EntryId>>,
    held: Arc<BTreeSet<EntryId>>,
    /// The remote took none of what was tried last, by its rules: nothing tells yet what is at fault.
    held_back: bool,
}

impl Pending {
    /// What the outbox holds, in order.
    pub(crate) fn new(outbox: &Outbox) -> Self {
        let kept: Vec<Arc<Kept>> = outbox.pending().cloned().collect();
        let held = outbox
            .held_ones()
            .map(|held| held.kept.operation.id.clone())
            .collect();
        Self {
            ids: Arc::new(kept.iter().map(|kept| kept.operation.id.clone()).collect()),
            kept,
            overlay: Arc::default(),
            held: Arc::new(held),
            held_back: false,
        }
    }

    /// Their Entry-IDs, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &EntryId> {
        self.kept.iter().map(|kept| &kept.operation.id)
    }

    /// Their Entry-IDs, to be shown.
    pub(crate) fn id_set(&self) -> Arc<BTreeSet<EntryId>> {
        Arc::clone(&self.ids)
    }

    /// Those that the remote refused.
    pub(crate) fn held(&self) -> Arc<BTreeSet<EntryId>> {
        Arc::clone(&self.held)
    }

    /// How many of them wait for a remote whose rules let nothing in.
    pub(crate) fn held_back_len(&self) -> usize {
        if self.held_back { self.kept.len() } else { 0 }
    }

    /// The remote's rules let nothing in.
    pub(crate) fn hold_back(&mut self) {
        self.held_back = true;
    }

    /// The remote takes something, or has said what is at fault.
    pub(crate) fn go_on(&mut self) {
        self.held_back = false;
    }

    /// The threads that they change.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.kept.iter().map(|kept| &kept.operation.topic)
    }

    /// Those threads as they are shown.
    pub(crate) fn overlay(&self) -> &Arc<HashMap<Topic, Arc<Shown>>> {
        &self.overlay
    }

    /// Where the text of such a thread is.
    pub(crate) fn content(&self, topic: &Topic) -> Option<Content> {
        self.overlay.get(topic).map(|shown| shown.content.clone())
    }

    /// How long the text of such a thread is, in bytes, with all of them in it.
    pub(crate) fn text_len(&self, topic: &Topic) -> usize {
        match self.overlay.get(topic).map(|shown| &shown.content) {
            Some(Content::Bytes(text)) => text.len(),
            Some(Content::Blob(_)) | None => 0,
        }
    }

    /// More operations became durable, in this order.
    pub(crate) fn push_all(&mut self, more: Vec<Arc<Kept>>, base: &Base, performer: &Performer) {
        for (topic, operations) in by_topic(&more) {
            let file = match self.content(topic) {
                Some(Content::Bytes(text)) => Ok(Some(text.to_vec())),
                Some(Content::Blob(_)) | None => file_in(base, topic, performer),
            };
            // Not shown before the thread that they belong to can be read.
            if let Ok(file) = file {
                self.put_over(topic, threads::apply::apply_all(operations, file));
            }
        }
        let ids = more.iter().map(|kept| kept.operation.id.clone());
        Arc::make_mut(&mut self.ids).extend(ids);
        self.kept.extend(more);
    }

    /// These are pending no more.
    pub(crate) fn remove(&mut self, done: &[EntryId], held: &[EntryId]) {
        let gone: BTreeSet<&EntryId> = done.iter().chain(held).collect();
        self.kept.retain(|kept| !gone.contains(&kept.operation.id));
        Arc::make_mut(&mut self.ids).retain(|id| !gone.contains(id));
        Arc::make_mut(&mut self.held).extend(held.iter().cloned());
    }

    /// Held operations wait again, behind the others.
    pub(crate) fn release(&mut self, held: Vec<Arc<Kept>>, base: &Base, performer: &Performer) {
        for kept in &held {
            Arc::make_mut(&mut self.held).remove(&kept.operation.id);
        }
        self.push_all(held, base, performer);
    }

    /// Puts them on another base.
    pub(crate) fn rebase(&mut self, base: &Base, performer: &Performer) {
        let files: Vec<(Topic, Option<Vec<u8>>)> = by_topic(&self.kept)
            .into_iter()
            .filter_map(|(topic, operations)| {
                let file = file_in(base, topic, performer).ok()?;
                Some((topic.clone(), threads::apply::apply_all(operations, file)))
            })
            .collect();
        self.overlay = Arc::default();
        for (topic, file) in files {
            self.put_over(&topic, file);
        }
    }

    fn put_over(&mut self, topic: &Topic, file: Option<Vec<u8>>) {
        if let Some(shown) = file.and_then(Shown::pending) {
            Arc::make_mut(&mut self.overlay).insert(topic.clone(), Arc::new(shown));
        }
    }
}

fn by_topic(kept: &[Arc<Kept>]) -> HashMap<&Topic, Vec<&Operation>> {
    let mut by_topic: HashMap<&Topic, Vec<&Operation>> = HashMap::new();
    for operation in kept.iter().map(|kept| &kept.operation) {
        by_topic
            .entry(&operation.topic)
            .or_default()
            .push(operation);
    }
    by_topic
}

/// The clone is damaged there.
struct Unreadable;

fn file_in(
    base: &Base,
    topic: &Topic,
    performer: &Performer,
) -> Result<Option<Vec<u8>>, Unreadable> {
    let Some(shown) = base.threads.get(topic) else {
        return if base.may_hide(topic) {
            Err(Unreadable)
        } else {
            Ok(None)
        };
    };
    match performer.bodies.of(shown, &performer.clone) {
        Ok(text) => Ok(Some(text.to_vec())),
        Err(error) => {
            warn!(%error, %topic, "A thread's text is missing from the clone");
            performer.damage.met();
            Err(Unreadable)
        }
    }
}
