//! Plain files for people: a projection of what this machine shows, and an inbox. A file that is
//! not as we wrote it is somebody's, and is replaced only once its edits are durable.
//!
//! What we wrote is remembered version by version, and before a file is replaced both are, the old
//! and the new: after a crash at any point the file on disk is one that we remember. What a
//! replacement takes out is read again. Deleting the whole tree loses nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use repository::BlobId;
use threads::topic::Topic;

use crate::journal::Journal;
use crate::perform::unix_now;
use disk::{OnDisk, Stamp};
pub(crate) use hash::Hash;
pub(crate) use looking::{Edit, Sight};
pub(crate) use memory::Version;
use memory::{Line, Remembered};
use replaced::{Put, Replaced};
use texts::Texts;

mod disk;
mod hash;
mod left_alone;
mod looking;
mod memory;
mod names;
mod python_lock;
mod replaced;
#[cfg(test)]
mod tests;
mod texts;

/// What came of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Projection {
    /// The file is as wanted since now.
    Written,
    /// The file was as wanted.
    Unchanged,
    /// There is no such file, as wanted.
    Removed,
    /// Something that we did not write stands there, and was left alone.
    Foreign(Foreign),
}

/// What we did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// A file that was edited or made by somebody else, and is to be looked at.
    Edited,
    /// A symlink, a folder or another thing that is no plain file.
    NoFile,
    /// The tree's folder, or one inside it, is a symlink or no folder.
    NoFolder,
    /// A file that may not be read.
    Closed,
    /// A file that is too long to be read.
    TooLong,
    /// A Python tool writes to it.
    Locked,
    /// A new file with the entries of another thread.
    Copy,
}

/// What a file should hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    /// All of it.
    pub(crate) bytes: &'a [u8],
    /// Where the clone has it, where it does.
    pub(crate) blob: Option<BlobId>,
}

/// One repository's working tree. Every call blocks.
#[derive(Debug)]
pub(crate) struct WorkingTree {
    root: PathBuf,
    directory: String,
    journal: Journal,
    remembered: HashMap<Topic, Remembered>,
    texts: Texts,
    /// Of versions that the clone has got: remembered with the next that are new.
    later: Vec<Line>,
    replaced: Replaced,
    /// Which topic has a file name, told apart as the file system does.
    names: HashMap<String, Topic>,
    foreign: BTreeMap<Topic, Foreign>,
    /// Files that are left alone and belong to no topic.
    misnamed: BTreeSet<String>,
    /// Files that hold what could not be merged.
    kept: BTreeSet<String>,
    /// Files as they were when they held what they should, and when that was seen.
    stamps: HashMap<String, looking::Stamped>,
    /// Whether the file system takes `a` and `A` for one name; asked when the folder is there.
    case_blind: Option<bool>,
    /// A lock of the Python tools was seen.
    python_writes: bool,
    /// Something that was taken out is to be read.
    has_late: bool,
}

/// What is done once it is remembered.
#[derive(Debug)]
enum Step {
    Done(Projection),
    Write { found: OnDisk, stamp: Option<Stamp> },
    Remove { found: OnDisk, stamp: Option<Stamp> },
}

impl WorkingTree {
    /// The tree in the folder `root`, its threads in `directory` inside it (parts between `/`,
    /// empty for the root itself), what was written remembered in the file `memory`. Makes nothing
    /// but the memory.
    ///
    /// # Errors
    /// Of the file system, for the memory.
    pub(crate) fn open(root: &Path, directory: &str, memory: &Path) -> io::Result<Self> {
        let now = unix_now().as_unix_seconds();
        let (journal, remembered) = memory::open(memory, now)?;
        let versions = remembered.values().flat_map(|of| &of.versions);
        let wanted = versions.map(|version| version.hash).collect();
        let texts = Texts::open(texts::folder_of(memory), &wanted)?;
        let short: HashMap<String, Topic> = (remembered.keys())
            .map(|topic| (replaced::name_of(topic), topic.clone()))
            .collect();
        let folder = names::replaced_folder(root);
        let topic_of = |name: &str| short.get(name).cloned();
        let replaced = Replaced::open(folder, topic_of, Instant::now());
        Ok(Self {
            root: root.to_owned(),
            directory: directory.to_owned(),
            journal,
            remembered,
            texts,
            later: Vec::new(),
            replaced,
            names: HashMap::new(),
            foreign: BTreeMap::new(),
            misnamed: BTreeSet::new(),
            kept: BTreeSet::new(),
            stamps: HashMap::new(),
            case_blind: None,
            python_writes: false,
            has_late: false,
        })
    }

    /// The topics of which we have written a file, also before a restart: those that are wanted no
    /// more can be given to [`WorkingTree::project_all`] with none.
    pub(crate) fn topics(&self) -> BTreeSet<&Topic> {
        let all = self.remembered.iter();
        all.filter(|(_, of)| !of.gone)
            .map(|(topic, _)| topic)
            .collect()
    }

    /// What was left alone, and is tried again when its topic is projected again.
    pub(crate) fn foreign(&self) -> &BTreeMap<Topic, Foreign> {
        &self.foreign
    }

    /// The bytes of a remembered version that the clone does not have.
    pub(crate) fn text(&self, version: &Version) -> Option<Vec<u8>> {
        self.texts.read(version.hash)
    }

    /// Writes the files of topics, or removes them where a topic has no bytes any more. The results
    /// are in the order of `wanted`; one file that fails does not stop the others.
    ///
    /// # Errors
    /// Of the file system, for the folder and the memory; then nothing was written.
    pub(crate) fn project_all(
        &mut self,
        wanted: &[(&Topic, Option<Text<'_>>)],
    ) -> io::Result<Vec<io::Result<Projection>>> {
        if !self.prepare()? {
            let foreign = Foreign::NoFolder;
            for (topic, _) in wanted {
                self.foreign.insert((*topic).clone(), foreign);
            }
            return Ok(wanted
                .iter()
                .map(|_| Ok(Projection::Foreign(foreign)))
                .collect());
        }
        let mut lines = Vec::new();
        let mut steps = Vec::with_capacity(wanted.len());
        for (topic, text) in wanted {
            steps.push(self.plan(topic, text.as_ref(), &mut lines));
        }
        self.remember(lines)?;
        let locks_until = Instant::now() + python_lock::WAIT_MAX;
        let mut forgotten = Vec::new();
        let results = wanted
            .iter()
            .zip(steps)
            .map(|((topic, text), step)| {
                let bytes = text.as_ref().map(|text| text.bytes);
                let result = step.and_then(|step| self.carry_out(topic, bytes, &step, locks_until));
                self.note(topic, &result, &mut forgotten);
                result
            })
            .collect();
        self.remember(forgotten)?;
        Ok(results)
    }

    /// Remembers what a person's file held whose edits are durable, so that it may be replaced and
    /// is a base of what an editor that still shows it saves next.
    ///
    /// # Errors
    /// Of the file system; then the file stays as it is.
    pub(crate) fn dealt_with(&mut self, topic: &Topic, text: &[u8]) -> io::Result<()> {
        let hash = Hash::of(text);
        self.texts.keep(hash, text)?;
        let line = self.line(topic, hash, None);
        self.remember(vec![line])?;
        self.replaced.dealt_with(topic, hash, Instant::now());
        Ok(())
    }

    /// Looks at the disk and decides; what must be remembered first is added to `lines`.
    fn plan(
        &mut self,
        topic: &Topic,
        text: Option<&Text<'_>>,
        lines: &mut Vec<Line>,
    ) -> io::Result<Step> {
        let path = self.path(topic)?;
        // The name is taken at once: the next topic of this call may differ by case alone.
        let name = self.folded(&self.file_name(topic));
        self.names.entry(name).or_insert_with(|| topic.clone());
        let stamp = Stamp::of(&path);
        let found = disk::look(&path)?;
        let remembered = self.remembered.get(topic);
        let foreign = |what| Ok(Step::Done(Projection::Foreign(what)));
        let wanted = text.map(|text| Hash::of(text.bytes));
        match (&found, wanted) {
            (OnDisk::Other, _) => return foreign(Foreign::NoFile),
            (OnDisk::Closed, _) => return foreign(Foreign::Closed),
            (OnDisk::TooLong, _) => return foreign(Foreign::TooLong),
            (OnDisk::Missing, None) => return Ok(Step::Done(Projection::Removed)),
            (OnDisk::File(hash), Some(wanted)) if *hash == wanted => {
                let newest = remembered.and_then(Remembered::newest);
                let newest = newest.filter(|newest| newest.hash == wanted);
                if newest.is_none() || remembered.is_some_and(|of| of.gone) {
                    lines.push(self.written(topic, text)?);
                } else if newest.is_some_and(|newest| newest.blob.is_none())
                    && let Some(blob) = text.and_then(|text| text.blob)
                {
                    // It costs no flush of its own.
                    let line = self.line(topic, wanted, Some(blob));
                    self.later.push(line);
                }
                self.stamp(topic, stamp);
                return Ok(Step::Done(Projection::Unchanged));
            }
            (OnDisk::File(hash), _) => {
                if !remembered.is_some_and(|of| of.knows(hash)) {
                    return foreign(Foreign::Edited);
                }
            }
            (OnDisk::Missing | OnDisk::Empty, _) => (),
        }
        if text.is_none() {
            return Ok(Step::Remove { found, stamp });
        }
        lines.push(self.written(topic, text)?);
        Ok(Step::Write { found, stamp })
    }

    /// What is remembered of a file that we write; its text is kept where the clone has it not.
    fn written(&mut self, topic: &Topic, text: Option<&Text<'_>>) -> io::Result<Line> {
        let text = text.expect("a file that is written has a text");
        let hash = Hash::of(text.bytes);
        if text.blob.is_none() {
            self.texts.keep(hash, text.bytes)?;
        }
        Ok(self.line(topic, hash, text.blob))
    }

    fn line(&self, topic: &Topic, hash: Hash, blob: Option<BlobId>) -> Line {
        Line {
            topic: topic.clone(),
            file: self.file_name(topic),
            version: Some(Version {
                hash,
                at: unix_now().as_unix_seconds(),
                blob,
            }),
            gone: false,
        }
    }

    fn carry_out(
        &mut self,
        topic: &Topic,
        bytes: Option<&[u8]>,
        step: &Step,
        locks_until: Instant,
    ) -> io::Result<Projection> {
        if let Step::Done(projection) = step {
            return Ok(*projection);
        }
        let path = self.path(topic)?;
        let lock = if self.python_writes {
            match python_lock::take(&self.folder(), topic, locks_until)? {
                Some(lock) => Some(lock),
                None => return Ok(Projection::Foreign(Foreign::Locked)),
            }
        } else {
            None
        };
        let (at, now) = ((topic, path.as_path()), Instant::now());
        let (put, projection) = match (step, bytes) {
            (Step::Done(projection), _) => (Put::Done, *projection),
            (Step::Write { found, stamp }, Some(bytes)) => {
                let put = self.replaced.put(at, bytes, (found, *stamp), now)?;
                (put, Projection::Written)
            }
            (Step::Remove { found, stamp } | Step::Write { found, stamp }, _) => {
                let put = self.replaced.take_out(at, (found, *stamp), now)?;
                (put, Projection::Removed)
            }
        };
        drop(lock);
        match put {
            Put::Done | Put::DoneLate => {
                self.has_late |= put == Put::DoneLate;
                self.stamp(topic, Stamp::of(&path));
                Ok(projection)
            }
            Put::NotDone => Ok(Projection::Foreign(Foreign::Edited)),
        }
    }

    /// Brings what is remembered in memory in line with what came of a topic.
    fn note(&mut self, topic: &Topic, result: &io::Result<Projection>, forgotten: &mut Vec<Line>) {
        self.foreign.remove(topic);
        match result {
            Ok(Projection::Written | Projection::Unchanged) | Err(_) => (),
            Ok(Projection::Removed) => {
                let file = self.file_name(topic);
                let name = self.folded(&file);
                self.names.remove(&name);
                self.stamps.remove(&file);
                if self.remembered.get(topic).is_some_and(|of| !of.gone) {
                    forgotten.push(Line {
                        topic: topic.clone(),
                        file,
                        version: None,
                        gone: true,
                    });
                }
            }
            Ok(Projection::Foreign(foreign)) => {
                self.foreign.insert(topic.clone(), *foreign);
            }
        }
    }

    /// Remembers what is new; texts that the clone has by now, and those of versions that are
    /// remembered no more, go.
    fn remember(&mut self, mut lines: Vec<Line>) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        lines.splice(..0, self.later.drain(..));
        let of_clone = lines.iter().filter_map(|line| line.version.as_ref());
        let mut forgotten: Vec<Hash> = of_clone
            .filter(|version| version.blob.is_some())
            .map(|version| version.hash)
            .collect();
        let now = unix_now().as_unix_seconds();
        forgotten.extend(memory::append(
            &mut self.journal,
            &mut self.remembered,
            lines,
            now,
        )?);
        self.texts.forget(&forgotten);
        Ok(())
    }
}
