//! What is held in memory of an arrival log, and what of it is not on the disk yet.

use std::collections::{HashSet, VecDeque};

use crate::arrivals::known::{Known, known_key};
use crate::arrivals::{ARRIVALS_MAX, Arrival, Bounds};

/// What is held in memory of an arrival log.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) bounds: Bounds,
    pub(super) arrivals: VecDeque<Arrival>,
    pub(super) known: Known,
    pub(super) disk: Disk,
}

/// What is not on the disk yet.
#[derive(Debug)]
pub(super) enum Disk {
    /// These steps, in order.
    Lacks(Vec<Step>),
    /// It is not known what, or too much: everything is written anew.
    LacksAll,
    /// Nothing is written any more: the repository is opened anew by another.
    Closed,
}

/// A change of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An entry arrived.
    Arrived(Arrival),
    /// An entry is shown no more: its [`known_key`].
    Gone(u64),
    /// The repository was read a first time.
    Begun,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Unwritten {
    Steps(Vec<Step>),
    All {
        begun: bool,
        dropped: u64,
        known: Vec<u64>,
        arrivals: Vec<Arrival>,
    },
}

impl Kept {
    pub(super) fn empty(log: String) -> Self {
        Self {
            bounds: Bounds {
                log,
                last: 0,
                next: 1,
                dropped: 0,
                early: 0,
                begun: false,
            },
            arrivals: VecDeque::new(),
            known: Known::default(),
            disk: Disk::Lacks(Vec::new()),
        }
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds.clone()
    }

    pub(super) fn after(&self, number: u64) -> impl Iterator<Item = &Arrival> {
        let begin = self.arrivals.partition_point(|each| each.number <= number);
        self.arrivals.range(begin..)
    }

    /// Numbers them, and keeps the newest [`ARRIVALS_MAX`].
    pub(super) fn add(&mut self, new: &mut [Arrival]) {
        for arrival in new.iter_mut() {
            arrival.number = self.bounds.next;
            self.bounds.next += 1;
            self.bounds.last = arrival.number;
            if arrival.early {
                self.bounds.early = arrival.number;
            }
            self.known.insert(known_key(arrival));
        }
        let newest = new.len().saturating_sub(ARRIVALS_MAX);
        self.arrivals.extend(new[newest..].iter().cloned());
        if let Some(passed) = newest.checked_sub(1) {
            self.bounds.dropped = new[passed].number;
        }
        self.forget_the_oldest();
        self.note(new.iter().cloned().map(Step::Arrived));
    }

    pub(super) fn forget(&mut self, gone: HashSet<u64>) {
        if gone.is_empty() {
            return;
        }
        self.known.retain(|key| !gone.contains(&key));
        self.note(gone.into_iter().map(Step::Gone));
    }

    pub(super) fn begin(&mut self) {
        if !self.bounds.begun {
            self.bounds.begun = true;
            self.note(std::iter::once(Step::Begun));
        }
    }

    pub(super) fn forget_the_oldest(&mut self) {
        while self.arrivals.len() > ARRIVALS_MAX {
            if let Some(oldest) = self.arrivals.pop_front() {
                self.bounds.dropped = self.bounds.dropped.max(oldest.number);
            }
        }
    }

    pub(super) fn is_changed(&self) -> bool {
        match &self.disk {
            Disk::Lacks(steps) => !steps.is_empty(),
            Disk::LacksAll => true,
            Disk::Closed => false,
        }
    }

    /// What is to be written; counts as written from here on.
    pub(super) fn unwritten(&mut self, is_long: bool) -> Option<Unwritten> {
        let all = match &self.disk {
            Disk::Closed => return None,
            Disk::Lacks(steps) if steps.is_empty() => return None,
            Disk::Lacks(_) => is_long,
            Disk::LacksAll => true,
        };
        let lacks = std::mem::replace(&mut self.disk, Disk::Lacks(Vec::new()));
        if let (false, Disk::Lacks(steps)) = (all, lacks) {
            return Some(Unwritten::Steps(steps));
        }
        Some(Unwritten::All {
            begun: self.bounds.begun,
            dropped: self.bounds.dropped,
            known: self.known.sorted(),
            arrivals: self.arrivals.iter().cloned().collect(),
        })
    }

    /// A write failed: what stands on the disk is not known.
    pub(super) fn write_all_next(&mut self) {
        match self.disk {
            Disk::Lacks(_) | Disk::LacksAll => self.disk = Disk::LacksAll,
            Disk::Closed => (),
        }
    }

    pub(super) fn close(&mut self) {
        self.disk = Disk::Closed;
    }

    fn note(&mut self, new: impl ExactSizeIterator<Item = Step>) {
        if let Disk::Lacks(steps) = &mut self.disk {
            if steps.len() + new.len() > ARRIVALS_MAX {
                self.disk = Disk::LacksAll;
            } else {
                steps.extend(new);
            }
        }
    }
}
