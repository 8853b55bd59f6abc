//! The arrival log on the disk: a journal of what is kept, and beside it the keys of all that
//! arrived before it.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::arrivals::kept::{Kept, Step};
use crate::arrivals::known::{Known, known_key};
use crate::arrivals::{ARRIVALS_MAX, Arrival};
use crate::journal::Journal;

/// How many numbers one start reserves: more than arrive in any run.
const RESERVED: u64 = 1 << 32;

/// How many bytes name a log.
const LOG_BYTES: usize = 6;

/// The arrival log on the disk.
#[derive(Debug)]
pub(super) struct ArrivalsFile {
    journal: Journal,
    known: PathBuf,
    head: Head,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Head(Head),
    Arrival(Arrival),
    /// Shown no more.
    Gone(u64),
    /// The repository was read a first time.
    Begun,
}

impl From<&Step> for Line {
    fn from(step: &Step) -> Self {
        match step {
            Step::Arrived(arrival) => Self::Arrival(arrival.clone()),
            Step::Gone(key) => Self::Gone(*key),
            Step::Begun => Self::Begun,
        }
    }
}

/// What is known of the whole log; the last one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    format: u32,
    log: String,
    /// A start begins above it.
    reserved: u64,
    /// The greatest number that is not kept any more.
    dropped: u64,
    /// Whether there is a file beside.
    known: bool,
}

impl ArrivalsFile {
    /// Opens the log in that folder and reserves this run's numbers. What cannot be read begins
    /// anew under another name.
    ///
    /// # Errors
    /// Where the disk does not keep it.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Kept)> {
        let known_path = folder.join("arrived.keys");
        let (journal, replayed) = Journal::open::<Line>(&folder.join("arrivals.jsonl"))?;
        let mut heads = replayed.lines.iter().filter_map(|line| match line {
            Line::Head(head) => Some(head),
            Line::Arrival(_) | Line::Gone(_) | Line::Begun => None,
        });
        let head = heads.next_back().filter(|head| head.format == 1).cloned();
        let known = head.as_ref().and_then(|head| read_known(&known_path, head));
        let mut file = Self {
            journal,
            known: known_path,
            head: new_head(),
        };
        // A line that is lost may be one that somebody's cursor stands before.
        let (Some(head), Some(known), 0) = (head, known, replayed.damaged) else {
            let kept = Kept::empty(file.head.log.clone());
            file.rewrite(false, 0, &[], &[])?;
            return Ok((file, kept));
        };
        let next = head.reserved + 1;
        file.head = Head {
            reserved: head.reserved + RESERVED,
            ..head
        };
        file.journal.append([&Line::Head(file.head.clone())])?;
        let kept = replay(&file.head, next, known, replayed.lines);
        Ok((file, kept))
    }

    /// Whether the journal should be written anew.
    pub(super) fn is_long(&self) -> bool {
        self.journal.is_mostly_dead(ARRIVALS_MAX)
    }

    /// Adds steps; they are durable when this returns.
    ///
    /// # Errors
    /// Of the file system; then none of them is kept.
    pub(super) fn append(&mut self, steps: &[Step]) -> io::Result<()> {
        let lines: Vec<Line> = steps.iter().map(Line::from).collect();
        self.journal.append(&lines)
    }

    /// Writes everything anew: the keys first, since what leaves the journal is known by them.
    ///
    /// # Errors
    /// Of the file system; then what stood there stands, or more keys.
    pub(super) fn rewrite(
        &mut self,
        begun: bool,
        dropped: u64,
        known: &[u64],
        arrivals: &[Arrival],
    ) -> io::Result<()> {
        let mut bytes: Vec<u8> = known.iter().flat_map(|key| key.to_le_bytes()).collect();
        bytes.extend(checksum(&bytes));
        platform::durable::write_durably(&self.known, &bytes)?;
        let head = Head {
            dropped,
            known: true,
            ..self.head.clone()
        };
        let mut lines = vec![Line::Head(head.clone())];
        lines.extend(begun.then_some(Line::Begun));
        lines.extend(arrivals.iter().cloned().map(Line::Arrival));
        let keys = arrivals.iter().map(known_key);
        let gone = keys.filter(|key| known.binary_search(key).is_err());
        lines.extend(gone.map(Line::Gone));
        self.journal.rewrite(&lines)?;
        self.head = head;
        Ok(())
    }
}

/// The log as its lines leave it.
fn replay(head: &Head, next: u64, known: Vec<u64>, lines: Vec<Line>) -> Kept {
    let mut kept = Kept::empty(head.log.clone());
    let mut arrivals = VecDeque::new();
    let mut gone = HashSet::new();
    for line in lines {
        match line {
            Line::Head(_) => (),
            Line::Begun => kept.bounds.begun = true,
            Line::Arrival(arrival) => {
                gone.remove(&known_key(&arrival));
                arrivals.push_back(arrival);
            }
            Line::Gone(key) => {
                gone.insert(key);
            }
        }
    }
    let keys = known.into_iter().chain(arrivals.iter().map(known_key));
    kept.known = Known::of(keys.filter(|key| !gone.contains(key)).collect());
    kept.bounds.dropped = head.dropped;
    kept.bounds.last = arrivals.back().map_or(head.dropped, |last| last.number);
    kept.bounds.next = next;
    kept.arrivals = arrivals;
    kept.forget_the_oldest();
    kept
}

/// A name that no other log has.
pub(super) fn new_log() -> String {
    let name = (0..LOG_BYTES).map(|_| format!("{:02x}", fastrand::u8(..)));
    name.collect()
}

fn new_head() -> Head {
    Head {
        format: 1,
        log: new_log(),
        reserved: RESERVED,
        dropped: 0,
        known: false,
    }
}

/// The keys beside the journal; none where they are not whole.
fn read_known(path: &Path, head: &Head) -> Option<Vec<u64>> {
    if !head.known {
        return Some(Vec::new());
    }
    let bytes = fs::read(path).ok()?;
    let (bytes, sum) = bytes.split_last_chunk::<8>()?;
    if checksum(bytes) != *sum {
        return None;
    }
    let (keys, _) = bytes.as_chunks::<8>();
    Some(keys.iter().map(|key| u64::from_le_bytes(*key)).collect())
}

/// The first eight bytes of a SHA-256.
fn checksum(bytes: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(bytes);
    std::array::from_fn(|place| digest[place])
}
