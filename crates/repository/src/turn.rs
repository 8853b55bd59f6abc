//! Turns at a remote on this machine: those who push there one after the other lose no races, and a
//! lost race costs all of them processor time.
//!
//! A turn is an advisory lock of the remote's folder. Nothing of git takes it, so it keeps nobody
//! out and nothing is right because of it; where the file system has no such lock, everybody goes
//! on without.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a turn is waited for at most in one exchange.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);

/// How often in a row it is waited for in vain, before a push goes on without one.
const LATE_MAX: u32 = 2;

/// How long a turn is kept for the fetch and the push that follow a push that came too late.
pub(crate) const KEPT_MAX: Duration = Duration::from_secs(4);

/// How often a turn is asked for, growing from the first to the second.
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(40);

/// The turn that one clone has, if any.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    turn: Arc<Mutex<Option<Turn>>>,
    /// How often in a row it was waited for in vain.
    late: AtomicU32,
}

#[derive(Debug)]
struct Turn {
    _folder: File,
    ends: Instant,
}

/// How a push came to its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// Nobody was there.
    AtOnce,
    /// It was kept since the push before.
    Kept,
    /// Others went first, so that the remote has moved.
    AfterOthers,
    /// It did not yet: many wait for theirs.
    Late,
    /// There are no turns, or one has it who does not end.
    Without,
}

impl Turns {
    /// Waits for the turn at the remote in `folder`, `wait_max` at most. The turn lasts until it is
    /// [ended](Turns::end).
    pub(crate) fn take(&self, folder: &Path, wait_max: Duration) -> Came {
        // So that it does not end on the way.
        if let Some(turn) = self.turn().as_mut() {
            turn.ends = Instant::now() + wait_max.max(KEPT_MAX);
            return Came::Kept;
        }
        let Ok(folder) = File::open(folder) else {
            return Came::Without;
        };
        let deadline = Instant::now() + wait_max;
        let mut came = Came::AtOnce;
        let mut pause = PAUSE_MIN;
        loop {
            match folder.try_lock() {
                Ok(()) => break,
                Err(std::fs::TryLockError::Error(_)) => return Came::Without,
                Err(std::fs::TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return self.late();
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    came = Came::AfterOthers;
                    thread::sleep(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        self.late.store(0, Ordering::Relaxed);
        *self.turn() = Some(Turn {
            _folder: folder,
            ends: Instant::now() + wait_max.max(KEPT_MAX),
        });
        came
    }

    fn late(&self) -> Came {
        if self.late.fetch_add(1, Ordering::Relaxed) + 1 < LATE_MAX {
            return Came::Late;
        }
        self.late.store(0, Ordering::Relaxed);
        Came::Without
    }

    /// Keeps the turn for the next push, not for long: it ends by itself where none comes. False
    /// where there is no turn to keep.
    pub(crate) fn keep(&self) -> bool {
        let ends = Instant::now() + KEPT_MAX;
        match self.turn().as_mut() {
            Some(turn) => turn.ends = ends,
            None => return false,
        }
        let turns = Arc::clone(&self.turn);
        let ending = thread::Builder::new().name("turn".to_owned());
        let ending = ending.spawn(move || {
            thread::sleep(KEPT_MAX);
            let mut turn = turns.lock().unwrap_or_else(PoisonError::into_inner);
            if turn.as_ref().is_some_and(|turn| turn.ends <= ends) {
                *turn = None;
            }
        });
        if ending.is_err() {
            self.end();
        }
        ending.is_ok()
    }

    /// The next may have it.
    pub(crate) fn end(&self) {
        *self.turn() = None;
    }

    fn turn(&self) -> MutexGuard<'_, Option<Turn>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn one_at_a_time_has_the_turn_and_who_waited_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Turns::default(), Turns::default());
        assert_eq!(one.take(folder.path(), PATIENCE), Came::AtOnce);
        assert_eq!(other.take(folder.path(), MOMENT), Came::Late);
        assert_eq!(other.take(folder.path(), MOMENT), Came::Without);
        let came = thread::scope(|scope| {
            let waits = scope.spawn(|| other.take(folder.path(), PATIENCE));
            thread::sleep(MOMENT);
            one.end();
            waits.join().unwrap()
        });
        assert_eq!(came, Came::AfterOthers);
        assert_eq!(one.take(folder.path(), MOMENT), Came::Late);
        other.end();
        assert_eq!(one.take(folder.path(), MOMENT), Came::AtOnce);
    }

    #[test]
    fn a_kept_turn_is_there_for_the_next_push_and_ends_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Turns::default(), Turns::default());
        assert!(!one.keep(), "there is none");
        assert_eq!(one.take(folder.path(), MOMENT), Came::AtOnce);
        assert!(one.keep());
        assert_eq!(other.take(folder.path(), MOMENT), Came::Late);
        assert_eq!(one.take(folder.path(), MOMENT), Came::Kept);
        assert!(one.keep());
        assert_eq!(other.take(folder.path(), PATIENCE), Came::AfterOthers);
    }

    #[test]
    fn where_there_are_no_locks_everybody_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let turns = Turns::default();
        let gone = folder.path().join("gone");
        assert_eq!(turns.take(&gone, PATIENCE), Came::Without);
    }
}
