//! Sends what is pending: all at once, and one by one where the remote's rules refuse something.

use std::sync::Arc;

use repository::{PushError, Tip};
use threads::operation::Operation;
use tracing::warn;

use crate::base;
use crate::outbox::Slot;
use crate::perform::{Performer, PushFailure, PushOutcome, unix_now};
use crate::snapshot::Base;

impl Performer {
    pub(super) fn push_now(&self, before: &Arc<Base>, slots: &[Slot]) -> PushOutcome {
        let mut outcome = PushOutcome::default();
        let owned: Vec<Operation> = slots
            .iter()
            .map(|slot| slot.kept.operation.clone())
            .collect();
        let mut tip = before.tip;
        match self.send(tip.as_ref(), &owned, &mut outcome) {
            Ok(sent) => tip = Some(sent),
            Err(PushError::Refused { reason }) => {
                tip = self.send_one_by_one(tip, slots, &reason, &mut outcome);
            }
            Err(error) => outcome.failure = Some(failure(error)),
        }
        self.advance(before, tip.as_ref(), &mut outcome);
        outcome
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
            outcome
                .done
                .extend(operations.iter().map(|operation| operation.id.clone()));
            return Ok(tip.expect("a commit was made, or stood there"));
        };
        let pushed = self.link.push(remote, onto, operations, &self.author)?;
        outcome.bytes_sent += pushed.bytes_sent;
        outcome.done.extend(pushed.done);
        Ok(pushed.tip)
    }

    /// Finds what the remote's rules refuse; the others go on.
    fn send_one_by_one(
        &self,
        mut tip: Option<Tip>,
        slots: &[Slot],
        first_reason: &str,
        outcome: &mut PushOutcome,
    ) -> Option<Tip> {
        outcome.refused = Some(refused(first_reason));
        for slot in slots {
            let operation = &slot.kept.operation;
            match self.send(tip.as_ref(), std::slice::from_ref(operation), outcome) {
                Ok(sent) => tip = Some(sent),
                Err(PushError::Refused { reason }) => {
                    warn!(repository = %self.name, id = %operation.id, %reason, "Held");
                    outcome.refused = Some(refused(&reason));
                    match self.keeper.hold(slot, &reason, unix_now()) {
                        Ok(()) => outcome.held.push((slot.clone(), reason)),
                        Err(error) => warn!(%error, "A refused operation stays in the outbox"),
                    }
                }
                Err(error) => {
                    outcome.failure = Some(failure(error));
                    break;
                }
            }
        }
        tip
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
        PushError::Rejected => PushFailure::Rejected,
        PushError::Unknown(error) => PushFailure::Unknown(error),
        PushError::Failed(error) => PushFailure::Failed(error),
        PushError::Refused { reason } => unreachable!("split before: {reason}"),
    }
}

fn refused(reason: &str) -> (String, String) {
    (
        format!("The remote refused an entry: {reason}"),
        "It is kept under held/ in the state folder; ask who sets the remote's rules.".to_owned(),
    )
}
