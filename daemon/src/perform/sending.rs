//! Sends what is pending: all at once, and sifted where the remote's rules refuse something.

use std::sync::Arc;
use std::time::Instant;

use repository::{PushError, Tip};
use sync_engine::delivery::{Delivered, Delivery, NotTaken, Refusal, Stop, Taken};
use threads::operation::Operation;
use tracing::warn;

use crate::base;
use crate::outbox::Slot;
use crate::perform::{Performer, PushFailure, PushOutcome, unix_now};
use crate::snapshot::Base;

impl Performer {
    pub(super) fn push_now(
        &self,
        before: &Arc<Base>,
        slots: &[Slot],
        room_to_hold: usize,
    ) -> PushOutcome {
        let mut outcome = PushOutcome::default();
        let tip = self.push_onto(before.tip, slots, room_to_hold, &mut outcome);
        self.advance(before, tip.as_ref(), &mut outcome);
        if !self.is_local() {
            let base = outcome.base.as_ref().unwrap_or(before);
            match self.taken_out(base, base, slots, &outcome.done) {
                Ok(losses) => outcome.taken_out = losses,
                Err(error) => warn!(%error, "What was taken out is not known"),
            }
        }
        outcome
    }

    /// Sends part by part, all of it at first; the tip then.
    fn push_onto(
        &self,
        mut tip: Option<Tip>,
        slots: &[Slot],
        room_to_hold: usize,
        outcome: &mut PushOutcome,
    ) -> Option<Tip> {
        let mut delivery = Delivery::new(slots.to_vec(), fastrand::usize(..));
        while let Some(part) = delivery.part() {
            let answer = match self.timed(tip.as_ref(), part, outcome) {
                Ok(sent) => {
                    let moved = tip.replace(sent) != tip;
                    Ok(if moved { Taken::New } else { Taken::Known })
                }
                Err(PushError::Refused { reason }) => {
                    if part.len() == slots.len() {
                        warn!(repository = %self.name, operations = part.len(), %reason, "Refused");
                    }
                    Err(NotTaken::Refused(reason))
                }
                Err(error) => Err(NotTaken::Failed(failure(error))),
            };
            delivery.heard(answer);
        }
        let delivered = delivery.end(|slot| slot.was_held);
        self.judge(delivered, room_to_hold, outcome);
        tip
    }

    /// Holds what is at fault; where nothing tells what is, all of it goes on waiting.
    fn judge(
        &self,
        mut delivered: Delivered<Slot, PushFailure>,
        room_to_hold: usize,
        outcome: &mut PushOutcome,
    ) {
        outcome.refused = delivered.refusal.as_ref().map(|refusal| match refusal {
            Refusal::OfSome(reason) => held_words(reason),
            Refusal::OfAll(reason) => all_refused_words(reason),
        });
        let at_fault = std::mem::take(&mut delivered.at_fault);
        for (slot, reason) in at_fault.into_iter().take(room_to_hold) {
            warn!(repository = %self.name, id = %slot.kept.operation.id, %reason, "Held");
            match self.keeper.hold(&slot, &reason, unix_now()) {
                Ok(()) => outcome.held.push((slot, reason)),
                Err(error) => warn!(%error, "A refused operation stays in the outbox"),
            }
        }
        outcome.failure = delivered.stop(outcome.held.len()).map(|stop| match stop {
            Stop::Refused => PushFailure::Refused,
            Stop::Failed(failure) => failure,
        });
    }

    fn timed(
        &self,
        onto: Option<&Tip>,
        slots: &[Slot],
        outcome: &mut PushOutcome,
    ) -> Result<Tip, PushError> {
        let operations = slots.iter().map(|slot| slot.kept.operation.clone());
        let operations: Vec<Operation> = operations.collect();
        let begun = Instant::now();
        let sent = self.send(onto, &operations, outcome);
        outcome.exchanges.push(begun.elapsed());
        sent
    }

    fn send(
        &self,
        onto: Option<&Tip>,
        operations: &[Operation],
        outcome: &mut PushOutcome,
    ) -> Result<Tip, PushError> {
        let Some(remote) = &self.remote else {
            let tip = self.clone.commit_local(operations, &self.author);
            let tip = tip.map_err(|error| PushError::Failed(error.into()))?;
            // Edits of what is gone, in a branch that holds nothing.
            let tip = tip.ok_or(PushError::Rejected { at_once: false })?;
            outcome
                .done
                .extend(operations.iter().map(|operation| operation.id.clone()));
            return Ok(tip);
        };
        let pushed = self.link.push(remote, onto, operations, &self.author)?;
        outcome.bytes_sent += pushed.bytes_sent;
        outcome.done.extend(pushed.done);
        Ok(pushed.tip)
    }

    /// Makes the base of the new tip.
    fn advance(&self, before: &Arc<Base>, tip: Option<&Tip>, outcome: &mut PushOutcome) {
        if outcome.done.is_empty() || tip == before.tip.as_ref() {
            return;
        }
        match base::advance(&self.clone, before, tip) {
            Ok(base) => {
                outcome.changed = base::changed(before, &base);
                outcome.base = Some(base);
            }
            Err(error) => {
                outcome.failure = Some(PushFailure::Unknown(error.into()));
                outcome.done.clear();
            }
        }
    }
}

fn failure(error: PushError) -> PushFailure {
    match error {
        PushError::Rejected { at_once } => PushFailure::Rejected { at_once },
        PushError::Unknown(error) => PushFailure::Unknown(error),
        PushError::Failed(error) => PushFailure::Failed(error),
        PushError::Refused { reason } => unreachable!("split before: {reason}"),
    }
}

fn held_words(reason: &str) -> (String, String) {
    (
        format!("The remote refused an entry: {reason}"),
        "It is kept under held/ in the state folder and hinders no other. Ask who sets the remote's \
         rules; `watercooler sync` tries it once more."
            .to_owned(),
    )
}

fn all_refused_words(reason: &str) -> (String, String) {
    (
        format!("The remote refused what was pushed: {reason}"),
        "It waits here and is tried again now and then. Ask who sets the remote's rules; \
         `watercooler sync` tries at once."
            .to_owned(),
    )
}
