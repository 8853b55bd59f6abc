//! The world of one seed: its clock, and what happens in it in which order.

use std::collections::{BTreeMap, BTreeSet};

use sync_engine::action::Action;
use sync_engine::event::Event;
use sync_engine::moment::{Moment, Span};
use sync_engine::state::{Kind, Standing};
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;
use threads::operation::Operation;

use crate::chance::Chance;
use crate::disk::Folder;
use crate::invariants::{self, Broken};
use crate::machine::Machine;
use crate::network::{Fate, GIVEN_UP_AFTER, Weather, fate};
use crate::people::{self, Deed};
use crate::remote::{Received, Remote, Tip};

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

enum Message {
    Fetch,
    Push {
        expected: Tip,
        operations: Vec<Operation>,
    },
}

enum Answer {
    Tip {
        tip: Tip,
        took: Span,
    },
    Pushed {
        tip: Tip,
        done: Vec<EntryId>,
        held: Vec<EntryId>,
        took: Span,
    },
    Event(Event),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Fetch,
    Push,
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
            let held = !machine.disk.list(Folder::Held).is_empty();
            let at_rest = if held {
                Standing::Attention
            } else {
                Standing::Synced
            };
            view.standing == at_rest && view.pending == 0 && machine.known == self.remote.tip()
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
            Happening::GivenUp { exchange, work } => {
                if self.machines[whom.machine].end_exchange(exchange) {
                    self.note(&format!("{} gives {work:?} up", whom.machine));
                    let trouble = Trouble::new(TroubleKind::Offline);
                    let event = match work {
                        Work::Fetch => Event::FetchFailed { trouble },
                        Work::Push => Event::PushUnknown { trouble },
                    };
                    self.machines[whom.machine].handle(event, self.now);
                }
            }
        }
        self.perform(whom.machine);
    }

    fn deed(&mut self, whom: Whom) {
        if self.weather == Weather::Fair {
            return;
        }
        let gap = self.chance.span(10, 2_000);
        let machine = &mut self.machines[whom.machine];
        let event = match people::deed(&mut self.chance) {
            Deed::Say => {
                self.say(whom.machine);
                None
            }
            Deed::Look => Some(Event::ClientActive),
            Deed::Sync => Some(Event::SyncAsked),
            Deed::Pause(span) => Some(Event::PauseAsked {
                until: span.map(|span| self.now + span),
            }),
            Deed::Resume => Some(Event::ResumeAsked),
            Deed::ChangeNetwork => Some(Event::NetworkChanged),
            Deed::ChangeCredential => Some(Event::CredentialChanged),
            Deed::CloseTheLid(span) => {
                machine.asleep_until = self.now + span;
                None
            }
            Deed::PullThePlug => {
                machine.crash(&mut self.chance);
                let life = machine.life;
                let whom = Whom { life, ..whom };
                self.note(&format!("{} crashes", whom.machine));
                let dark = self.chance.span(50, 10_000);
                self.after(dark, whom, Happening::Started);
                self.after(dark + gap, whom, Happening::Deed);
                return;
            }
        };
        if let Some(event) = event {
            self.note(&format!("{} {event:?}", whom.machine));
            self.machines[whom.machine].handle(event, self.now);
        }
        self.after(gap, whom, Happening::Deed);
    }

    fn say(&mut self, number: usize) {
        let machine = &mut self.machines[number];
        if !machine.is_on() {
            return;
        }
        let topic = people::topic(&mut self.chance);
        let shown = machine.shown_topic(&self.remote, &topic);
        let operation = people::say(number, topic, shown.as_deref(), self.now, &mut self.chance);
        let id = operation.id.clone();
        if self.chance.percent(3) {
            self.remote.poison(id.clone());
        }
        self.said.insert(id.clone());
        machine.disk.write(Folder::Outbox, operation);
        machine.handle(Event::Submitted { id }, self.now);
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
                Action::Fetch => self.send(whom, Work::Fetch, Message::Fetch),
                Action::Push => {
                    let machine = &self.machines[number];
                    let (expected, operations) = (machine.known, machine.pending());
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

    fn send(&mut self, whom: Whom, work: Work, message: Message) {
        let exchange = self.machines[whom.machine].begin_exchange();
        self.after(GIVEN_UP_AFTER, whom, Happening::GivenUp { exchange, work });
        if let Message::Push {
            expected,
            operations,
        } = &message
            && operations
                .iter()
                .all(|operation| self.remote.holds(*expected, &operation.id))
        {
            // All stand in the known tip: there is nothing to send.
            let done = operations
                .iter()
                .map(|operation| operation.id.clone())
                .collect();
            let answer = Answer::Pushed {
                tip: *expected,
                done,
                held: Vec::new(),
                took: Span::ZERO,
            };
            self.after(
                Span::from_ms(1),
                whom,
                Happening::Answered { exchange, answer },
            );
            return;
        }
        let since = self.now;
        match fate(self.weather, &mut self.chance) {
            Fate::Whole { there, back } => {
                let back = Some(back);
                self.after(
                    there,
                    whom,
                    Happening::Arrived {
                        exchange,
                        message,
                        since,
                        back,
                    },
                );
            }
            Fate::AnswerLost { there } => {
                let back = None;
                self.after(
                    there,
                    whom,
                    Happening::Arrived {
                        exchange,
                        message,
                        since,
                        back,
                    },
                );
            }
            Fate::Refused { after, trouble } => {
                let event = match work {
                    Work::Fetch => Event::FetchFailed { trouble },
                    Work::Push => Event::PushFailed { trouble },
                };
                let answer = Answer::Event(event);
                self.after(after, whom, Happening::Answered { exchange, answer });
            }
            Fate::Swallowed => (),
        }
    }

    fn arrived(
        &mut self,
        whom: Whom,
        exchange: u64,
        message: Message,
        since: Moment,
        back: Option<Span>,
    ) {
        let took = self.now - since + back.unwrap_or_default();
        let answer = match message {
            Message::Fetch => Answer::Tip {
                tip: self.remote.tip(),
                took,
            },
            Message::Push {
                expected,
                operations,
            } => match self.remote.receive(whom.machine, expected, &operations) {
                Received::Rejected => {
                    self.note(&format!("{} is rejected", whom.machine));
                    Answer::Event(Event::PushRejected { took })
                }
                Received::Applied { tip, held } => {
                    self.note(&format!("{} makes version {tip}", whom.machine));
                    let ids = operations.into_iter().map(|operation| operation.id);
                    let done = ids.filter(|id| !held.contains(id)).collect();
                    Answer::Pushed {
                        tip,
                        done,
                        held,
                        took,
                    }
                }
            },
        };
        if let Some(back) = back {
            self.after(back, whom, Happening::Answered { exchange, answer });
        }
    }

    fn answered(&mut self, whom: Whom, exchange: u64, answer: Answer) {
        let machine = &mut self.machines[whom.machine];
        if !machine.end_exchange(exchange) {
            return;
        }
        let words = match &answer {
            Answer::Tip { tip, .. } => format!("{} sees version {tip}", whom.machine),
            Answer::Pushed { done, held, .. } => {
                format!(
                    "{} pushed {}, held {}",
                    whom.machine,
                    done.len(),
                    held.len()
                )
            }
            Answer::Event(event) => format!("{} {event:?}", whom.machine),
        };
        match answer {
            Answer::Tip { tip, took } => machine.fetched(tip, &self.remote, took, self.now),
            Answer::Pushed {
                tip,
                done,
                held,
                took,
            } => {
                machine.known = tip;
                machine.done(&done);
                machine.held(&held);
                machine.handle(Event::Pushed { done, held, took }, self.now);
            }
            Answer::Event(event) => machine.handle(event, self.now),
        }
        self.note(&words);
    }

    fn note(&mut self, what: &str) {
        self.trace.push(format!("{} {what}", self.now));
    }
}
