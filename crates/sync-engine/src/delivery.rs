//! Decides which operations one push sends, part by part, and which of them the remote's rules
//! refuse: all at once at first; where that is refused, they are sifted in few pushes.
//!
//! An operation is at fault only where it is refused alone while the remote takes others: else it
//! may be the branch that takes nothing, and everything would be held. So at first one operation at
//! a time is tried, three at most, until one is taken. With that proof the rest is halved until each
//! part is taken or is one. The older come first, so that what is taken stands in the order in which
//! it was written. Where none of the three is taken, one by chance is tried; where that is refused
//! too nothing is known, and all go on waiting.

mod batch;
mod outcome;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use batch::{BatchMax, Weight, batch};
pub use outcome::{Delivered, Refusal, Stop, Stopped, events};

/// How many parts one sifting sends at most: enough to find two among a thousand. What is left goes
/// with the next push.
pub const PARTS_MAX: usize = 48;

/// How many are tried alone, and refused, before that is taken for the branch's doing.
const ALONE_MAX: usize = 3;

/// What the remote did with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It took it.
    New,
    /// It had all of it already, which proves nothing.
    Known,
}

/// Why the remote has not taken a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken<E> {
    /// Its rules refuse it; in its words.
    Refused(String),
    /// Something else, that sifting does not find out about: it ends there.
    Failed(E),
}

/// One push of operations `T`, where `E` is what else can go wrong. Send what [`Delivery::part`]
/// gives, tell what came of it with [`Delivery::heard`], until there is no part left; then
/// [`Delivery::end`].
#[derive(Clone, Debug)]
pub struct Delivery<T, E> {
    all: Vec<T>,
    draw: usize,
    stage: Stage,
    /// What is to be sent, the last first.
    due: Vec<Due>,
    parts_left: usize,
    /// What was refused alone, with the remote's words.
    alone: Vec<(usize, String)>,
    /// Whether the remote took others meanwhile.
    takes_others: bool,
    /// Its words on the whole.
    refused: Option<String>,
    failed: Option<E>,
}

/// What is being found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Whether all are taken together.
    Whole,
    /// Whether one of the oldest is taken; so many were tried.
    Alone { tried: usize },
    /// Whether this one is.
    Drawn { at: usize },
    /// Which others are refused.
    Halving,
}

#[derive(Clone, Debug)]
enum Due {
    Send(Range<usize>),
    /// The newer half of what was refused, when so many had been refused alone before the older half
    /// was sent.
    Newer {
        newer: Range<usize>,
        alone_before: usize,
    },
}

impl<T, E> Delivery<T, E> {
    /// A push of `all`, the oldest first. `draw`, any number, decides on the one that is tried last
    /// alone, so that another push may find what this one does not.
    #[must_use]
    pub fn new(all: Vec<T>, draw: usize) -> Self {
        let whole = 0..all.len();
        let mut delivery = Self {
            all,
            draw,
            stage: Stage::Whole,
            due: Vec::new(),
            parts_left: PARTS_MAX,
            alone: Vec::new(),
            takes_others: false,
            refused: None,
            failed: None,
        };
        delivery.want(whole);
        delivery
    }

    /// What is sent next, as one push; `None` where nothing more is to be found out.
    #[must_use]
    pub fn part(&self) -> Option<&[T]> {
        if self.parts_left == 0 || self.failed.is_some() {
            return None;
        }
        match self.due.last() {
            Some(Due::Send(range)) => self.all.get(range.clone()),
            Some(Due::Newer { .. }) | None => None,
        }
    }

    /// What came of the part that was to be sent; nothing happens where there was none.
    pub fn heard(&mut self, answer: Result<Taken, NotTaken<E>>) {
        if self.part().is_none() {
            return;
        }
        let Some(Due::Send(sent)) = self.due.pop() else {
            return;
        };
        // The whole is no part of a sifting.
        if self.stage != Stage::Whole {
            self.parts_left -= 1;
        }
        let mut refused_together = false;
        match answer {
            Ok(Taken::New) => self.takes_others = true,
            Ok(Taken::Known) => (),
            Err(NotTaken::Failed(error)) => self.failed = Some(error),
            Err(NotTaken::Refused(reason)) => {
                if self.stage == Stage::Whole {
                    self.refused = Some(reason.clone());
                }
                if sent.len() == 1 {
                    self.alone.push((sent.start, reason));
                } else {
                    refused_together = true;
                }
            }
        }
        self.go_on(&sent, refused_together);
        self.settle();
    }

    fn go_on(&mut self, sent: &Range<usize>, refused_together: bool) {
        match self.stage {
            Stage::Whole if refused_together => self.try_alone(0),
            Stage::Whole => (),
            Stage::Alone { tried } if self.takes_others => {
                self.stage = Stage::Halving;
                let rest = tried + 1..self.all.len();
                if self.alone.is_empty() {
                    // Something of the whole is at fault, and what was tried is not.
                    self.part_in_two(rest);
                } else {
                    self.want(rest);
                }
            }
            Stage::Alone { tried } => self.try_alone(tried + 1),
            Stage::Drawn { at } if self.takes_others => {
                self.stage = Stage::Halving;
                self.want(at + 1..self.all.len());
                self.want(ALONE_MAX..at);
            }
            Stage::Drawn { .. } => (),
            Stage::Halving if refused_together => self.part_in_two(sent.clone()),
            Stage::Halving => (),
        }
    }

    fn try_alone(&mut self, tried: usize) {
        let rest = self.all.len() - tried;
        if rest == 0 {
            return;
        }
        let at = if tried < ALONE_MAX {
            self.stage = Stage::Alone { tried };
            tried
        } else {
            let at = tried + self.draw % rest;
            self.stage = Stage::Drawn { at };
            at
        };
        self.want(at..at + 1);
    }

    /// Finds out which of some are refused, of which one is at least.
    fn part_in_two(&mut self, some: Range<usize>) {
        let middle = some.start + some.len() / 2;
        self.due.push(Due::Newer {
            newer: middle..some.end,
            alone_before: self.alone.len(),
        });
        self.want(some.start..middle);
    }

    fn want(&mut self, some: Range<usize>) {
        if !some.is_empty() {
            self.due.push(Due::Send(some));
        }
    }

    /// Goes on until there is something to send.
    fn settle(&mut self) {
        while let Some(Due::Newer {
            newer,
            alone_before,
        }) = self.due.pop_if(|due| matches!(due, Due::Newer { .. }))
        {
            if self.alone.len() == alone_before && newer.len() > 1 {
                // Nothing of the older half is at fault, so something of this one is.
                self.part_in_two(newer);
            } else {
                self.want(newer);
            }
        }
    }
}
