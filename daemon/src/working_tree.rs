//! Plain files for people: a projection of what this machine shows. A file that is not as we wrote
//! it is somebody's, and is never overwritten or removed.
//!
//! What we wrote is remembered by hash, and before a file is replaced both hashes are, the old and
//! the new: after a crash at any point the file on disk is one that we remember. Deleting the whole
//! tree loses nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use threads::topic::Topic;

use crate::journal::Journal;
use disk::OnDisk;
use memory::{Hash, Remembered};

mod disk;
mod memory;
#[cfg(test)]
mod tests;

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
    /// A file that was edited or made by somebody else.
    Edited,
    /// A symlink, a folder or another thing that is no plain file.
    NoFile,
    /// The tree's folder, or one inside it, is a symlink or no folder.
    NoFolder,
}

/// One repository's working tree. Every call blocks.
#[derive(Debug)]
pub(crate) struct WorkingTree {
    root: PathBuf,
    directory: String,
    journal: Journal,
    remembered: HashMap<Topic, Remembered>,
    /// Which topic has a file name, told apart as the file system does.
    names: HashMap<String, Topic>,
    foreign: BTreeMap<Topic, Foreign>,
    /// Whether the file system takes `a` and `A` for one name; asked when the folder is there.
    case_blind: Option<bool>,
}

/// What is done once it is remembered.
#[derive(Debug)]
enum Step {
    Done(Projection),
    Write { found: OnDisk },
    Remove { found: OnDisk },
}

impl WorkingTree {
    /// The tree in the folder `root`, its threads in `directory` inside it (parts between `/`,
    /// empty for the root itself), what was written remembered in the file `memory`. Makes nothing
    /// but the memory.
    ///
    /// # Errors
    /// Of the file system, for the memory.
    pub(crate) fn open(root: &Path, directory: &str, memory: &Path) -> io::Result<Self> {
        let (journal, remembered) = memory::open(memory)?;
        Ok(Self {
            root: root.to_owned(),
            directory: directory.to_owned(),
            journal,
            remembered,
            names: HashMap::new(),
            foreign: BTreeMap::new(),
            case_blind: None,
        })
    }

    /// The topics of which we have written a file, also before a restart: those that are wanted no
    /// more can be given to [`WorkingTree::project_all`] with none.
    pub(crate) fn topics(&self) -> BTreeSet<&Topic> {
        self.remembered.keys().collect()
    }

    /// What was left alone, and is tried again when its topic is projected again.
    pub(crate) fn foreign(&self) -> &BTreeMap<Topic, Foreign> {
        &self.foreign
    }

    /// Writes the files of topics, or removes them where a topic has no bytes any more. The results
    /// are in the order of `wanted`; one file that fails does not stop the others.
    ///
    /// # Errors
    /// Of the file system, for the folder and the memory; then nothing was written.
    pub(crate) fn project_all(
        &mut self,
        wanted: &[(&Topic, Option<&[u8]>)],
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
        let mut changed = Vec::new();
        let mut steps = Vec::with_capacity(wanted.len());
        for (topic, bytes) in wanted {
            steps.push(self.plan(topic, *bytes, &mut changed));
        }
        self.remember(&changed)?;
        let mut forgotten = Vec::new();
        let results = wanted
            .iter()
            .zip(steps)
            .map(|((topic, bytes), step)| {
                let result = step.and_then(|step| self.carry_out(topic, *bytes, &step));
                self.note(topic, &result, &mut forgotten);
                result
            })
            .collect();
        self.remember(&forgotten)?;
        Ok(results)
    }

    fn folder(&self) -> PathBuf {
        self.root.join(&self.directory)
    }

    /// Makes the folders; false where a symlink or something else stands in their place.
    fn prepare(&mut self) -> io::Result<bool> {
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut folder = self.root.clone();
        let parts = self.directory.split('/').filter(|part| !part.is_empty());
        for part in std::iter::once(None).chain(parts.map(Some)) {
            folder.extend(part);
            if !disk::is_made_folder(&folder)? {
                return Ok(false);
            }
        }
        if self.case_blind.is_none() {
            let case_blind = disk::is_case_blind(&folder)?;
            self.case_blind = Some(case_blind);
            self.names = (self.remembered.iter())
                .map(|(topic, remembered)| (self.folded(&remembered.file), topic.clone()))
                .collect();
        }
        Ok(true)
    }

    /// Looks at the disk and decides; what must be remembered first is added to `changed`.
    fn plan(
        &mut self,
        topic: &Topic,
        bytes: Option<&[u8]>,
        changed: &mut Vec<(Topic, Remembered)>,
    ) -> io::Result<Step> {
        let path = self.path(topic)?;
        // The name is taken at once: the next topic of this call may differ by case alone.
        let name = self.folded(&self.file_name(topic));
        self.names.entry(name).or_insert_with(|| topic.clone());
        let found = disk::look(&path)?;
        let ours = |hash: &Hash| {
            let remembered = self.remembered.get(topic);
            remembered.is_some_and(|remembered| remembered.hashes.contains(hash))
        };
        let wanted = bytes.map(Hash::of);
        let old = match (&found, wanted) {
            (OnDisk::Other, _) => return Ok(Step::Done(Projection::Foreign(Foreign::NoFile))),
            (OnDisk::Missing, None) => return Ok(Step::Done(Projection::Removed)),
            (OnDisk::File(hash), Some(wanted)) if *hash == wanted => {
                if !ours(hash) {
                    changed.push((topic.clone(), self.writing(topic, vec![wanted])));
                }
                return Ok(Step::Done(Projection::Unchanged));
            }
            (OnDisk::File(hash), _) if ours(hash) => Some(*hash),
            (OnDisk::File(_) | OnDisk::TooLong, _) => {
                return Ok(Step::Done(Projection::Foreign(Foreign::Edited)));
            }
            (OnDisk::Missing | OnDisk::Empty, _) => None,
        };
        let Some(wanted) = wanted else {
            return Ok(Step::Remove { found });
        };
        let hashes: Vec<_> = old.into_iter().chain([wanted]).collect();
        changed.push((topic.clone(), self.writing(topic, hashes)));
        Ok(Step::Write { found })
    }

    fn writing(&self, topic: &Topic, hashes: Vec<Hash>) -> Remembered {
        let file = self.file_name(topic);
        Remembered { file, hashes }
    }

    fn carry_out(
        &mut self,
        topic: &Topic,
        bytes: Option<&[u8]>,
        step: &Step,
    ) -> io::Result<Projection> {
        let path = self.path(topic)?;
        let done = match (step, bytes) {
            (Step::Done(projection), _) => return Ok(*projection),
            (Step::Write { found }, Some(bytes)) => {
                disk::replace(&self.folder(), &path, bytes, found)?.then_some(Projection::Written)
            }
            (Step::Remove { found } | Step::Write { found }, _) => {
                disk::remove(&path, found)?.then_some(Projection::Removed)
            }
        };
        Ok(done.unwrap_or(Projection::Foreign(Foreign::Edited)))
    }

    /// Brings what is remembered in memory in line with what came of a topic.
    fn note(
        &mut self,
        topic: &Topic,
        result: &io::Result<Projection>,
        forgotten: &mut Vec<(Topic, Remembered)>,
    ) {
        self.foreign.remove(topic);
        match result {
            // The older hash is forgotten on disk with the next write.
            Ok(Projection::Written | Projection::Unchanged) => {
                if let Some(remembered) = self.remembered.get_mut(topic) {
                    remembered.keep_newest();
                }
            }
            Ok(Projection::Removed) => {
                let name = self.folded(&self.file_name(topic));
                self.names.remove(&name);
                if self.remembered.contains_key(topic) {
                    forgotten.push((topic.clone(), self.writing(topic, Vec::new())));
                }
            }
            Ok(Projection::Foreign(foreign)) => {
                self.foreign.insert(topic.clone(), *foreign);
            }
            Err(_) => (),
        }
    }

    fn remember(&mut self, changed: &[(Topic, Remembered)]) -> io::Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        memory::append(&mut self.journal, changed)?;
        for (topic, remembered) in changed {
            if remembered.hashes.is_empty() {
                self.remembered.remove(topic);
            } else {
                self.remembered.insert(topic.clone(), remembered.clone());
            }
        }
        memory::rewrite_if_mostly_dead(&mut self.journal, &self.remembered)
    }

    fn path(&self, topic: &Topic) -> io::Result<PathBuf> {
        let name = self.file_name(topic);
        let mut parts = Path::new(&name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(_)), None) => Ok(self.folder().join(name)),
            (_, _) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no file name inside the tree",
            )),
        }
    }

    /// The topic's file name; on a case-blind file system a topic whose name is taken in another
    /// case has `NAME~HASH.md`.
    fn file_name(&self, topic: &Topic) -> String {
        if let Some(remembered) = self.remembered.get(topic) {
            return remembered.file.clone();
        }
        let plain = topic.file_name();
        match self.names.get(&self.folded(&plain)) {
            Some(other) if other != topic => {
                let hash = Hash::of(topic.as_str().as_bytes()).short();
                format!("{topic}~{hash}.md")
            }
            Some(_) | None => plain,
        }
    }

    /// The name as the file system tells it apart from others.
    fn folded(&self, name: &str) -> String {
        if self.case_blind == Some(true) {
            name.to_lowercase()
        } else {
            name.to_owned()
        }
    }
}
