//! What we wrote into the working tree, by hash, on disk: one JSON line a change.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use threads::topic::Topic;

use crate::journal::Journal;

/// How much of a file is held while it is read.
const READ_BYTES: usize = 64 << 10;

/// SHA-256 of a file's bytes, in 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Hash([u8; 32]);

/// What we wrote of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// The file's name.
    pub(super) file: String,
    /// The versions that the file may have: the newest is last, and before it stands the one that
    /// it replaces. None: the file is no more ours.
    pub(super) hashes: Vec<Hash>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    topic: Topic,
    #[serde(flatten)]
    remembered: Remembered,
}

/// Opens the memory and reads what it holds.
pub(super) fn open(path: &Path) -> io::Result<(Journal, HashMap<Topic, Remembered>)> {
    let (journal, replayed) = Journal::open::<Line>(path)?;
    if replayed.damaged > 0 {
        let lines = replayed.damaged;
        tracing::warn!(lines, "Memory of the working tree damaged");
    }
    let mut remembered = HashMap::new();
    for line in replayed.lines {
        if line.remembered.hashes.is_empty() {
            remembered.remove(&line.topic);
        } else {
            remembered.insert(line.topic, line.remembered);
        }
    }
    Ok((journal, remembered))
}

/// Remembers changes, durably.
pub(super) fn append(journal: &mut Journal, changed: &[(Topic, Remembered)]) -> io::Result<()> {
    let lines: Vec<_> = changed
        .iter()
        .map(|(topic, now)| Line::of(topic, now))
        .collect();
    journal.append(&lines)
}

/// Drops what is out of date, from time to time.
pub(super) fn rewrite_if_mostly_dead(
    journal: &mut Journal,
    remembered: &HashMap<Topic, Remembered>,
) -> io::Result<()> {
    if !journal.is_mostly_dead(remembered.len()) {
        return Ok(());
    }
    let lines: Vec<_> = remembered
        .iter()
        .map(|(topic, now)| Line::of(topic, now))
        .collect();
    journal.rewrite(&lines)
}

impl Line {
    fn of(topic: &Topic, remembered: &Remembered) -> Self {
        Self {
            topic: topic.clone(),
            remembered: remembered.clone(),
        }
    }
}

impl Remembered {
    /// The file is the newest version for certain.
    pub(super) fn keep_newest(&mut self) {
        self.hashes.drain(..self.hashes.len().saturating_sub(1));
    }
}

impl Hash {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of what is read to its end, and how many bytes that was; a part at a time is held.
    pub(super) fn read(reader: &mut impl io::Read) -> io::Result<(Self, u64)> {
        let (mut hasher, mut len) = (Sha256::new(), 0);
        let mut part = vec![0; READ_BYTES];
        loop {
            match reader.read(&mut part) {
                Ok(0) => return Ok((Self(hasher.finalize().into()), len)),
                Ok(read) => {
                    hasher.update(&part[..read]);
                    len += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
    }

    /// Its first eight digits.
    pub(super) fn short(self) -> String {
        let mut digits = String::from(self);
        digits.truncate(8);
        digits
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.0
            .iter()
            .fold(Self::with_capacity(64), |mut digits, byte| {
                // Writing into a string cannot fail.
                let _ = write!(digits, "{byte:02x}");
                digits
            })
    }
}

/// A hash is 64 hex digits.
#[derive(Debug, thiserror::Error)]
#[error("a hash is 64 hex digits")]
pub(super) struct NoHash;

impl TryFrom<String> for Hash {
    type Error = NoHash;

    fn try_from(digits: String) -> Result<Self, NoHash> {
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(NoHash);
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| NoHash)?;
        }
        Ok(Self(bytes))
    }
}
