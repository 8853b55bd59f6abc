//! How things stand, read off the engine: for the log, and for people.

use super::{Engine, Pause, UnderWay};
use crate::lane::Lane;
use crate::state::{Kind, Standing, State, View};
use crate::trouble::{Remedy, Trouble, TroubleKind};

impl Engine {
    /// What the engine does now.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.pause, self.under_way) {
            (Pause::Until(until), _) => State::Paused { until: Some(until) },
            (Pause::UntilResumed, _) => State::Paused { until: None },
            (Pause::Off, UnderWay::Fetch) => State::Fetching,
            (Pause::Off, UnderWay::Push) => State::Pushing,
            (Pause::Off, UnderWay::Nothing | UnderWay::Tidy) => {
                let lane = if self.fetches.is_clear() {
                    self.pushes
                } else {
                    self.fetches
                };
                self.waiting_state(lane)
            }
        }
    }

    /// What stands in the way: of writes, else of fetches, else of pushes, else of nothing but worth
    /// a word.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        // What keeps the outbox from getting empty is waited for; that nothing more is taken is not.
        let full = self.notices.get(&TroubleKind::OutboxFull).copied();
        full.or_else(|| self.trouble_of_exchanges())
            .or_else(|| self.notices.values().next().copied())
    }

    /// What stands in the way of fetches, else of pushes.
    #[must_use]
    pub fn trouble_of_exchanges(&self) -> Option<Trouble> {
        let fetches = self.fetches.trouble();
        fetches.or_else(|| self.pushes.trouble())
    }

    /// How the repository stands, for people.
    #[must_use]
    pub fn view(&self) -> View {
        let trouble = self.trouble();
        let standing = match (self.pause, trouble) {
            (Pause::Until(_) | Pause::UntilResumed, _) => Standing::Paused,
            (Pause::Off, Some(trouble)) => self.standing_in(trouble.kind),
            (Pause::Off, None) => self.standing_in_peace(),
        };
        View {
            standing,
            trouble,
            pending: self.pending.len(),
        }
    }

    fn standing_in(&self, kind: TroubleKind) -> Standing {
        match kind.remedy() {
            Remedy::Wait => Standing::Offline,
            Remedy::SignIn => Standing::SignedOut,
            Remedy::Person => Standing::Attention,
            // Our own branch is the truth there and nothing can be cloned anew.
            Remedy::CloneAnew if self.kind == Kind::Local => Standing::Attention,
            Remedy::CloneAnew => Standing::Syncing,
        }
    }

    fn standing_in_peace(&self) -> Standing {
        match self.kind {
            Kind::Local => Standing::Local,
            // A poll is under way every few seconds; only what it may change is worth showing.
            Kind::Remote { .. } if self.pending.is_empty() && self.fetched => Standing::Synced,
            Kind::Remote { .. } => Standing::Syncing,
        }
    }

    fn waiting_state(&self, lane: Lane) -> State {
        match lane {
            Lane::Clear => State::Resting,
            Lane::Contended { until, attempt } => State::Pausing { until, attempt },
            Lane::Troubled {
                until,
                attempt,
                trouble,
            } => match trouble.kind.remedy() {
                Remedy::Wait | Remedy::CloneAnew => State::Pausing { until, attempt },
                Remedy::SignIn => State::SignedOut { until },
                Remedy::Person => State::Attention { until },
            },
        }
    }
}
