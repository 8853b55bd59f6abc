//! Operations on their way to the disk, and those who wait for their answer. A call that is
//! repeated gets the answer of the first, whether that is still under way or long done.

use std::collections::{HashMap, VecDeque};

use threads::entry_id::EntryId;
use threads::timestamp::Timestamp;
use tokio::sync::oneshot;

use crate::handle::{Accepted, NotAccepted, Submission};
use crate::outbox::{Found, Kept, Outbox, OutboxFull, Slot};

/// How many operations share one trip to the disk at most.
const BATCH_MAX: usize = 256;

type Waiting = oneshot::Sender<Result<Accepted, NotAccepted>>;

/// Operations on their way to the disk.
#[derive(Debug, Default)]
pub(crate) struct Submissions {
    /// Who waits for which entry, and whether by a repeated call.
    waiting: HashMap<EntryId, Vec<(Waiting, bool)>>,
    /// In order.
    queue: VecDeque<Slot>,
    /// At the disk, in order.
    keeping: Vec<Slot>,
}

impl Submissions {
    /// Tells a new call, which is given a place in the outbox, from a repeated one, which is
    /// answered like the first. Gives the ID of a new one.
    ///
    /// # Errors
    /// [`OutboxFull`], once the call is answered with that.
    pub(crate) fn admit(
        &mut self,
        submission: Submission,
        outbox: &mut Outbox,
        now: Timestamp,
    ) -> Result<Option<EntryId>, OutboxFull> {
        let Submission {
            operation,
            resent_as,
            answer,
        } = submission;
        match earlier(&operation, resent_as.as_deref(), outbox, now) {
            Some(Earlier::Same {
                id,
                then,
                durable: true,
            }) => {
                // Whoever asked may have gone.
                let _ = answer.send(Ok(Accepted {
                    id,
                    repeated: true,
                    then,
                }));
                return Ok(None);
            }
            Some(Earlier::Same {
                id, durable: false, ..
            }) => {
                self.waiting.entry(id).or_default().push((answer, true));
                return Ok(None);
            }
            Some(Earlier::OtherArguments) => {
                let _ = answer.send(Err(NotAccepted::KeyReused));
                return Ok(None);
            }
            None => (),
        }
        match outbox.reserve(Kept {
            operation,
            resent_as,
        }) {
            Ok(slot) => {
                let id = slot.kept.operation.id.clone();
                self.waiting.insert(id.clone(), vec![(answer, false)]);
                Ok(Some(id))
            }
            Err(full) => {
                let _ = answer.send(Err(NotAccepted::OutboxFull));
                Err(full)
            }
        }
    }

    /// This one goes to the disk next.
    pub(crate) fn queue(&mut self, slot: Slot) {
        self.queue.push_back(slot);
    }

    /// Whether the disk is busy.
    pub(crate) fn is_keeping(&self) -> bool {
        !self.keeping.is_empty()
    }

    /// What goes to the disk now; none where it is busy or nothing waits.
    pub(crate) fn next_batch(&mut self) -> Option<Vec<Slot>> {
        if self.is_keeping() || self.queue.is_empty() {
            return None;
        }
        self.keeping = self
            .queue
            .drain(..self.queue.len().min(BATCH_MAX))
            .collect();
        Some(self.keeping.clone())
    }

    /// The batch at the disk, which is free after this.
    pub(crate) fn take_batch(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.keeping)
    }

    /// Tells all who wait for it that it is durable.
    pub(crate) fn accept(&mut self, id: &EntryId) {
        for (answer, repeated) in self.waiting.remove(id).unwrap_or_default() {
            // Whoever asked may have gone.
            let _ = answer.send(Ok(Accepted {
                id: id.clone(),
                repeated,
                then: None,
            }));
        }
    }

    /// Tells all who wait for it that it is not.
    pub(crate) fn refuse(&mut self, id: &EntryId, why: &NotAccepted) {
        for (answer, _) in self.waiting.remove(id).unwrap_or_default() {
            // Whoever asked may have gone.
            let _ = answer.send(Err(why.clone()));
        }
    }

    /// Tells everybody who still waits that the loop ends.
    pub(crate) fn end(&mut self) {
        for (answer, _) in self.waiting.drain().flat_map(|(_, waiting)| waiting) {
            let _ = answer.send(Err(NotAccepted::Stopping));
        }
    }
}

/// An earlier call under the same key.
enum Earlier {
    Same {
        id: EntryId,
        then: Option<crate::outbox::Written>,
        durable: bool,
    },
    OtherArguments,
}

fn earlier(
    operation: &threads::operation::Operation,
    resent_as: Option<&str>,
    outbox: &Outbox,
    now: Timestamp,
) -> Option<Earlier> {
    let digest = operation.arguments_digest.as_deref();
    let by_key = operation
        .key
        .as_deref()
        .and_then(|key| outbox.find_key(&operation.agent, key, now));
    let found = by_key.or_else(|| outbox.find_resent(resent_as?, digest, now))?;
    let (id, known_digest, then) = match found {
        Found::Keeping(kept) | Found::Pending(kept) => {
            (&kept.operation.id, &kept.operation.arguments_digest, None)
        }
        Found::Held(held) => (
            &held.kept.operation.id,
            &held.kept.operation.arguments_digest,
            None,
        ),
        Found::Answered(answer) => (
            &answer.id,
            &answer.arguments_digest,
            Some(answer.outcome.clone()),
        ),
    };
    let durable = !matches!(found, Found::Keeping(_));
    if known_digest.as_deref() == digest {
        Some(Earlier::Same {
            id: id.clone(),
            then,
            durable,
        })
    } else {
        Some(Earlier::OtherArguments)
    }
}
