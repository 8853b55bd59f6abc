//! The best hits so far, and never more than are wanted.

use std::collections::BTreeMap;

use super::place::Rank;

/// At most `wanted` of what was found, the best.
#[derive(Debug)]
pub(super) struct Best<T> {
    wanted: usize,
    found: BTreeMap<Rank, T>,
}

impl<T> Best<T> {
    /// None yet.
    pub(super) fn new(wanted: usize) -> Self {
        Self {
            wanted,
            found: BTreeMap::new(),
        }
    }

    /// Takes one of that rank, where it is among the best.
    pub(super) fn take(&mut self, rank: Rank, one: impl FnOnce() -> T) {
        if self.found.len() == self.wanted {
            match self.found.last_key_value() {
                Some((worst, _)) if *worst > rank => self.found.pop_last(),
                Some(_) | None => return,
            };
        }
        self.found.insert(rank, one());
    }

    /// The best first.
    pub(super) fn into_sorted(self) -> impl Iterator<Item = (Rank, T)> {
        self.found.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use super::super::place::ThreadKey;
    use super::super::query::Stands;
    use super::*;

    fn check(wanted: usize, found: &[(Stands, i64)], expected: &[(Stands, i64)]) {
        let mut best = Best::new(wanted);
        for (index, (stands, at)) in (0..).zip(found) {
            let rank = Rank {
                stands: *stands,
                at: Reverse(*at),
                thread: ThreadKey(0),
                index: Reverse(index),
            };
            best.take(rank, || (*stands, *at));
        }
        let sorted: Vec<_> = best.into_sorted().map(|(_, one)| one).collect();
        assert_eq!(sorted, expected);
    }

    #[test]
    fn titles_come_before_bodies_and_the_newest_first() {
        use Stands::{InBody, InTitle};
        check(9, &[], &[]);
        check(0, &[(InTitle, 1)], &[]);
        let found = [(InBody, 3), (InTitle, 1), (InBody, 9), (InTitle, 2)];
        let sorted = [(InTitle, 2), (InTitle, 1), (InBody, 9), (InBody, 3)];
        check(9, &found, &sorted);
        check(3, &found, &sorted[..3]);
        check(1, &found, &sorted[..1]);
    }
}
