//! Finds what a remote's rules refuse among operations that it refused together, in few pushes.
//!
//! An operation is at fault only where it is refused alone while the remote takes others: else it
//! may be the branch that takes nothing, and everything would end in `held/`. So at first one
//! operation at a time is tried, three at most, until one is taken. With that proof the rest is halved
//! until each part is taken or is one. The older come first, so that what is taken stands in the order
//! in which it was written. Where none of the three is taken, one by chance is tried; where that is
//! refused too nothing is known, and all go on waiting.

/// How many pushes one sifting makes at most: enough to find two among a thousand. What is left goes
/// with the next push.
pub(super) const SENDS_MAX: usize = 48;

/// How many are tried alone, and refused, before that is taken for the branch's doing.
const ALONE_MAX: usize = 3;

/// What the remote did with some operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It took them.
    New,
    /// It had them already, which proves nothing.
    Known,
}

/// Why the remote has not taken some operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotTaken<E> {
    /// Its rules refuse them; in its words.
    Refused(String),
    /// Something else, that sifting does not find out about.
    Failed(E),
}

/// What sifting found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sifted<T, E> {
    /// What was refused alone, with the remote's words.
    pub(super) alone: Vec<(T, String)>,
    /// Whether the remote took others meanwhile.
    pub(super) takes_others: bool,
    /// What ended it early.
    pub(super) failed: Option<E>,
}

type Send<'send, T, E> = dyn FnMut(&[T]) -> Result<Taken, NotTaken<E>> + 'send;

/// Sifts `all`, which `send` was refused with for this `reason`. `draw`, any number, decides on the
/// one that is tried last, so that another try may find what this one does not.
pub(super) fn sift<T: Clone, E>(
    all: &[T],
    reason: &str,
    draw: usize,
    send: &mut Send<'_, T, E>,
) -> Sifted<T, E> {
    let mut sieve = Sieve {
        send,
        sends_left: SENDS_MAX,
        sifted: Sifted {
            alone: Vec::new(),
            takes_others: false,
            failed: None,
        },
    };
    if let [only] = all {
        sieve.sifted.alone.push((only.clone(), reason.to_owned()));
        return sieve.sifted;
    }
    let mut rest = all;
    while let [oldest, newer @ ..] = rest
        && all.len() - rest.len() < ALONE_MAX
        && !sieve.sifted.takes_others
    {
        sieve.send(std::slice::from_ref(oldest));
        rest = newer;
    }
    if sieve.sifted.takes_others {
        if sieve.sifted.alone.is_empty() {
            sieve.part(rest);
        } else {
            sieve.halve(rest);
        }
    } else if !rest.is_empty() {
        let at = draw % rest.len();
        sieve.send(&rest[at..=at]);
        if sieve.sifted.takes_others {
            sieve.halve(&rest[..at]);
            sieve.halve(&rest[at + 1..]);
        }
    }
    sieve.sifted
}

struct Sieve<'sieve, 'send, T, E> {
    send: &'sieve mut Send<'send, T, E>,
    sends_left: usize,
    sifted: Sifted<T, E>,
}

impl<T: Clone, E> Sieve<'_, '_, T, E> {
    /// Sends some at once, and finds out which of them are refused.
    fn halve(&mut self, some: &[T]) {
        if self.send(some) == Refused::Together {
            self.part(some);
        }
    }

    /// Finds out which of some are refused, of which one is at least.
    fn part(&mut self, some: &[T]) {
        let (older, newer) = some.split_at(some.len() / 2);
        let alone = self.sifted.alone.len();
        self.halve(older);
        if self.sifted.alone.len() == alone && newer.len() > 1 {
            // Nothing of the older half is at fault, so something of this one is.
            self.part(newer);
        } else {
            self.halve(newer);
        }
    }

    fn send(&mut self, some: &[T]) -> Refused {
        if some.is_empty() || self.sends_left == 0 || self.sifted.failed.is_some() {
            return Refused::NotTogether;
        }
        self.sends_left -= 1;
        match (self.send)(some) {
            Ok(Taken::New) => self.sifted.takes_others = true,
            Ok(Taken::Known) => (),
            Err(NotTaken::Failed(error)) => self.sifted.failed = Some(error),
            Err(NotTaken::Refused(reason)) => match some {
                [only] => self.sifted.alone.push((only.clone(), reason)),
                [] | [_, ..] => return Refused::Together,
            },
        }
        Refused::NotTogether
    }
}

/// Whether several were refused, of which some may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Together,
    NotTogether,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a remote that refuses these does with operations 0..count, the last draw being `draw`:
    /// what it took, what was refused alone, and in how many pushes.
    fn check(count: usize, refuses: impl Fn(usize) -> bool, draw: usize, expected: &str) {
        let all: Vec<usize> = (0..count).collect();
        let (mut taken, mut sends) = (Vec::new(), 0);
        let sifted: Sifted<usize, ()> = sift(&all, "no", draw, &mut |some: &[usize]| {
            sends += 1;
            if some.iter().any(|one| refuses(*one)) {
                return Err(NotTaken::Refused("no".to_owned()));
            }
            taken.extend_from_slice(some);
            Ok(Taken::New)
        });
        assert_eq!(sifted.takes_others, !taken.is_empty());
        assert!(taken.iter().all(|one| !refuses(*one)));
        let alone: Vec<usize> = sifted.alone.iter().map(|(one, _)| *one).collect();
        assert!(alone.iter().all(|one| refuses(*one)));
        if alone.len() < ALONE_MAX {
            assert!(taken.is_sorted(), "in the order of writing: {taken:?}");
        }
        let found = format!("{} taken, {alone:?} alone, {sends} pushes", taken.len());
        assert_eq!(found, expected);
    }

    #[test]
    fn one_among_twenty_is_found() {
        check(20, |one| one == 7, 10, "19 taken, [7] alone, 7 pushes");
        check(20, |one| one == 0, 10, "19 taken, [0] alone, 3 pushes");
        check(20, |one| one == 19, 10, "19 taken, [19] alone, 7 pushes");
        check(
            1_000,
            |one| one == 77,
            10,
            "999 taken, [77] alone, 17 pushes",
        );
    }

    #[test]
    fn several_are_found() {
        check(2, |one| one == 0, 0, "1 taken, [0] alone, 2 pushes");
        check(2, |one| one == 1, 0, "1 taken, [1] alone, 2 pushes");
        let ends = |one| one == 0 || one == 19;
        check(20, ends, 10, "18 taken, [0, 19] alone, 9 pushes");
        check(
            8,
            |one| one != 5,
            2,
            "1 taken, [0, 1, 2, 3, 4, 6, 7] alone, 10 pushes",
        );
    }

    #[test]
    fn where_nothing_is_taken_few_pushes_say_so() {
        check(1, |_| true, 0, "0 taken, [0] alone, 0 pushes");
        check(2, |_| true, 0, "0 taken, [0, 1] alone, 2 pushes");
        check(1_000, |_| true, 3, "0 taken, [0, 1, 2, 6] alone, 4 pushes");
        // Not found this time; another draw finds it.
        check(
            1_000,
            |one| one != 5,
            3,
            "0 taken, [0, 1, 2, 6] alone, 4 pushes",
        );
    }

    #[test]
    fn pushes_are_limited_and_what_is_left_is_judged_by_the_next() {
        let every_second = |one: usize| one.is_multiple_of(2);
        let sends = format!("{SENDS_MAX} pushes");
        let all: Vec<usize> = (0..1_000).collect();
        let mut count = 0;
        let sifted: Sifted<usize, ()> = sift(&all, "no", 0, &mut |some: &[usize]| {
            count += 1;
            if some.iter().any(|one| every_second(*one)) {
                Err(NotTaken::Refused("no".to_owned()))
            } else {
                Ok(Taken::New)
            }
        });
        assert_eq!(format!("{count} pushes"), sends);
        assert!(sifted.takes_others && sifted.alone.len() < 500);
    }

    #[test]
    fn what_the_remote_had_already_proves_nothing() {
        let sifted: Sifted<u8, ()> = sift(&[1, 2], "no", 0, &mut |some: &[u8]| match some {
            [2] => Ok(Taken::Known),
            _ => Err(NotTaken::Refused("no".to_owned())),
        });
        assert!(!sifted.takes_others);
    }

    #[test]
    fn a_lost_race_ends_it() {
        let mut sends = 0;
        let sifted = sift(&[1, 2, 3], "no", 0, &mut |_: &[u8]| {
            sends += 1;
            if sends == 1 {
                Ok(Taken::New)
            } else {
                Err(NotTaken::Failed("raced"))
            }
        });
        assert_eq!((sends, sifted.failed), (2, Some("raced")));
        assert!(sifted.takes_others && sifted.alone.is_empty());
    }
}
