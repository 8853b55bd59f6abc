//! How many others write to the same repository, from what was seen of them lately.

use std::collections::{BTreeMap, VecDeque};

use crate::moment::{Moment, Span};

/// How many writers, and how many fetches that showed some, are remembered; the oldest go first.
pub(crate) const WRITERS_MAX: usize = 256;

/// What was seen of other writers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writers {
    /// When a fetch showed how many at once.
    together: VecDeque<(Moment, u32)>,
    /// When each was seen last.
    named: BTreeMap<u64, Moment>,
}

impl Writers {
    /// A fetch showed this many at once.
    pub(crate) fn saw_together(&mut self, now: Moment, others: u32) {
        if others == 0 {
            return;
        }
        // What is older and fewer can never be the most again.
        while self
            .together
            .back()
            .is_some_and(|&(_, fewer)| fewer <= others)
        {
            self.together.pop_back();
        }
        if self.together.len() == WRITERS_MAX {
            self.together.pop_front();
        }
        self.together.push_back((now, others));
    }

    /// This one was seen.
    pub(crate) fn saw(&mut self, now: Moment, writer: u64) {
        self.named.insert(writer, now);
        if self.named.len() > WRITERS_MAX {
            let oldest = self
                .named
                .iter()
                .min_by_key(|(_, seen)| **seen)
                .map(|(&name, _)| name);
            oldest.map(|name| self.named.remove(&name));
        }
    }

    /// At least how many others wrote within `window`.
    pub(crate) fn others(&mut self, now: Moment, window: Span) -> u32 {
        self.named.retain(|_, seen| now - *seen <= window);
        while self
            .together
            .front()
            .is_some_and(|&(seen, _)| now - seen > window)
        {
            self.together.pop_front();
        }
        let together = self.together.front().map_or(0, |&(_, others)| others);
        together.max(u32::try_from(self.named.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Span = Span::from_secs(300);

    fn second(seconds: u64) -> Moment {
        Moment::from_ms(seconds * 1_000)
    }

    #[test]
    fn the_most_of_the_window_counts() {
        let mut writers = Writers::default();
        for (at, others) in [(0, 2), (10, 5), (20, 0), (30, 3), (40, 1)] {
            writers.saw_together(second(at), others);
        }
        let seen = |writers: &mut Writers, at| writers.others(second(at), WINDOW);
        assert_eq!(seen(&mut writers, 40), 5);
        assert_eq!(seen(&mut writers, 311), 3);
        assert_eq!(seen(&mut writers, 331), 1);
        assert_eq!(seen(&mut writers, 341), 0);
    }

    #[test]
    fn the_same_writer_counts_once() {
        let mut writers = Writers::default();
        for (at, writer) in [(0, 7), (1, 8), (2, 7)] {
            writers.saw(second(at), writer);
        }
        assert_eq!(writers.others(second(2), WINDOW), 2);
        assert_eq!(writers.others(second(302), WINDOW), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut writers = Writers::default();
        let many = WRITERS_MAX as u32 + 50;
        for number in 0..many {
            writers.saw(Moment::from_ms(number.into()), number.into());
            writers.saw_together(Moment::from_ms(number.into()), many - number);
        }
        assert_eq!(writers.named.len(), WRITERS_MAX);
        assert_eq!(writers.together.len(), WRITERS_MAX);
        assert!(!writers.named.contains_key(&0), "the oldest goes first");
    }
}
