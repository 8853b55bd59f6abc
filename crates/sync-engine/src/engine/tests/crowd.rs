//! Many engines on one remote that takes one winner a window: nobody starves, and no time is lost.

use std::collections::BTreeSet;

use threads::entry_id::EntryId;

use super::FILE;
use super::script::id;
use crate::action::Action;
use crate::engine::Engine;
use crate::event::Event;
use crate::limits::Limits;
use crate::moment::{Moment, Span};

/// Between two writes of one writer.
const WRITE_EVERY: Span = Span::from_ms(50);

/// Writes of one writer.
const WRITES: usize = 20;

/// A push reads the remote's tip after this many of its four quarters, and moves it at its end.
const ADVERTISED_AFTER: u64 = 1;

struct Writer {
    engine: Engine,
    writes_left: usize,
    write_at: Moment,
    known: usize,
    under_way: Option<UnderWay>,
}

enum UnderWay {
    Fetch {
        began: Moment,
        ends: Moment,
    },
    PushBegun {
        began: Moment,
        advertised: Moment,
        ends: Moment,
    },
    PushRuns {
        tip: usize,
        began: Moment,
        ends: Moment,
    },
}

struct Crowd {
    writers: Vec<Writer>,
    /// The remote: who made each version, and how many writes it holds.
    versions: Vec<usize>,
    held: BTreeSet<EntryId>,
    push: Span,
    /// How many exchanges run side by side without slowing each other down.
    cores: u64,
    races_lost: u64,
    pushes: u64,
}

/// How long `count` writers need for all their writes, when a push takes this long.
fn check(count: usize, push: Span, cores: u64, most: Span) {
    let mut crowd = Crowd::new(count, push, cores);
    let mut now = Moment::ZERO;
    while crowd.held.len() < count * WRITES {
        now = crowd.next_moment();
        assert!(
            now <= Moment::ZERO + most,
            "{} of {} by {now}",
            crowd.held.len(),
            count * WRITES
        );
        crowd.run(now);
    }
    println!(
        "{count} writers, a push {push}: {now}, {} pushes, {} races lost",
        crowd.pushes, crowd.races_lost
    );
}

impl Crowd {
    fn new(count: usize, push: Span, cores: u64) -> Self {
        let writer = |number: usize| {
            let seed = number as u64;
            let mut engine = Engine::new(FILE, Limits::default(), seed, Moment::ZERO);
            engine.handle(
                Event::Started {
                    pending: Vec::new(),
                },
                Moment::ZERO,
            );
            Writer {
                engine,
                writes_left: WRITES,
                write_at: Moment::from_ms(seed % 50),
                known: 0,
                under_way: None,
            }
        };
        Self {
            writers: (0..count).map(writer).collect(),
            versions: Vec::new(),
            held: BTreeSet::new(),
            push,
            cores,
            races_lost: 0,
            pushes: 0,
        }
    }

    fn next_moment(&self) -> Moment {
        self.writers
            .iter()
            .filter_map(Writer::next_moment)
            .min()
            .expect("somebody waits")
    }

    fn run(&mut self, now: Moment) {
        for number in 0..self.writers.len() {
            if self.writers[number]
                .next_moment()
                .is_some_and(|at| at <= now)
            {
                self.run_one(number, now);
            }
            while let Some(action) = self.writers[number].engine.poll_action() {
                self.begin(number, &action, now);
            }
        }
    }

    fn run_one(&mut self, number: usize, now: Moment) {
        let tip = self.versions.len();
        let writer = &mut self.writers[number];
        if writer.writes_left > 0 && writer.write_at <= now {
            writer.writes_left -= 1;
            writer.write_at = now + WRITE_EVERY;
            let id = id(&format!("w{number}-{}", writer.writes_left));
            writer.engine.handle(Event::Kept { id }, now);
        }
        match writer.under_way.take_if(|work| work.next_moment() <= now) {
            None => writer.engine.handle_timeout(now),
            Some(UnderWay::Fetch { began, .. }) => {
                let news: BTreeSet<_> = self.versions[writer.known..]
                    .iter()
                    .filter(|&&by| by != number)
                    .collect();
                let (moved, writers) = (writer.known < tip, news.len() as u32);
                for &&by in &news {
                    let writer_seen = Event::WriterSeen { writer: by as u64 };
                    writer.engine.handle(writer_seen, now);
                }
                writer.known = tip;
                let took = now - began;
                writer.engine.handle(
                    Event::Fetched {
                        moved,
                        writers,
                        took,
                    },
                    now,
                );
            }
            Some(UnderWay::PushBegun { began, ends, .. }) if writer.known == tip => {
                writer.under_way = Some(UnderWay::PushRuns { tip, began, ends });
            }
            Some(UnderWay::PushRuns {
                tip: expected,
                began,
                ..
            }) if expected == tip => {
                let done: Vec<_> = writer.engine.pending_ids().cloned().collect();
                self.held.extend(done.iter().cloned());
                self.versions.push(number);
                writer.known = tip + 1;
                let event = Event::Pushed {
                    done,
                    held: Vec::new(),
                    took: now - began,
                };
                writer.engine.handle(event, now);
            }
            Some(UnderWay::PushBegun { began, .. } | UnderWay::PushRuns { began, .. }) => {
                self.races_lost += 1;
                let took = now - began;
                writer.engine.handle(
                    Event::PushRejected {
                        took,
                        at_once: false,
                    },
                    now,
                );
            }
        }
    }

    fn begin(&mut self, number: usize, action: &Action, now: Moment) {
        let busy = self
            .writers
            .iter()
            .filter(|other| other.under_way.is_some());
        let share = (busy.count() as u64 + 1).max(self.cores);
        let push = self.push * share / self.cores;
        let under_way = match action {
            Action::Keep { .. } | Action::Refuse { .. } | Action::Tidy => return,
            Action::Fetch => UnderWay::Fetch {
                began: now,
                ends: now + push / 2,
            },
            Action::Push => {
                self.pushes += 1;
                UnderWay::PushBegun {
                    began: now,
                    advertised: now + push * ADVERTISED_AFTER / 4,
                    ends: now + push,
                }
            }
        };
        assert!(self.writers[number].under_way.is_none());
        self.writers[number].under_way = Some(under_way);
    }
}

impl Writer {
    fn next_moment(&self) -> Option<Moment> {
        let write = (self.writes_left > 0).then_some(self.write_at);
        let work = self.under_way.as_ref().map(UnderWay::next_moment);
        [write, work, self.engine.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }
}

impl UnderWay {
    fn next_moment(&self) -> Moment {
        match *self {
            Self::PushBegun { advertised, .. } => advertised,
            Self::Fetch { ends, .. } | Self::PushRuns { ends, .. } => ends,
        }
    }
}

/// More exchanges than any test has at once: none slows another down.
const CORES_MANY: u64 = 1_000;

#[test]
fn nobody_starves_on_a_file_remote() {
    let push = Span::from_ms(32);
    for (count, most) in [(1, 3), (2, 4), (5, 6), (10, 8), (20, 12), (50, 20)] {
        check(count, push, CORES_MANY, Span::from_secs(most));
    }
}

#[test]
fn nobody_starves_where_all_share_two_cores() {
    let push = Span::from_ms(60);
    for (count, most) in [(2, 6), (5, 10), (10, 12), (20, 20), (50, 40)] {
        check(count, push, 2, Span::from_secs(most));
    }
}

#[test]
fn nobody_starves_over_ssh() {
    let push = Span::from_ms(425);
    for (count, most) in [(2, 15), (10, 60), (50, 180)] {
        check(count, push, CORES_MANY, Span::from_secs(most));
    }
}
