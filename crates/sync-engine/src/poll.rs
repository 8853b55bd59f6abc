//! When to look at the remote without being asked: often while somebody is active, then ever less.

use crate::limits::Limits;
use crate::moment::{Moment, Span};
use crate::random::Random;

/// A poll comes up to one part in this many early, so that machines do not poll in step.
const JITTER_PARTS: u64 = 5;

/// Between two polls lies at least this many times what the last one took.
const REST_PER_FETCH: u64 = 2;

/// The pace of polls.
#[derive(Clone, Debug)]
pub(crate) struct Poll {
    due: Moment,
    span: Span,
    looked: Option<Moment>,
    active: Option<Moment>,
}

impl Poll {
    /// The first poll is due at once.
    pub(crate) fn new(limits: &Limits, now: Moment) -> Self {
        Self {
            due: now,
            span: limits.poll_active,
            looked: None,
            active: None,
        }
    }

    pub(crate) fn due(&self) -> Moment {
        self.due
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }

    pub(crate) fn is_active(&self, limits: &Limits, now: Moment) -> bool {
        self.active
            .is_some_and(|at| now - at < limits.active_window)
    }

    /// Somebody did something.
    pub(crate) fn client_active(&mut self, limits: &Limits, random: &mut Random, now: Moment) {
        let was_active = self.is_active(limits, now);
        self.active = Some(now);
        if !was_active && let Some(looked) = self.looked {
            self.span = limits.poll_active;
            self.due = self.due.min((looked + early(random, self.span)).max(now));
        }
    }

    /// The settings changed.
    pub(crate) fn limits_changed(&mut self, limits: &Limits, random: &mut Random, now: Moment) {
        self.span = limits.poll_active;
        if let Some(looked) = self.looked {
            self.due = (looked + early(random, self.span)).max(now);
        }
    }

    /// We know how the remote stands; `news` is whether others changed it, `took` how long it took.
    pub(crate) fn looked(
        &mut self,
        limits: &Limits,
        random: &mut Random,
        now: Moment,
        news: bool,
        took: Span,
    ) {
        if self.is_active(limits, now) {
            self.span = limits.poll_active;
        } else if !news {
            self.span = (self.span * 2)
                .min(limits.poll_idle)
                .max(limits.poll_active);
        }
        self.looked = Some(now);
        self.due = now + early(random, self.span).max(took * REST_PER_FETCH);
    }
}

fn early(random: &mut Random, span: Span) -> Span {
    random.between(span - span / JITTER_PARTS, span)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gaps in seconds, rounded up, between polls from `start` on.
    fn gaps(poll: &mut Poll, start: Moment, count: usize, took: Span) -> Vec<u64> {
        let limits = Limits::default();
        let mut random = Random::new(3);
        let mut now = start;
        (0..count)
            .map(|_| {
                poll.looked(&limits, &mut random, now, false, took);
                let gap = poll.due() - now;
                now = poll.due();
                assert!(gap >= poll.span - poll.span / JITTER_PARTS || took > Span::ZERO);
                gap.as_ms().div_ceil(1_000)
            })
            .collect()
    }

    #[test]
    fn polls_fall_to_the_idle_pace_after_the_active_window() {
        let limits = Limits::default();
        let mut random = Random::new(3);
        let mut poll = Poll::new(&limits, Moment::ZERO);
        poll.client_active(&limits, &mut random, Moment::ZERO);
        let spans = gaps(&mut poll, Moment::ZERO, 40, Span::ZERO);
        assert!(
            spans[..24].iter().all(|&gap| gap == 4 || gap == 5),
            "{spans:?}"
        );
        let falling: Vec<u64> = spans.into_iter().skip_while(|&gap| gap <= 5).collect();
        assert!((8..=10).contains(&falling[0]), "{falling:?}");
        assert!((16..=20).contains(&falling[1]), "{falling:?}");
        assert!((32..=40).contains(&falling[2]), "{falling:?}");
        assert!(
            falling[3..].iter().all(|gap| (48..=60).contains(gap)),
            "{falling:?}"
        );
    }

    #[test]
    fn activity_after_quiet_brings_the_next_poll_near() {
        let limits = Limits::default();
        let mut random = Random::new(3);
        let mut poll = Poll::new(&limits, Moment::ZERO);
        gaps(&mut poll, Moment::ZERO, 6, Span::ZERO);
        let looked = poll.looked.unwrap();
        let now = looked + Span::from_secs(2);
        poll.client_active(&limits, &mut random, now);
        assert!(poll.due() - looked <= limits.poll_active);
        let late = looked + Span::from_secs(30);
        let mut poll = Poll {
            due: looked + limits.poll_idle,
            active: None,
            ..poll
        };
        poll.client_active(&limits, &mut random, late);
        assert_eq!(poll.due(), late);
    }

    #[test]
    fn a_slow_server_is_given_rest() {
        let mut poll = Poll::new(&Limits::default(), Moment::ZERO);
        let took = Span::from_secs(50);
        assert_eq!(
            gaps(&mut poll, Moment::ZERO, 1, took),
            [50 * REST_PER_FETCH]
        );
    }
}
