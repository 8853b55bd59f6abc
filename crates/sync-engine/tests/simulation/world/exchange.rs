//! One exchange between a machine and the remote, from sending to its end.

use std::collections::BTreeSet;

use sync_engine::delivery::Stopped;
use sync_engine::event::Event;
use sync_engine::moment::{Moment, Span};
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;

use super::{Happening, Whom, World};
use crate::coverage::Occurrence;
use crate::disk::Folder;
use crate::invariants::Broken;
use crate::machine::PartAnswer;
use crate::network::{Fate, GIVEN_UP_AFTER, Weather, fate};
use crate::remote::{Files, Received, Tip};

/// How often the power fails about a part of a push that was split: by itself it is rarely then.
const POWER_FAILS_PERCENT: u64 = 10;

pub(super) enum Message {
    Fetch,
    /// A part of a push.
    Push {
        expected: Tip,
        files: Files,
        brought: BTreeSet<EntryId>,
    },
}

pub(super) enum Answer {
    Tip { tip: Tip, took: Span },
    FetchFailed { trouble: Trouble },
    Part { answer: PartAnswer, took: Span },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Fetch,
    Push,
}

impl World {
    /// Sends the next part of the push under way, or ends it.
    pub(super) fn send_part(&mut self, whom: Whom) {
        let machine = &mut self.machines[whom.machine];
        let Some((expected, replayed)) = machine.next_part(&self.remote) else {
            return self.push_ended(whom);
        };
        if let Some(id) = replayed.brought.intersection(&machine.saw).next() {
            self.broken = Some(Broken::PutBack {
                machine: whom.machine,
                id: id.clone(),
            });
        }
        if replayed.brought.is_empty() {
            // All stand in the known tip: there is nothing to send.
            let exchange = machine.begin_exchange();
            let answer = Answer::Part {
                answer: PartAnswer::Known,
                took: Span::ZERO,
            };
            let after = Span::from_ms(1);
            self.after(after, whom, Happening::Answered { exchange, answer });
            return;
        }
        let message = Message::Push {
            expected,
            files: replayed.files,
            brought: replayed.brought,
        };
        self.send(whom, Work::Push, message);
    }

    pub(super) fn send(&mut self, whom: Whom, work: Work, message: Message) {
        let is_part = self.machines[whom.machine].pushes_in_parts();
        let exchange = self.machines[whom.machine].begin_exchange();
        self.after(GIVEN_UP_AFTER, whom, Happening::GivenUp { exchange, work });
        if is_part && !self.is_calm && self.chance.percent(POWER_FAILS_PERCENT) {
            let after = self.chance.span(1, 500);
            self.after(after, whom, Happening::PowerFails);
        }
        let since = self.now;
        let arrives = |message, back| Happening::Arrived {
            exchange,
            message,
            since,
            back,
        };
        let weather = if self.is_calm {
            Weather::Fair
        } else {
            Weather::at(self.now)
        };
        match fate(weather, &mut self.chance) {
            Fate::Whole { there, back } => {
                self.after(there, whom, arrives(message, Some(back)));
            }
            Fate::AnswerLost { there } => {
                if is_part {
                    self.counts.note(Occurrence::PartLost);
                }
                self.after(there, whom, arrives(message, None));
            }
            Fate::Cut { there, after } => {
                if is_part {
                    self.counts.note(Occurrence::PartLost);
                }
                self.after(there, whom, arrives(message, None));
                let trouble = Trouble::new(TroubleKind::Offline);
                let answer = match work {
                    Work::Fetch => Answer::FetchFailed { trouble },
                    Work::Push => {
                        self.counts.note(Occurrence::PushCut);
                        Answer::Part {
                            answer: PartAnswer::Stopped(Stopped::Unknown(trouble)),
                            took: after,
                        }
                    }
                };
                self.after(after, whom, Happening::Answered { exchange, answer });
            }
            Fate::Refused { after, trouble } => {
                self.counts.note(Occurrence::TurnedAway);
                let answer = match work {
                    Work::Fetch => Answer::FetchFailed { trouble },
                    Work::Push => Answer::Part {
                        answer: PartAnswer::Stopped(Stopped::Failed(trouble)),
                        took: after,
                    },
                };
                self.after(after, whom, Happening::Answered { exchange, answer });
            }
            Fate::Swallowed => {
                self.counts.note(Occurrence::Swallowed);
                if is_part {
                    self.counts.note(Occurrence::PartLost);
                }
            }
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
        if self.now - since > GIVEN_UP_AFTER {
            self.counts.note(Occurrence::ArrivedLate);
        }
        let answer = match message {
            Message::Fetch => {
                if back.is_none() {
                    self.counts.note(Occurrence::FetchAnswerLost);
                }
                let tip = self.remote.tip();
                Answer::Tip { tip, took }
            }
            Message::Push {
                expected,
                files,
                brought,
            } => {
                let answer = self.received(whom.machine, expected, files, brought, back.is_none());
                Answer::Part { answer, took }
            }
        };
        if let Some(back) = back {
            self.after(back, whom, Happening::Answered { exchange, answer });
        }
    }

    fn received(
        &mut self,
        by: usize,
        expected: Tip,
        files: Files,
        brought: BTreeSet<EntryId>,
        answer_is_lost: bool,
    ) -> PartAnswer {
        let is_part = self.machines[by].pushes_in_parts();
        match self.remote.receive(by, expected, files, brought) {
            Received::Applied { tip } => {
                self.note(&format!("{by} makes version {tip}"));
                if answer_is_lost {
                    self.counts.note(Occurrence::PushAnswerLost);
                    if is_part {
                        self.counts.note(Occurrence::PartAnswerLost);
                    }
                }
                self.look_behind_fences(tip);
                PartAnswer::Taken(tip)
            }
            Received::Rejected => {
                self.note(&format!("{by} is rejected"));
                self.counts.note(Occurrence::PushRejected);
                if is_part {
                    self.counts.note(Occurrence::PartRejected);
                }
                PartAnswer::Stopped(Stopped::Rejected { at_once: false })
            }
            Received::Absent => {
                self.counts.note(Occurrence::PushFoundNoBranch);
                let trouble = Trouble::new(TroubleKind::NotFound);
                PartAnswer::Stopped(Stopped::Failed(trouble))
            }
            Received::Refused => {
                self.note(&format!("{by} is refused"));
                if self.remote.is_closed() {
                    self.counts.note(Occurrence::RefusedWhileClosed);
                }
                PartAnswer::Refused
            }
        }
    }

    pub(super) fn answered(&mut self, whom: Whom, exchange: u64, answer: Answer) {
        let machine = &mut self.machines[whom.machine];
        if !machine.end_exchange(exchange) {
            return;
        }
        let number = whom.machine;
        match answer {
            Answer::Tip { tip, took } => {
                let settled = machine.fetched(tip, &self.remote, took, self.now, &mut self.counts);
                self.note(&format!("{number} sees version {tip}"));
                self.settle(whom, settled);
            }
            Answer::FetchFailed { trouble } => {
                machine.handle(Event::FetchFailed { trouble }, self.now);
                self.note(&format!("{number} cannot fetch: {}", trouble.kind.as_str()));
            }
            Answer::Part { answer, took } => {
                machine.heard(answer, took, &mut self.counts);
                self.note(&format!("{number} {answer:?}"));
                self.send_part(whom);
            }
        }
    }

    pub(super) fn given_up(&mut self, whom: Whom, exchange: u64, work: Work) {
        let machine = &mut self.machines[whom.machine];
        if !machine.end_exchange(exchange) {
            return;
        }
        let trouble = Trouble::new(TroubleKind::Offline);
        match work {
            Work::Fetch => machine.handle(Event::FetchFailed { trouble }, self.now),
            Work::Push => {
                let answer = PartAnswer::Stopped(Stopped::Unknown(trouble));
                machine.heard(answer, GIVEN_UP_AFTER, &mut self.counts);
            }
        }
        self.note(&format!("{} gives {work:?} up", whom.machine));
        if work == Work::Push {
            self.send_part(whom);
        }
    }

    fn push_ended(&mut self, whom: Whom) {
        let machine = &mut self.machines[whom.machine];
        match machine.end_push(&self.remote, self.now, &mut self.counts) {
            Ok(done) => {
                let held = machine.disk.list(Folder::Held).len();
                let words = format!("{} has pushed {}, holds {held}", whom.machine, done.len());
                self.note(&words);
                self.settle(whom, done);
            }
            Err(broken) => self.broken = Some(broken),
        }
    }
}
