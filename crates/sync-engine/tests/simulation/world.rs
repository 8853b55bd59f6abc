//! The world of one seed: its clock, and what happens in it in which order.

mod deeds;
mod exchange;

use std::collections::{BTreeMap, BTreeSet};

use sync_engine::action::Action;
use sync_engine::event::Event;
use sync_engine::moment::{Moment, Span};
use sync_engine::state::{Kind, Standing};
use threads::entry_id::EntryId;

use crate::chance::Chance;
use crate::disk::Folder;
use crate::invariants::{self, Broken};
use crate::machine::Machine;
use crate::network::Weather;
use crate::remote::Remote;
use exchange::{Answer, Message, Work};

const MACHINES: usize = 3;

/// People are at it, and things go wrong, this long.
const TROUBLED: Span = Span::from_secs(30);

/// Then all must be quiet within this: a credential's circuit, a server's wish, a budget, sleep.
const CALM: Span = Span::from_secs(2 * 3_600);

/// Which promise the world breaks, to see whether it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Faithfulness {
    Whole,
    /// A write is acknowledged before it is synced.
    DiskLies,
    /// A push on an old tip overwrites what came between.
    RemoteOverwrites,
}

enum Happening {
    Deed,
    Started,
    Synced {
        id: EntryId,
        well: bool,
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

/// To whom something happens: a machine in one of its lives.
#[derive(Clone, Copy)]
struct Whom {
    machine: usize,
    life: u32,
}

pub(crate) struct World {
    chance: Chance,
    faithfulness: Faithfulness,
    weather: Weather,
    now: Moment,
    remote: Remote,
    machines: Vec<Machine>,
    /// In order of time, and of being thought of.
    agenda: BTreeMap<(Moment, u64), (Whom, Happening)>,
    thoughts: u64,
    acknowledged: BTreeSet<EntryId>,
    said: BTreeSet<EntryId>,
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
            weather: Weather::Rough,
            now: Moment::ZERO,
            remote: Remote::new(faithfulness),
            machines: (0..MACHINES)
                .map(|number| Machine::new(number, kind))
                .collect(),
            agenda: BTreeMap::new(),
            thoughts: 0,
            acknowledged: BTreeSet::new(),
            said: BTreeSet::new(),
            trace: Vec::new(),
        };
        for machine in 0..MACHINES {
            world.after(Span::ZERO, Whom { machine, life: 0 }, Happening::Started);
            world.after(Span::ZERO, Whom { machine, life: 0 }, Happening::Deed);
        }
        world
    }

    pub(crate) fn trace(&self) -> &[String] {
        &self.trace
    }

    pub(crate) fn acknowledged(&self) -> &BTreeSet<EntryId> {
        &self.acknowledged
    }

    /// Lives through trouble and calm; the first promise that was not kept.
    pub(crate) fn run(&mut self) -> Result<(), Broken> {
        let troubled_until = Moment::ZERO + TROUBLED;
        while self.next().is_some_and(|at| at <= troubled_until) {
            self.step();
        }
        self.calm_down();
        self.rest()?;
        self.note("the rules are lifted");
        self.remote.lift_rules();
        for machine in 0..MACHINES {
            self.machines[machine].release(self.now);
            self.machines[machine].handle(Event::SyncAsked, self.now);
            self.perform(machine);
        }
        self.rest()
    }

    /// Lives until all is quiet, and looks.
    fn rest(&mut self) -> Result<(), Broken> {
        let calm_until = self.now + CALM;
        while !self.is_quiet() && self.next().is_some_and(|at| at <= calm_until) {
            self.step();
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
        invariants::check(&self.remote, &self.machines, &self.acknowledged, &self.said)
    }

    /// From here on the weather is fair and nobody does anything; a pause of a user is ended.
    fn calm_down(&mut self) {
        self.note("calm");
        self.weather = Weather::Fair;
        for machine in 0..MACHINES {
            self.machines[machine].handle(Event::ResumeAsked, self.now);
            self.perform(machine);
        }
    }

    fn is_quiet(&self) -> bool {
        let is_over = |happening: &Happening| match happening {
            Happening::Deed | Happening::GivenUp { .. } => true,
            Happening::Started
            | Happening::Synced { .. }
            | Happening::Arrived { .. }
            | Happening::Answered { .. } => false,
        };
        self.agenda
            .values()
            .all(|(_, happening)| is_over(happening))
            && self.machines.iter().all(|machine| self.is_at_rest(machine))
    }

    fn is_at_rest(&self, machine: &Machine) -> bool {
        machine.engine().is_some_and(|engine| {
            let view = engine.view();
            let refused = !machine.disk.list(Folder::Held).is_empty() || engine.pending() > 0;
            let at_rest = if refused {
                Standing::Attention
            } else {
                Standing::Synced
            };
            // What nothing else went along with may wait for ever: nothing tells who is at fault.
            let waits_for_rules = engine.pending_ids().all(|id| self.remote.is_poisoned(id));
            view.standing == at_rest && waits_for_rules && machine.known == self.remote.tip()
        })
    }

    fn after(&mut self, span: Span, whom: Whom, happening: Happening) {
        self.at(self.now + span, whom, happening);
    }

    fn at(&mut self, at: Moment, whom: Whom, happening: Happening) {
        self.thoughts += 1;
        self.agenda.insert((at, self.thoughts), (whom, happening));
    }

    fn next(&self) -> Option<Moment> {
        let timers = self.machines.iter().filter_map(Machine::timer);
        timers
            .chain(self.agenda.keys().next().map(|(at, _)| *at))
            .min()
    }

    fn step(&mut self) {
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
                let ((at, _), (whom, happening)) =
                    self.agenda.pop_first().expect("it was just looked at");
                self.now = self.now.max(at);
                self.happen(whom, happening);
            }
        }
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
            Happening::Started => {
                self.note(&format!("{} starts", whom.machine));
                self.machines[whom.machine].start(&mut self.chance, self.now);
            }
            Happening::Synced { id, well } => self.synced(whom.machine, id, well),
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
                    let well = self.weather == Weather::Fair || !self.chance.percent(3);
                    let after = self.chance.span(1, 200);
                    self.after(after, whom, Happening::Synced { id, well });
                }
                Action::Refuse { id } => panic!("no outbox is that full: {id}"),
                Action::Tidy => panic!("nothing told of clutter"),
                Action::Fetch => self.send(whom, Work::Fetch, Message::Fetch),
                Action::Push => {
                    let machine = &self.machines[number];
                    let (expected, operations) = (machine.known, machine.batch());
                    self.send(
                        whom,
                        Work::Push,
                        Message::Push {
                            expected,
                            operations,
                        },
                    );
                }
            }
        }
    }

    fn synced(&mut self, number: usize, id: EntryId, well: bool) {
        let machine = &mut self.machines[number];
        if !well {
            self.note(&format!("{number} cannot keep {id}"));
            let machine = &mut self.machines[number];
            machine.disk.remove(&id);
            machine.disk.sync(&id);
            machine.handle(Event::NotKept { id }, self.now);
            return;
        }
        if self.faithfulness != Faithfulness::DiskLies {
            machine.disk.sync(&id);
        }
        self.acknowledged.insert(id.clone());
        machine.handle(Event::Kept { id }, self.now);
    }

    fn note(&mut self, what: &str) {
        self.trace.push(format!("{} {what}", self.now));
    }
}
