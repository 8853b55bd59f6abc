//! What a push came to: what is held, and what the engine is told.

use threads::entry_id::EntryId;

use super::Delivery;
use crate::event::Event;
use crate::moment::Span;
use crate::trouble::{Trouble, TroubleKind};

/// What a push of operations `T` found out; `E` is what else went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered<T, E> {
    /// What is to be held, with the remote's words.
    pub at_fault: Vec<(T, String)>,
    /// What the remote's rules did not let in, if anything, and as far as that is known.
    pub refusal: Option<Refusal>,
    all_len: usize,
    takes_others: bool,
    failed: Option<E>,
}

/// What the remote's rules refused, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Some, while it took others.
    OfSome(String),
    /// Whatever was tried.
    OfAll(String),
}

/// Why what is neither on the remote nor held is still pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop<E> {
    /// The remote's rules refuse whatever was tried.
    Refused,
    /// Something else went wrong.
    Failed(E),
}

impl<T, E> Delivery<T, E> {
    /// What it came to, when no part is left. `was_held` tells of an operation whether it was at
    /// fault before: it had its chance, and is held again even where nothing else was taken.
    pub fn end(self, was_held: impl Fn(&T) -> bool) -> Delivered<T, E> {
        let Self {
            all,
            alone,
            takes_others,
            refused,
            failed,
            ..
        } = self;
        let all_len = all.len();
        let mut refusal = None;
        let at_fault = if takes_others {
            let mut alone = alone.into_iter().peekable();
            let mut at_fault = Vec::new();
            for (at, operation) in all.into_iter().enumerate() {
                if let Some((_, reason)) = alone.next_if(|(alone, _)| *alone == at) {
                    at_fault.push((operation, reason));
                }
            }
            let last = at_fault.last();
            refusal = last.map(|(_, reason)| Refusal::OfSome(reason.clone()));
            at_fault
        } else if let Some(reason) = refused.filter(|_| failed.is_none()) {
            refusal = Some(Refusal::OfAll(reason.clone()));
            let again = all.into_iter().filter(was_held);
            again.map(|operation| (operation, reason.clone())).collect()
        } else {
            Vec::new()
        };
        Delivered {
            at_fault,
            refusal,
            all_len,
            takes_others,
            failed,
        }
    }
}

impl<T, E> Delivered<T, E> {
    /// Why something is still pending, when so many of those at fault were held; `None` where
    /// nothing is, or nothing hinders the next push from taking it.
    pub fn stop(self, held_len: usize) -> Option<Stop<E>> {
        match self.failed {
            Some(failed) => Some(Stop::Failed(failed)),
            None if self.takes_others || self.refusal.is_none() || held_len == self.all_len => None,
            None => Some(Stop::Refused),
        }
    }
}

/// How a push was stopped, in the engine's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The remote moved meanwhile.
    Rejected {
        /// Those who take turns at this remote let us go first, if we come again at once.
        at_once: bool,
    },
    /// The last part may be on the remote.
    Unknown(Trouble),
    /// The last part is not on the remote.
    Failed(Trouble),
}

/// What an engine is told of a push, in this order: what the remote holds, what was held, and how
/// the push was stopped, if it was. `took` is what the last part took.
#[must_use]
pub fn events(
    done: Vec<EntryId>,
    held: Vec<EntryId>,
    stopped: Option<Stopped>,
    took: Span,
) -> Vec<Event> {
    let Some(stopped) = stopped else {
        return vec![Event::Pushed { done, held, took }];
    };
    let mut events = Vec::new();
    if !held.is_empty() {
        let trouble = Trouble::new(TroubleKind::PushRefused);
        events.push(Event::TroubleFound { trouble });
    }
    let ids: Vec<EntryId> = done.into_iter().chain(held).collect();
    if !ids.is_empty() {
        events.push(Event::Settled { ids });
    }
    events.push(match stopped {
        Stopped::Rejected { at_once } => Event::PushRejected { took, at_once },
        Stopped::Unknown(trouble) => Event::PushUnknown { trouble },
        Stopped::Failed(trouble) => Event::PushFailed { trouble },
    });
    events
}
