//! The rules of popups: which are shown, when, and in how few. Pure; showing them is for `popup.rs`.
//!
//! - Each time a thread becomes the person's turn, that is shown once, also over restarts: it is
//!   remembered before it is shown. What was their turn when a repository was first known is no news.
//! - A thread has at most one popup a minute, and all have at most three; what is more goes into one.
//! - Nothing is said of what the person wrote, of what is muted, and in quiet hours; a turn that
//!   falls into them is told when they end.
//! - New entries are gathered; old ones, as after a sleep, are counted in the menu and not told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Zoned;
use protocol::answer::ThreadSummary;
use protocol::status::Notify;
use serde::{Deserialize, Serialize};

use crate::model::{Known, Repository, counted};
use crate::plain::{cut, one_line};

/// A thread has a popup at most this often, in seconds.
pub(crate) const THREAD_SECONDS: i64 = 60;

/// Popups are counted over so many seconds.
pub(crate) const SPAN_SECONDS: i64 = 60;

/// How many popups there are within [`SPAN_SECONDS`] at most.
pub(crate) const POPUPS_MAX: usize = 3;

/// Entries are gathered for so long before they are told, in seconds.
pub(crate) const GATHER_SECONDS: i64 = 2;

/// An entry that is older when it is heard is not told, in seconds.
pub(crate) const NEWS_SECONDS_MAX: i64 = 600;

/// How long a snooze is, in seconds.
pub(crate) const SNOOZE_SECONDS: i64 = 3_600;

/// How many threads with untold entries are told apart; entries of more are only counted.
pub(crate) const THREADS_MAX: usize = 200;

/// How many repositories are remembered, and how many threads of each.
pub(crate) const REPOSITORIES_MAX: usize = 200;
/// See [`REPOSITORIES_MAX`].
pub(crate) const TURNS_MAX: usize = 5_000;

/// How long a popup's line is, in characters.
const LINE_CHARS_MAX: usize = 120;

/// How many threads a digest names.
const NAMED_MAX: usize = 4;

/// A thread of a repository.
pub(crate) type Place = (String, String);

/// What is remembered over restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// For each repository that was known: the threads whose turn needs no telling, because it was
    /// told or stood there from the first.
    #[serde(default)]
    pub(crate) told: BTreeMap<String, BTreeSet<String>>,
    /// Threads that are to be told again, and when, in seconds since 1970.
    #[serde(default)]
    pub(crate) snoozed: BTreeMap<String, BTreeMap<String, i64>>,
}

/// One entry that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Its repository and thread.
    pub(crate) place: Place,
    /// `Name (user)`.
    pub(crate) agent: String,
    /// One line.
    pub(crate) title: String,
    /// When it was written, RFC 3339.
    pub(crate) timestamp: Option<String>,
}

/// A popup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Popup {
    /// One line.
    pub(crate) title: String,
    /// Some lines, as text: no markup.
    pub(crate) body: String,
    /// The thread that a click shows; none: a digest of several.
    pub(crate) place: Option<Place>,
    /// Whether it can be put off.
    pub(crate) is_turn: bool,
}

/// Which popups are due.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    kept: Kept,
    /// When the last popups were shown.
    shown: Vec<i64>,
    /// When a thread's last popup was.
    shown_of: BTreeMap<Place, i64>,
    /// Entries that are to be told: how many of each thread, and the last.
    entries: BTreeMap<Place, (u64, Arrived)>,
    /// Entries of threads past [`THREADS_MAX`].
    uncounted: u64,
    /// When the first of them came.
    since: Option<i64>,
}

/// What is to be done: what to remember first, and then what to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// What is to be remembered, where it is another than before.
    pub(crate) keep: Option<Kept>,
    /// What is to be shown, once that is remembered.
    pub(crate) popups: Vec<Popup>,
    /// When to look again, in seconds since 1970.
    pub(crate) again: Option<i64>,
}

impl Rules {
    /// With what was remembered.
    pub(crate) fn new(kept: Kept) -> Self {
        Self {
            kept,
            ..Self::default()
        }
    }

    /// An entry arrived. The person's own, old ones and unwanted ones are passed over.
    pub(crate) fn arrived(&mut self, entry: Arrived, known: &Known, now: &Zoned) {
        let seconds = now.timestamp().as_second();
        let (repository, topic) = &entry.place;
        let is_wanted = known.notify.entries
            && !is_quiet(known.notify, now)
            && known
                .repository(repository)
                .is_some_and(|one| !one.is_muted(topic));
        let written = entry
            .timestamp
            .as_deref()
            .and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let is_old = written.is_some_and(|at| seconds - at.as_second() > NEWS_SECONDS_MAX);
        if !is_wanted || is_old || is_of(&entry.agent, &known.user) {
            return;
        }
        self.since.get_or_insert(seconds);
        if let Some((count, last)) = self.entries.get_mut(&entry.place) {
            *count += 1;
            *last = entry;
        } else if self.entries.len() < THREADS_MAX {
            self.entries.insert(entry.place.clone(), (1, entry));
        } else {
            self.uncounted += 1;
        }
    }

    /// The person put a thread off.
    pub(crate) fn snooze(&mut self, place: &Place, now: &Zoned) -> Kept {
        let at = now.timestamp().as_second() + SNOOZE_SECONDS;
        let of = self.kept.snoozed.entry(place.0.clone()).or_default();
        of.insert(place.1.clone(), at);
        self.kept.clone()
    }

    /// What is to be done now.
    pub(crate) fn due(&mut self, known: &Known, now: &Zoned) -> Due {
        let seconds = now.timestamp().as_second();
        let before = self.kept.clone();
        self.settle(known, seconds);
        self.shown.retain(|at| seconds - at < SPAN_SECONDS);
        self.shown_of.retain(|_, at| seconds - *at < THREAD_SECONDS);
        self.entries.retain(|(repository, topic), _| {
            let of = known.repository(repository);
            of.is_some_and(|one| one.fresh.iter().any(|thread| thread.topic == *topic))
        });
        let (turns, mut again) = self.turns(known, now);
        let popups = self.popups(known, &turns, seconds, &mut again);
        self.shown.extend(popups.iter().map(|_| seconds));
        Due {
            keep: (self.kept != before).then(|| self.kept.clone()),
            popups,
            again,
        }
    }

    /// Forgets turns that are over, and takes for told what needs no telling.
    fn settle(&mut self, known: &Known, seconds: i64) {
        for one in &known.repositories {
            // While it is cloned anew nothing is there, and nothing is over.
            if !one.is_settled || one.threads == 0 && self.kept.told.contains_key(&one.name) {
                continue;
            }
            let turns: BTreeSet<&str> = one.turns.iter().map(|it| it.topic.as_str()).collect();
            let snoozed = self.kept.snoozed.entry(one.name.clone()).or_default();
            snoozed.retain(|topic, _| turns.contains(topic.as_str()));
            let over: Vec<String> = snoozed
                .iter()
                .filter(|(_, at)| **at <= seconds)
                .map(|(topic, _)| topic.clone())
                .collect();
            snoozed.retain(|_, at| *at > seconds);
            let is_empty = snoozed.is_empty();
            if is_empty {
                self.kept.snoozed.remove(&one.name);
            }
            let Some(told) = self.kept.told.get_mut(&one.name) else {
                if self.kept.told.len() < REPOSITORIES_MAX {
                    let all = turns.into_iter().take(TURNS_MAX).map(str::to_owned);
                    self.kept.told.insert(one.name.clone(), all.collect());
                }
                continue;
            };
            told.retain(|topic| turns.contains(topic.as_str()) && !over.contains(topic));
            let silent = one.turns.iter().filter(|thread| {
                let last = thread.last_author.as_deref().unwrap_or_default();
                !known.notify.ball || one.is_muted(&thread.topic) || is_person(last, &known.user)
            });
            let silent: Vec<String> = silent.map(|thread| thread.topic.clone()).collect();
            told.extend(silent);
        }
    }

    /// The turns that are to be told and may be, and when the next of the others may.
    fn turns<'a>(&self, known: &'a Known, now: &Zoned) -> (Vec<Turn<'a>>, Option<i64>) {
        let mut due = Vec::new();
        let mut again: Option<i64> = None;
        for one in &known.repositories {
            let snoozed = self.kept.snoozed.get(&one.name);
            let next = snoozed.into_iter().flatten().map(|(_, at)| *at);
            again = again.into_iter().chain(next).min();
            let Some(told) = self.kept.told.get(&one.name) else {
                continue;
            };
            for thread in one.turns.iter().filter(|it| !told.contains(&it.topic)) {
                let place = (one.name.clone(), thread.topic.clone());
                match self.shown_of.get(&place) {
                    Some(at) => again = earlier(again, at + THREAD_SECONDS),
                    None => due.push(Turn { of: one, thread }),
                }
            }
        }
        if is_quiet(known.notify, now) && !due.is_empty() {
            due.clear();
            again = earlier(again, quiet_ends(known.notify, now));
        }
        (due, again)
    }

    fn popups(
        &mut self,
        known: &Known,
        turns: &[Turn<'_>],
        seconds: i64,
        again: &mut Option<i64>,
    ) -> Vec<Popup> {
        let gathered = self.since.map(|since| since + GATHER_SECONDS);
        let mut entries = self.told_entries(turns);
        if gathered.is_none_or(|at| at > seconds) || entries.is_empty() {
            *again = gathered
                .filter(|at| *at > seconds)
                .map_or(*again, |at| earlier(*again, at));
            entries = Vec::new();
        }
        let wanted = turns.len() + usize::from(!entries.is_empty());
        let left = POPUPS_MAX - self.shown.len().min(POPUPS_MAX);
        if wanted == 0 {
            if gathered.is_some_and(|at| at <= seconds) && self.entries.is_empty() {
                self.since = None;
            }
            return Vec::new();
        }
        if left == 0 {
            let first = self.shown.iter().min().copied().unwrap_or(seconds);
            *again = earlier(*again, first + SPAN_SECONDS);
            return Vec::new();
        }
        let several = known.repositories.len() > 1;
        let mut popups = Vec::new();
        if wanted <= left {
            popups.extend(turns.iter().map(|turn| turn.popup(several)));
            popups.extend(digest_of_entries(&entries, self.uncounted));
        } else {
            popups.push(digest(turns, &entries, self.uncounted));
        }
        for turn in turns {
            let place = turn.place();
            self.kept
                .told
                .entry(place.0.clone())
                .or_default()
                .insert(place.1.clone());
            self.entries.remove(&place);
            self.shown_of.insert(place, seconds);
        }
        for (place, ..) in &entries {
            self.entries.remove(place);
            self.shown_of.insert(place.clone(), seconds);
        }
        if !entries.is_empty() {
            self.uncounted = 0;
            self.since = (!self.entries.is_empty()).then_some(seconds);
            if self.since.is_some() {
                *again = earlier(*again, seconds + THREAD_SECONDS);
            }
        }
        popups
    }

    /// The entries that may be told: of threads that had no popup of late and have none now.
    fn told_entries(&self, turns: &[Turn<'_>]) -> Vec<(Place, u64, Arrived)> {
        let turns: BTreeSet<Place> = turns.iter().map(Turn::place).collect();
        let may = |place: &Place| !self.shown_of.contains_key(place) && !turns.contains(place);
        let all = self.entries.iter().filter(|(place, _)| may(place));
        all.map(|(place, (count, last))| (place.clone(), *count, last.clone()))
            .collect()
    }
}

/// A thread that became the person's turn.
#[derive(Clone, Copy, Debug)]
struct Turn<'a> {
    of: &'a Repository,
    thread: &'a ThreadSummary,
}

impl Turn<'_> {
    fn place(&self) -> Place {
        (self.of.name.clone(), self.thread.topic.clone())
    }

    fn popup(&self, several: bool) -> Popup {
        let topic = &self.thread.topic;
        let place = if several {
            format!("{}/{topic}", self.of.name)
        } else {
            topic.clone()
        };
        let who = self.thread.last_author.as_deref().unwrap_or("Somebody");
        Popup {
            title: line(&format!("Your turn: {place}")),
            body: line(&format!("{who}: {}", self.thread.title)),
            place: Some(self.place()),
            is_turn: true,
        }
    }
}

fn digest_of_entries(entries: &[(Place, u64, Arrived)], more: u64) -> Option<Popup> {
    let (first, rest) = entries.split_first()?;
    if rest.is_empty() && more == 0 {
        let ((repository, topic), count, last) = first;
        let title = match count {
            1 => format!("{repository}/{topic}"),
            _ => format!("{repository}/{topic}: {count} new entries"),
        };
        return Some(Popup {
            title: line(&title),
            body: line(&format!("{}: {}", last.agent, last.title)),
            place: Some(first.0.clone()),
            is_turn: false,
        });
    }
    let count: u64 = entries.iter().map(|(_, count, _)| count).sum::<u64>() + more;
    let title = counted(count, "new entry", "new entries").unwrap_or_default();
    Some(Popup {
        title,
        body: named(entries.iter().map(|(place, ..)| place)),
        place: None,
        is_turn: false,
    })
}

fn digest(turns: &[Turn<'_>], entries: &[(Place, u64, Arrived)], more: u64) -> Popup {
    let count: u64 = entries.iter().map(|(_, count, _)| count).sum::<u64>() + more;
    let parts = [
        counted(
            turns.len() as u64,
            "thread: your turn",
            "threads: your turn",
        ),
        counted(count, "new entry", "new entries"),
    ];
    let places: Vec<Place> = turns.iter().map(Turn::place).collect();
    let others = entries.iter().map(|(place, ..)| place);
    let only = (turns.len() == 1 && entries.is_empty()).then(|| places[0].clone());
    Popup {
        title: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        body: named(places.iter().chain(others)),
        place: only,
        is_turn: false,
    }
}

fn named<'a>(places: impl Iterator<Item = &'a Place>) -> String {
    let all: Vec<String> = places
        .map(|(one, topic)| line(&format!("{one}/{topic}")))
        .collect();
    let over = all.len().saturating_sub(NAMED_MAX);
    let mut lines: Vec<String> = all.into_iter().take(NAMED_MAX).collect();
    lines.extend((over > 0).then(|| format!("and {over} more")));
    lines.join("\n")
}

fn line(text: &str) -> String {
    cut(&one_line(text), LINE_CHARS_MAX)
}

fn earlier(one: Option<i64>, other: i64) -> Option<i64> {
    Some(one.map_or(other, |one| one.min(other)))
}

/// Whether the person, or an agent of theirs, wrote it.
fn is_of(author: &str, user: &str) -> bool {
    let tag = author
        .rsplit_once('(')
        .map(|(_, tag)| tag.trim_end_matches(')'));
    tag.is_some_and(|tag| tag.eq_ignore_ascii_case(user))
}

/// Whether the person themselves wrote it.
fn is_person(author: &str, user: &str) -> bool {
    author.starts_with("Human (") && is_of(author, user)
}

fn is_quiet(notify: Notify, now: &Zoned) -> bool {
    let minute = minute_of(now);
    notify.quiet.is_some_and(|(from, to)| {
        if from <= to {
            (from..to).contains(&minute)
        } else {
            minute >= from || minute < to
        }
    })
}

/// When the quiet hours that it is in end.
fn quiet_ends(notify: Notify, now: &Zoned) -> i64 {
    let to = notify.quiet.map_or(0, |(_, to)| i64::from(to));
    let minutes = (to - i64::from(minute_of(now))).rem_euclid(24 * 60);
    now.timestamp().as_second() + minutes * 60 - i64::from(now.second())
}

fn minute_of(now: &Zoned) -> u16 {
    u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).unwrap_or_default()
}

#[cfg(test)]
mod tests;
