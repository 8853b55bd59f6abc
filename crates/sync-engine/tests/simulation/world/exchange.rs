//! One exchange between a machine and the remote, from sending to its end.

use sync_engine::event::Event;
use sync_engine::moment::{Moment, Span};
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;

use super::{Happening, Whom, World};
use crate::network::{Fate, GIVEN_UP_AFTER, fate};
use crate::remote::{Received, Sent, Tip};

pub(super) enum Message {
    Fetch,
    Push {
        expected: Tip,
        operations: Vec<Sent>,
    },
}

pub(super) enum Answer {
    Tip {
        tip: Tip,
        took: Span,
    },
    Pushed {
        tip: Tip,
        done: Vec<EntryId>,
        held: Vec<EntryId>,
        refused: bool,
        took: Span,
    },
    Event(Event),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Fetch,
    Push,
}

impl World {
    pub(super) fn send(&mut self, whom: Whom, work: Work, message: Message) {
        let exchange = self.machines[whom.machine].begin_exchange();
        self.after(GIVEN_UP_AFTER, whom, Happening::GivenUp { exchange, work });
        if let Message::Push {
            expected,
            operations,
        } = &message
            && operations
                .iter()
                .all(|sent| self.remote.holds(*expected, &sent.operation.id))
        {
            // All stand in the known tip: there is nothing to send.
            let done = operations
                .iter()
                .map(|sent| sent.operation.id.clone())
                .collect();
            let answer = Answer::Pushed {
                tip: *expected,
                done,
                held: Vec::new(),
                refused: false,
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

    pub(super) fn arrived(
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
                Received::Applied {
                    tip,
                    done,
                    held,
                    refused,
                } => {
                    self.note(&format!("{} makes version {tip}", whom.machine));
                    Answer::Pushed {
                        tip,
                        done,
                        held,
                        refused,
                        took,
                    }
                }
            },
        };
        if let Some(back) = back {
            self.after(back, whom, Happening::Answered { exchange, answer });
        }
    }

    pub(super) fn answered(&mut self, whom: Whom, exchange: u64, answer: Answer) {
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
                refused,
                took,
            } => {
                machine.known = tip;
                machine.done(&done);
                machine.held(&held);
                let trouble = Trouble::new(TroubleKind::PushRefused);
                if refused {
                    if !held.is_empty() {
                        machine.handle(Event::TroubleFound { trouble }, self.now);
                    }
                    let ids = done.into_iter().chain(held).collect();
                    machine.handle(Event::Settled { ids }, self.now);
                    machine.handle(Event::PushFailed { trouble }, self.now);
                } else {
                    machine.handle(Event::Pushed { done, held, took }, self.now);
                }
            }
            Answer::Event(event) => machine.handle(event, self.now),
        }
        self.note(&words);
    }

    pub(super) fn given_up(&mut self, whom: Whom, exchange: u64, work: Work) {
        if !self.machines[whom.machine].end_exchange(exchange) {
            return;
        }
        self.note(&format!("{} gives {work:?} up", whom.machine));
        let trouble = Trouble::new(TroubleKind::Offline);
        let event = match work {
            Work::Fetch => Event::FetchFailed { trouble },
            Work::Push => Event::PushUnknown { trouble },
        };
        self.machines[whom.machine].handle(event, self.now);
    }
}
