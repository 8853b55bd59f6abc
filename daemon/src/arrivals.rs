//! The arrival log of one repository: every entry that this daemon shows for the first time gets
//! the next number, in the order of arrival.
//!
//! Numbers are never given twice, also where the last of them were lost with the power: each start
//! begins at a number that was reserved on the disk before. An entry whose record was lost arrives
//! again, so a number that somebody holds may repeat an entry and never skips one. An entry is known
//! by its topic and its mark, wherever in the thread it stands: a replay moves it and it does not
//! arrive again, unless it was gone in between.

mod file;
mod kept;
mod known;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use threads::topic::Topic;
use tracing::warn;

use crate::arrivals::file::ArrivalsFile;
use crate::arrivals::kept::{Kept, Unwritten};
use crate::arrivals::known::Known;
use crate::snapshot::Summary;

/// How many arrivals are kept; older ones are forgotten, and a cursor before them is expired.
pub(crate) const ARRIVALS_MAX: usize = 10_000;

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

/// A log's name and its numbers, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// A random name: a cursor of another log is told by it.
    pub(crate) log: String,
    /// The last number given; 0 before the first.
    pub(crate) last: u64,
    /// The number that is given next: none from it on was ever given.
    pub(crate) next: u64,
    /// The greatest number that is not kept any more: what is asked for from before it has a gap.
    pub(crate) dropped: u64,
    /// The greatest number given in this run to what stood there when the repository was first
    /// read.
    pub(crate) early: u64,
    /// Whether the repository was read a first time: what comes to be shown later is new.
    pub(crate) begun: bool,
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
            kept: Mutex::new(kept),
            file: Mutex::new(file),
        }
    }

    /// The log's name and its numbers, at one moment.
    pub(crate) fn bounds(&self) -> Bounds {
        self.lock().bounds()
    }

    /// What is kept of the arrivals after the first number and up to the last, in order.
    pub(crate) fn between(&self, number: u64, last: u64) -> Vec<Arrival> {
        let kept = self.lock();
        let arrivals = kept.after(number).take_while(|each| each.number <= last);
        arrivals.cloned().collect()
    }

    /// The first kept that arrived at that Unix second or later.
    pub(crate) fn first_since(&self, time: i64) -> Option<u64> {
        let kept = self.lock();
        let first = kept.after(0).find(|arrival| arrival.at >= time);
        first.map(|arrival| arrival.number)
    }

    /// Gives numbers to those entries of the threads that did not arrive before.
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
        if let Time::Early(_) = time {
            new.sort_by_key(|arrival| arrival.at);
        }
        kept.add(&mut new);
        new
    }

    /// The repository was read a first time.
    pub(crate) fn begin(&self) {
        self.lock().begin();
    }

    /// Forgets the entries of these threads that are shown no more: who asked while they were gone
    /// was not told of them, so they arrive again where they return.
    pub(crate) fn forget<'a>(
        &self,
        threads: impl IntoIterator<Item = (&'a Topic, &'a Summary, Option<&'a Summary>)>,
    ) {
        let mut gone = HashSet::new();
        for (topic, before, after) in threads {
            for_each_key(topic, before, |key, _| {
                gone.insert(key);
            });
            if let Some(after) = after {
                for_each_key(topic, after, |key, _| {
                    gone.remove(&key);
                });
            }
        }
        self.lock().forget(gone);
    }

    /// The same, where all threads are looked at.
    pub(crate) fn forget_all_but<'a>(
        &self,
        shown: impl IntoIterator<Item = (&'a Topic, &'a Summary)>,
    ) {
        let mut keys = HashSet::new();
        for (topic, summary) in shown {
            for_each_key(topic, summary, |key, _| {
                keys.insert(key);
            });
        }
        let mut kept = self.lock();
        let gone = kept.known.iter().filter(|key| !keys.contains(key));
        let gone = gone.collect();
        kept.forget(gone);
    }

    /// Writes what changed since the last call. Blocks on the disk.
    ///
    /// Who passes over an arrival because its entry is gone flushes before it says so: else the
    /// entry could return, and a crash leave it under the number that was passed over.
    pub(crate) fn flush(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.as_mut() else { return };
        let Some(unwritten) = self.lock().unwritten(file.is_long()) else {
            return;
        };
        let written = match &unwritten {
            Unwritten::Steps(steps) => file.append(steps),
            Unwritten::All {
                begun,
                dropped,
                known,
                arrivals,
            } => file.rewrite(*begun, *dropped, known, arrivals),
        };
        if let Err(error) = written {
            warn!(%error, "Arrivals were not kept");
            self.lock().write_all_next();
        }
    }

    /// Whether there is something to flush.
    pub(crate) fn is_changed(&self) -> bool {
        self.lock().is_changed()
    }

    /// Flushes, and writes nothing any more: another opens the folder next.
    pub(crate) fn close(&self) {
        self.flush();
        self.lock().close();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    /// That of [`known_keys`].
    pub(crate) fn known_key(&self) -> u64 {
        known::known_key(self)
    }

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

/// What tells each entry of a thread from all others of the repository, in file order.
pub(crate) fn known_keys(topic: &Topic, summary: &Summary) -> Vec<u64> {
    let mut keys = Vec::with_capacity(summary.entries.len());
    for_each_key(topic, summary, |key, _| keys.push(key));
    keys
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
