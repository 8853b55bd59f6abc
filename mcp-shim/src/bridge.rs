//! Decides what each line and each turn of the connection leads to. Pure: lines in from either side,
//! outputs out, no socket and no clock.
//!
//! Every request of the client is answered once: by the daemon, by the next daemon to which it is
//! sent again, or by an error of ours.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::failure::Failure;

use crate::event::Event;
use crate::failures::{away, too_large, too_many, uncertain};
use crate::message::{self, Message};
use crate::output::{Output, Start};
use crate::replay::{self, Replay};
use crate::reverse::Reverse;
use crate::waiting::{Full, Kind, Table, Waiting};

mod turns;

/// How long a request waits for the daemon to come back.
pub(crate) const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(10);

/// The same, once that has been in vain.
pub(crate) const DOWN_WAIT_MAX: Duration = Duration::from_millis(1_900);

/// How long a new daemon may take to answer a replayed handshake.
pub(crate) const REPLAY_WAIT_MAX: Duration = Duration::from_secs(2);

/// How long a request may go unanswered before the daemon is asked whether it is alive; and how long
/// after it said so it is asked again.
pub(crate) const SILENCE_MAX: Duration = Duration::from_millis(300);
pub(crate) const SILENCE_AGAIN: Duration = Duration::from_secs(5);

/// How long answers are waited for after the client's end of input.
pub(crate) const DRAIN_WAIT_MAX: Duration = Duration::from_millis(700);

/// How long the client's first request is waited for where no daemon can be had, so that it is told
/// why before the program ends.
pub(crate) const FIRST_REQUEST_WAIT_MAX: Duration = Duration::from_millis(500);

/// The pause before the second attempt to connect again; it doubles up to the greatest.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The pause while the daemon refuses to serve us.
const PAUSE_REFUSED: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq, Eq)]
enum Link {
    /// There is none.
    Opening { start: Start },
    /// The new daemon has been sent the client's handshake.
    Replaying { until: Instant },
    /// Lines go through.
    Open { probe: Probe },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// Not before that, if at all.
    Rests { until: Option<Instant> },
    /// Under way since then.
    Asked { at: Instant },
}

/// The end of the program, which waits for somebody to tell why.
#[derive(Debug)]
struct Ending {
    at: Instant,
    failure: Failure,
    code: u8,
}

/// Between one client and one daemon after another.
#[derive(Debug)]
pub(crate) struct Bridge {
    link: Link,
    /// Whether any daemon ever served us.
    was_linked: bool,
    attempts: u32,
    /// Why there is no daemon, once that is known.
    down: Option<Failure>,
    /// Whether that is the daemon's own word.
    refused: bool,
    table: Table,
    replay: Replay,
    reverse: Reverse,
    heard: Option<Instant>,
    draining: Option<Instant>,
    ending: Option<Ending>,
    outputs: VecDeque<Output>,
}

impl Bridge {
    /// A bridge whose first connection is being made.
    pub(crate) fn new() -> Self {
        Self {
            link: Link::Opening {
                start: Start::Always,
            },
            was_linked: false,
            attempts: 0,
            down: None,
            refused: false,
            table: Table::default(),
            replay: Replay::default(),
            reverse: Reverse::default(),
            heard: None,
            draining: None,
            ending: None,
            outputs: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes an event.
    pub(crate) fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::ClientLine(line) => self.client_line(Arc::new(line), now),
            Event::ClientTooLong { id, is_call } => self.client_too_long(id.as_deref(), is_call),
            Event::ClientEnded => self.draining = Some(now + DRAIN_WAIT_MAX),
            Event::Linked => self.linked(now),
            Event::DaemonLine(line) => self.daemon_line(line, now),
            Event::DaemonTooLong { id, is_call } => self.daemon_too_long(id.as_deref(), is_call),
            Event::Unlinked => self.unlinked(now),
            Event::Unreachable { failure, exit_code } => self.unreachable(failure, exit_code, now),
            Event::Refused(failure) => self.refuse(failure),
            Event::ProbeAnswered => self.probed(now),
            Event::ProbeSilent(failure) => self.silent(failure, now),
        }
        self.end_if_told(now);
        self.end_if_drained(now);
    }

    /// Does what its time has come for.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let is_over = |waiting: &Waiting| waiting.expires.is_some_and(|at| at <= now);
        if self.table.iter().any(is_over) {
            let failure = self.down.get_or_insert_with(away).clone();
            let over = self.table.take_if(is_over);
            self.give_up(over, &failure);
        }
        if let Link::Replaying { until } = self.link
            && until <= now
        {
            self.unlinked(now);
        }
        if let Link::Open {
            probe: probe @ Probe::Rests { .. },
        } = self.link
            && self.probe_at(probe).is_some_and(|at| at <= now)
        {
            self.link = Link::Open {
                probe: Probe::Asked { at: now },
            };
            self.outputs.push_back(Output::Probe);
        }
        self.end_if_told(now);
        self.end_if_drained(now);
    }

    /// When [`Bridge::handle_timeout`] is due, if no event comes before.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let link = match self.link {
            Link::Opening { .. } => None,
            Link::Replaying { until } => Some(until),
            Link::Open { probe } => self.probe_at(probe),
        };
        let expiry = self.table.iter().filter_map(|waiting| waiting.expires);
        let ending = self.ending.as_ref().map(|ending| ending.at);
        expiry.chain(link).chain(self.draining).chain(ending).min()
    }

    fn client_line(&mut self, line: Arc<Vec<u8>>, now: Instant) {
        match Message::of(&line) {
            None => self
                .outputs
                .push_back(Output::ToClient(message::no_message())),
            Some(Message::Request { id, method, params }) => {
                if method == "resources/unsubscribe" {
                    self.replay.unsubscribed(params);
                }
                let id: Box<str> = id.into();
                let kind = Kind::of_request(method);
                self.request(id, kind, Arc::clone(&line), now);
            }
            Some(Message::Notification { method, params }) => match method {
                "notifications/initialized" => {
                    // Where no line goes through, it is sent behind its `initialize`.
                    self.replay.initialized(Arc::clone(&line));
                    self.send_if_open(Arc::clone(&line));
                }
                "notifications/cancelled" => {
                    let id = message::parameter(params, "requestId");
                    let was_sent = id.and_then(|id| self.table.take(&id));
                    if was_sent.is_none_or(|waiting| waiting.sent > 0) {
                        self.send_if_open(Arc::clone(&line));
                    }
                }
                _ => self.notification(Arc::clone(&line), now),
            },
            Some(Message::Response { id, .. }) => {
                if let Some(line) = id.and_then(|id| self.reverse.answered(id, &line)) {
                    self.send_if_open(Arc::new(line));
                }
            }
        }
    }

    fn request(&mut self, id: Box<str>, kind: Kind, line: Arc<Vec<u8>>, now: Instant) {
        if self.refused
            && let Some(failure) = &self.down
        {
            let answer = message::failed(Some(&id), failure);
            return self.outputs.push_back(Output::ToClient(answer));
        }
        let raw = id.clone();
        let waiting = self.waiting(id, kind, line, now);
        let sent = (waiting.sent > 0).then(|| Arc::clone(&waiting.line));
        match self.table.push(waiting) {
            Ok(()) => {
                self.outputs.extend(sent.map(Output::ToDaemon));
                self.wake();
            }
            Err(Full) => {
                let answer = message::failed(Some(&raw), &too_many());
                self.outputs.push_back(Output::ToClient(answer));
            }
        }
    }

    /// Somebody waits: a stopped daemon is wanted again.
    fn wake(&mut self) {
        if self.link
            == (Link::Opening {
                start: Start::AfterDeath,
            })
        {
            self.relink(Duration::ZERO);
        }
    }

    fn send_if_open(&mut self, line: Arc<Vec<u8>>) {
        if matches!(self.link, Link::Open { .. }) {
            self.outputs.push_back(Output::ToDaemon(line));
        }
    }

    fn notification(&mut self, line: Arc<Vec<u8>>, now: Instant) {
        if matches!(self.link, Link::Open { .. }) {
            self.outputs.push_back(Output::ToDaemon(line));
        } else {
            let waiting = self.waiting("".into(), Kind::Notification, line, now);
            // One that finds no room is lost, as notifications may be.
            let _ = self.table.push(waiting);
        }
    }

    fn waiting(&self, id: Box<str>, kind: Kind, line: Arc<Vec<u8>>, now: Instant) -> Waiting {
        let is_open = matches!(self.link, Link::Open { .. });
        let patience = match self.down {
            Some(_) => DOWN_WAIT_MAX,
            None => RECONNECT_WAIT_MAX,
        };
        Waiting {
            id,
            kind,
            line,
            sent: u32::from(is_open),
            sent_at: is_open.then_some(now),
            expires: (!is_open).then(|| now + patience),
        }
    }

    fn client_too_long(&mut self, id: Option<&str>, is_call: bool) {
        // An answer that is too long answers a request of the daemon's, which gives up by itself.
        if is_call || id.is_none() {
            let answer = message::failed(id, &too_large("This message"));
            self.outputs.push_back(Output::ToClient(answer));
        }
    }

    fn daemon_line(&mut self, line: Vec<u8>, now: Instant) {
        self.heard = Some(now);
        match Message::of(&line) {
            // The daemon is ours; still, nothing but JSON-RPC goes to the client.
            None => (),
            Some(Message::Notification { .. }) => self.outputs.push_back(Output::ToClient(line)),
            Some(Message::Request { id, .. }) => {
                let line = self.reverse.asked(id, &line);
                self.outputs.push_back(Output::ToClient(line));
            }
            Some(Message::Response { id: None, .. }) => {
                self.outputs.push_back(Output::ToClient(line));
            }
            Some(Message::Response {
                id: Some(id),
                result,
            }) => {
                let is_replaying = matches!(self.link, Link::Replaying { .. });
                if is_replaying && self.replay.is_handshake(id) {
                    let result = result.map(str::to_owned);
                    self.replayed(result.as_deref(), now);
                } else if replay::is_own(id) {
                    let missed = self.replay.answered(id, result.is_some());
                    self.outputs.extend(missed.map(Output::ToClient));
                } else if let Some(waiting) = self.table.take(id) {
                    self.answered(waiting, result);
                    self.outputs.push_back(Output::ToClient(line));
                }
            }
        }
    }

    fn answered(&mut self, waiting: Waiting, result: Option<&str>) {
        self.attempts = 0;
        let Some(result) = result else {
            return;
        };
        match waiting.kind {
            Kind::Initialize => self.replay.begun(&waiting.id, waiting.line, result),
            Kind::Subscribe => {
                if let Some(Message::Request { params, .. }) = Message::of(&waiting.line) {
                    self.replay.subscribed(params);
                }
            }
            Kind::SetLevel => {
                if let Some(Message::Request { params, .. }) = Message::of(&waiting.line) {
                    self.replay.level_set(params);
                }
            }
            Kind::Call | Kind::Listen | Kind::Other | Kind::Notification => (),
        }
    }

    fn daemon_too_long(&mut self, id: Option<&str>, is_call: bool) {
        if !is_call && let Some(waiting) = id.and_then(|id| self.table.take(id)) {
            let answer = message::failed(Some(&waiting.id), &too_large("The answer"));
            self.outputs.push_back(Output::ToClient(answer));
        }
    }

    /// Answers them ourselves.
    fn give_up(&mut self, given_up: Vec<Waiting>, failure: &Failure) {
        for waiting in given_up {
            let answer = match waiting.kind {
                Kind::Notification => continue,
                Kind::Call if waiting.sent > 0 => message::failed(Some(&waiting.id), &uncertain()),
                Kind::Initialize
                | Kind::Call
                | Kind::Subscribe
                | Kind::SetLevel
                | Kind::Listen
                | Kind::Other => message::failed(Some(&waiting.id), failure),
            };
            self.outputs.push_back(Output::ToClient(answer));
        }
    }

    fn end_if_drained(&mut self, now: Instant) {
        let Some(until) = self.draining else {
            return;
        };
        let is_awaited = |waiting: &Waiting| waiting.kind.is_awaited();
        if self.table.iter().any(is_awaited) {
            if now < until {
                return;
            }
            let left = self.table.take_if(is_awaited);
            self.give_up(left, &away());
        }
        self.draining = None;
        self.outputs.push_back(Output::End {
            code: 0,
            words: None,
        });
    }
}

#[cfg(test)]
mod tests;
