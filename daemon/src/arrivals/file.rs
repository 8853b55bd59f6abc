//! The arrival log on the disk: a journal of what is kept, and beside it the numbers of all that
//! ever arrived.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::arrivals::known::{Known, known_key};
use crate::arrivals::{ARRIVALS_MAX, Arrival, Kept};
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
    /// How many numbers stand in the file beside, at least.
    known: u64,
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
        let mut head = None;
        let mut arrivals = VecDeque::new();
        for line in replayed.lines {
            match line {
                Line::Head(newer) => head = Some(newer),
                Line::Arrival(arrival) => arrivals.push_back(arrival),
            }
        }
        let known = head.as_ref().and_then(|head| read_known(&known_path, head));
        let mut file = Self {
            journal,
            known: known_path,
            head: new_head(),
        };
        // A line that is lost may be one that somebody's cursor stands before.
        let (Some(head), Some(mut numbers), 0) = (head, known, replayed.damaged) else {
            let kept = Kept::empty(file.head.log.clone());
            file.rewrite(0, &[], &[])?;
            return Ok((file, kept));
        };
        numbers.extend(arrivals.iter().map(known_key));
        let next = head.reserved + 1;
        file.head = Head {
            reserved: head.reserved + RESERVED,
            ..head
        };
        file.journal.append([&Line::Head(file.head.clone())])?;
        let mut kept = Kept::empty(file.head.log.clone());
        kept.last = arrivals
            .back()
            .map_or(file.head.dropped, |last| last.number);
        kept.flushed = kept.last;
        kept.next = next;
        kept.dropped = file.head.dropped;
        kept.arrivals = arrivals;
        kept.known = Known::of(numbers);
        kept.forget_the_oldest();
        Ok((file, kept))
    }

    /// Whether the journal should be written anew.
    pub(super) fn is_long(&self) -> bool {
        self.journal.is_mostly_dead(ARRIVALS_MAX)
    }

    /// Adds arrivals; they are durable when this returns.
    ///
    /// # Errors
    /// Of the file system; then none of them is kept.
    pub(super) fn append(&mut self, arrivals: &[Arrival]) -> io::Result<()> {
        let lines: Vec<Line> = arrivals.iter().cloned().map(Line::Arrival).collect();
        self.journal.append(&lines)
    }

    /// Writes everything anew: the numbers first, since what leaves the journal is known by them.
    ///
    /// # Errors
    /// Of the file system; then what stood there stands, or more numbers.
    pub(super) fn rewrite(
        &mut self,
        dropped: u64,
        known: &[u64],
        arrivals: &[Arrival],
    ) -> io::Result<()> {
        let bytes: Vec<u8> = known
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        platform::durable::write_durably(&self.known, &bytes)?;
        let head = Head {
            dropped,
            known: known.len() as u64,
            ..self.head.clone()
        };
        let lines = std::iter::once(Line::Head(head.clone()))
            .chain(arrivals.iter().cloned().map(Line::Arrival));
        let lines: Vec<Line> = lines.collect();
        self.journal.rewrite(&lines)?;
        self.head = head;
        Ok(())
    }
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
        known: 0,
    }
}

/// The numbers beside the journal; none where there are fewer than there should be.
fn read_known(path: &Path, head: &Head) -> Option<Vec<u64>> {
    if head.format != 1 {
        return None;
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(_) => return None,
    };
    let (numbers, rest) = bytes.as_chunks::<8>();
    let is_whole = rest.is_empty() && numbers.len() as u64 >= head.known;
    is_whole.then(|| {
        numbers
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
            .collect()
    })
}
