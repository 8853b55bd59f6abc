//! What the result of a fetch or a push changes.

use threads::entry_id::EntryId;

use super::{Engine, UnderWay};
use crate::backoff::{after_race, after_trouble, doubled};
use crate::lane::Lane;
use crate::limits::RETRY_AFTER_MAX;
use crate::moment::{Moment, Span};
use crate::state::Kind;
use crate::trouble::{Remedy, Trouble, TroubleKind};

/// A server that named a time is given up to one part in this many more, so that not all who were
/// sent away come back at once.
const RETRY_AFTER_JITTER_PARTS: u64 = 10;

/// The two directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Fetch,
    Push,
}

impl Engine {
    pub(super) fn fetched(&mut self, moved: bool, writers: u32, took: Span, now: Moment) {
        if !self.end(UnderWay::Fetch) {
            return;
        }
        self.fetches_finished += 1;
        self.fetched = true;
        self.writers.saw_together(now, writers);
        if !self.fetches.is_clear() {
            self.fetches = Lane::Clear;
            // What heals by itself has healed.
            if self
                .pushes
                .trouble()
                .is_none_or(|trouble| trouble.kind.remedy() == Remedy::Wait)
            {
                self.pushes.lift(now);
            }
        }
        // A fetch that ends before the back-off does is old when the push may go.
        if self.pushes.until() <= now {
            self.tip_doubted = false;
        }
        self.poll
            .looked(&self.limits, &mut self.random, now, moved, took);
    }

    pub(super) fn fetch_failed(&mut self, trouble: Trouble, now: Moment) {
        if !self.end(UnderWay::Fetch) {
            return;
        }
        self.fetches_finished += 1;
        self.fetches = self.troubled(Direction::Fetch, trouble, now);
        self.honour_ask(now);
    }

    pub(super) fn pushed(&mut self, done: &[EntryId], held: &[EntryId], took: Span, now: Moment) {
        if !self.end(UnderWay::Push) {
            return;
        }
        if !done.is_empty() {
            self.push_took.measured(took);
        }
        if !held.is_empty() {
            let refused = Trouble::new(TroubleKind::PushRefused);
            self.notices.insert(refused.kind, refused);
        }
        let removed = self.remove_pending(done) + self.remove_pending(held);
        if removed == 0 && !self.pending.is_empty() {
            self.lost_race(false, now);
            return;
        }
        self.pushes = Lane::Clear;
        if self.gather.due().is_none() {
            self.hurry(now);
        }
        if self.kind != Kind::Local {
            self.poll
                .looked(&self.limits, &mut self.random, now, false, took);
        }
    }

    pub(super) fn push_rejected(&mut self, took: Span, at_once: bool, now: Moment) {
        if self.end(UnderWay::Push) {
            self.push_took.measured(took);
            self.lost_race(at_once, now);
        }
    }

    pub(super) fn push_unknown(&mut self, trouble: Trouble, now: Moment) {
        if self.end(UnderWay::Push) {
            self.doubt_tip();
            self.push_troubled(trouble, now);
        }
    }

    pub(super) fn push_failed(&mut self, trouble: Trouble, now: Moment) {
        if self.end(UnderWay::Push) {
            self.push_troubled(trouble, now);
        }
    }

    pub(super) fn tidied(&mut self, now: Moment) {
        if self.end(UnderWay::Tidy) {
            self.tidy.ended(now);
        }
    }

    pub(super) fn trouble_found(&mut self, trouble: Trouble) {
        self.notices.insert(trouble.kind, trouble);
        if trouble.kind == TroubleKind::Damaged {
            // The fetch makes the clone anew.
            self.ask_fetch();
            self.doubt_tip();
        }
    }

    /// Whether this was under way; it is no more.
    fn end(&mut self, work: UnderWay) -> bool {
        let was_under_way = self.under_way == work;
        if was_under_way {
            self.under_way = UnderWay::Nothing;
        }
        was_under_way
    }

    fn lost_race(&mut self, at_once: bool, now: Moment) {
        let attempt = self.pushes.races().saturating_add(1);
        let others = self.writers.others(now, self.limits.writers_window);
        let wait = if at_once {
            Span::ZERO
        } else {
            after_race(&mut self.random, attempt, self.push_took, others)
        };
        self.pushes = Lane::Contended {
            until: now + wait,
            attempt,
        };
        self.doubt_tip();
        self.hurry(now);
        self.honour_ask(now);
    }

    fn push_troubled(&mut self, trouble: Trouble, now: Moment) {
        self.pushes = self.troubled(Direction::Push, trouble, now);
        self.hurry(now);
        match trouble.kind {
            // The server's wish is for all we do, and a damaged clone cannot be read either.
            TroubleKind::RateLimited | TroubleKind::Damaged if self.kind != Kind::Local => {
                self.fetches = self.pushes;
                self.doubt_tip();
            }
            TroubleKind::RateLimited
            | TroubleKind::Damaged
            | TroubleKind::Offline
            | TroubleKind::CredentialMissing
            | TroubleKind::CredentialRefused
            | TroubleKind::KeychainLocked
            | TroubleKind::HostKeyUnknown
            | TroubleKind::HostKeyChanged
            | TroubleKind::PushRefused
            | TroubleKind::Rewritten
            | TroubleKind::DiskFull
            | TroubleKind::SettingsInvalid
            | TroubleKind::NotFound
            | TroubleKind::OutboxFull => (),
        }
        self.honour_ask(now);
    }

    fn doubt_tip(&mut self) {
        self.tip_doubted = self.kind != Kind::Local;
    }

    /// Somebody asked while the work was under way that then did not work.
    fn honour_ask(&mut self, now: Moment) {
        if self.fetch_asked {
            self.fetches.lift(now);
            self.pushes.lift(now);
        }
    }

    fn troubled(&mut self, direction: Direction, trouble: Trouble, now: Moment) -> Lane {
        let lane = match direction {
            Direction::Fetch => self.fetches,
            Direction::Push => self.pushes,
        };
        let attempt = lane.attempts(trouble.kind).saturating_add(1);
        let wait = self.wait(direction, trouble, attempt, now);
        Lane::Troubled {
            until: now + wait,
            attempt,
            trouble,
        }
    }

    fn wait(&mut self, direction: Direction, trouble: Trouble, attempt: u32, now: Moment) -> Span {
        let Self { limits, random, .. } = self;
        if self.kind == Kind::Local {
            return after_trouble(random, attempt, limits.backoff_min, limits.poll_idle);
        }
        match (trouble.kind.remedy(), trouble.retry_after) {
            (Remedy::Wait, Some(named)) => {
                let named = named.min(RETRY_AFTER_MAX);
                named + random.between(Span::ZERO, named / RETRY_AFTER_JITTER_PARTS)
            }
            (Remedy::Wait, None) => {
                // Nothing answers, so trying costs nobody anything, and somebody waits.
                let waited_for = !self.pending.is_empty() || self.poll.is_active(limits, now);
                let most = if trouble.kind == TroubleKind::Offline && waited_for {
                    limits.poll_idle.min(limits.backoff_max)
                } else {
                    limits.backoff_max
                };
                after_trouble(random, attempt, limits.backoff_min, most)
            }
            (Remedy::CloneAnew, _) => {
                after_trouble(random, attempt, limits.backoff_min, limits.backoff_max)
            }
            (Remedy::SignIn, _) => limits.auth_pause,
            (Remedy::Person, _) => match direction {
                Direction::Fetch => limits.poll_idle,
                // A push is dearer than a poll.
                Direction::Push => doubled(limits.poll_idle, attempt - 1)
                    .min(limits.backoff_max.max(limits.poll_idle)),
            },
        }
    }
}
