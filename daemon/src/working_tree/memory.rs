//! What we wrote into the working tree, version by version, on disk: one JSON line a version.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use repository::BlobId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use threads::topic::Topic;

use super::hash::Hash;
use crate::journal::Journal;

/// How many versions of one file are remembered.
pub(crate) const VERSIONS_MAX: usize = 32;

/// How long a version is remembered.
pub(crate) const VERSION_SECONDS_MAX: i64 = 7 * 24 * 3600;

/// So many of the newest are remembered however old they are: after a crash at any point the file
/// is one of them.
const VERSIONS_MIN: usize = 2;

/// One version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Of its bytes.
    pub(crate) hash: Hash,
    /// When it was remembered, in Unix seconds.
    pub(crate) at: i64,
    /// Where the clone has its bytes, where it does.
    #[serde(default, with = "blob")]
    pub(crate) blob: Option<BlobId>,
}

/// What we wrote of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remembered {
    /// The file's name.
    pub(super) file: String,
    /// The versions that the file may have, the newest last.
    pub(super) versions: Vec<Version>,
    /// The file is not wanted any more; what an editor still holds of it is known all the same.
    pub(super) gone: bool,
}

/// What is new of a topic: a version, or that its file is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) topic: Topic,
    pub(super) file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Version>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) gone: bool,
}

/// Opens the memory and reads what it holds at a time in Unix seconds.
pub(super) fn open(path: &Path, now: i64) -> io::Result<(Journal, HashMap<Topic, Remembered>)> {
    let (journal, replayed) = Journal::open::<Line>(path)?;
    if replayed.damaged > 0 {
        let lines = replayed.damaged;
        tracing::warn!(lines, "Memory of the working tree damaged");
    }
    let mut remembered = HashMap::new();
    for line in replayed.lines {
        take(&mut remembered, line);
    }
    for of in remembered.values_mut() {
        of.forget_old(now);
    }
    remembered.retain(|_, of| !of.versions.is_empty());
    Ok((journal, remembered))
}

/// Remembers what is new, durably; nothing is where there are no lines. Gives the versions that are
/// remembered no more.
pub(super) fn append(
    journal: &mut Journal,
    remembered: &mut HashMap<Topic, Remembered>,
    lines: Vec<Line>,
    now: i64,
) -> io::Result<Vec<Hash>> {
    let mut forgotten = Vec::new();
    if lines.is_empty() {
        return Ok(forgotten);
    }
    journal.append(&lines)?;
    for line in lines {
        let topic = line.topic.clone();
        take(remembered, line);
        if let Some(of) = remembered.get_mut(&topic) {
            forgotten.append(&mut of.forget_old(now));
            if of.versions.is_empty() {
                remembered.remove(&topic);
            }
        }
    }
    let live = remembered.values().map(|of| of.versions.len() + 1).sum();
    if journal.is_mostly_dead(live) {
        let all: Vec<Line> = remembered.iter().flat_map(lines_of).collect();
        journal.rewrite(&all)?;
    }
    Ok(forgotten)
}

fn take(remembered: &mut HashMap<Topic, Remembered>, line: Line) {
    let of = remembered.entry(line.topic).or_insert_with(|| Remembered {
        file: String::new(),
        versions: Vec::new(),
        gone: false,
    });
    of.file = line.file;
    of.gone = line.gone;
    if let Some(version) = line.version {
        of.versions.retain(|known| known.hash != version.hash);
        of.versions.push(version);
    }
}

fn lines_of((topic, of): (&Topic, &Remembered)) -> Vec<Line> {
    let line = |version: &Version| Line {
        topic: topic.clone(),
        file: of.file.clone(),
        version: Some(version.clone()),
        gone: of.gone,
    };
    of.versions.iter().map(line).collect()
}

impl Remembered {
    /// Whether the file may have these bytes, written by us.
    pub(super) fn knows(&self, hash: &Hash) -> bool {
        self.versions.iter().any(|version| version.hash == *hash)
    }

    /// The version that was remembered last.
    pub(super) fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Forgets what is too old, and more than is remembered; gives what it was.
    fn forget_old(&mut self, now: i64) -> Vec<Hash> {
        let least = if self.gone { 0 } else { VERSIONS_MIN };
        let excess = self.versions.len().saturating_sub(VERSIONS_MAX);
        let spare = self.versions.len().saturating_sub(least);
        let is_old = |version: &&Version| now - version.at > VERSION_SECONDS_MAX;
        let old = self.versions.iter().take(spare).take_while(is_old).count();
        let forgotten = self.versions.drain(..excess.max(old));
        forgotten.map(|version| version.hash).collect()
    }
}

/// A blob's id as text.
mod blob {
    use super::{BlobId, Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        blob: &Option<BlobId>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match blob {
            Some(blob) => serializer.collect_str(blob),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<BlobId>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        // One that cannot be read is a version without its bytes, and no reason to lose the line.
        Ok(text.as_deref().and_then(BlobId::parse))
    }
}
