//! The world of one seed: its clock, and what happens in it in which order.

mod deeds;
mod exchange;
mod outsiders;

use std::collections::BTreeMap;

use sync_engine::action::Action;
use sync_engine::event::Event;
use sync_engine::moment::{Moment, Span};
use sync_engine::state::{Kind, Standing};
use threads::entry_id::EntryId;

use crate::chance::Chance;
use crate::coverage::{Counts, Occurrence};
use crate::disk::Folder;
use crate::invariants::{self, Answers, Broken};
use crate::machine::Machine;
use crate::remote::Remote;
use exchange::{Answer, Message, Work};

pub(crate) const MACHINES: usize = 3;

/// People are at it, and things go wrong, this long.
const TROUBLED: Span = Span::from_secs(30);

/// So long in one world of [`LONG_EVERY`]: waits that a person's deed or a minute ends come to their
/// end in the midst of trouble.
const TROUBLED_LONG: Span = Span::from_secs(100);
const LONG_EVERY: u64 = 8;

/// Then all must be quiet within this: a credential's circuit, a server's wish, a budget, sleep.
const CALM: Span = Span::from_secs(2 * 3_600);

/// Which promise the world breaks, to see whether it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Faithfulness {
    Whole,
    /// A write is acknowledged before it is synced.
    DiskLies,
    /// A write's file is removed and its writer told so before that is synced.
    RefusesInHaste,
    /// A push on an old tip overwrites what came between.
    RemoteOverwrites,
}

enum Happening {
    Deed,
    Started,
    PowerFails,
    Synced {
        id: EntryId,
        outcome: Kept,
    },
    /// These are done for good.
    Settled {
        ids: Vec<EntryId>,
    },
    Arrived {
        exchange: u64,
        message: Message,
        since: Moment,
        back: Option<Span>,
    },
    Answered {
        exchange: u64,
        answer: Answer,
    },
    GivenUp {
        exchange: u64,
        work: Work,
    },
}

/// What came of a write to the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Well,
    Not,
    /// The file may be there, now or after a crash.
    Uncertain,
}

/// Whose turn it is.
enum Turn {
    Outsiders,
    Machine(Whom, Happening),
}

/// To whom something happens: a machine in one of its lives.
#[derive(Clone, Copy)]
struct Whom {
    machine: usize,
    life: u32,
}

pub(crate) struct World {
    chance: Chance,
    faithfulness: Faithfulness,
    /// From here on the weather is fair and nobody does anything.
    is_calm: bool,
    now: Moment,
    troubled: Span,
    remote: Remote,
    machines: Vec<Machine>,
    /// In order of time, and of being thought of.
    agenda: BTreeMap<(Moment, u64), Turn>,
    thoughts: u64,
    answers: Answers,
    /// What outsiders are up to.
    outsiders: outsiders::Outsiders,
    /// The first promise that was not kept, where that shows at once.
    broken: Option<Broken>,
    counts: Counts,
    trace: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64, faithfulness: Faithfulness) -> Self {
        let kind = Kind::Remote {
            metered_budget: seed.is_multiple_of(2),
        };
        let mut world = Self {
            chance: Chance::new(seed),
            faithfulness,
            is_calm: false,
            now: Moment::ZERO,
            troubled: if seed % LONG_EVERY == LONG_EVERY - 1 {
                TROUBLED_LONG
            } else {
                TROUBLED
            },
            remote: Remote::new(faithfulness),
            machines: (0..MACHINES)
                .map(|number| Machine::new(number, kind))
                .collect(),
            agenda: BTreeMap::new(),
            thoughts: 0,
            answers: Answers::default(),
            outsiders: outsiders::Outsiders::new(seed),
            broken: None,
            counts: Counts::default(),
            trace: Vec::new(),
        };
        world.think(Moment::ZERO, Turn::Outsiders);
        for machine in 0..MACHINES {
            world.after(Span::ZERO, Whom { machine, life: 0 }, Happening::Started);
            world.after(Span::ZERO, Whom { machine, life: 0 }, Happening::Deed);
        }
        world
    }

    pub(crate) fn trace(&self) -> &[String] {
        &self.trace
    }

    pub(crate) fn acknowledged_len(&self) -> usize {
        self.answers.acknowledged.len()
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Lives through trouble and calm; the first promise that was not kept.
    pub(crate) fn run(&mut self) -> Result<(), Broken> {
        let troubled_until = Moment::ZERO + self.troubled;
        while self.next().is_some_and(|at| at <= troubled_until) {
            self.step()?;
        }
        self.calm_down();
        self.rest()?;
        self.note("the rules are lifted");
        self.remote.lift_rules();
        for machine in 0..MACHINES {
            self.machines[machine].seen_to(self.now);
            self.machines[machine].release(self.now, &mut self.counts);
            self.machines[machine].handle(Event::SyncAsked, self.now);
            self.perform(machine);
        }
        self.rest()?;
        invariants::check_released(&self.machines)
    }

    /// Lives until all is quiet, and looks.
    fn rest(&mut self) -> Result<(), Broken> {
        let calm_until = self.now + CALM;
        while !self.is_quiet() && self.next().is_some_and(|at| at <= calm_until) {
            self.step()?;
        }
        if let Some(restless) = self
            .machines
            .iter()
            .find(|machine| !self.is_at_rest(machine))
        {
            let view = restless.engine().map(sync_engine::engine::Engine::view);
            return Err(Broken::Restless {
                machine: restless.number,
                standing: view.as_ref().map_or("off", |view| view.standing.as_str()),
                pending: view.map_or(0, |view| view.pending),
            });
        }
        invariants::check(&self.remote, &self.machines, &self.answers)
    }

    /// From here on the weather is fair and nobody does anything; a pause of a user is ended.
    fn calm_down(&mut self) {
        self.note("calm");
        self.is_calm = true;
        self.outsiders_end();
        for machine in 0..MACHINES {
            self.machines[machine].handle(Event::ResumeAsked, self.now);
            self.perform(machine);
        }
    }

    fn is_quiet(&self) -> bool {
        let is_over = |happening: &Happening| match happening {
            Happening::Deed | Happening::PowerFails | Happening::GivenUp { .. } => true,
            Happening::Started
            | Happening::Synced { .. }
            | Happening::Settled { .. }
            | Happening::Arrived { .. }
            | Happening::Answered { .. } => false,
        };
        let is_over = |turn: &Turn| match turn {
            Turn::Outsiders => true,
            Turn::Machine(_, happening) => is_over(happening),
        };
        self.agenda.values().all(is_over)
            && self.machines.iter().all(|machine| self.is_at_rest(machine))
    }

    fn is_at_rest(&self, machine: &Machine) -> bool {
        machine.engine().is_some_and(|engine| {
            let view = engine.view();
            let refused = !machine.disk.list(Folder::Held).is_empty() || engine.pending() > 0;
            let at_rest = if refused || !machine.vanished.is_empty() {
                Standing::Attention
            } else {
                Standing::Synced
            };
            // What nothing else went along with may wait for ever: nothing tells who is at fault.
            let waits_for_rules = engine.pending_ids().all(|id| self.remote.is_poisoned(id));
            view.standing == at_rest && waits_for_rules && machine.base == self.remote.tip()
        })
    }

    fn after(&mut self, span: Span, whom: Whom, happening: Happening) {
        self.at(self.now + span, whom, happening);
    }

    fn at(&mut self, at: Moment, whom: Whom, happening: Happening) {
        self.think(at, Turn::Machine(whom, happening));
    }

    fn think(&mut self, at: Moment, turn: Turn) {
        self.thoughts += 1;
        self.agenda.insert((at, self.thoughts), turn);
    }

    fn next(&self) -> Option<Moment> {
        let timers = self.machines.iter().filter_map(Machine::timer);
        timers
            .chain(self.agenda.keys().next().map(|(at, _)| *at))
            .min()
    }

    fn step(&mut self) -> Result<(), Broken> {
        let timer = self
            .machines
            .iter()
            .filter_map(|machine| Some((machine.timer()?, machine.number)));
        let timer = timer.min();
        let first = self.agenda.first_entry().map(|entry| entry.key().0);
        match (timer, first) {
            (Some((at, machine)), first) if first.is_none_or(|first| at < first) => {
                self.now = self.now.max(at);
                self.machines[machine].handle_timeout(self.now);
                self.perform(machine);
            }
            (_, None) => (),
            (_, Some(_)) => {
                let ((at, _), turn) = self.agenda.pop_first().expect("it was just looked at");
                self.now = self.now.max(at);
                match turn {
                    Turn::Outsiders => self.outsiders_turn(),
                    Turn::Machine(whom, happening) => self.happen(whom, happening),
                }
            }
        }
        self.broken.take().map_or(Ok(()), Err)
    }

    fn happen(&mut self, whom: Whom, happening: Happening) {
        let machine = &self.machines[whom.machine];
        let wakes = machine.asleep_until;
        let is_remote = matches!(happening, Happening::Arrived { .. });
        // What was sent arrives whatever became of its sender.
        if !is_remote && wakes > self.now {
            self.at(wakes, whom, happening);
            return;
        }
        if !is_remote && whom.life != machine.life {
            return;
        }
        match happening {
            Happening::Deed => self.deed(whom),
            Happening::PowerFails => self.pull_the_plug(whom),
            Happening::Started => {
                self.note(&format!("{} starts", whom.machine));
                self.machines[whom.machine].start(&mut self.chance, self.now);
            }
            Happening::Synced { id, outcome } => self.synced(whom, id, outcome),
            Happening::Settled { ids } => {
                for id in ids {
                    self.machines[whom.machine]
                        .disk
                        .move_to(Folder::Answers, &id);
                }
            }
            Happening::Arrived {
                exchange,
                message,
                since,
                back,
            } => {
                self.arrived(whom, exchange, message, since, back);
            }
            Happening::Answered { exchange, answer } => self.answered(whom, exchange, answer),
            Happening::GivenUp { exchange, work } => self.given_up(whom, exchange, work),
        }
        self.perform(whom.machine);
    }

    fn perform(&mut self, number: usize) {
        while let Some(action) = self.machines[number].poll_action() {
            self.note(&format!("{number} {action:?}"));
            let whom = Whom {
                machine: number,
                life: self.machines[number].life,
            };
            match action {
                Action::Keep { id } => {
                    let outcome = match self.chance.below(100) {
                        _ if self.is_calm => Kept::Well,
                        0..2 => Kept::Not,
                        2..4 => Kept::Uncertain,
                        _ => Kept::Well,
                    };
                    let after = self.chance.span(1, 200);
                    self.after(after, whom, Happening::Synced { id, outcome });
                }
                Action::Refuse { id } => panic!("no outbox is that full: {id}"),
                Action::Tidy => panic!("nothing told of clutter"),
                Action::Fetch => self.send(whom, Work::Fetch, Message::Fetch),
                Action::Push => {
                    let machine = &mut self.machines[number];
                    if machine.must_look {
                        self.broken = Some(Broken::PushedBlindly { machine: number });
                    }
                    machine.begin_push(&mut self.chance, &mut self.counts);
                    self.send_part(whom);
                }
            }
        }
    }

    fn synced(&mut self, whom: Whom, id: EntryId, outcome: Kept) {
        let machine = &mut self.machines[whom.machine];
        match outcome {
            Kept::Well => {
                if self.faithfulness != Faithfulness::DiskLies {
                    machine.disk.sync(&id);
                }
                self.answers.acknowledged.insert(id.clone());
                machine.handle(Event::Kept { id }, self.now);
            }
            Kept::Not => {
                self.counts.note(Occurrence::NotKept);
                self.answers.refused.insert(id.clone());
                // It was synced, for all we know: only what came after that failed.
                machine.disk.sync(&id);
                machine.disk.remove(&id);
                if self.faithfulness != Faithfulness::RefusesInHaste {
                    machine.disk.sync(&id);
                }
                machine.handle(Event::NotKept { id }, self.now);
            }
            Kept::Uncertain => {
                self.counts.note(Occurrence::Uncertain);
                machine.handle(Event::NotKept { id }, self.now);
            }
        }
    }

    /// What is done stands among the answers as soon as the disk has time.
    fn settle(&mut self, whom: Whom, ids: Vec<EntryId>) {
        if !ids.is_empty() {
            let after = self.chance.span(1, 1_000);
            self.after(after, whom, Happening::Settled { ids });
        }
    }

    fn note(&mut self, what: &str) {
        self.trace.push(format!("{} {what}", self.now));
    }
}
