//! What is wanted, what is next and when: one answer for both the timer and the next action.

use threads::entry_id::EntryId;

use super::{Engine, Pause, UnderWay};
use crate::action::Action;
use crate::lane::Lane;
use crate::limits::{PENDING_MAX, SLEEP_MIN};
use crate::moment::Moment;
use crate::state::Kind;
use crate::trouble::{Remedy, Trouble, TroubleKind};

/// The next work on the network and when it may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Moment,
    work: Work,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Fetch,
    Push,
    Tidy,
}

impl Engine {
    pub(super) fn next_step(&self) -> Option<Step> {
        if !self.started || self.under_way != UnderWay::Nothing {
            return None;
        }
        let is_idle = self.keeping.is_empty() && self.pending.is_empty();
        let tidy = self.tidy.due(is_idle).filter(|_| self.pause == Pause::Off);
        let tidy = tidy.map(|at| Step {
            at,
            work: Work::Tidy,
        });
        match (self.exchange_step(), tidy) {
            (Some(exchange), Some(tidy)) if tidy.at < exchange.at => Some(tidy),
            (Some(exchange), _) => Some(exchange),
            (None, tidy) => tidy,
        }
    }

    fn exchange_step(&self) -> Option<Step> {
        let push_at = self.push_at();
        if self.kind == Kind::Local {
            return push_at.map(|at| Step {
                at,
                work: Work::Push,
            });
        }
        if self.pause != Pause::Off {
            return None;
        }
        if !self.fetches.is_clear() {
            return Some(Step {
                at: self.fetches.until(),
                work: Work::Fetch,
            });
        }
        if self.fetch_asked {
            return Some(Step {
                at: Moment::ZERO,
                work: Work::Fetch,
            });
        }
        match push_at {
            // A push that goes through shows the remote's tip as well as a poll does.
            Some(at) if at <= self.poll.due() => {
                let work = if self.tip_doubted {
                    Work::Fetch
                } else {
                    Work::Push
                };
                Some(Step { at, work })
            }
            Some(_) | None => Some(Step {
                at: self.poll.due(),
                work: Work::Fetch,
            }),
        }
    }

    fn push_at(&self) -> Option<Moment> {
        let due = self.gather.due().filter(|_| !self.pending.is_empty())?;
        let affordable = match self.kind {
            Kind::Remote {
                metered_budget: true,
            } if self.push_asked => self.budget.ready_at_asked(),
            Kind::Remote {
                metered_budget: true,
            } => self.budget.ready_at(),
            Kind::Remote {
                metered_budget: false,
            }
            | Kind::Local => Moment::ZERO,
        };
        Some(due.max(self.pushes.until()).max(affordable))
    }

    /// Begins what is due.
    pub(super) fn step(&mut self, now: Moment) {
        if let Pause::Until(until) = self.pause
            && until <= now
        {
            self.resume(now);
        }
        let others = self.writers.others(now, self.limits.writers_window);
        self.budget.fill(now, others.saturating_add(1));
        let Some(Step { work, .. }) = self.next_step().filter(|step| step.at <= now) else {
            return;
        };
        match work {
            Work::Fetch => {
                self.under_way = UnderWay::Fetch;
                self.fetch_asked = false;
                self.fetches_started += 1;
                self.actions.push_back(Action::Fetch);
            }
            Work::Push => {
                self.under_way = UnderWay::Push;
                self.push_asked = false;
                self.budget.take();
                self.gather.push_began(now);
                self.actions.push_back(Action::Push);
            }
            Work::Tidy => {
                self.under_way = UnderWay::Tidy;
                self.tidy.began();
                self.actions.push_back(Action::Tidy);
            }
        }
    }

    pub(super) fn start(&mut self, pending: Vec<EntryId>, now: Moment) {
        self.started = true;
        self.ask_fetch();
        self.pending.extend(pending);
        self.hurry(now);
    }

    pub(super) fn submitted(&mut self, id: EntryId, now: Moment) {
        self.client_active(now);
        if self.has_room() {
            self.keeping.insert(id.clone());
            self.actions.push_back(Action::Keep { id });
        } else {
            let full = Trouble::new(TroubleKind::OutboxFull);
            self.notices.insert(full.kind, full);
            self.actions.push_back(Action::Refuse { id });
        }
    }

    pub(super) fn kept(&mut self, id: EntryId, now: Moment) {
        self.tidy.changed(now);
        self.keeping.remove(&id);
        if !self.pending.insert(id) {
            return;
        }
        // The disk takes writes again.
        self.notices.remove(&TroubleKind::DiskFull);
        match self.kind {
            Kind::Local => self.gather.hurry(now),
            Kind::Remote { .. } => self.gather.kept(&self.limits, now),
        }
        // One refused operation may be at fault, or the remote takes none: the next one tells. With
        // two of them it was told, and more wait for the back-off.
        if self.pending.len() == 2 && self.is_push_refused() {
            self.pushes.lift(now);
        }
    }

    pub(super) fn awaited(&mut self, id: &EntryId, now: Moment) {
        if self.pending.contains(id) {
            self.gather.hurry(now);
        }
    }

    fn is_push_refused(&self) -> bool {
        match self.pushes {
            Lane::Troubled { trouble, .. } => trouble.kind == TroubleKind::PushRefused,
            Lane::Clear | Lane::Contended { .. } => false,
        }
    }

    /// These are pending no more; how many of them were.
    pub(super) fn remove_pending(&mut self, ids: &[EntryId]) -> usize {
        let removed = ids.iter().filter(|&id| self.pending.remove(id)).count();
        if self.keeping.len() + self.pending.len() < PENDING_MAX {
            self.notices.remove(&TroubleKind::OutboxFull);
        }
        removed
    }

    pub(super) fn settled(&mut self, ids: &[EntryId]) {
        self.remove_pending(ids);
        if self.pending.is_empty() {
            self.gather.emptied();
            self.push_asked = false;
            // Without anything to push a push's trouble is none, but a bad credential stays bad.
            let signed_out = self
                .pushes
                .trouble()
                .is_some_and(|trouble| trouble.kind.remedy() == Remedy::SignIn);
            if !signed_out {
                self.pushes = Lane::Clear;
            }
        }
    }

    pub(super) fn client_active(&mut self, now: Moment) {
        if !self.poll.is_active(&self.limits, now) {
            // The waits of a quiet time are too long for somebody who looks.
            self.fetches.lift_offline(now);
        }
        self.poll.client_active(&self.limits, &mut self.random, now);
    }

    pub(super) fn sync_asked(&mut self, now: Moment) {
        self.client_active(now);
        self.ask_fetch();
        self.push_asked = !self.pending.is_empty();
        self.hurry(now);
        self.fetches.lift(now);
        self.pushes.lift(now);
    }

    pub(super) fn pause(&mut self, until: Option<Moment>, now: Moment) {
        match until {
            None => self.pause = Pause::UntilResumed,
            Some(until) if until > now => self.pause = Pause::Until(until),
            Some(_) => self.resume(now),
        }
    }

    /// What the pause kept back goes out at once.
    pub(super) fn resume(&mut self, now: Moment) {
        if self.pause != Pause::Off {
            self.pause = Pause::Off;
            self.ask_fetch();
            self.push_asked = !self.pending.is_empty();
            self.hurry(now);
            self.fetches.lift(now);
            self.pushes.lift(now);
        }
    }

    pub(super) fn network_changed(&mut self, now: Moment) {
        self.ask_fetch();
        self.fetches.network_changed(now);
        self.pushes.network_changed(now);
    }

    pub(super) fn credential_changed(&mut self, now: Moment) {
        self.ask_fetch();
        self.fetches.credential_changed(now);
        self.pushes.credential_changed(now);
    }

    /// A timer that comes much too late means that the machine slept: the network is another one.
    pub(super) fn notice_sleep(&mut self, now: Moment) {
        if self.poll_timeout().is_some_and(|due| now > due + SLEEP_MIN) {
            self.network_changed(now);
        }
    }

    /// What is pending is pushed as soon as it can be.
    pub(super) fn hurry(&mut self, now: Moment) {
        if !self.pending.is_empty() {
            self.gather.hurry(now);
        }
    }

    pub(super) fn ask_fetch(&mut self) {
        self.fetch_asked = self.kind != Kind::Local;
    }
}
