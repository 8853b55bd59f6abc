//! The arrival log of one repository: every entry that this daemon shows for the first time gets
//! the next number, in the order of arrival.
//!
//! Numbers are never given twice, also where the last of them were lost with the power: each start
//! begins at a number that was reserved on the disk before. An entry whose record was lost arrives
//! again, so a number that somebody holds may repeat an entry and never skips one. An entry is known
//! by its topic and its mark, wherever in the thread it stands: a replay moves it and it does not
//! arrive again.

mod file;
mod known;

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use threads::topic::Topic;
use tokio::sync::watch;
use tracing::warn;

use crate::arrivals::file::ArrivalsFile;
use crate::arrivals::known::{Known, known_key};
use crate::snapshot::Summary;

/// How many arrivals are kept; older ones are forgotten, and a cursor before them is expired.
pub(crate) const ARRIVALS_MAX: usize = 10_000;

/// How many entries are remembered that are shown no more, so that they do not arrive again; past
/// that they are forgotten.
const GONE_MAX: usize = 65_536;

/// One entry that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arrival {
    /// Counts arrivals; with gaps.
    #[serde(rename = "n")]
    pub(crate) number: u64,
    /// The thread, by its name.
    pub(crate) topic: String,
    /// [`crate::snapshot::Mark::key`].
    pub(crate) key: u64,
    /// Which of several entries of the thread that are the same in everything, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) nth: u32,
    /// Unix seconds: when it arrived; where the repository was first read, the entry's own time.
    pub(crate) at: i64,
    /// Whether it stood there when the repository was first read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) early: bool,
}

/// When the entries of a snapshot arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// At this Unix second.
    Now(i64),
    /// They stood there when the repository was first read at this Unix second: each at its own
    /// time, in that order.
    Early(i64),
}

/// The arrival log of one repository.
#[derive(Debug)]
pub(crate) struct Arrivals {
    // Held for a look-up or a change in memory, by the teller and by those who ask.
    kept: Mutex<Kept>,
    // Held over a write to the disk, by `flush` alone; none where the disk cannot keep the log.
    file: Mutex<Option<ArrivalsFile>>,
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    /// A random name: a cursor of another log is told by it.
    log: String,
    arrivals: VecDeque<Arrival>,
    known: Known,
    /// The last number that was given; 0 before the first.
    last: u64,
    next: u64,
    /// The greatest number that is not kept any more.
    dropped: u64,
    /// The greatest number that is on the disk.
    flushed: u64,
    /// Nothing is written any more: the repository is opened anew by another.
    closed: bool,
}

impl Arrivals {
    /// The log that is kept in that folder, else an empty one of another name. Blocks on the disk.
    pub(crate) fn open(folder: &Path) -> Self {
        let (file, kept) = match ArrivalsFile::open(folder) {
            Ok((file, kept)) => (Some(file), kept),
            Err(error) => {
                warn!(%error, folder = %folder.display(), "Arrivals are not kept");
                (None, Kept::empty(file::new_log()))
            }
        };
        Self {
            last: watch::Sender::new(kept.last),
            kept: Mutex::new(kept),
            file: Mutex::new(file),
        }
    }

    /// The random name of this log.
    pub(crate) fn log(&self) -> String {
        self.lock().log.clone()
    }

    /// The last number given; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.lock().last
    }

    /// The greatest number that is not kept any more: what is asked for from before it has a gap.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Hears each new [`Arrivals::last`].
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// What is kept of the arrivals after that number, in order.
    pub(crate) fn after(&self, number: u64) -> Vec<Arrival> {
        let kept = self.lock();
        let begin = kept.arrivals.partition_point(|each| each.number <= number);
        kept.arrivals.range(begin..).cloned().collect()
    }

    /// Gives numbers to those entries of the threads that did not arrive before, and tells who
    /// listens.
    pub(crate) fn take<'a>(
        &self,
        threads: impl IntoIterator<Item = (&'a Topic, &'a Summary)>,
        time: Time,
    ) -> Vec<Arrival> {
        let mut kept = self.lock();
        let mut new = Vec::new();
        for (topic, summary) in threads {
            unknown(&kept.known, topic, summary, time, &mut new);
        }
        if new.is_empty() {
            return new;
        }
        if let Time::Early(_) = time {
            new.sort_by_key(|arrival| arrival.at);
        }
        for arrival in &mut new {
            arrival.number = kept.next;
            kept.next += 1;
            kept.known.insert(known_key(arrival));
        }
        kept.last = kept.next - 1;
        let newest = new.len().saturating_sub(ARRIVALS_MAX);
        if let Some(dropped) = newest.checked_sub(1) {
            kept.dropped = new[dropped].number;
            kept.arrivals.clear();
        }
        kept.arrivals.extend(new[newest..].iter().cloned());
        kept.forget_the_oldest();
        let last = kept.last;
        drop(kept);
        self.last.send_replace(last);
        new
    }

    /// Forgets entries that are shown no more, where there are many of them: `shown` are all the
    /// threads, with `entries_len` entries.
    pub(crate) fn forget_gone<'a>(
        &self,
        entries_len: usize,
        shown: impl Iterator<Item = (&'a Topic, &'a Summary)>,
    ) {
        let mut kept = self.lock();
        if kept.known.len() <= entries_len + GONE_MAX {
            return;
        }
        let mut known = Known::default();
        for (topic, summary) in shown {
            for_each_key(topic, summary, |key, _| known.insert(key));
        }
        for arrival in &kept.arrivals {
            known.insert(known_key(arrival));
        }
        kept.known = known;
    }

    /// Writes what arrived since the last call. Blocks on the disk.
    pub(crate) fn flush(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.as_mut() else { return };
        let unwritten = self.lock().unwritten(file.is_long());
        let (last, written) = match unwritten {
            None => return,
            Some(Unwritten::New(new)) => (new.last().map(|each| each.number), file.append(&new)),
            Some(Unwritten::All {
                dropped,
                known,
                all,
            }) => (
                all.last().map(|each| each.number),
                file.rewrite(dropped, &known, &all),
            ),
        };
        match written {
            Ok(()) => self.lock().flushed = last.unwrap_or(0),
            Err(error) => warn!(%error, "Arrivals were not kept"),
        }
    }

    /// Whether there is something to flush.
    pub(crate) fn is_changed(&self) -> bool {
        let kept = self.lock();
        kept.flushed != kept.last
    }

    /// Flushes, and writes nothing any more: another opens the folder next.
    pub(crate) fn close(&self) {
        self.flush();
        self.lock().closed = true;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be written.
enum Unwritten {
    New(Vec<Arrival>),
    All {
        dropped: u64,
        known: Vec<u64>,
        all: Vec<Arrival>,
    },
}

impl Kept {
    fn unwritten(&self, is_long: bool) -> Option<Unwritten> {
        if self.closed || self.flushed == self.last {
            return None;
        }
        // What was dropped before it was written is known by its number alone.
        if is_long || self.dropped > self.flushed {
            return Some(Unwritten::All {
                dropped: self.dropped,
                known: self.known.sorted(),
                all: self.arrivals.iter().cloned().collect(),
            });
        }
        let begin = self
            .arrivals
            .partition_point(|each| each.number <= self.flushed);
        Some(Unwritten::New(
            self.arrivals.range(begin..).cloned().collect(),
        ))
    }

    fn empty(log: String) -> Self {
        Self {
            log,
            arrivals: VecDeque::new(),
            known: Known::default(),
            last: 0,
            next: 1,
            dropped: 0,
            flushed: 0,
            closed: false,
        }
    }

    fn forget_the_oldest(&mut self) {
        while self.arrivals.len() > ARRIVALS_MAX {
            if let Some(oldest) = self.arrivals.pop_front() {
                self.dropped = oldest.number;
            }
        }
    }
}

impl Arrival {
    /// Where the entry stands in its thread; none where it is gone.
    pub(crate) fn place_in(&self, thread: &Summary) -> Option<usize> {
        let alike = thread.entries.iter().enumerate();
        let mut alike = alike.filter(|(_, mark)| mark.key == self.key);
        let (place, _) = alike.nth(self.nth as usize)?;
        Some(place)
    }
}

fn unknown(known: &Known, topic: &Topic, summary: &Summary, time: Time, new: &mut Vec<Arrival>) {
    for_each_key(topic, summary, |key, (index, nth)| {
        if known.contains(key) {
            return;
        }
        let mark = summary.entries[index];
        let (at, early) = match time {
            Time::Now(now) => (now, false),
            Time::Early(now) => (i64::from(mark.at).min(now), true),
        };
        new.push(Arrival {
            number: 0,
            topic: topic.as_str().to_owned(),
            key: mark.key,
            nth,
            at,
            early,
        });
    });
}

/// Each entry: the key under which it is known, its index, and which of its like.
fn for_each_key(topic: &Topic, summary: &Summary, mut each: impl FnMut(u64, (usize, u32))) {
    let mut alike: HashMap<u64, u32> = HashMap::with_capacity(summary.entries.len());
    let of = known::of_topic(topic.as_str());
    for (index, mark) in summary.entries.iter().enumerate() {
        let nth = alike.entry(mark.key).or_default();
        each(known::mixed(of, mark.key, *nth), (index, *nth));
        *nth += 1;
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_zero(nth: &u32) -> bool {
    *nth == 0
}

#[cfg(test)]
mod tests;
