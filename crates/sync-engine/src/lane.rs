//! Whether one direction, fetch or push, is open, and until when it is not.

use crate::moment::Moment;
use crate::trouble::{Remedy, Trouble, TroubleKind};

/// After this many races lost in a row something else than writers must be in the way (such as a
/// lock that a dead process left on the server), and a person is told.
pub(crate) const RACES_SILENT_MAX: u32 = 20;

/// One direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Nothing is in the way.
    Clear,
    /// Races were lost to other writers.
    Contended { until: Moment, attempt: u32 },
    /// Something is in the way.
    Troubled {
        until: Moment,
        attempt: u32,
        trouble: Trouble,
    },
}

impl Lane {
    /// Until when nothing is tried; the start where nothing is in the way.
    pub(crate) fn until(&self) -> Moment {
        match *self {
            Self::Clear => Moment::ZERO,
            Self::Contended { until, .. } | Self::Troubled { until, .. } => until,
        }
    }

    pub(crate) fn is_clear(&self) -> bool {
        *self == Self::Clear
    }

    /// What a person is shown.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match *self {
            Self::Clear => None,
            Self::Contended { attempt, .. } => {
                (attempt > RACES_SILENT_MAX).then(|| Trouble::new(TroubleKind::PushRefused))
            }
            Self::Troubled { trouble, .. } => Some(trouble),
        }
    }

    /// How many races were lost in a row.
    pub(crate) fn races(&self) -> u32 {
        match *self {
            Self::Clear | Self::Troubled { .. } => 0,
            Self::Contended { attempt, .. } => attempt,
        }
    }

    /// How many times in a row there was trouble of this kind.
    pub(crate) fn attempts(&self, kind: TroubleKind) -> u32 {
        match *self {
            Self::Clear | Self::Contended { .. } => 0,
            Self::Troubled {
                attempt, trouble, ..
            } if trouble.kind == kind => attempt,
            Self::Troubled { .. } => 0,
        }
    }

    /// Somebody asked: it is tried again, unless that would do harm.
    pub(crate) fn lift(&mut self, now: Moment) {
        match self {
            Self::Clear => (),
            Self::Contended { until, .. } => *until = now.min(*until),
            Self::Troubled { trouble, .. } if trouble.is_firm() => (),
            Self::Troubled { until, .. } => *until = now.min(*until),
        }
    }

    /// Somebody came: a remote that could not be reached is tried again.
    pub(crate) fn lift_offline(&mut self, now: Moment) {
        if self
            .trouble()
            .is_some_and(|trouble| trouble.kind == TroubleKind::Offline)
        {
            self.lift(now);
        }
    }

    /// The network changed, or works again: what heals by itself is tried again.
    pub(crate) fn network_changed(&mut self, now: Moment) {
        if let Self::Troubled { trouble, .. } = self
            && trouble.kind.remedy() == Remedy::SignIn
        {
            return;
        }
        self.lift(now);
        self.forget_attempts();
    }

    /// A credential or a host key changed: all is tried again but what the server put a time to.
    pub(crate) fn credential_changed(&mut self, now: Moment) {
        if let Self::Troubled { trouble, until, .. } = self
            && trouble.kind.remedy() == Remedy::SignIn
        {
            *until = now.min(*until);
        }
        self.lift(now);
        self.forget_attempts();
    }

    fn forget_attempts(&mut self) {
        match self {
            Self::Clear => (),
            Self::Contended { attempt, .. } | Self::Troubled { attempt, .. } => *attempt = 0,
        }
    }
}
