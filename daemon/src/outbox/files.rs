//! Reads what stands in the outbox's folders at the start, and tidies up after a crash.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::durable::ASIDE_SUFFIX;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use threads::entry_id::EntryId;
use threads::merge::EDITED_BYTES_MAX;
use threads::operation::OPERATION_FORMAT;
use threads::timestamp::Timestamp;

use super::keeper::{Answers, Keeper};
use super::records::{Answer, FORMAT, Held, Kept, is_too_old};
use super::{ANSWERS_MAX, Folders};
use crate::journal::Journal;

/// The longest operation file: an edit by hand whose every byte is escaped, and its fields.
pub(super) const FILE_BYTES_MAX: u64 = 6 * EDITED_BYTES_MAX as u64 + (1 << 20);

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Why.
    pub(crate) why: UnreadableWhy,
}

/// Why a file was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnreadableWhy {
    /// Of a later version of the daemon; it stays where it is.
    NewerFormat(u32),
    /// Not what it should be; it is in `outbox/unreadable/`, or beside the answers.
    Damaged,
    /// The file system's words; it stays where it is.
    Io(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: ", self.path.display())?;
        match &self.why {
            UnreadableWhy::NewerFormat(format) => write!(to, "of the newer format {format}"),
            UnreadableWhy::Damaged => to.write_str("damaged"),
            UnreadableWhy::Io(error) => to.write_str(error),
        }
    }
}

/// What stood in the folders.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) waiting: BTreeMap<u64, Arc<Kept>>,
    pub(super) held: BTreeMap<u64, Held>,
    pub(super) answers: VecDeque<Arc<Answer>>,
    pub(super) keeper: Keeper,
    pub(super) next_sequence: u64,
    pub(super) unreadable: Vec<Unreadable>,
}

#[derive(Deserialize)]
struct Probe {
    format: u32,
    operation: Option<OperationProbe>,
    kept: Option<KeptProbe>,
}

#[derive(Deserialize)]
struct KeptProbe {
    operation: OperationProbe,
}

#[derive(Deserialize)]
struct OperationProbe {
    format: u32,
}

#[derive(Deserialize)]
struct HeldFile {
    kept: Kept,
    reason: String,
    at: Timestamp,
}

/// Reads all of a repository's state folder that is the outbox's.
pub(super) fn scan(folder: &Path, now: Timestamp) -> io::Result<Scanned> {
    fs::create_dir_all(folder)?;
    let folders = Folders::make(folder)?;
    let mut unreadable = Vec::new();
    let (answers, live) = answers(&folders, now, &mut unreadable)?;
    let mut scan = Scan {
        folders: &folders,
        unreadable,
        sequence_max: 0,
        ids: live.iter().map(|answer| answer.id.clone()).collect(),
    };
    let held = scan.folder(&folders.held, |file: HeldFile| {
        let held = Held {
            kept: Arc::new(file.kept),
            reason: file.reason,
            at: file.at,
        };
        (held.kept.operation.id.clone(), held)
    })?;
    let waiting = scan.folder(&folders.outbox, |kept: Kept| {
        (kept.operation.id.clone(), Arc::new(kept))
    })?;
    Ok(Scanned {
        waiting,
        held,
        answers: live,
        next_sequence: scan.sequence_max + 1,
        unreadable: scan.unreadable,
        keeper: Keeper::new(folders, answers),
    })
}

fn answers(
    folders: &Folders,
    now: Timestamp,
    unreadable: &mut Vec<Unreadable>,
) -> io::Result<(Answers, VecDeque<Arc<Answer>>)> {
    let path = folders.answers.join("answers.jsonl");
    let (journal, replayed) = Journal::open::<Answer>(&path)?;
    if replayed.damaged > 0 {
        let why = UnreadableWhy::Damaged;
        unreadable.push(Unreadable { path, why });
    }
    let fresh = replayed
        .lines
        .into_iter()
        .filter(|answer| !is_too_old(answer, now));
    // A settle that was tried again has left its answers twice: the later ones count.
    let mut seen = HashSet::new();
    let mut live: VecDeque<_> = VecDeque::new();
    for answer in fresh.collect::<Vec<_>>().into_iter().rev() {
        if live.len() < ANSWERS_MAX && seen.insert(answer.id.clone()) {
            live.push_front(Arc::new(answer));
        }
    }
    let answers = Answers {
        journal,
        live: live.clone(),
    };
    Ok((answers, live))
}

struct Scan<'folders> {
    folders: &'folders Folders,
    unreadable: Vec<Unreadable>,
    sequence_max: u64,
    /// What is done, held or waiting, as far as it was read.
    ids: HashSet<EntryId>,
}

enum Content<T> {
    Read(T),
    Newer(u32),
    Damaged,
}

impl Scan<'_> {
    /// The files of one folder; one whose ID was read before is the rest of a move, and is removed.
    fn folder<T: DeserializeOwned, V>(
        &mut self,
        folder: &Path,
        value: impl Fn(T) -> (EntryId, V),
    ) -> io::Result<BTreeMap<u64, V>> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(DirEntry::file_name);
        let mut values = BTreeMap::new();
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else {
                self.set_aside(path)?;
                continue;
            };
            if name.starts_with('.') && name.ends_with(ASIDE_SUFFIX) {
                fs::remove_file(&path)?;
            } else if entry.file_type()?.is_dir() || name.starts_with('.') {
                continue;
            } else {
                let number = name
                    .split_once('-')
                    .and_then(|(number, _)| number.parse().ok());
                self.sequence_max = self.sequence_max.max(number.unwrap_or(0));
                match read::<T>(&path) {
                    Ok(Content::Newer(format)) => {
                        self.leave(path, UnreadableWhy::NewerFormat(format))
                    }
                    Ok(Content::Damaged) => self.set_aside(path)?,
                    Err(error) => self.leave(path, UnreadableWhy::Io(error.to_string())),
                    Ok(Content::Read(file)) => {
                        let (id, value) = value(file);
                        match number.filter(|number| name == super::file_name(*number, &id)) {
                            None => self.set_aside(path)?,
                            Some(_) if self.ids.contains(&id) => fs::remove_file(&path)?,
                            Some(number) => {
                                self.ids.insert(id);
                                values.insert(number, value);
                            }
                        }
                    }
                }
            }
        }
        Ok(values)
    }

    fn leave(&mut self, path: PathBuf, why: UnreadableWhy) {
        self.unreadable.push(Unreadable { path, why });
    }

    fn set_aside(&mut self, path: PathBuf) -> io::Result<()> {
        fs::create_dir_all(&self.folders.unreadable)?;
        let name = path.file_name().unwrap_or_default();
        let mut aside = self.folders.unreadable.join(name);
        let mut nth = 1;
        while aside.symlink_metadata().is_ok() {
            nth += 1;
            let mut numbered = name.to_owned();
            numbered.push(format!(".{nth}"));
            aside = self.folders.unreadable.join(numbered);
        }
        fs::rename(&path, &aside)?;
        self.leave(aside, UnreadableWhy::Damaged);
        Ok(())
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Content<T>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Ok(Content::Damaged);
    }
    let Ok(probe) = serde_json::from_slice::<Probe>(&bytes) else {
        return Ok(Content::Damaged);
    };
    let operation = probe.kept.map(|kept| kept.operation).or(probe.operation);
    let inner = operation.map_or(0, |operation| operation.format);
    if probe.format > FORMAT {
        return Ok(Content::Newer(probe.format));
    }
    if inner > OPERATION_FORMAT {
        return Ok(Content::Newer(inner));
    }
    Ok(match serde_json::from_slice(&bytes) {
        Ok(value) => Content::Read(value),
        Err(_) => Content::Damaged,
    })
}
