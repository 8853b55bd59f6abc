//! What holds under any sequence of events.

use std::collections::BTreeSet;

use proptest::prelude::*;
use threads::entry_id::EntryId;

use super::script::id;
use super::{FILE, FORGE};
use crate::action::Action;
use crate::engine::Engine;
use crate::event::Event;
use crate::limits::Limits;
use crate::moment::{Moment, Span};
use crate::state::{Kind, Standing, State};
use crate::trouble::{Trouble, TroubleKind};

/// Long enough for the slowest thing of all: a credential's circuit after a server's longest wish,
/// and a budget that many writers share.
const CALM: Span = Span::from_secs(10 * 3_600);

/// Timers and answers until calm; more means that the engine runs in a circle.
const CALM_STEPS_MAX: usize = 20_000;

#[derive(Clone, Debug)]
enum Happening {
    Event(Event),
    /// The oldest `Keep` is answered.
    Kept {
        well: bool,
    },
    /// The work on the network is answered well.
    Answered,
    Timeout,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let kind = prop::sample::select(&TroubleKind::ALL[..]);
    let retry_after = prop::option::weighted(0.2, (0..20_000_000_u64).prop_map(Span::from_ms));
    (kind, retry_after).prop_map(|(kind, retry_after)| Trouble { kind, retry_after })
}

fn ids() -> impl Strategy<Value = Vec<EntryId>> {
    prop::collection::vec(
        (0..12_u32).prop_map(|number| id(&format!("i{number}"))),
        0..4,
    )
}

fn event() -> impl Strategy<Value = Event> {
    let one = || (0..12_u32).prop_map(|number| id(&format!("i{number}")));
    let took = || (0..30_000_u64).prop_map(Span::from_ms);
    prop_oneof![
        1 => ids().prop_map(|pending| Event::Started { pending }),
        4 => one().prop_map(|id| Event::Submitted { id }),
        2 => one().prop_map(|id| Event::Kept { id }),
        1 => one().prop_map(|id| Event::Awaited { id }),
        2 => (any::<bool>(), 0..60_u32, took())
            .prop_map(|(moved, writers, took)| Event::Fetched { moved, writers, took }),
        2 => trouble().prop_map(|trouble| Event::FetchFailed { trouble }),
        2 => (ids(), ids(), took()).prop_map(|(done, held, took)| Event::Pushed { done, held, took }),
        3 => (took(), any::<bool>()).prop_map(|(took, at_once)| Event::PushRejected { took, at_once }),
        2 => trouble().prop_map(|trouble| Event::PushUnknown { trouble }),
        2 => trouble().prop_map(|trouble| Event::PushFailed { trouble }),
        1 => ids().prop_map(|ids| Event::Settled { ids }),
        1 => trouble().prop_map(|trouble| Event::TroubleFound { trouble }),
        1 => trouble().prop_map(|trouble| Event::TroubleGone { kind: trouble.kind }),
        1 => Just(Event::Cluttered),
        1 => Just(Event::Tidied),
        1 => any::<u64>().prop_map(|writer| Event::WriterSeen { writer }),
        1 => Just(Event::ClientActive),
        1 => Just(Event::SyncAsked),
        1 => prop::option::of((0..10_000_000_u64).prop_map(Moment::from_ms))
            .prop_map(|until| Event::PauseAsked { until }),
        1 => Just(Event::ResumeAsked),
        1 => Just(Event::NetworkChanged),
        1 => Just(Event::CredentialChanged),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => event().prop_map(Happening::Event),
        2 => prop::bool::weighted(0.8).prop_map(|well| Happening::Kept { well }),
        4 => Just(Happening::Answered),
        4 => Just(Happening::Timeout),
    ]
}

/// An engine and what a daemon would know beside it.
struct Bench {
    engine: Engine,
    kind: Kind,
    now: Moment,
    started: bool,
    to_keep: Vec<EntryId>,
    kept: BTreeSet<EntryId>,
    under_way: Option<Action>,
}

impl Bench {
    fn new(kind: Kind, seed: u64) -> Self {
        Self {
            engine: Engine::new(kind, Limits::default(), seed, Moment::ZERO),
            kind,
            now: Moment::ZERO,
            started: false,
            to_keep: Vec::new(),
            kept: BTreeSet::new(),
            under_way: None,
        }
    }

    fn happens(&mut self, after: Span, happening: Happening) {
        self.now = self.now + after;
        match happening {
            Happening::Event(event) => self.handle(event),
            Happening::Kept { well } => {
                if let Some(id) = self.to_keep.pop() {
                    self.handle(if well {
                        Event::Kept { id }
                    } else {
                        Event::NotKept { id }
                    });
                }
            }
            Happening::Answered => self.answer(),
            Happening::Timeout => {
                self.engine.handle_timeout(self.now);
                self.take_actions();
            }
        }
    }

    fn answer(&mut self) {
        let took = Span::from_ms(40);
        match self.under_way {
            Some(Action::Fetch) => self.handle(Event::Fetched {
                moved: true,
                writers: 1,
                took,
            }),
            Some(Action::Push) => {
                let done = self.engine.pending_ids().cloned().collect();
                self.handle(Event::Pushed {
                    done,
                    held: Vec::new(),
                    took,
                });
            }
            Some(Action::Tidy) => self.handle(Event::Tidied),
            Some(Action::Keep { .. } | Action::Refuse { .. }) | None => (),
        }
    }

    fn handle(&mut self, event: Event) {
        match &event {
            Event::Started { pending } => {
                self.started = true;
                self.kept.extend(pending.iter().cloned());
            }
            Event::Kept { id } => {
                self.kept.insert(id.clone());
            }
            Event::Fetched { .. } | Event::FetchFailed { .. } => {
                self.under_way.take_if(|work| *work == Action::Fetch);
            }
            Event::Pushed { .. }
            | Event::PushRejected { .. }
            | Event::PushUnknown { .. }
            | Event::PushFailed { .. } => {
                self.under_way.take_if(|work| *work == Action::Push);
            }
            Event::Tidied => {
                self.under_way.take_if(|work| *work == Action::Tidy);
            }
            Event::Submitted { .. }
            | Event::NotKept { .. }
            | Event::Awaited { .. }
            | Event::Settled { .. }
            | Event::TroubleFound { .. }
            | Event::TroubleGone { .. }
            | Event::Cluttered
            | Event::WriterSeen { .. }
            | Event::ClientActive
            | Event::SyncAsked
            | Event::PauseAsked { .. }
            | Event::ResumeAsked
            | Event::NetworkChanged
            | Event::CredentialChanged => (),
        }
        self.engine.handle(event, self.now);
        self.take_actions();
    }

    fn take_actions(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Keep { id } => self.to_keep.push(id),
                Action::Refuse { .. } => (),
                Action::Fetch | Action::Push | Action::Tidy => {
                    assert!(self.started, "nothing before the start");
                    assert_eq!(self.under_way, None, "one on the network at a time");
                    let is_paused = matches!(self.engine.state(), State::Paused { .. });
                    assert!(!is_paused || self.kind == Kind::Local, "nothing in a pause");
                    assert!(action != Action::Fetch || self.kind != Kind::Local);
                    if action == Action::Push {
                        assert!(self.engine.pending() > 0, "there is something to push");
                        assert!(self.engine.pending_ids().all(|id| self.kept.contains(id)));
                    }
                    self.under_way = Some(action);
                }
            }
        }
        self.check();
    }

    fn check(&self) {
        let view = self.engine.view();
        let is_paused = view.standing == Standing::Paused;
        let pausing_for_ever = self.engine.state() == State::Paused { until: None };
        let waits = self.engine.pending() > 0 || self.kind != Kind::Local;
        if self.started && waits && self.under_way.is_none() && !pausing_for_ever {
            let at = self.engine.poll_timeout().expect("it waits for something");
            assert!(at > self.now, "what is due was begun");
        }
        if self.engine.pending() > 0 && !is_paused && view.trouble.is_none() {
            assert!(matches!(view.standing, Standing::Syncing | Standing::Local));
        }
        if view.standing == Standing::Synced {
            assert_eq!((self.engine.pending(), view.trouble), (0, None));
        }
    }

    /// From here on all goes well and nobody does anything.
    fn calm(&mut self) {
        self.handle(Event::Started {
            pending: Vec::new(),
        });
        self.handle(Event::ResumeAsked);
        let end = self.now + CALM;
        for _ in 0..CALM_STEPS_MAX {
            if self.engine.pending() == 0 && self.under_way.is_none() {
                return;
            }
            if self.under_way.is_some() {
                self.happens(Span::from_ms(40), Happening::Answered);
            } else {
                let at = self.engine.poll_timeout().expect("something is pending");
                assert!(
                    at <= end,
                    "{} pending at {}",
                    self.engine.pending(),
                    self.now
                );
                self.happens(at - self.now, Happening::Timeout);
            }
        }
        panic!("runs in a circle: {:?}", self.engine.state());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_rules_hold_and_all_is_pushed_in_the_end(
        kind in prop::sample::select(&[FILE, FORGE, Kind::Local][..]),
        seed in any::<u64>(),
        happenings in prop::collection::vec((0..100_000_u64, happening()), 0..120),
    ) {
        let mut bench = Bench::new(kind, seed);
        for (after, happening) in happenings {
            bench.happens(Span::from_ms(after), happening);
        }
        bench.calm();
        prop_assert_eq!(bench.engine.pending(), 0);
    }

    #[test]
    fn the_same_seed_gives_the_same_run(
        seed in any::<u64>(),
        happenings in prop::collection::vec((0..100_000_u64, happening()), 0..60),
    ) {
        let mut benches = [Bench::new(FORGE, seed), Bench::new(FORGE, seed)];
        for (after, happening) in happenings {
            for bench in &mut benches {
                bench.happens(Span::from_ms(after), happening.clone());
            }
            prop_assert_eq!(benches[0].engine.poll_timeout(), benches[1].engine.poll_timeout());
            prop_assert_eq!(benches[0].engine.state(), benches[1].engine.state());
        }
    }
}
