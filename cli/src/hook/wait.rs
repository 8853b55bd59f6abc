//! The hook that waits beside an idle session: it ends with 2 when it is the agent's turn, and the
//! client wakes the agent. One waits for a session, the newest; it wakes once for an entry, and not
//! too often.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use ipc::client::AskError;
use protocol::request::Filter;
use protocol::update::EntryUpdate;

use super::asking::{Asking, Daemon};
use super::memory::{Memory, Woken};
use super::{notes, turns};
use crate::problem::Exit;

/// How long it waits at most.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// How long one question waits; source: the outside contract, section 5.
const QUESTION_SECONDS: i64 = 45;

/// How long an answer may take, over what the question waits.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long a daemon that went away may stay away, as for an update, and between two looks.
const AWAY_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often a session is woken in an hour.
const WAKES_PER_HOUR: usize = 12;

/// How many entries are held that may wake.
const CANDIDATES_MAX: usize = 200;

/// Why nothing more is waited for.
enum Over {
    /// The agent is to be woken, with these words.
    Wake(String),
    /// There is nobody to wake, or nobody to ask.
    Silent,
}

/// Waits.
pub(crate) fn run(asking: Asking) -> Exit {
    if !asking.client.can_be_woken() {
        return Exit::Done;
    }
    // A session that is gone needs no waking.
    let watched = platform::process::parent_watch(|| std::process::exit(0));
    if watched.is_err() {
        return Exit::Done;
    }
    let asking = asking.told();
    let memory = Memory::of(asking.memory(), &asking.session);
    let begun = jiff::Timestamp::now().to_string();
    memory.claim(&asking.hello.session);
    let mut waiter = Waiter {
        since: memory.told().unwrap_or(begun),
        memory,
        candidates: Vec::new(),
        repository: String::new(),
        until: Instant::now() + WAIT_MAX,
        asking,
    };
    match waiter.wait() {
        Over::Wake(words) => {
            let said = writeln!(io::stderr().lock(), "{words}");
            said.map_or(Exit::Done, |()| Exit::Woken)
        }
        Over::Silent => Exit::Done,
    }
}

struct Waiter {
    asking: Asking,
    memory: Memory,
    /// The cursor, or the time, up to which all is known.
    since: String,
    /// Entries that made it the agent's turn, as far as nobody has read them.
    candidates: Vec<EntryUpdate>,
    repository: String,
    until: Instant,
}

impl Waiter {
    fn wait(&mut self) -> Over {
        let Some(mut daemon) = self.asking.daemon(ANSWER_WAIT_MAX) else {
            return Over::Silent;
        };
        let mut away_since = None;
        // What arrives while a daemon is away counts from here on.
        let mut seconds = 0;
        while Instant::now() < self.until && self.is_mine() {
            match self.question(&mut daemon, seconds) {
                Ok(Some(over)) => return over,
                Ok(None) => (away_since, seconds) = (None, QUESTION_SECONDS),
                Err(_) => {
                    let away_since = *away_since.get_or_insert_with(Instant::now);
                    if away_since.elapsed() > AWAY_MAX {
                        return Over::Silent;
                    }
                    thread::sleep(LOOK_EVERY);
                    if let Some(back) = self.asking.daemon(ANSWER_WAIT_MAX) {
                        daemon = back;
                    }
                }
            }
        }
        Over::Silent
    }

    fn question(&mut self, daemon: &mut Daemon, seconds: i64) -> Result<Option<Over>, AskError> {
        let wait = Duration::from_secs(seconds.unsigned_abs());
        let deadline = Instant::now() + wait + ANSWER_WAIT_MAX;
        let arrived = turns::updates(daemon, Some(&self.since), seconds, deadline)?;
        if !self.is_mine() {
            return Ok(Some(Over::Silent));
        }
        let Some(arrived) = arrived else {
            return Ok(Some(Over::Silent));
        };
        self.repository = arrived.repository;
        self.since = arrived.updates.cursor;
        let turns = arrived.updates.updates.into_iter();
        self.candidates
            .extend(turns.filter(|update| update.your_turn));
        keep_newest(&mut self.candidates);
        if self.candidates.is_empty() {
            return Ok(None);
        }
        let deadline = Instant::now() + ANSWER_WAIT_MAX;
        let Some(mine) = turns::threads(daemon, Filter::Mine, deadline) else {
            return Ok(Some(Over::Silent));
        };
        let unread = |update: &EntryUpdate| {
            let mut mine = mine.threads.threads.iter();
            mine.any(|thread| thread.topic == update.topic && thread.is_new)
        };
        let woken = self.memory.woken();
        self.candidates
            .retain(|update| unread(update) && !woken.entries.contains(&name(update)));
        Ok(self.wake(woken))
    }

    /// Wakes for the newest, unless that was done often enough; then it is looked at again.
    fn wake(&self, woken: Woken) -> Option<Over> {
        let newest = self.candidates.last()?;
        let now = jiff::Timestamp::now().as_second();
        if !may_wake(&woken, now) {
            return None;
        }
        if !self.memory.wake(woken, name(newest), now) {
            return Some(Over::Silent);
        }
        Some(Over::Wake(notes::of_wake(&self.repository, newest)))
    }

    fn is_mine(&self) -> bool {
        self.memory.is_claimed_by(&self.asking.hello.session)
    }
}

/// What an entry is known by, also where it has no ID.
fn name(update: &EntryUpdate) -> String {
    let id = update.entry_id.clone();
    let id = id.unwrap_or_else(|| update.index.to_string());
    format!("{} {id}", update.topic)
}

/// Whether the session was not woken too often in the hour before.
fn may_wake(woken: &Woken, now: i64) -> bool {
    let lately = woken.at.iter().filter(|at| now - **at < 3600).count();
    lately < WAKES_PER_HOUR
}

fn keep_newest(candidates: &mut Vec<EntryUpdate>) {
    let over = candidates.len().saturating_sub(CANDIDATES_MAX);
    candidates.drain(..over);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_woken_so_often_in_an_hour() {
        fn check(at: &[i64], now: i64, expected: bool) {
            let woken = Woken {
                entries: Vec::new(),
                at: at.to_vec(),
            };
            assert_eq!(may_wake(&woken, now), expected, "{at:?}, {now}");
        }
        check(&[], 0, true);
        let often: Vec<i64> = (0..WAKES_PER_HOUR as i64).collect();
        check(&often, 100, false);
        check(&often[1..], 100, true);
        check(&often, 3599, false);
        check(&often, 3600, true);
    }

    #[test]
    fn the_newest_candidates_are_kept() {
        let update = |index| EntryUpdate {
            topic: "t".into(),
            entry_id: None,
            index,
            agent: String::new(),
            title: String::new(),
            timestamp: None,
            ball: String::new(),
            your_turn: true,
        };
        let mut candidates: Vec<_> = (0..=CANDIDATES_MAX as u64).map(update).collect();
        keep_newest(&mut candidates);
        assert_eq!((candidates.len(), candidates[0].index), (CANDIDATES_MAX, 1));
    }
}
