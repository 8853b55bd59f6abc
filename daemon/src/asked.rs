//! Up to where each agent asked for updates of one repository, so that who names no beginning goes
//! on there: kept on this machine alone.
//!
//! An agent here is an agent of a user in a code checkout. What is lost with the power makes it hear
//! a few entries again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tracing::warn;

/// How many agents are remembered; the ones that asked longest ago go first.
const AGENTS_MAX: usize = 1024;

/// Up to where each agent asked.
#[derive(Debug)]
pub(crate) struct Asked {
    file: PathBuf,
    // Held for a look-up or a change in memory, and by `flush` while it copies; never over a write
    // to the disk.
    kept: Mutex<Kept>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    agents: HashMap<String, Answered>,
    #[serde(skip)]
    changed: bool,
}

/// The last answer that moved an agent's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    /// Unix seconds.
    at: i64,
    /// The log whose numbers these are.
    log: String,
    /// The number after which the answer began.
    from: u64,
    /// The number up to which it told.
    upto: u64,
    /// The very call, so that it begins at the same place where its answer was lost.
    call: Option<String>,
}

/// An answer that is about to be given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering<'a> {
    /// Unix seconds.
    pub(crate) now: i64,
    /// The arrival log's name.
    pub(crate) log: &'a str,
    /// The number after which it begins.
    pub(crate) from: u64,
    /// The number up to which it tells.
    pub(crate) upto: u64,
    /// What makes the very call recognisable when it is sent again.
    pub(crate) call: Option<&'a str>,
}

impl Asked {
    /// What is kept in that file. Unreadable counts as empty: then each agent has the day before.
    pub(crate) fn open(file: PathBuf) -> Self {
        let kept = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                warn!(%error, file = %file.display(), "What was asked is unreadable");
                Kept::default()
            }),
            Err(_) => Kept::default(),
        };
        Self {
            file,
            kept: Mutex::new(kept),
        }
    }

    /// The number after which this agent goes on; none where it never asked of that log. A call
    /// that is sent again begins where it began before.
    pub(crate) fn place(&self, agent: &str, log: &str, call: Option<&str>) -> Option<u64> {
        let kept = self.lock();
        let last = kept.agents.get(agent).filter(|last| last.log == log)?;
        let is_again = call.is_some() && last.call.as_deref() == call;
        Some(if is_again { last.from } else { last.upto })
    }

    /// The agent is told this. What begins after its place leaves it there, since what lies between
    /// was not told.
    pub(crate) fn told(&self, agent: &str, answering: Answering<'_>) {
        let mut kept = self.lock();
        let last = kept.agents.get(agent);
        let last = last.filter(|last| last.log == answering.log);
        if last.is_some_and(|last| answering.from > last.upto) {
            return;
        }
        let answered = Answered {
            at: answering.now,
            log: answering.log.to_owned(),
            from: answering.from,
            upto: answering.upto,
            call: answering.call.map(str::to_owned),
        };
        kept.agents.insert(agent.to_owned(), answered);
        kept.changed = true;
        while kept.agents.len() > AGENTS_MAX {
            let oldest = kept.agents.iter().min_by_key(|(_, last)| last.at);
            let Some(oldest) = oldest.map(|(agent, _)| agent.clone()) else {
                return;
            };
            kept.agents.remove(&oldest);
        }
    }

    /// Whether something changed since the last flush.
    pub(crate) fn is_changed(&self) -> bool {
        self.lock().changed
    }

    /// Writes what has changed since the last call.
    pub(crate) fn flush(&self) {
        let copy = {
            let mut kept = self.lock();
            if !std::mem::take(&mut kept.changed) {
                return;
            }
            kept.clone()
        };
        let written = serde_json::to_vec(&copy)
            .map_err(std::io::Error::from)
            .and_then(|bytes| platform::durable::write_durably(&self.file, &bytes));
        if let Err(error) = written {
            warn!(%error, file = %self.file.display(), "What was asked was not kept");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "a1";

    fn answering(from: u64, upto: u64, call: Option<&str>) -> Answering<'_> {
        Answering {
            now: 1,
            log: LOG,
            from,
            upto,
            call,
        }
    }

    /// Answers of `from`, `upto` and the call; then the place of the next call.
    fn check(answers: &[(u64, u64, Option<&str>)], call: Option<&str>, expected: Option<u64>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("asked.json");
        let asked = Asked::open(file.clone());
        for (from, upto, call) in answers {
            asked.told("Claude (alice)", answering(*from, *upto, *call));
        }
        asked.flush();
        for asked in [asked, Asked::open(file)] {
            let place = asked.place("Claude (alice)", LOG, call);
            assert_eq!(place, expected, "{answers:?}, {call:?}");
            assert_eq!(asked.place("Claude (alice)", "b2", call), None);
            assert_eq!(asked.place("Claude (bob)", LOG, call), None);
        }
    }

    #[test]
    fn an_agent_goes_on_where_it_was_told_last() {
        check(&[], None, None);
        check(&[(0, 5, None)], None, Some(5));
        check(&[(0, 5, None), (5, 9, None)], None, Some(9));
        check(&[(0, 5, None), (3, 4, None)], None, Some(4));
        check(&[(0, 5, None), (7, 9, None)], None, Some(5));
    }

    #[test]
    fn a_call_that_is_sent_again_begins_where_it_began() {
        check(&[(0, 5, Some("s:1"))], Some("s:1"), Some(0));
        check(&[(0, 5, Some("s:1"))], Some("s:2"), Some(5));
        check(
            &[(0, 5, Some("s:1")), (0, 3, Some("s:1"))],
            Some("s:1"),
            Some(0),
        );
        check(
            &[(0, 5, Some("s:1")), (5, 6, Some("s:2"))],
            Some("s:1"),
            Some(6),
        );
    }

    #[test]
    fn another_log_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Asked::open(folder.path().join("asked.json"));
        asked.told("a", answering(0, 50, None));
        let other = Answering {
            log: "b2",
            ..answering(60, 70, None)
        };
        asked.told("a", other);
        assert_eq!(asked.place("a", "b2", None), Some(70));
        assert_eq!(asked.place("a", LOG, None), None);
    }

    #[test]
    fn the_agents_remembered_are_limited() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Asked::open(folder.path().join("asked.json"));
        for number in 0..=AGENTS_MAX {
            let now = i64::try_from(number).unwrap();
            asked.told(
                &number.to_string(),
                Answering {
                    now,
                    ..answering(0, 1, None)
                },
            );
        }
        assert_eq!(asked.lock().agents.len(), AGENTS_MAX);
        assert_eq!(asked.place("0", LOG, None), None);
        assert_eq!(asked.place("1", LOG, None), Some(1));
    }
}
