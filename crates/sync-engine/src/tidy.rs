//! When the clone is made small: when it has grown and nothing has changed for a while, so that
//! nobody waits for it; in the midst of work only where quiet does not come.

use crate::moment::{Moment, Span};

/// How long nothing may have changed.
pub const TIDY_QUIET: Span = Span::from_secs(10);

/// After this long it is done between two exchanges.
pub const TIDY_OVERDUE: Span = Span::from_secs(10 * 60);

/// At least this lies between two times.
pub const TIDY_REST: Span = Span::from_secs(60);

/// What is known of the clone's size.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tidy {
    /// Since when it is too large.
    cluttered: Option<Moment>,
    /// When something last changed.
    changed: Moment,
    /// When it was last made small, or tried to be.
    ended: Option<Moment>,
}

impl Tidy {
    pub(crate) fn cluttered(&mut self, now: Moment) {
        self.cluttered.get_or_insert(now);
        self.changed = now;
    }

    pub(crate) fn changed(&mut self, now: Moment) {
        self.changed = now;
    }

    pub(crate) fn began(&mut self) {
        self.cluttered = None;
    }

    pub(crate) fn ended(&mut self, now: Moment) {
        self.ended = Some(now);
    }

    /// When it may begin; `is_idle`: nothing waits to be kept or pushed.
    pub(crate) fn due(&self, is_idle: bool) -> Option<Moment> {
        let overdue = self.cluttered? + TIDY_OVERDUE;
        let due = if is_idle {
            overdue.min(self.changed + TIDY_QUIET)
        } else {
            overdue
        };
        Some(self.ended.map_or(due, |ended| due.max(ended + TIDY_REST)))
    }
}
