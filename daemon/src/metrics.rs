//! Counts what the daemon does and how long it takes, in bounded memory and without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::status;

/// Each power of two of microseconds is divided into this many buckets, so that a percentile is at
/// most 1/16 off.
const STEPS: usize = 16;

/// Powers of two above the first 16 µs; what takes longer (over 12 days) counts in the last bucket.
const OCTAVES: usize = 36;

/// Buckets of one histogram: exact below 16 µs, then [`STEPS`] an octave.
const BUCKETS: usize = STEPS + OCTAVES * STEPS;

/// How often and how fast; any thread may record.
#[derive(Debug)]
pub(crate) struct Recorder {
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Recorder {
    /// Counts one that took this long.
    pub(crate) fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(us)].fetch_add(1, Ordering::Relaxed);
    }

    /// The count and the percentiles so far. A percentile is the middle of its bucket.
    pub(crate) fn timings(&self) -> status::Timings {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect();
        let count = counts.iter().sum();
        status::Timings {
            count,
            p50_us: percentile(&counts, count, 50),
            p95_us: percentile(&counts, count, 95),
            p99_us: percentile(&counts, count, 99),
        }
    }
}

/// What `status` and `health` show as `metrics`.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Requests that change nothing.
    pub(crate) reads: Recorder,
    /// Requests that write, to their durable answer.
    pub(crate) writes: Recorder,
    /// Exchanges with a remote that read.
    pub(crate) fetches: Recorder,
    /// Exchanges with a remote that write.
    pub(crate) pushes: Recorder,
    /// Pushes that ended without success.
    pub(crate) push_failures: Counter,
    /// Pushes that another writer was ahead of.
    pub(crate) conflicts: Counter,
    /// Exchanges tried again.
    pub(crate) retries: Counter,
    /// From remotes.
    pub(crate) bytes_received: Counter,
    /// To remotes.
    pub(crate) bytes_sent: Counter,
}

impl Metrics {
    /// All of it, as clients see it.
    pub(crate) fn shown(&self) -> status::Metrics {
        status::Metrics {
            reads: self.reads.timings(),
            writes: self.writes.timings(),
            fetches: self.fetches.timings(),
            pushes: self.pushes.timings(),
            push_failures: self.push_failures.get(),
            conflicts: self.conflicts.get(),
            retries: self.retries.get(),
            bytes_received: self.bytes_received.get(),
            bytes_sent: self.bytes_sent.get(),
        }
    }
}

/// A number that only grows; any thread may add.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds.
    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// The sum so far.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn bucket(us: u64) -> usize {
    let steps = STEPS as u64;
    if us < steps {
        return us as usize;
    }
    let octave = (us.ilog2() - steps.ilog2()) as usize;
    // The leading bit names the octave, the four bits behind it the step.
    let step = ((us >> octave) - steps) as usize;
    (STEPS + octave * STEPS + step).min(BUCKETS - 1)
}

fn middle_us(bucket: usize) -> u64 {
    let (Some(above), steps) = (bucket.checked_sub(STEPS), STEPS as u64) else {
        return bucket as u64;
    };
    let (octave, step) = (above / STEPS, (above % STEPS) as u64);
    ((steps + step) << octave) + ((1 << octave) >> 1)
}

fn percentile(counts: &[u64], count: u64, percent: u64) -> u64 {
    let wanted = (count * percent).div_ceil(100).max(1);
    let mut seen = 0;
    counts
        .iter()
        .position(|in_bucket| {
            seen += in_bucket;
            seen >= wanted
        })
        .map_or(0, middle_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(took_us: &[u64], expected: (u64, u64, u64, u64)) {
        let recorder = Recorder::default();
        for us in took_us {
            recorder.record(Duration::from_micros(*us));
        }
        let timings = recorder.timings();
        let shown = (
            timings.count,
            timings.p50_us,
            timings.p95_us,
            timings.p99_us,
        );
        assert_eq!(shown, expected, "{took_us:?}");
    }

    #[test]
    fn percentiles_of_small_counts() {
        check(&[], (0, 0, 0, 0));
        check(&[0], (1, 0, 0, 0));
        check(&[7], (1, 7, 7, 7));
        check(&[1, 2, 3], (3, 2, 3, 3));
        check(&[15, 16, 17], (3, 16, 17, 17));
    }

    #[test]
    fn a_percentile_is_at_most_a_sixteenth_off() {
        for us in [16, 31, 33, 100, 1_000, 12_345, 1_000_000, 86_400_000_000] {
            let middle = middle_us(bucket(us));
            assert!(middle.abs_diff(us) * 16 <= us, "{us} is shown as {middle}");
        }
        let recorder = Recorder::default();
        (1..=10_000).for_each(|us| recorder.record(Duration::from_micros(us)));
        let timings = recorder.timings();
        for (shown, exact) in [
            (timings.p50_us, 5_000_u64),
            (timings.p95_us, 9_500),
            (timings.p99_us, 9_900),
        ] {
            assert!(shown.abs_diff(exact) * 16 <= exact, "{shown} for {exact}");
        }
    }

    #[test]
    fn buckets_follow_one_another_and_the_last_takes_the_rest() {
        let mut last = 0;
        for us in 0..100_000 {
            let this = bucket(us);
            assert!(this == last || this == last + 1, "{us}");
            last = this;
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        Recorder::default().record(Duration::MAX);
    }

    #[test]
    fn any_thread_counts() {
        let metrics = Metrics::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        metrics.reads.record(Duration::from_micros(3));
                        metrics.bytes_sent.add(2);
                    }
                });
            }
        });
        let shown = metrics.shown();
        assert_eq!((shown.reads.count, shown.bytes_sent), (4_000, 8_000));
        assert_eq!(shown.writes, status::Timings::default());
    }
}
