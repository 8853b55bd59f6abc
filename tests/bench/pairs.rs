//! Takes two costs in turn, so that whatever else the machine does falls on both.

use std::time::{Duration, Instant};

/// What was measured of two sides, pair by pair.
#[derive(Debug)]
pub(crate) struct Pairs {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
}

impl Pairs {
    /// Takes each side `pairs_len` times, in turn, after one pair that does not count.
    pub(crate) fn take(
        pairs_len: usize,
        mut ours: impl FnMut() -> Duration,
        mut theirs: impl FnMut() -> Duration,
    ) -> Self {
        let _warm = (ours(), theirs());
        let (ours, theirs) = (0..pairs_len).map(|_| (ours(), theirs())).unzip();
        Self { ours, theirs }
    }

    /// How many pairs.
    pub(crate) fn len(&self) -> usize {
        self.ours.len()
    }

    /// The medians of both sides.
    pub(crate) fn medians(&self) -> (Duration, Duration) {
        (median(&self.ours), median(&self.theirs))
    }

    /// The minima of both sides.
    pub(crate) fn minima(&self) -> (Duration, Duration) {
        (minimum(&self.ours), minimum(&self.theirs))
    }
}

/// How long `work` takes.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(taken: &[Duration]) -> Duration {
    let mut sorted = taken.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn minimum(taken: &[Duration]) -> Duration {
    taken.iter().min().copied().unwrap_or_default()
}
