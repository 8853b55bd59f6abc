//! The operations that are durable and not yet on the remote, in order, and what they make of the
//! threads on top of a base.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use threads::apply::Growth;
use threads::entry_id::EntryId;
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
    /// The threads that got another name.
    gone: Arc<BTreeSet<Topic>>,
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
            gone: Arc::default(),
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
        let operations = self.kept.iter().map(|kept| &kept.operation);
        operations.flat_map(|of| of.moved_from().into_iter().chain([&of.topic]))
    }

    /// The threads that got another name.
    pub(crate) fn gone(&self) -> Arc<BTreeSet<Topic>> {
        Arc::clone(&self.gone)
    }

    /// Whether the thread got another name.
    pub(crate) fn is_gone(&self, topic: &Topic) -> bool {
        self.gone.contains(topic)
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
        self.put(&more, base, performer);
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
        self.overlay = Arc::default();
        self.gone = Arc::default();
        let kept = self.kept.clone();
        self.put(&kept, base, performer);
    }

    fn put(&mut self, operations: &[Arc<Kept>], base: &Base, performer: &Performer) {
        // None for what cannot be read now.
        let mut files: HashMap<&Topic, Option<Growth>> = HashMap::new();
        let mut moved = BTreeSet::new();
        for operation in operations.iter().map(|kept| &kept.operation) {
            let (from, topic) = (operation.moved_from(), &operation.topic);
            for topic in from.into_iter().chain([topic]) {
                let read = || self.file(topic, base, performer).ok().map(Growth::of);
                files.entry(topic).or_insert_with(read);
            }
            let is_readable = |topic: &Topic| files.get(topic).is_some_and(Option::is_some);
            // Not shown before the threads that they belong to can be read.
            if !is_readable(topic) || from.is_some_and(|from| !is_readable(from)) {
                continue;
            }
            let old = from.and_then(|from| {
                moved.insert(from);
                files.insert(from, Some(Growth::of(None))).flatten()
            });
            let mut file = files.remove(topic).flatten();
            if let Some(old) = old {
                file = file.map(|file| old.moved_onto(file));
            }
            if let Some(file) = &mut file {
                file.take(operation);
            }
            files.insert(topic, file);
        }
        for (topic, file) in files {
            let file = file.and_then(Growth::into_bytes);
            if file.is_none() && moved.contains(topic) {
                Arc::make_mut(&mut self.overlay).remove(topic);
                Arc::make_mut(&mut self.gone).insert(topic.clone());
            } else {
                self.put_over(topic, file);
            }
        }
    }

    /// The thread's file with what is pending.
    fn file(
        &self,
        topic: &Topic,
        base: &Base,
        performer: &Performer,
    ) -> Result<Option<Vec<u8>>, Unreadable> {
        match self.content(topic) {
            Some(Content::Bytes(text)) => Ok(Some(text.to_vec())),
            Some(Content::Blob(_)) | None if self.is_gone(topic) => Ok(None),
            Some(Content::Blob(_)) | None => file_in(base, topic, performer),
        }
    }

    fn put_over(&mut self, topic: &Topic, file: Option<Vec<u8>>) {
        if let Some(shown) = file.and_then(Shown::pending) {
            Arc::make_mut(&mut self.gone).remove(topic);
            Arc::make_mut(&mut self.overlay).insert(topic.clone(), Arc::new(shown));
        }
    }
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
