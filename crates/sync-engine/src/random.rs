//! Chance from a seed: splitmix64, so that the same seed gives the same run.

use crate::moment::Span;

/// A stream of numbers that a seed determines.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A span between `low` and `high`, both included; `low` where `high` is below it.
    pub(crate) fn between(&mut self, low: Span, high: Span) -> Span {
        let width = (high - low).as_ms().saturating_add(1);
        // The bias of a remainder is below one in 2^40 for spans of hours.
        low + Span::from_ms(self.next() % width)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // The first three numbers of the reference implementation for the seed 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
        assert_eq!(random.next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn a_span_stays_between_its_ends_and_reaches_both() {
        let mut random = Random::new(7);
        let (low, high) = (Span::from_ms(3), Span::from_ms(6));
        let drawn: std::collections::BTreeSet<_> = (0..200)
            .map(|_| random.between(low, high).as_ms())
            .collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(random.between(high, low), high);
    }
}
