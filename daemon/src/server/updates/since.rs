//! From where on updates are asked for: a cursor, a time, a commit, or where the agent last stopped.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::failure::{Failure, FailureCode};
use repository::{BlobId, CloneError, Tip};
use threads::topic::Topic;
use tokio::sync::watch;

use crate::arrivals::{Arrival, known_keys};
use crate::handle::Handle;
use crate::snapshot::{Shown, Snapshot};
use crate::teller::Told;

/// What who asks for the first time is told; source: the outside contract, section 5.
const FIRST_SECONDS: i64 = 24 * 3600;

/// How many characters of a `since` that is none of ours are repeated.
const SHOWN_CHARS_MAX: usize = 40;

/// A place in an arrival log, as answers name it: `u1.LOG.NUMBER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    log: String,
    number: u64,
}

impl Cursor {
    /// The place after that number of that log.
    pub(crate) fn new(log: &str, number: u64) -> Self {
        Self {
            log: log.to_owned(),
            number,
        }
    }

    /// None for what is no cursor of updates.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (log, number) = text.strip_prefix("u1.")?.split_once('.')?;
        let cursor = Self::new(log, number.parse().ok()?);
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u1.{}.{}", self.log, self.number)
    }
}

/// From where on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Since {
    Cursor(Cursor),
    /// A Unix second.
    Time(i64),
    Commit(Tip),
    /// Where the agent stopped.
    Place(u64),
}

/// Where a page begins.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) number: u64,
    /// What stood in the commit that was named.
    pub(super) stood: Option<Arc<Stood>>,
}

/// The entries that stood in a commit, compared with what is shown.
#[derive(Debug, Default)]
pub(super) struct Stood {
    /// The threads that are the same.
    same: HashSet<String>,
    /// The entries of the others.
    keys: HashSet<u64>,
}

impl Stood {
    pub(super) fn holds(&self, arrival: &Arrival) -> bool {
        self.same.contains(&arrival.topic) || self.keys.contains(&arrival.known_key())
    }
}

impl Since {
    /// Reads what was given; `place` is where the agent stopped, if it ever asked.
    ///
    /// # Errors
    /// `cursor_expired` where it is none of the three.
    pub(super) fn parse(
        given: Option<&str>,
        place: impl FnOnce() -> Option<u64>,
    ) -> Result<Self, Failure> {
        let Some(text) = given else {
            let first = || Self::Time(Timestamp::now().as_second() - FIRST_SECONDS);
            return Ok(place().map_or_else(first, Self::Place));
        };
        let text = text.trim();
        if let Some(cursor) = Cursor::parse(text) {
            return Ok(Self::Cursor(cursor));
        }
        if let Some(commit) = Tip::parse(text) {
            return Ok(Self::Commit(commit));
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::Time(time.as_second()));
        }
        let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
        Err(expired(format!(
            "'{shown}' is no cursor of this daemon, no RFC 3339 time and no whole commit."
        )))
    }
}

/// The number after which to begin. What takes long is done beside the thread that serves
/// connections.
///
/// # Errors
/// `cursor_expired` where the log or the clone knows no such place.
pub(super) async fn start(
    handle: &Arc<Handle>,
    told: &watch::Receiver<Told>,
    since: Since,
) -> Result<Start, Failure> {
    let bounds = handle.arrivals.bounds();
    let (snapshot, last) = {
        let told = told.borrow();
        (Arc::clone(&told.snapshot), told.last)
    };
    let number = match since {
        Since::Place(number) => number.max(bounds.dropped),
        Since::Time(time) => handle
            .arrivals
            .first_since(time)
            .map_or(last, |first| first - 1)
            .max(bounds.dropped),
        Since::Cursor(cursor) if cursor.log != bounds.log => {
            return Err(expired(
                "The cursor is of another repository, or of a log that was lost.".to_owned(),
            ));
        }
        Since::Cursor(cursor) if cursor.number >= bounds.next => {
            return Err(expired("This daemon never gave that cursor.".to_owned()));
        }
        Since::Cursor(cursor) if cursor.number < bounds.dropped => {
            return Err(expired(
                "More arrived since that cursor than is kept.".to_owned(),
            ));
        }
        Since::Cursor(cursor) => cursor.number,
        Since::Commit(commit) => {
            let handle = Arc::clone(handle);
            let comparing = tokio::task::spawn_blocking(move || {
                since_commit(&handle, (&snapshot, last), &commit)
            });
            return comparing
                .await
                .ok()
                .and_then(Result::ok)
                .ok_or_else(|| expired(format!("The clone here knows no commit {commit}.")));
        }
    };
    Ok(Start {
        number,
        stood: None,
    })
}

/// Begins before the first entry that did not stand in the commit.
fn since_commit(
    handle: &Handle,
    (snapshot, last): (&Snapshot, u64),
    commit: &Tip,
) -> Result<Start, CloneError> {
    let stood = stood(handle, snapshot, commit)?;
    let arrivals = handle.arrivals.between(0, last);
    let first = arrivals.iter().find(|arrival| !stood.holds(arrival));
    Ok(Start {
        number: first.map_or(last, |first| first.number - 1),
        stood: Some(Arc::new(stood)),
    })
}

fn stood(handle: &Handle, snapshot: &Snapshot, commit: &Tip) -> Result<Stood, CloneError> {
    let mut stood = Stood::default();
    let files = handle.clone.files(commit)?;
    let then: HashMap<Topic, BlobId> = files
        .into_iter()
        .map(|file| (file.topic, file.blob))
        .collect();
    let changed = match &snapshot.base.tip {
        Some(tip) => handle.clone.changed(Some(commit), tip)?,
        None => Vec::new(),
    };
    let changed: HashSet<Topic> = changed.into_iter().map(|changed| changed.topic).collect();
    for (topic, blob) in then {
        let is_pending = snapshot.overlay.contains_key(&topic) || snapshot.gone.contains(&topic);
        if !changed.contains(&topic) && !is_pending {
            stood.same.insert(topic.as_str().to_owned());
            continue;
        }
        let text = match handle.clone.read(&blob) {
            Ok(text) => text,
            Err(CloneError::TooLarge { .. }) => continue,
            Err(error) => return Err(error),
        };
        if let Some(thread) = Shown::settled(blob, &text) {
            stood.keys.extend(known_keys(&topic, &thread.summary));
        }
    }
    Ok(stood)
}

fn expired(message: String) -> Failure {
    Failure::new(
        FailureCode::CursorExpired,
        message,
        "Call again without since, or with a time as 2026-01-31T09:00:00Z; filter=new of the list \
         shows all that you have not read.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: Option<&str>, place: Option<u64>, expected: Option<&Since>) {
        let read = Since::parse(given, || place);
        match (&read, expected) {
            (Ok(read), Some(expected)) => assert_eq!(read, expected, "{given:?}"),
            (Err(failure), None) => {
                assert_eq!(failure.code, FailureCode::CursorExpired, "{given:?}");
            }
            (Ok(_), None) | (Err(_), Some(_)) => panic!("{given:?}: {read:?}"),
        }
    }

    #[test]
    fn a_cursor_a_time_and_a_commit_are_told_apart() {
        let cursor = Cursor::new("0a1b2c", 7);
        check(Some("u1.0a1b2c.7"), None, Some(&Since::Cursor(cursor)));
        check(None, Some(9), Some(&Since::Place(9)));
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let tip = Tip::parse(commit).unwrap();
        check(Some(commit), None, Some(&Since::Commit(tip)));
        let time = Some(&Since::Time(1_767_603_600));
        check(Some("2026-01-05T09:00:00Z"), Some(9), time);
        check(Some("2026-01-05T10:00:00.9+01:00"), None, time);
        for garbled in [
            "",
            "1.n.5.topic",
            "u1.0a1b2c",
            "u1.0a.x",
            "u1.0a.07",
            "u1.0a.-1",
            "yesterday",
            "0123abc",
        ] {
            check(Some(garbled), None, None);
        }
    }

    #[test]
    fn who_never_asked_has_the_day_before() {
        let before = Timestamp::now().as_second() - FIRST_SECONDS;
        let since = Since::parse(None, || None).unwrap();
        let after = Timestamp::now().as_second() - FIRST_SECONDS;
        assert!((before..=after).any(|time| since == Since::Time(time)));
    }
}
