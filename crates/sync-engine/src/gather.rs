//! When what is kept is pushed: the first write after quiet at once, what follows together.

use crate::limits::Limits;
use crate::moment::Moment;

/// Gathers writes into pushes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gather {
    waiting: Option<Waiting>,
    /// When a write was kept, or a push began, last.
    stirred: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Moment,
    due: Moment,
}

impl Gather {
    /// When the next push is due, as far as gathering goes.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.waiting.map(|waiting| waiting.due)
    }

    /// A write became durable.
    pub(crate) fn kept(&mut self, limits: &Limits, now: Moment) {
        let quiet = self.stirred.is_none_or(|at| now - at >= limits.push_delay);
        self.stirred = Some(now);
        let later = now + limits.push_delay;
        self.waiting = Some(match self.waiting {
            None => Waiting {
                since: now,
                due: if quiet { now } else { later },
            },
            // What is due already waits for something else, and not for company.
            Some(waiting) if waiting.due <= now => waiting,
            Some(Waiting { since, .. }) => Waiting {
                since,
                due: later.min(since + limits.gather_max),
            },
        });
    }

    /// What waits is to be pushed as soon as it can be.
    pub(crate) fn hurry(&mut self, now: Moment) {
        let since = self.waiting.map_or(now, |waiting| waiting.since);
        let due = self.waiting.map_or(now, |waiting| waiting.due.min(now));
        self.waiting = Some(Waiting { since, due });
    }

    /// A push of all that waits began.
    pub(crate) fn push_began(&mut self, now: Moment) {
        self.waiting = None;
        self.stirred = Some(now);
    }

    /// Nothing waits.
    pub(crate) fn emptied(&mut self) {
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When pushes begin for writes kept at these moments, all in ms; pushes take no time.
    fn check(kept: &[u64], expected: &[u64]) {
        let limits = Limits::default();
        let mut gather = Gather::default();
        let mut pushes = Vec::new();
        let mut push_until = |gather: &mut Gather, now: Moment| {
            while let Some(due) = gather.due().filter(|&due| due <= now) {
                pushes.push(due.as_ms());
                gather.push_began(due);
            }
        };
        for &ms in kept {
            let now = Moment::from_ms(ms);
            push_until(&mut gather, now);
            gather.kept(&limits, now);
            push_until(&mut gather, now);
        }
        push_until(&mut gather, Moment::from_ms(u64::MAX));
        assert_eq!(pushes, expected);
    }

    #[test]
    fn the_first_goes_at_once_and_the_rest_together() {
        check(&[0], &[0]);
        check(&[0, 1_000, 2_000], &[0, 1_000, 2_000]);
        check(&[0, 100, 150, 390], &[0, 690]);
        check(&[0, 300], &[0, 300]);
        check(&[0, 299], &[0, 599]);
    }

    #[test]
    fn a_steady_stream_goes_every_three_seconds() {
        let stream: Vec<u64> = (0..100).map(|write| write * 100).collect();
        check(&stream, &[0, 3_100, 6_100, 9_100, 10_200]);
    }
}
