//! Looks for what people did in the working tree: files that are not as we wrote them, that are new,
//! and that are gone.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Instant, SystemTime};

use threads::topic::Topic;

use super::disk::{self, EDIT_BYTES_MAX, OnDisk, Stamp};
use super::hash::Hash;
use super::memory::Version;
use super::{Foreign, WorkingTree, left_alone, python_lock};

/// How many edits one look takes, and bytes of them, where it is more than one; the others are seen
/// by the next.
pub(super) const EDITS_MAX: usize = 64;
const EDITS_BYTES_MAX: usize = 64 << 20;

/// How many misnamed files are remembered to be told of.
const MISNAMED_MAX: usize = 100;

/// How many files are, that hold what could not be merged.
const KEPT_MAX: usize = 100;

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// At these names of the folder, and at what was taken out.
    Names(BTreeSet<String>),
    /// At all of it.
    All,
}

/// What people did.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Files with a text that is not ours.
    pub(crate) edits: Vec<Edit>,
    /// Whose file is gone, empty, or an older version: it is to be projected again.
    pub(crate) stale: Vec<Topic>,
    /// Those of them whose file is gone.
    pub(crate) missing: BTreeSet<Topic>,
    /// There is more to see.
    pub(crate) more: bool,
}

/// A file with a text that is not ours.
#[derive(Debug)]
pub(crate) struct Edit {
    /// Whose file it is.
    pub(crate) topic: Topic,
    /// All of it.
    pub(crate) text: Vec<u8>,
    /// What is remembered of the topic, the newest last: the bases that it can have.
    pub(crate) versions: Vec<Version>,
    /// It was written into a file that had been taken out.
    pub(crate) late: bool,
}

/// A file as it was when it held what it should.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamped {
    stamp: Stamp,
    /// Whoever writes to it changes the stamp.
    settled: bool,
}

impl WorkingTree {
    /// Looks.
    ///
    /// # Errors
    /// Of the file system, for the folder.
    pub(crate) fn look(&mut self, sight: &Sight) -> io::Result<Seen> {
        let mut seen = Seen::default();
        if !self.prepare()? {
            return Ok(seen);
        }
        match sight {
            Sight::Names(names) => {
                for name in names {
                    self.look_at(name, &mut seen, false)?;
                }
            }
            Sight::All => self.look_at_all(&mut seen)?,
        }
        self.look_at_replaced(&mut seen);
        Ok(seen)
    }

    /// Whether something that was taken out is to be read at once; asked once.
    pub(crate) fn take_late(&mut self) -> bool {
        std::mem::take(&mut self.has_late)
    }

    /// When something that was taken out is to be read for the last time.
    pub(crate) fn look_again_at(&self) -> Option<Instant> {
        self.replaced.next_end()
    }

    fn look_at_all(&mut self, seen: &mut Seen) -> io::Result<()> {
        let mut there = BTreeSet::new();
        self.misnamed.clear();
        self.kept.clear();
        for entry in fs::read_dir(self.folder())? {
            // What is not text names no thread.
            if let Ok(name) = entry?.file_name().into_string() {
                self.look_at(&name, seen, true)?;
                if left_alone::is_kept(&name) && self.kept.len() < KEPT_MAX {
                    self.kept.insert(name.clone());
                }
                there.insert(self.folded(&name));
            }
        }
        let gone = self.remembered.iter().filter(|(_, of)| {
            let is_there = there.contains(&self.folded(&of.file));
            !of.gone && !is_there
        });
        let gone: Vec<Topic> = gone.map(|(topic, _)| topic.clone()).collect();
        for topic in gone {
            seen.gone(topic);
        }
        self.stamps.retain(|name, _| there.contains(name));
        Ok(())
    }

    /// Looks at one name; `closely` where nobody said that it changed.
    fn look_at(&mut self, name: &str, seen: &mut Seen, closely: bool) -> io::Result<()> {
        if python_lock::is_lock(name) {
            self.python_writes = true;
            return self.look_behind_lock(name, seen);
        }
        if name.starts_with('.') || !name.ends_with(".md") {
            return Ok(());
        }
        let path = self.folder().join(name);
        let known = self.names.get(&self.folded(name)).cloned();
        let Some(topic) = known.or_else(|| Topic::of_file_name(name)) else {
            if self.misnamed.len() < MISNAMED_MAX && reads_as_thread(&path) {
                self.misnamed.insert(name.to_owned());
            }
            return Ok(());
        };
        let stamp = Stamp::of(&path);
        let is_as_seen = self
            .stamps
            .get(name)
            .is_some_and(|seen| stamp == Some(seen.stamp) && (seen.settled || !closely));
        if is_as_seen {
            return Ok(());
        }
        match disk::look(&path)? {
            OnDisk::File(hash) => self.look_into(topic, (name, &path), (hash, stamp), seen),
            OnDisk::Missing | OnDisk::Empty => {
                if self.remembered.get(&topic).is_some_and(|of| !of.gone) {
                    seen.gone(topic);
                }
            }
            OnDisk::TooLong => self.leave(topic, Foreign::TooLong),
            OnDisk::Closed => self.leave(topic, Foreign::Closed),
            OnDisk::Other => self.leave(topic, Foreign::NoFile),
        }
        Ok(())
    }

    /// A file with bytes.
    fn look_into(
        &mut self,
        topic: Topic,
        (name, path): (&str, &Path),
        (hash, stamp): (Hash, Option<Stamp>),
        seen: &mut Seen,
    ) {
        if let Some(of) = self.remembered.get(&topic)
            && of.knows(&hash)
        {
            let is_newest = of.newest().is_some_and(|newest| newest.hash == hash);
            if is_newest && !of.gone {
                self.foreign.remove(&topic);
                self.stamp_name(name, stamp);
            } else {
                seen.stale.push(topic);
            }
            return;
        }
        if seen.is_full() {
            seen.more = true;
            return;
        }
        let Ok(text) = platform::plain_file::read(path, EDIT_BYTES_MAX) else {
            // It is shorter, or gone, at the next look, or is left alone as it is.
            return self.leave(topic, Foreign::TooLong);
        };
        if !self.remembered.contains_key(&topic) && !is_thread(&text) {
            return self.stamp_name(name, stamp);
        }
        let versions = self.versions(&topic);
        seen.edits.push(Edit {
            topic,
            text,
            versions,
            late: false,
        });
    }

    fn look_at_replaced(&mut self, seen: &mut Seen) {
        for late in self.replaced.look(Instant::now()) {
            if seen.is_full() {
                seen.more = true;
                return;
            }
            let Ok(text) = platform::plain_file::read(&late.path, EDIT_BYTES_MAX) else {
                continue;
            };
            let hash = Hash::of(&text);
            let remembered = self.remembered.get(&late.topic);
            if remembered.is_some_and(|of| of.knows(&hash)) {
                // As it was taken out before a crash.
                self.replaced.dealt_with(&late.topic, hash, Instant::now());
                continue;
            }
            seen.edits.push(Edit {
                versions: self.versions(&late.topic),
                topic: late.topic,
                text,
                late: true,
            });
        }
    }

    /// Once a Python tool gives its lock back, what it kept from being written is.
    fn look_behind_lock(&mut self, name: &str, seen: &mut Seen) -> io::Result<()> {
        let topic = name
            .strip_prefix('.')
            .and_then(|name| name.strip_suffix(".lock"));
        let topic = topic.and_then(|topic| Topic::of_file_name(&format!("{topic}.md")));
        if let Some(topic) = topic
            && self.foreign.get(&topic) == Some(&Foreign::Locked)
            && !self.folder().join(name).try_exists()?
        {
            seen.stale.push(topic);
        }
        Ok(())
    }

    /// Leaves a new file alone that has the entries of another thread.
    pub(crate) fn leave_copy(&mut self, topic: Topic) {
        self.leave(topic, Foreign::Copy);
    }

    fn leave(&mut self, topic: Topic, what: Foreign) {
        self.foreign.insert(topic, what);
    }

    /// What is remembered of the topic, the newest last.
    pub(crate) fn versions(&self, topic: &Topic) -> Vec<Version> {
        let remembered = self.remembered.get(topic);
        remembered.map(|of| of.versions.clone()).unwrap_or_default()
    }

    /// The topic's file holds what it should.
    pub(super) fn stamp(&mut self, topic: &Topic, stamp: Option<Stamp>) {
        let name = self.file_name(topic);
        self.stamp_name(&name, stamp);
    }

    fn stamp_name(&mut self, name: &str, stamp: Option<Stamp>) {
        match stamp {
            Some(stamp) => {
                let settled = stamp.is_settled(SystemTime::now());
                self.stamps
                    .insert(name.to_owned(), Stamped { stamp, settled });
            }
            None => drop(self.stamps.remove(name)),
        }
    }
}

impl Seen {
    fn gone(&mut self, topic: Topic) {
        self.missing.insert(topic.clone());
        self.stale.push(topic);
    }

    fn is_full(&self) -> bool {
        let bytes: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        self.edits.len() >= EDITS_MAX || bytes >= EDITS_BYTES_MAX
    }
}

fn reads_as_thread(path: &Path) -> bool {
    platform::plain_file::read(path, EDIT_BYTES_MAX).is_ok_and(|text| is_thread(&text))
}

fn is_thread(text: &[u8]) -> bool {
    threads::parse::parse(text).0.is_thread()
}
