//! What is answered for and not yet on the remote: one durable file an operation, the operations
//! that the remote refused, and the answers of those that are done.
//!
//! Under a repository's state folder:
//!
//! ```text
//! outbox/000000000012-01JGT….json      {"format":1,"operation":{…},"resent_as":…}
//! outbox/unreadable/…                  what could not be read; never lost, never sent
//! held/000000000012-01JGT….json        {"format":1,"kept":{…},"reason":"…","at":"…"}
//! answers/answers.jsonl                one [`Answer`] a line
//! ```
//!
//! The number is the order of the writes, across restarts. A file of a newer `format` is left alone.
//!
//! [`Outbox`] is the loop's: in memory, never waiting. [`Keeper`] is for threads that may block. A
//! write goes `reserve` → `Keeper::keep_all` → `kept`; a done one `settling` → `Keeper::settle` →
//! `settled`; a refused one `slot` → `Keeper::hold` → `held`; one that is to be tried once more
//! `held_slots` → `Keeper::release_all` → `released`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use threads::entry_id::EntryId;
use threads::timestamp::Timestamp;

use files::{Scanned, Unreadable};
pub(crate) use keeper::{KeepError, Keeper};
use records::{Answer, Held, is_too_old, weight};
pub(crate) use records::{Kept, Written};

mod files;
mod keeper;
mod records;
#[cfg(test)]
mod tests;

/// Operations that wait, at most; and as many again may be held, which hinder no write.
pub(crate) const OPERATIONS_MAX: usize = 10_000;

/// Bytes of text in the operations that wait, at most; and as many again in those that are held.
pub(crate) const BYTES_MAX: usize = 256 << 20;

/// Answers that are remembered, at most.
pub(crate) const ANSWERS_MAX: usize = 10_000;

/// A place in the outbox: what a [`Keeper`] needs to write or remove the file.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    sequence: u64,
    /// What stands there.
    pub(crate) kept: Arc<Kept>,
    /// Whether the remote refused it before, while it took others.
    pub(crate) was_held: bool,
}

impl Slot {
    /// What the operation counts against limits of bytes.
    pub(crate) fn weight(&self) -> usize {
        weight(&self.kept)
    }
}

/// Done operations on their way into the answers.
#[derive(Debug)]
pub(crate) struct Settling {
    done: Vec<(Slot, Arc<Answer>)>,
}

/// What a repeated call finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'outbox> {
    /// Not yet durable: there is nothing to answer yet.
    Keeping(&'outbox Arc<Kept>),
    /// Durable, and not yet on the remote.
    Pending(&'outbox Arc<Kept>),
    /// Refused by the remote.
    Held(&'outbox Held),
    /// Done.
    Answered(&'outbox Answer),
}

/// The outbox holds all that it may: the trouble `outbox_full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operations} operations with {bytes} bytes wait already")]
pub(crate) struct OutboxFull {
    /// How many wait.
    pub(crate) operations: usize,
    /// Their bytes of text.
    pub(crate) bytes: usize,
}

/// One repository's outbox in memory.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: BTreeMap<u64, Waiting>,
    held: BTreeMap<u64, Held>,
    answers: VecDeque<Arc<Answer>>,
    /// How many answers were forgotten: the place of an answer is counted from the first ever.
    answers_forgotten: u64,
    places: HashMap<EntryId, Place>,
    keys: HashMap<(String, String), EntryId>,
    resent: HashMap<(String, Option<String>), EntryId>,
    next_sequence: u64,
    /// Of what waits.
    bytes: usize,
    /// Of what is held.
    held_bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    kept: Arc<Kept>,
    durable: bool,
    was_held: bool,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Waiting(u64),
    Held(u64),
    Answered(u64),
}

/// An opened outbox.
#[derive(Debug)]
pub(crate) struct Opened {
    /// For the loop.
    pub(crate) outbox: Outbox,
    /// For threads that may block.
    pub(crate) keeper: Keeper,
    /// What could not be read, to be reported.
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Outbox {
    /// Opens the outbox under a repository's state folder, makes what is missing, removes what a
    /// crash left half done, and forgets answers that are too old `now`. Blocks.
    ///
    /// # Errors
    /// Of the file system.
    pub(crate) fn open(folder: &Path, now: Timestamp) -> io::Result<Opened> {
        let Scanned {
            waiting,
            held,
            answers,
            keeper,
            next_sequence,
            unreadable,
        } = files::scan(folder, now)?;
        let mut outbox = Self {
            waiting: BTreeMap::new(),
            held: BTreeMap::new(),
            answers: VecDeque::new(),
            answers_forgotten: 0,
            places: HashMap::new(),
            keys: HashMap::new(),
            resent: HashMap::new(),
            next_sequence,
            bytes: 0,
            held_bytes: 0,
        };
        for answer in answers {
            outbox.remember(answer);
        }
        for (sequence, held) in held {
            outbox.held_bytes += weight(&held.kept);
            outbox.index(&held.kept, Place::Held(sequence));
            outbox.held.insert(sequence, held);
        }
        for (sequence, kept) in waiting {
            outbox.bytes += weight(&kept);
            outbox.index(&kept, Place::Waiting(sequence));
            let waiting = Waiting {
                kept,
                durable: true,
                was_held: false,
            };
            outbox.waiting.insert(sequence, waiting);
        }
        Ok(Opened {
            outbox,
            keeper,
            unreadable,
        })
    }

    /// Takes a place for an operation, behind all others. It is found by its keys at once; it is
    /// pending when [`Outbox::kept`] says that its file is durable.
    ///
    /// # Errors
    /// [`OutboxFull`].
    pub(crate) fn reserve(&mut self, kept: Kept) -> Result<Slot, OutboxFull> {
        let operations = self.waiting.len();
        let bytes = self.bytes.saturating_add(weight(&kept));
        if operations >= OPERATIONS_MAX || bytes > BYTES_MAX {
            return Err(OutboxFull {
                operations,
                bytes: self.bytes,
            });
        }
        let (sequence, kept) = (self.next_sequence, Arc::new(kept));
        self.next_sequence += 1;
        self.bytes = bytes;
        self.index(&kept, Place::Waiting(sequence));
        let waiting = Waiting {
            kept: Arc::clone(&kept),
            durable: false,
            was_held: false,
        };
        self.waiting.insert(sequence, waiting);
        Ok(Slot {
            sequence,
            kept,
            was_held: false,
        })
    }

    /// The operation's file is durable.
    pub(crate) fn kept(&mut self, id: &EntryId) {
        if let Some(waiting) = self.sequence(id).and_then(|at| self.waiting.get_mut(&at)) {
            waiting.durable = true;
        }
    }

    /// The operation could not be made durable: it never was.
    pub(crate) fn not_kept(&mut self, id: &EntryId) {
        if let Some(waiting) = self.sequence(id).and_then(|at| self.waiting.remove(&at)) {
            self.bytes -= weight(&waiting.kept);
            self.places.remove(id);
            let operation = &waiting.kept.operation;
            let digest = operation.arguments_digest.as_ref();
            self.drop_keys(
                id,
                (&operation.agent, operation.key.as_ref()),
                (waiting.kept.resent_as.as_ref(), digest),
            );
        }
    }

    /// The place of an operation that waits.
    pub(crate) fn slot(&self, id: &EntryId) -> Option<Slot> {
        let sequence = self.sequence(id)?;
        let waiting = self.waiting.get(&sequence)?;
        Some(Slot {
            sequence,
            kept: Arc::clone(&waiting.kept),
            was_held: waiting.was_held,
        })
    }

    /// What is durable and not yet done, in the order of the writes.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Arc<Kept>> {
        let durable = self.waiting.values().filter(|waiting| waiting.durable);
        durable.map(|waiting| &waiting.kept)
    }

    /// What the remote refused, in the order of the writes.
    pub(crate) fn held_ones(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// The answers of operations that are done; those that do not wait are left out.
    pub(crate) fn settling(
        &self,
        done: impl IntoIterator<Item = (EntryId, Written)>,
        at: Timestamp,
    ) -> Settling {
        let answer = |(id, outcome): (EntryId, Written)| {
            let slot = self.slot(&id)?;
            let answer = Arc::new(Answer::of(&slot.kept, outcome, at));
            Some((slot, answer))
        };
        Settling {
            done: done.into_iter().filter_map(answer).collect(),
        }
    }

    /// The answers are durable and the files gone.
    pub(crate) fn settled(&mut self, settling: Settling) {
        for (slot, answer) in settling.done {
            if self.waiting.remove(&slot.sequence).is_some() {
                self.bytes -= weight(&slot.kept);
                self.forget_before(answer.done_at);
                self.remember(answer);
            }
        }
    }

    /// The operation is durably held.
    pub(crate) fn held(&mut self, slot: &Slot, reason: String, at: Timestamp) {
        if let Some(Waiting { kept, .. }) = self.waiting.remove(&slot.sequence) {
            self.bytes -= weight(&kept);
            self.held_bytes += weight(&kept);
            self.index(&kept, Place::Held(slot.sequence));
            self.held.insert(slot.sequence, Held { kept, reason, at });
        }
    }

    /// How many more operations may be held; what is refused beyond that goes on waiting.
    pub(crate) fn room_to_hold(&self) -> usize {
        if self.held_bytes >= BYTES_MAX {
            return 0;
        }
        OPERATIONS_MAX.saturating_sub(self.held.len())
    }

    /// The places of what is held, in the order of the writes.
    pub(crate) fn held_slots(&self) -> Vec<Slot> {
        let slot = |(sequence, held): (&u64, &Held)| Slot {
            sequence: *sequence,
            kept: Arc::clone(&held.kept),
            was_held: true,
        };
        self.held.iter().map(slot).collect()
    }

    /// The held operation is durably among those that wait again.
    pub(crate) fn released(&mut self, slot: &Slot) {
        if let Some(Held { kept, .. }) = self.held.remove(&slot.sequence) {
            self.held_bytes -= weight(&kept);
            self.bytes += weight(&kept);
            self.index(&kept, Place::Waiting(slot.sequence));
            let waiting = Waiting {
                kept,
                durable: true,
                was_held: true,
            };
            self.waiting.insert(slot.sequence, waiting);
        }
    }

    /// What stands under an author's idempotency key.
    pub(crate) fn find_key(&self, agent: &str, key: &str, now: Timestamp) -> Option<Found<'_>> {
        let id = self.keys.get(&(agent.to_owned(), key.to_owned()))?;
        self.find(id, now)
    }

    /// What came of the same call, with the same arguments, when it was sent before.
    pub(crate) fn find_resent(
        &self,
        resent_as: &str,
        arguments_digest: Option<&str>,
        now: Timestamp,
    ) -> Option<Found<'_>> {
        let digest = arguments_digest.map(str::to_owned);
        let id = self.resent.get(&(resent_as.to_owned(), digest))?;
        self.find(id, now)
    }

    /// What stands under an Entry-ID that this machine wrote.
    pub(crate) fn find(&self, id: &EntryId, now: Timestamp) -> Option<Found<'_>> {
        match *self.places.get(id)? {
            Place::Waiting(sequence) => {
                let waiting = self.waiting.get(&sequence)?;
                Some(if waiting.durable {
                    Found::Pending(&waiting.kept)
                } else {
                    Found::Keeping(&waiting.kept)
                })
            }
            Place::Held(sequence) => self.held.get(&sequence).map(Found::Held),
            Place::Answered(nth) => {
                let at = usize::try_from(nth - self.answers_forgotten).ok()?;
                let answer = self.answers.get(at)?;
                (!is_too_old(answer, now)).then_some(Found::Answered(answer))
            }
        }
    }

    fn sequence(&self, id: &EntryId) -> Option<u64> {
        match self.places.get(id)? {
            Place::Waiting(sequence) => Some(*sequence),
            Place::Held(_) | Place::Answered(_) => None,
        }
    }

    fn index(&mut self, kept: &Kept, place: Place) {
        let operation = &kept.operation;
        self.index_keys(
            &operation.id,
            (&operation.agent, operation.key.as_ref()),
            (kept.resent_as.as_ref(), operation.arguments_digest.as_ref()),
        );
        self.places.insert(operation.id.clone(), place);
    }

    fn index_keys(
        &mut self,
        id: &EntryId,
        (agent, key): (&String, Option<&String>),
        (resent_as, digest): (Option<&String>, Option<&String>),
    ) {
        if let Some(key) = key {
            self.keys.insert((agent.clone(), key.clone()), id.clone());
        }
        if let Some(resent_as) = resent_as {
            let resent = (resent_as.clone(), digest.cloned());
            self.resent.insert(resent, id.clone());
        }
    }

    /// Forgets the keys that still mean this entry: one that expired may be in use again.
    fn drop_keys(
        &mut self,
        id: &EntryId,
        (agent, key): (&String, Option<&String>),
        (resent_as, digest): (Option<&String>, Option<&String>),
    ) {
        if let Some(key) = key.map(|key| (agent.clone(), key.clone()))
            && self.keys.get(&key) == Some(id)
        {
            self.keys.remove(&key);
        }
        if let Some(resent) = resent_as.map(|resent| (resent.clone(), digest.cloned()))
            && self.resent.get(&resent) == Some(id)
        {
            self.resent.remove(&resent);
        }
    }

    fn remember(&mut self, answer: Arc<Answer>) {
        let nth = self.answers_forgotten + self.answers.len() as u64;
        self.places.insert(answer.id.clone(), Place::Answered(nth));
        self.index_keys(
            &answer.id,
            (&answer.agent, answer.key.as_ref()),
            (answer.resent_as.as_ref(), answer.arguments_digest.as_ref()),
        );
        self.answers.push_back(answer);
        if self.answers.len() > ANSWERS_MAX {
            self.forget_oldest();
        }
    }

    fn forget_before(&mut self, now: Timestamp) {
        while self
            .answers
            .front()
            .is_some_and(|answer| is_too_old(answer, now))
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(answer) = self.answers.pop_front() {
            self.answers_forgotten += 1;
            self.places.remove(&answer.id);
            self.drop_keys(
                &answer.id,
                (&answer.agent, answer.key.as_ref()),
                (answer.resent_as.as_ref(), answer.arguments_digest.as_ref()),
            );
        }
    }
}

fn file_name(sequence: u64, id: &EntryId) -> String {
    format!("{sequence:012}-{id}.json")
}

/// Where things are, under a repository's state folder.
#[derive(Clone, Debug)]
struct Folders {
    outbox: PathBuf,
    unreadable: PathBuf,
    held: PathBuf,
    answers: PathBuf,
}

impl Folders {
    fn make(folder: &Path) -> io::Result<Self> {
        let folders = Self {
            outbox: folder.join("outbox"),
            unreadable: folder.join("outbox").join("unreadable"),
            held: folder.join("held"),
            answers: folder.join("answers"),
        };
        for made in [&folders.outbox, &folders.held, &folders.answers] {
            fs::create_dir_all(made)?;
        }
        platform::durable::sync_folder(folder)?;
        Ok(folders)
    }
}
