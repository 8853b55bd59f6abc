//! How many pushes a forge will bear: 6 a minute for a repository, shared by all who write to it.
//!
//! Source: what forges advise, as the design, section 3, takes it.

use crate::moment::{Moment, Span};

/// How many pushes may follow each other at once after quiet.
pub(crate) const BURST: u64 = 10;

/// How many pushes that somebody asked for may be taken in advance.
pub(crate) const BORROWED_MAX: u64 = 5;

/// What one push costs where nobody else writes: 6 a minute.
pub(crate) const PUSH_COST: Span = Span::from_secs(10);

/// One push; parts of it are counted finely, so that a refill every millisecond loses nothing.
const PUSH: u64 = 1_000_000_000_000;

/// A bucket that fills with time and that each push takes one from.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// What is there, [`BORROWED_MAX`] pushes above what may be spent unasked.
    level: u64,
    filled_at: Moment,
    writers: u64,
}

impl Budget {
    pub(crate) fn new(now: Moment) -> Self {
        Self {
            level: (BURST + BORROWED_MAX) * PUSH,
            filled_at: now,
            writers: 1,
        }
    }

    /// Fills up to `now`, from where on this many writers, ourselves included, share.
    pub(crate) fn fill(&mut self, now: Moment, writers: u32) {
        let elapsed = now - self.filled_at;
        let gain = elapsed.as_ms().saturating_mul(self.gain_per_ms());
        self.level = self
            .level
            .saturating_add(gain)
            .min((BURST + BORROWED_MAX) * PUSH);
        self.filled_at = self.filled_at.max(now);
        self.writers = u64::from(writers.max(1));
    }

    /// When the next push may go that nobody asked for.
    pub(crate) fn ready_at(&self) -> Moment {
        self.reaches((BORROWED_MAX + 1) * PUSH)
    }

    /// When the next push may go that somebody asked for.
    pub(crate) fn ready_at_asked(&self) -> Moment {
        self.reaches(PUSH)
    }

    pub(crate) fn take(&mut self) {
        self.level = self.level.saturating_sub(PUSH);
    }

    fn reaches(&self, level: u64) -> Moment {
        let missing = level.saturating_sub(self.level);
        self.filled_at + Span::from_ms(missing.div_ceil(self.gain_per_ms()))
    }

    fn gain_per_ms(&self) -> u64 {
        (PUSH / PUSH_COST.as_ms() / self.writers).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Moment {
        Moment::from_ms(seconds * 1_000)
    }

    /// Pushes as often as it may until `end`; the seconds at which it did.
    fn pushes(budget: &mut Budget, end: u64, writers: u32, asked: bool) -> Vec<u64> {
        let mut at = Vec::new();
        loop {
            let ready = if asked {
                budget.ready_at_asked()
            } else {
                budget.ready_at()
            };
            if ready > second(end) {
                return at;
            }
            budget.fill(ready, writers);
            budget.take();
            at.push(ready.as_ms() / 1_000);
        }
    }

    #[test]
    fn a_burst_then_six_a_minute() {
        let mut budget = Budget::new(second(0));
        let at = pushes(&mut budget, 60, 1, false);
        assert_eq!(at, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn three_writers_have_two_a_minute_each() {
        let mut budget = Budget::new(second(0));
        let at = pushes(&mut budget, 91, 3, false);
        assert_eq!(at[BURST as usize..], [30, 60, 90]);
    }

    #[test]
    fn quiet_fills_to_the_burst_and_no_further() {
        let mut budget = Budget::new(second(0));
        pushes(&mut budget, 0, 1, false);
        budget.fill(second(100_000), 1);
        assert_eq!(pushes(&mut budget, 100_005, 1, false).len() as u64, BURST);
    }

    #[test]
    fn asking_borrows_a_few() {
        let mut budget = Budget::new(second(0));
        pushes(&mut budget, 0, 1, false);
        assert_eq!(pushes(&mut budget, 0, 1, true).len() as u64, BORROWED_MAX);
        assert_eq!(budget.ready_at_asked(), second(10));
        assert_eq!(budget.ready_at(), second(60));
    }

    #[test]
    fn a_fill_every_millisecond_loses_nothing() {
        let mut budget = Budget::new(second(0));
        pushes(&mut budget, 0, 7, false);
        for ms in 0..=70_000 {
            budget.fill(Moment::from_ms(ms), 7);
        }
        assert!(
            budget.ready_at() <= second(70) + Span::from_ms(1),
            "{}",
            budget.ready_at()
        );
    }
}
