//! Remembers which repositories the user has paused, and until when, also across a restart.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan as _, Zoned};
use protocol::failure::{Failure, FailureCode};
use protocol::request::PauseLength;
use tracing::warn;

/// The file in the state folder: a repository's name, and the second since 1970 at which its pause
/// ends, or null.
const FILE: &str = "paused.json";

/// A pause of a named length is at most this long; what is to last longer is resumed by hand.
pub(crate) const PAUSE_SECONDS_MAX: u64 = 366 * 24 * 3600;

/// `tomorrow` ends at this hour of the next day, in the time zone of this machine.
const MORNING_HOUR: i8 = 8;

/// How long a repository exchanges nothing with its remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Until the user says so.
    UntilResumed,
    /// Until the clock on the wall shows this.
    Until(Timestamp),
}

/// The user's pauses; those of `config.toml` are none of them.
#[derive(Debug)]
pub(crate) struct Pauses {
    file: PathBuf,
    ends: BTreeMap<String, Option<i64>>,
}

impl Pauses {
    /// Reads what the folder holds. A file that cannot be read pauses nothing.
    pub(crate) fn open(state: &Path) -> Self {
        let file = state.join(FILE);
        let ends = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                warn!(%error, "Pauses are forgotten");
                BTreeMap::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                warn!(%error, "Pauses are not known");
                BTreeMap::new()
            }
        };
        Self { file, ends }
    }

    /// How long that repository is paused at `now`.
    pub(crate) fn of(&self, name: &str, now: Timestamp) -> Option<Pause> {
        let pause = match self.ends.get(name)? {
            None => Pause::UntilResumed,
            Some(seconds) => Pause::Until(Timestamp::from_second(*seconds).ok()?),
        };
        pause.is_on(now).then_some(pause)
    }

    /// Pauses these, or resumes them where there is no pause.
    ///
    /// # Errors
    /// `not_durable`; then all is as it was.
    pub(crate) fn set(&mut self, names: &[String], pause: Option<Pause>) -> Result<(), Failure> {
        let mut ends = self.ends.clone();
        for name in names {
            match pause {
                None => ends.remove(name),
                Some(Pause::UntilResumed) => ends.insert(name.clone(), None),
                Some(Pause::Until(at)) => ends.insert(name.clone(), Some(at.as_second())),
            };
        }
        let bytes = serde_json::to_vec_pretty(&ends).expect("it is made of text and numbers");
        platform::durable::write_durably(&self.file, &bytes).map_err(|error| {
            Failure::new(
                FailureCode::NotDurable,
                format!("The disk refused to note the pause: {error}"),
                "Make room on the disk of the state folder, then try again.",
            )
        })?;
        self.ends = ends;
        Ok(())
    }
}

impl Pause {
    /// When it ends by itself.
    pub(crate) fn until(self) -> Option<Timestamp> {
        match self {
            Self::UntilResumed => None,
            Self::Until(at) => Some(at),
        }
    }

    /// A pause of that length from `now` on, in the time zone of `now`.
    ///
    /// # Errors
    /// `invalid_argument` where it is longer than [`PAUSE_SECONDS_MAX`].
    pub(crate) fn begin(length: PauseLength, now: &Zoned) -> Result<Self, Failure> {
        let until = match length {
            PauseLength::UntilResumed => return Ok(Self::UntilResumed),
            PauseLength::Tomorrow => tomorrow(now),
            PauseLength::Seconds(seconds) if seconds <= PAUSE_SECONDS_MAX => {
                let seconds = i64::try_from(seconds).expect("a year is few seconds");
                now.timestamp().checked_add(seconds.seconds())
            }
            PauseLength::Seconds(_) => {
                return Err(Failure::new(
                    FailureCode::InvalidArgument,
                    "A pause of over a year has no end that anybody waits for.",
                    "Leave the time out: it lasts until `watercooler resume`.",
                ));
            }
        };
        Ok(until.map_or(Self::UntilResumed, Self::Until))
    }

    /// Whether it is not over.
    pub(crate) fn is_on(self, now: Timestamp) -> bool {
        match self {
            Self::UntilResumed => true,
            Self::Until(at) => now < at,
        }
    }
}

fn tomorrow(now: &Zoned) -> Result<Timestamp, jiff::Error> {
    let morning = now.tomorrow()?.date().at(MORNING_HOUR, 0, 0, 0);
    Ok(morning.to_zoned(now.time_zone().clone())?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_pause_ends_when_its_time_is_over() {
        let night: Zoned = "2026-03-28T23:30:00+01:00[+01:00]".parse().unwrap();
        let check = |length, expected: Result<Pause, FailureCode>| {
            let begun = Pause::begin(length, &night).map_err(|failure| failure.code);
            assert_eq!(begun, expected, "{length:?}");
        };
        check(PauseLength::UntilResumed, Ok(Pause::UntilResumed));
        let half = Pause::Until(at("2026-03-28T23:00:00Z"));
        check(PauseLength::Seconds(1800), Ok(half));
        let morning = Pause::Until(at("2026-03-29T07:00:00Z"));
        check(PauseLength::Tomorrow, Ok(morning));
        let long = PauseLength::Seconds(PAUSE_SECONDS_MAX + 1);
        check(long, Err(FailureCode::InvalidArgument));
        assert!(half.is_on(at("2026-03-28T22:59:59Z")));
        assert!(!half.is_on(at("2026-03-28T23:00:00Z")));
    }

    #[test]
    fn pauses_are_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let now = at("2026-03-28T22:00:00Z");
        let until = Pause::Until(at("2026-03-28T23:00:00Z"));
        let mut pauses = Pauses::open(folder.path());
        pauses.set(&["a".to_owned()], Some(until)).unwrap();
        let of_b = ["b".to_owned(), "c".to_owned()];
        pauses.set(&of_b, Some(Pause::UntilResumed)).unwrap();
        pauses.set(&of_b[1..], None).unwrap();
        let again = Pauses::open(folder.path());
        assert_eq!(again.of("a", now), Some(until));
        assert_eq!(again.of("a", at("2026-03-28T23:00:00Z")), None);
        assert_eq!(again.of("b", now), Some(Pause::UntilResumed));
        assert_eq!(again.of("c", now), None);
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(Pauses::open(folder.path()).of("b", now), None);
    }
}
