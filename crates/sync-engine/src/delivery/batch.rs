//! Which of the pending operations one push takes.

/// How much one push takes at most; one operation it takes in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMax {
    /// How many operations.
    pub operations: usize,
    /// How many bytes of text.
    pub bytes: usize,
    /// How many bytes of threads, of which each operation makes a version.
    pub versions_bytes: usize,
}

/// What one operation adds to a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The bytes of its own text.
    pub bytes: usize,
    /// How long its thread is once all are in it, in bytes.
    pub version_bytes: usize,
}

/// The places of those that the next push takes, ascending: the oldest, as many as fit. `weights`
/// are those of what is pending, the oldest first.
///
/// `held_back` is any number where the remote refused all that the last push tried. If only the
/// oldest were tried again, and they are all at fault, nothing behind them would ever tell; so half
/// of the room is for others then, from a place that the number decides on.
#[must_use]
pub fn batch(weights: &[Weight], max: BatchMax, held_back: Option<usize>) -> Vec<usize> {
    let all = fitting(weights, max);
    let Some(draw) = held_back.filter(|_| all < weights.len()) else {
        return (0..all).collect();
    };
    let half = BatchMax {
        operations: max.operations / 2,
        bytes: max.bytes / 2,
        versions_bytes: max.versions_bytes / 2,
    };
    let oldest = fitting(weights, half);
    let from = oldest + draw % (weights.len() - oldest);
    let others = fitting(&weights[from..], half);
    (0..oldest).chain(from..from + others).collect()
}

/// How many fit, of the first on.
fn fitting(weights: &[Weight], max: BatchMax) -> usize {
    let (mut bytes, mut versions_bytes) = (0_usize, 0_usize);
    let fits = |weight: &&Weight| {
        bytes = bytes.saturating_add(weight.bytes);
        versions_bytes = versions_bytes.saturating_add(weight.version_bytes);
        bytes <= max.bytes && versions_bytes <= max.versions_bytes
    };
    let count = weights.iter().take(max.operations).take_while(fits).count();
    count.max(weights.len().min(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: BatchMax = BatchMax {
        operations: 4,
        bytes: 100,
        versions_bytes: 1_000,
    };

    fn weights(bytes: &[usize], version_bytes: usize) -> Vec<Weight> {
        let weight = |bytes: &usize| Weight {
            bytes: *bytes,
            version_bytes,
        };
        bytes.iter().map(weight).collect()
    }

    fn check(bytes: &[usize], held_back: Option<usize>, expected: &[usize]) {
        let weights = weights(bytes, 1);
        assert_eq!(batch(&weights, MAX, held_back), expected, "{bytes:?}");
    }

    #[test]
    fn versions_of_long_threads_are_fewer() {
        fn check(version_bytes: usize, expected: &[usize]) {
            assert_eq!(batch(&weights(&[1; 9], version_bytes), MAX, None), expected);
        }
        check(250, &[0, 1, 2, 3]);
        check(251, &[0, 1, 2]);
        check(501, &[0]);
        check(usize::MAX, &[0]);
    }

    #[test]
    fn the_oldest_go_as_many_as_fit() {
        check(&[], None, &[]);
        check(&[1, 1, 1], None, &[0, 1, 2]);
        check(&[1; 9], None, &[0, 1, 2, 3]);
        check(&[50, 50, 1], None, &[0, 1]);
        check(&[101, 1], None, &[0]);
        check(&[usize::MAX, usize::MAX], None, &[0]);
    }

    #[test]
    fn where_all_was_refused_others_go_with_the_oldest() {
        check(&[], Some(7), &[]);
        check(&[1; 4], Some(7), &[0, 1, 2, 3]);
        check(&[1; 9], Some(0), &[0, 1, 2, 3]);
        check(&[1; 9], Some(3), &[0, 1, 5, 6]);
        check(&[1; 9], Some(6), &[0, 1, 8]);
        check(&[1; 9], Some(7), &[0, 1, 2, 3]);
        check(&[60, 50, 1, 1], Some(1), &[0, 2, 3]);
        check(&[101, 101, 101], Some(1), &[0, 2]);
    }

    #[test]
    fn every_one_has_its_turn() {
        let weights = weights(&[1; 20], 1);
        let mut taken = [false; 20];
        for draw in 0..20 {
            for at in batch(&weights, MAX, Some(draw)) {
                taken[at] = true;
            }
        }
        assert_eq!(taken, [true; 20]);
    }
}
