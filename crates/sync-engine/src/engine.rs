//! The state machine of one repository: events and time in, actions out.
//!
//! Always true: at most one fetch or push is under way; an operation is pushed only after it was
//! kept; what is pending is pushed in the end, once trouble is over.

mod plan;
mod results;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use threads::entry_id::EntryId;

use crate::action::Action;
use crate::backoff::PushTook;
use crate::budget::Budget;
use crate::event::Event;
use crate::gather::Gather;
use crate::lane::Lane;
use crate::limits::{Limits, PENDING_MAX};
use crate::moment::{Moment, Span};
use crate::poll::Poll;
use crate::random::Random;
use crate::state::Kind;
use crate::tidy::Tidy;
use crate::trouble::{Trouble, TroubleKind};
use crate::writers::Writers;

/// Decides what to do next for one repository.
///
/// Give it every event with [`Engine::handle`], call [`Engine::handle_timeout`] when
/// [`Engine::poll_timeout`] has come, and after each of both perform what [`Engine::poll_action`]
/// returns until it returns nothing.
#[derive(Clone, Debug)]
pub struct Engine {
    kind: Kind,
    limits: Limits,
    random: Random,
    started: bool,
    actions: VecDeque<Action>,
    keeping: BTreeSet<EntryId>,
    pending: BTreeSet<EntryId>,
    under_way: UnderWay,
    pause: Pause,
    /// Whether fetches work. Where they do not, nothing is pushed either.
    fetches: Lane,
    /// Whether pushes work. Where they do not, polls go on.
    pushes: Lane,
    /// Trouble that stops neither.
    notices: BTreeMap<TroubleKind, Trouble>,
    /// A fetch is wanted that starts after now.
    fetch_asked: bool,
    /// Somebody waits for the next push.
    push_asked: bool,
    /// The last known tip may be old: the next push needs a fetch first.
    tip_doubted: bool,
    gather: Gather,
    poll: Poll,
    budget: Budget,
    writers: Writers,
    tidy: Tidy,
    push_took: PushTook,
    fetches_started: u64,
    fetches_finished: u64,
    fetched: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnderWay {
    Nothing,
    Fetch,
    Push,
    Tidy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    Off,
    Until(Moment),
    UntilResumed,
}

impl Engine {
    /// An engine that waits for [`Event::Started`]. `seed` decides every chance.
    #[must_use]
    pub fn new(kind: Kind, limits: Limits, seed: u64, now: Moment) -> Self {
        Self {
            kind,
            random: Random::new(seed),
            started: false,
            actions: VecDeque::new(),
            keeping: BTreeSet::new(),
            pending: BTreeSet::new(),
            under_way: UnderWay::Nothing,
            pause: Pause::Off,
            fetches: Lane::Clear,
            pushes: Lane::Clear,
            notices: BTreeMap::new(),
            fetch_asked: false,
            push_asked: false,
            tip_doubted: kind != Kind::Local,
            gather: Gather::default(),
            poll: Poll::new(&limits, now),
            limits,
            budget: Budget::new(now),
            writers: Writers::default(),
            tidy: Tidy::default(),
            push_took: PushTook::default(),
            fetches_started: 0,
            fetches_finished: 0,
            fetched: false,
        }
    }

    /// Takes in what happened. `now` never goes back.
    pub fn handle(&mut self, event: Event, now: Moment) {
        self.notice_sleep(now);
        match event {
            Event::Started { pending } => self.start(pending, now),
            Event::Submitted { id } => self.submitted(id, now),
            Event::Kept { id } => self.kept(id, now),
            Event::Awaited { id } => self.awaited(&id, now),
            Event::NotKept { id } => {
                self.keeping.remove(&id);
            }
            Event::Fetched {
                moved,
                writers,
                took,
            } => self.fetched(moved, writers, took, now),
            Event::FetchFailed { trouble } => self.fetch_failed(trouble, now),
            Event::Pushed { done, held, took } => self.pushed(&done, &held, took, now),
            Event::PushRejected { took, at_once } => self.push_rejected(took, at_once, now),
            Event::PushUnknown { trouble } => self.push_unknown(trouble, now),
            Event::PushFailed { trouble } => self.push_failed(trouble, now),
            Event::Settled { ids } => self.settled(&ids),
            Event::TroubleFound { trouble } => self.trouble_found(trouble),
            Event::TroubleGone { kind } => {
                self.notices.remove(&kind);
            }
            Event::Cluttered => self.tidy.cluttered(now),
            Event::Tidied => self.tidied(now),
            Event::WriterSeen { writer } => self.writers.saw(now, writer),
            Event::ClientActive => self.client_active(now),
            Event::SyncAsked => self.sync_asked(now),
            Event::PauseAsked { until } => self.pause(until, now),
            Event::ResumeAsked => self.resume(now),
            Event::NetworkChanged => self.network_changed(now),
            Event::CredentialChanged => self.credential_changed(now),
        }
        self.step(now);
    }

    /// Takes in that time passed; harmless at any moment.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.notice_sleep(now);
        self.step(now);
    }

    /// The next thing to do, if any.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Engine::handle_timeout`] must be called at the latest, if no event comes first.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let pause_end = match self.pause {
            Pause::Off | Pause::UntilResumed => None,
            Pause::Until(until) => Some(until),
        };
        let step = self.next_step().map(|step| step.at);
        pause_end.into_iter().chain(step).min()
    }

    /// How many durable operations are not on the remote yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Those operations, in the order of their Entry-IDs.
    pub fn pending_ids(&self) -> impl Iterator<Item = &EntryId> {
        self.pending.iter()
    }

    /// Whether another operation would be kept.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.keeping.len() + self.pending.len() < PENDING_MAX
    }

    /// How many fetches were started. Whoever wants a fetch that starts after now takes this
    /// number, sends [`Event::SyncAsked`], and waits until [`Engine::fetches_finished`] exceeds it.
    #[must_use]
    pub fn fetches_started(&self) -> u64 {
        self.fetches_started
    }

    /// How many fetches ended, well or not.
    #[must_use]
    pub fn fetches_finished(&self) -> u64 {
        self.fetches_finished
    }

    /// The span between two polls as it is now, before jitter; an age of twice this is old.
    #[must_use]
    pub fn poll_interval(&self) -> Span {
        self.poll.span()
    }

    /// Takes other limits, because the settings changed.
    pub fn set_limits(&mut self, limits: Limits, now: Moment) {
        self.limits = limits;
        self.poll
            .limits_changed(&self.limits, &mut self.random, now);
        self.step(now);
    }
}
