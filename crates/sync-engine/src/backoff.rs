//! How long to wait before trying again: after a lost race, and after trouble.

use crate::lane::RACES_SILENT_MAX;
use crate::moment::Span;
use crate::random::Random;

/// What a push is taken to need before one was measured.
pub(crate) const PUSH_TOOK_GUESS: Span = Span::from_ms(300);

/// The longest first retry after a lost race.
pub(crate) const FIRST_RETRY_MAX: Span = Span::from_ms(250);

/// The longest wait after a lost race, however many write and however slow pushes are.
pub(crate) const CONTENTION_MAX: Span = Span::from_secs(60);

/// The second retry is drawn from this many pushes' time, and doubles from there.
const CONTENTION_START: u64 = 3;

/// One other writer adds this many pushes' time to what a retry is drawn from at most: drawn
/// evenly, as many pushes then begin as can go through, one after the other. More leaves the remote
/// idle for the last writers, less loses more races, and those cost the winners processor time where
/// all run on one machine. Of 1, 2, 4 and 5, the crowd in the tests was fastest so.
const CONTENTION_PER_WRITER: u64 = 2;

/// Doubling stops here; every limit is reached by then.
const DOUBLINGS_MAX: u32 = 20;

/// The running mean of what a push takes, from start to end. It falls faster than it rises: the
/// first pushes of a crowd slow each other down, and later ones would wait for what is over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PushTook(Option<Span>);

impl PushTook {
    pub(crate) fn measured(&mut self, took: Span) {
        self.0 = Some(match self.0 {
            None => took,
            Some(mean) if took < mean => (mean + took) / 2,
            Some(mean) => (mean * 3 + took) / 4,
        });
    }

    pub(crate) fn mean(self) -> Span {
        self.0.unwrap_or(PUSH_TOOK_GUESS)
    }
}

/// The wait after the `attempt`th race lost in a row (from 1), with this many `others` writing.
pub(crate) fn after_race(random: &mut Random, attempt: u32, push: PushTook, others: u32) -> Span {
    let took = push.mean();
    if attempt <= 1 {
        return random.between(Span::ZERO, took.min(FIRST_RETRY_MAX));
    }
    // A lost race shows one other writer, whoever was seen; very many show that something else is
    // wrong.
    let most = took * CONTENTION_PER_WRITER * u64::from(others.max(1));
    let most = doubled(most, attempt.saturating_sub(RACES_SILENT_MAX));
    let ceiling = doubled(took * CONTENTION_START, attempt - 2)
        .min(most)
        .min(CONTENTION_MAX);
    random.between(Span::ZERO, ceiling)
}

/// The wait after the `attempt`th trouble in a row (from 1): full jitter over a doubling span. It
/// is never nothing, so that trouble that comes back at once makes no busy loop.
pub(crate) fn after_trouble(random: &mut Random, attempt: u32, first: Span, most: Span) -> Span {
    let ceiling = doubled(first, attempt.saturating_sub(1)).min(most);
    random.between((first / 4).min(ceiling), ceiling)
}

/// `span` doubled this many times.
pub(crate) fn doubled(span: Span, times: u32) -> Span {
    span * (1_u64 << times.min(DOUBLINGS_MAX))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// The smallest and the greatest of many draws, an attempt a line.
    fn check(mut draw: impl FnMut(&mut Random, u32) -> Span, attempts: &[u32], expected: Expect) {
        let mut random = Random::new(1);
        let mut lines = String::new();
        for &attempt in attempts {
            let drawn: Vec<Span> = (0..5_000).map(|_| draw(&mut random, attempt)).collect();
            let (low, high) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
            // Rounded up to two digits, so that the table does not hang on one draw.
            let round = |span: &Span| {
                let unit = 10_u64.pow(span.as_ms().max(10).ilog10() - 1);
                span.as_ms().div_ceil(unit) * unit
            };
            lines += &format!("{attempt}: {}..{}\n", round(low), round(high));
        }
        expected.assert_eq(&lines);
    }

    fn races(took_ms: u64, others: u32, expected: Expect) {
        let mut push = PushTook::default();
        push.measured(Span::from_ms(took_ms));
        let draw = |random: &mut Random, attempt| after_race(random, attempt, push, others);
        check(draw, &[1, 2, 3, 4, 6, 8, 20, 24, 100, u32::MAX], expected);
    }

    #[test]
    fn two_writers_hardly_wait() {
        races(
            32,
            1,
            expect![[r#"
                1: 0..32
                2: 0..64
                3: 0..64
                4: 0..64
                6: 0..64
                8: 0..64
                20: 0..64
                24: 0..1100
                100: 5..60000
                4294967295: 3..60000
            "#]],
        );
    }

    #[test]
    fn fifty_writers_spread_over_three_seconds() {
        races(
            32,
            49,
            expect![[r#"
                1: 0..32
                2: 0..96
                3: 0..200
                4: 0..390
                6: 0..1600
                8: 0..3200
                20: 0..3200
                24: 9..51000
                100: 5..60000
                4294967295: 3..60000
            "#]],
        );
    }

    #[test]
    fn slow_pushes_wait_longer_and_at_most_a_minute() {
        races(
            425,
            9,
            expect![[r#"
                1: 0..250
                2: 0..1300
                3: 0..2600
                4: 0..5100
                6: 1..7700
                8: 1..7700
                20: 1..7700
                24: 10..60000
                100: 5..60000
                4294967295: 3..60000
            "#]],
        );
        races(
            2_000,
            49,
            expect![[r#"
                1: 0..250
                2: 0..6000
                3: 8..12000
                4: 1..24000
                6: 6..60000
                8: 31..60000
                20: 20..60000
                24: 10..60000
                100: 5..60000
                4294967295: 3..60000
            "#]],
        );
    }

    #[test]
    fn trouble_doubles_to_its_limit() {
        let draw = |random: &mut Random, attempt| {
            after_trouble(random, attempt, Span::from_secs(1), Span::from_secs(300))
        };
        check(
            draw,
            &[0, 1, 2, 3, 5, 9, 10, 50, u32::MAX],
            expect![[r#"
            0: 250..1000
            1: 250..1000
            2: 250..2000
            3: 250..4000
            5: 260..16000
            9: 270..260000
            10: 320..300000
            50: 300..300000
            4294967295: 460..300000
        "#]],
        );
    }

    #[test]
    fn the_mean_follows_what_was_measured() {
        let mut push = PushTook::default();
        assert_eq!(push.mean(), PUSH_TOOK_GUESS);
        push.measured(Span::from_ms(32));
        assert_eq!(push.mean(), Span::from_ms(32));
        for _ in 0..20 {
            push.measured(Span::from_ms(400));
        }
        assert!(push.mean() > Span::from_ms(380), "{}", push.mean());
    }
}
