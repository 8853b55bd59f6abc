//! A tiny language for tests: a line `TIME: EVENT` in, a line `TIME ACTION` out.
//!
//! Timers fire on the way to the next line. `jump` instead of `TIME: EVENT`'s colon (`TIME jump:
//! EVENT`) lets the time pass without them, as sleep does. `net` says how the network answers by
//! itself, 32 ms later: `up`, `down`, `racing` (another push was first), `losing` (the answer to a
//! push), `refusing` (pushes); `net script` leaves the answers to the script. `show` prints how
//! things stand, `quiet on` and `quiet off` stop and start the printing of actions.

use std::fmt::Write as _;

use threads::entry_id::EntryId;

use super::super::Engine;
use crate::action::Action;
use crate::event::Event;
use crate::limits::Limits;
use crate::moment::{Moment, Span};
use crate::state::{Kind, State};
use crate::trouble::{Trouble, TroubleKind};

/// What an answer takes on a network that is up or down by itself.
const ANSWER_TOOK: Span = Span::from_ms(32);

/// Steps of one script; more means that the engine runs in a circle.
const STEPS_MAX: usize = 20_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Net {
    Up,
    Down,
    Racing,
    Losing,
    Refusing,
    Script,
}

pub(super) struct Script {
    pub(super) engine: Engine,
    net: Net,
    answer: Option<(Moment, Event)>,
    now: Moment,
    quiet: bool,
    steps: usize,
    out: String,
}

/// Runs the script; what came out.
pub(super) fn run(kind: Kind, script: &str) -> String {
    let mut run = Script::new(kind, Limits::default());
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        run.line(line);
    }
    run.out
}

impl Script {
    pub(super) fn new(kind: Kind, limits: Limits) -> Self {
        Self {
            engine: Engine::new(kind, limits, 1, Moment::ZERO),
            net: Net::Script,
            answer: None,
            now: Moment::ZERO,
            quiet: false,
            steps: 0,
            out: String::new(),
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        let (time, event) = line.split_once(": ").expect("TIME: EVENT");
        match time.strip_suffix(" jump") {
            Some(time) => self.now = Moment::ZERO + span(time),
            None => self.run_until(Moment::ZERO + span(time)),
        }
        let words: Vec<&str> = event.split_whitespace().collect();
        match words[..] {
            ["show"] => self.show(),
            ["net", net] => self.net = net_of(net),
            ["quiet", on] => self.quiet = on == "on",
            ["timeout"] => self.engine.handle_timeout(self.now),
            ["write", ref ids @ ..] => {
                for name in ids {
                    self.engine
                        .handle(Event::Submitted { id: id(name) }, self.now);
                    self.engine.handle(Event::Kept { id: id(name) }, self.now);
                }
            }
            _ => self.engine.handle(event_of(&words), self.now),
        }
        self.take_actions();
    }

    pub(super) fn out(&self) -> &str {
        &self.out
    }

    fn run_until(&mut self, end: Moment) {
        assert!(end >= self.now, "lines go forward");
        loop {
            let timer = self.engine.poll_timeout();
            let answer = self.answer.as_ref().map(|(at, _)| *at);
            let Some(next) = timer.into_iter().chain(answer).min().filter(|&at| at < end) else {
                break;
            };
            self.steps += 1;
            assert!(
                self.steps < STEPS_MAX,
                "runs in a circle at {}:\n{}",
                self.now,
                self.out
            );
            self.now = self.now.max(next);
            match self.answer.take_if(|(at, _)| *at <= self.now) {
                Some((_, event)) => self.engine.handle(event, self.now),
                None => self.engine.handle_timeout(self.now),
            }
            self.take_actions();
        }
        self.now = end;
    }

    fn take_actions(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            let text = match &action {
                Action::Keep { id } => format!("keep {id}"),
                Action::Refuse { id } => format!("refuse {id}"),
                Action::Fetch => "fetch".to_owned(),
                Action::Tidy => "tidy".to_owned(),
                Action::Push => format!("push {}", ids(self.engine.pending_ids())),
            };
            self.print(&text);
            self.answer(&action);
        }
    }

    fn answer(&mut self, action: &Action) {
        let offline = Trouble::new(TroubleKind::Offline);
        let refused = Trouble::new(TroubleKind::PushRefused);
        let took = ANSWER_TOOK;
        let event = match (self.net, action) {
            (Net::Script, _) | (_, Action::Keep { .. } | Action::Refuse { .. } | Action::Tidy) => {
                return;
            }
            (Net::Down, Action::Fetch) => Event::FetchFailed { trouble: offline },
            (Net::Up | Net::Racing | Net::Losing | Net::Refusing, Action::Fetch) => {
                Event::Fetched {
                    moved: false,
                    writers: 0,
                    took,
                }
            }
            (Net::Up, Action::Push) => {
                let done = self.engine.pending_ids().cloned().collect();
                Event::Pushed {
                    done,
                    held: Vec::new(),
                    took,
                }
            }
            (Net::Down, Action::Push) => Event::PushFailed { trouble: offline },
            (Net::Racing, Action::Push) => Event::PushRejected {
                took,
                at_once: false,
            },
            (Net::Losing, Action::Push) => Event::PushUnknown { trouble: offline },
            (Net::Refusing, Action::Push) => Event::PushFailed { trouble: refused },
        };
        assert!(self.answer.is_none(), "one action on the network at a time");
        self.answer = Some((self.now + ANSWER_TOOK, event));
    }

    fn show(&mut self) {
        let view = self.engine.view();
        let state = match self.engine.state() {
            State::Resting => "resting".to_owned(),
            State::Fetching => "fetching".to_owned(),
            State::Pushing => "pushing".to_owned(),
            State::Pausing { until, attempt } => format!("pausing until {until}, {attempt}"),
            State::SignedOut { until } => format!("signed out until {until}"),
            State::Attention { until } => format!("attention until {until}"),
            State::Paused { until: Some(until) } => format!("paused until {until}"),
            State::Paused { until: None } => "paused".to_owned(),
        };
        let trouble = view.trouble.map_or("-", |trouble| trouble.kind.as_str());
        let shown = format!(
            "= {} | {trouble} | pending {} | {state}",
            view.standing.as_str(),
            view.pending
        );
        writeln!(self.out, "{} {shown}", self.now).unwrap();
    }

    fn print(&mut self, text: &str) {
        if !self.quiet {
            writeln!(self.out, "{} {text}", self.now).unwrap();
        }
    }
}

pub(super) fn id(name: &str) -> EntryId {
    EntryId::parse(name).unwrap()
}

fn ids<'a>(ids: impl Iterator<Item = &'a EntryId>) -> String {
    ids.map(EntryId::as_str).collect::<Vec<_>>().join(" ")
}

fn span(text: &str) -> Span {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits].parse().expect("a number first");
    match &text[digits..] {
        "" | "ms" => Span::from_ms(number),
        "s" => Span::from_secs(number),
        "m" => Span::from_secs(number * 60),
        "h" => Span::from_secs(number * 3_600),
        unit => panic!("no unit: {unit}"),
    }
}

/// `key=value` among the words, as a span.
fn option(words: &[&str], key: &str) -> Option<Span> {
    words
        .iter()
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        .map(span)
}

fn names(words: &[&str]) -> Vec<EntryId> {
    words
        .iter()
        .filter(|word| !word.contains('='))
        .map(|name| id(name))
        .collect()
}

fn net_of(name: &str) -> Net {
    match name {
        "up" => Net::Up,
        "down" => Net::Down,
        "racing" => Net::Racing,
        "losing" => Net::Losing,
        "refusing" => Net::Refusing,
        "script" => Net::Script,
        name => panic!("no network: {name}"),
    }
}

fn kind(name: &str) -> TroubleKind {
    TroubleKind::parse(name).expect("a trouble's kind")
}

fn event_of(words: &[&str]) -> Event {
    let rest = &words[1..];
    let took = option(rest, "took").unwrap_or(ANSWER_TOOK);
    let retry_after = option(rest, "retry_after");
    let trouble = || Trouble {
        kind: kind(rest[0]),
        retry_after,
    };
    match words[0] {
        "started" => Event::Started {
            pending: names(rest),
        },
        "submitted" => Event::Submitted { id: id(rest[0]) },
        "kept" => Event::Kept { id: id(rest[0]) },
        "awaited" => Event::Awaited { id: id(rest[0]) },
        "not_kept" => Event::NotKept { id: id(rest[0]) },
        "fetched" => Event::Fetched {
            moved: rest.contains(&"moved"),
            writers: option(rest, "writers").map_or(0, |count| count.as_ms() as u32),
            took,
        },
        "fetch_failed" => Event::FetchFailed { trouble: trouble() },
        "pushed" => {
            let held = rest.iter().find_map(|word| word.strip_prefix("held="));
            Event::Pushed {
                done: names(rest),
                held: held.map(id).into_iter().collect(),
                took,
            }
        }
        "push_rejected" | "push_rejected_in_turn" => Event::PushRejected {
            took,
            at_once: words[0] == "push_rejected_in_turn",
        },
        "push_unknown" => Event::PushUnknown { trouble: trouble() },
        "push_failed" => Event::PushFailed { trouble: trouble() },
        "settled" => Event::Settled { ids: names(rest) },
        "found" => Event::TroubleFound { trouble: trouble() },
        "gone" => Event::TroubleGone {
            kind: kind(rest[0]),
        },
        "cluttered" => Event::Cluttered,
        "tidied" => Event::Tidied,
        "writer" => Event::WriterSeen {
            writer: rest[0].parse().unwrap(),
        },
        "active" => Event::ClientActive,
        "sync" => Event::SyncAsked,
        "pause" => Event::PauseAsked {
            until: rest.first().map(|until| Moment::ZERO + span(until)),
        },
        "resume" => Event::ResumeAsked,
        "network" => Event::NetworkChanged,
        "credential" => Event::CredentialChanged,
        word => panic!("no event: {word}"),
    }
}
