//! A machine's push: the real delivery, and what the daemon does with each of its answers.

use std::collections::BTreeSet;

use sync_engine::delivery::{
    BatchMax, Delivery, NotTaken, Stop, Stopped, Taken, Weight, batch, events,
};
use sync_engine::moment::{Moment, Span};
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;
use threads::operation::Operation;

use super::Machine;
use crate::chance::Chance;
use crate::coverage::{Counts, Occurrence};
use crate::disk::Folder;
use crate::invariants::Broken;
use crate::remote::{Remote, Tip};
use crate::replay::{Replayed, replay};

/// Operations of one push: more must wait for the next now and then.
const PUSH_OPERATIONS_MAX: [usize; 3] = [4, 8, 16];

/// Every operation of a simulation weighs as much as the others.
const ONE: Weight = Weight {
    bytes: 1,
    version_bytes: 1,
};

/// An operation in a push.
#[derive(Clone)]
pub(super) struct Sent {
    operation: Operation,
    was_held: bool,
}

/// A push under way.
pub(crate) struct Pushing {
    delivery: Delivery<Sent, Stopped>,
    /// The tip that the next part goes on.
    tip: Tip,
    done: Vec<EntryId>,
    parts: usize,
    took: Span,
}

/// What came of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartAnswer {
    Taken(Tip),
    /// There was nothing to send.
    Known,
    Refused,
    Stopped(Stopped),
}

impl Pushing {
    /// Whether more than the whole was sent.
    pub(crate) fn is_in_parts(&self) -> bool {
        self.parts > 1
    }
}

impl Machine {
    pub(crate) fn begin_push(&mut self, chance: &mut Chance, counts: &mut Counts) {
        if std::mem::take(&mut self.unknown) {
            counts.note(Occurrence::PushedAfterUnknown);
        }
        let most = PUSH_OPERATIONS_MAX[self.number % PUSH_OPERATIONS_MAX.len()];
        let pending = self.pending();
        let max = BatchMax {
            operations: most,
            bytes: usize::MAX,
            versions_bytes: usize::MAX,
        };
        let held_back = self.held_back.then(|| chance.number() as usize);
        let places = batch(&vec![ONE; pending.len()], max, held_back);
        let sent = places.into_iter().map(|at| pending[at].clone());
        let sent = sent.map(|operation| Sent {
            was_held: self.released.contains(&operation.id),
            operation,
        });
        self.pushing = Some(Pushing {
            delivery: Delivery::new(sent.collect(), chance.number() as usize),
            tip: self.base,
            done: Vec::new(),
            parts: 0,
            took: Span::ZERO,
        });
    }

    /// The next part of the push under way, and the tip that it goes on; none where it is over.
    pub(crate) fn next_part(&mut self, remote: &Remote) -> Option<(Tip, Replayed)> {
        let Pushing {
            delivery,
            tip,
            parts,
            ..
        } = self.pushing.as_mut()?;
        let part = delivery.part()?;
        *parts += 1;
        let operations = part.iter().map(|sent| &sent.operation);
        Some((*tip, replay(remote, *tip, operations)))
    }

    /// Whether the push under way has been split.
    pub(crate) fn pushes_in_parts(&self) -> bool {
        self.pushing.as_ref().is_some_and(Pushing::is_in_parts)
    }

    /// What came of the part that was sent last.
    pub(crate) fn heard(&mut self, answer: PartAnswer, took: Span, counts: &mut Counts) {
        let is_part = self.pushes_in_parts();
        let Some(Pushing {
            delivery,
            tip,
            done,
            took: last_took,
            ..
        }) = &mut self.pushing
        else {
            return;
        };
        *last_took = took;
        let part = delivery.part().unwrap_or_default().to_vec();
        let ids = part.iter().map(|sent| sent.operation.id.clone());
        let answer = match answer {
            PartAnswer::Taken(new) => {
                if is_part {
                    counts.note(Occurrence::PartTaken);
                }
                *tip = new;
                self.clone = new;
                done.extend(ids);
                Ok(Taken::New)
            }
            PartAnswer::Known => {
                for _ in ids.clone() {
                    counts.note(Occurrence::FoundThere);
                }
                done.extend(ids);
                Ok(Taken::Known)
            }
            PartAnswer::Refused => {
                if !is_part && part.len() > 1 {
                    counts.note(Occurrence::Sifted);
                }
                Err(NotTaken::Refused("the rules".to_owned()))
            }
            PartAnswer::Stopped(stopped) => Err(NotTaken::Failed(stopped)),
        };
        delivery.heard(answer);
    }

    /// The push is over; what is done, and leaves the outbox.
    pub(crate) fn end_push(
        &mut self,
        remote: &Remote,
        now: Moment,
        counts: &mut Counts,
    ) -> Result<Vec<EntryId>, Broken> {
        let pushing = self.pushing.take().expect("it is under way");
        let Pushing {
            delivery,
            tip,
            done,
            took,
            ..
        } = pushing;
        let took_any = tip != self.base;
        let mut delivered = delivery.end(|sent| sent.was_held);
        let mut held = Vec::new();
        for (sent, _) in std::mem::take(&mut delivered.at_fault) {
            let id = sent.operation.id;
            if !took_any && !sent.was_held {
                return Err(Broken::HeldBlindly { id });
            }
            counts.note(if sent.was_held {
                Occurrence::HeldAgain
            } else {
                Occurrence::Held
            });
            self.disk.move_to(Folder::Held, &id);
            held.push(id);
        }
        if !done.is_empty() || !held.is_empty() {
            self.held_back = false;
        }
        let stopped = delivered.stop(held.len()).map(|stop| match stop {
            Stop::Refused => {
                self.held_back = true;
                Stopped::Failed(Trouble::new(TroubleKind::PushRefused))
            }
            Stop::Failed(stopped) => stopped,
        });
        self.must_look = match stopped {
            Some(Stopped::Rejected { .. } | Stopped::Unknown(_)) => true,
            Some(Stopped::Failed(_)) | None => false,
        };
        let there = remote.ids(tip);
        let gone = done.iter().filter(|&id| !there.contains(id));
        self.found_gone(gone.cloned().collect(), now, counts);
        self.unknown = matches!(stopped, Some(Stopped::Unknown(_)));
        self.set_base(tip, remote);
        let now_done: BTreeSet<&EntryId> = done.iter().collect();
        self.released.retain(|id| !now_done.contains(id));
        for event in events(done.clone(), held, stopped, took) {
            self.handle(event, now);
        }
        Ok(done)
    }
}
