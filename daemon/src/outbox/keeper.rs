//! Makes the outbox durable: each call returns when its work survives a power failure.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use threads::timestamp::Timestamp;

use super::records::{Answer, FORMAT, Kept, is_too_old};
use super::{ANSWERS_MAX, Folders, Settling, Slot, file_name};
use crate::journal::Journal;

/// What is written to see whether there is room, in bytes.
const ROOM_BYTES: usize = 16 << 10;

/// Threads that write one batch side by side.
const WRITERS_MAX: usize = 4;

/// Why an operation is not durable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// There is no room; nothing is left of the attempt.
    #[error("the disk is full")]
    DiskFull(#[source] io::Error),
    /// It failed; nothing is left of the attempt.
    #[error("the outbox cannot be written")]
    NotDurable(#[source] io::Error),
    /// It failed, and what is left of the attempt cannot be removed: the operation may still come
    /// to life at the next start.
    #[error("the outbox cannot be written, and the attempt cannot be taken back")]
    Uncertain(#[source] io::Error),
}

impl From<io::Error> for KeepError {
    fn from(error: io::Error) -> Self {
        let full = [
            io::ErrorKind::StorageFull,
            io::ErrorKind::QuotaExceeded,
            io::ErrorKind::FileTooLarge,
        ];
        if full.contains(&error.kind()) {
            Self::DiskFull(error)
        } else {
            Self::NotDurable(error)
        }
    }
}

/// The outbox on disk. Every call blocks; clones work on the same files from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    folders: Folders,
    // Threads that settle wait for each other here, for one write and its fsync; the loop never
    // takes it.
    answers: Arc<Mutex<Answers>>,
}

/// The answers on disk.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) journal: Journal,
    pub(super) live: VecDeque<Arc<Answer>>,
}

#[derive(Serialize)]
struct KeptFile<'kept> {
    format: u32,
    #[serde(flatten)]
    kept: &'kept Kept,
}

#[derive(Serialize)]
struct HeldFile<'kept> {
    format: u32,
    kept: &'kept Kept,
    reason: &'kept str,
    at: Timestamp,
}

impl Keeper {
    pub(super) fn new(folders: Folders, answers: Answers) -> Self {
        Self {
            folders,
            answers: Arc::new(Mutex::new(answers)),
        }
    }

    /// Makes operations durable, all with one fsync of the folder; the results are in their order.
    pub(crate) fn keep_all(&self, slots: &[Slot]) -> Vec<Result<(), KeepError>> {
        let mut results = self.write_all(slots);
        if results.iter().any(Result::is_ok)
            && let Err(error) = platform::durable::sync_folder(&self.folders.outbox)
        {
            for (slot, result) in slots.iter().zip(&mut results) {
                if result.is_ok() {
                    *result =
                        Err(self.take_back(slot, io::Error::new(error.kind(), error.to_string())));
                }
            }
        }
        results
    }

    /// Makes answers durable, then removes the operations' files. A crash in between leaves both,
    /// and the answer counts.
    ///
    /// # Errors
    /// [`KeepError`]; then the operations still wait, and it can be tried again.
    pub(crate) fn settle(&self, settling: &Settling) -> Result<(), KeepError> {
        let Some((_, newest)) = settling.done.last() else {
            return Ok(());
        };
        let mut answers = self.lock();
        let Answers { journal, live } = &mut *answers;
        journal.append(settling.done.iter().map(|(_, answer)| &**answer))?;
        live.extend(settling.done.iter().map(|(_, answer)| Arc::clone(answer)));
        while live.len() > ANSWERS_MAX
            || live
                .front()
                .is_some_and(|oldest| is_too_old(oldest, newest.done_at))
        {
            live.pop_front();
        }
        if journal.is_mostly_dead(live.len())
            && let Err(error) = journal.rewrite(live.iter().map(|answer| &**answer))
        {
            // The longer file is as good; the next call tries again.
            tracing::warn!(%error, "Answers not rewritten");
        }
        drop(answers);
        for (slot, _) in &settling.done {
            self.remove(slot);
        }
        Ok(())
    }

    /// Puts an operation beside the outbox, with the server's words, and removes it from there. A
    /// crash in between leaves both, and the held one counts.
    ///
    /// # Errors
    /// [`KeepError`]; then the operation still waits.
    pub(crate) fn hold(&self, slot: &Slot, reason: &str, at: Timestamp) -> Result<(), KeepError> {
        let file = HeldFile {
            format: FORMAT,
            kept: &slot.kept,
            reason,
            at,
        };
        let bytes = serde_json::to_vec(&file).map_err(io::Error::from)?;
        let path = self.folders.held.join(slot.file_name());
        platform::durable::write_durably(&path, &bytes)?;
        self.remove(slot);
        Ok(())
    }

    /// Puts held operations back among those that wait; the results are in their order. A crash in
    /// between leaves both files, and the held one counts.
    pub(crate) fn release_all(&self, slots: &[Slot]) -> Vec<Result<(), KeepError>> {
        let results = self.keep_all(slots);
        for (slot, result) in slots.iter().zip(&results) {
            if result.is_ok() {
                remove(&self.folders.held.join(slot.file_name()));
            }
        }
        results
    }

    /// Whether a file as large as most operations can be made durable here.
    ///
    /// # Errors
    /// [`KeepError`] where it cannot.
    pub(crate) fn look_for_room(&self) -> Result<(), KeepError> {
        let path = self.folders.outbox.join(".room.aside");
        let written = platform::durable::write_durably(&path, &[0; ROOM_BYTES]);
        // Where it was not written, there is none.
        let _ = fs::remove_file(&path);
        Ok(written?)
    }

    /// Writes several files side by side: a file system flushes what comes together at once.
    fn write_all(&self, slots: &[Slot]) -> Vec<Result<(), KeepError>> {
        let write =
            |slots: &[Slot]| -> Vec<_> { slots.iter().map(|slot| self.write(slot)).collect() };
        let share = slots.len().div_ceil(WRITERS_MAX).max(1);
        let (own, others) = slots.split_at(share.min(slots.len()));
        std::thread::scope(|scope| {
            let start =
                |slots| std::thread::Builder::new().spawn_scoped(scope, move || write(slots));
            let others: Vec<_> = others
                .chunks(share)
                .map(|slots| (slots, start(slots)))
                .collect();
            let mut results = write(own);
            for (slots, writer) in others {
                results.extend(match writer {
                    Ok(writer) => writer.join().expect("writing a file does not panic"),
                    // The system is out of threads.
                    Err(_) => write(slots),
                });
            }
            results
        })
    }

    fn write(&self, slot: &Slot) -> Result<(), KeepError> {
        let file = KeptFile {
            format: FORMAT,
            kept: &slot.kept,
        };
        let bytes = serde_json::to_vec(&file).map_err(io::Error::from)?;
        let path = self.folders.outbox.join(slot.file_name());
        Ok(platform::durable::write_unsettled(&path, &bytes)?)
    }

    pub(super) fn take_back(&self, slot: &Slot, error: io::Error) -> KeepError {
        match fs::remove_file(self.folders.outbox.join(slot.file_name())) {
            // Without a sync it may come back when the power fails, and be sent.
            Ok(()) => match platform::durable::sync_folder(&self.folders.outbox) {
                Ok(()) => error.into(),
                Err(_) => KeepError::Uncertain(error),
            },
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => error.into(),
            Err(_) => KeepError::Uncertain(error),
        }
    }

    /// Needs no fsync: a file that comes back is recognised by its ID at the next start.
    fn remove(&self, slot: &Slot) {
        remove(&self.folders.outbox.join(slot.file_name()));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Answers> {
        // A panic cannot leave half a line behind: the journal cuts it off at the next append.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => (),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "An operation's file not removed");
        }
    }
}

impl Slot {
    fn file_name(&self) -> String {
        file_name(self.sequence, &self.kept.operation.id)
    }
}
