//! Where the files of topics are, and what they are called.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use threads::topic::Topic;

use super::hash::Hash;
use super::{WorkingTree, disk};

impl WorkingTree {
    /// The folder of the threads.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join(&self.directory)
    }

    /// The folder of what was taken out of it.
    pub(crate) fn replaced_folder(&self) -> PathBuf {
        self.replaced.folder().to_owned()
    }

    /// Makes the folders, also the one beside the tree; false where a symlink or something else stands in their place.
    ///
    /// # Errors
    /// Of the file system.
    pub(crate) fn make_folders(&mut self) -> io::Result<bool> {
        let made = self.prepare()?;
        // Where it cannot be made it is not needed before the first replacement says so.
        let _ = disk::is_made_folder(self.replaced.folder());
        Ok(made)
    }

    /// Makes the folders of the tree; false as for [`WorkingTree::make_folders`].
    pub(super) fn prepare(&mut self) -> io::Result<bool> {
        if let Some(parent) = self.root.parent() {
            std::fs::create_dir_all(parent)?;
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
                .filter(|(_, of)| !of.gone)
                .map(|(topic, of)| (self.folded(&of.file), topic.clone()))
                .collect();
        }
        Ok(true)
    }

    pub(super) fn path(&self, topic: &Topic) -> io::Result<PathBuf> {
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
    pub(crate) fn file_name(&self, topic: &Topic) -> String {
        if let Some(remembered) = self.remembered.get(topic)
            && !remembered.gone
        {
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
    pub(super) fn folded(&self, name: &str) -> String {
        if self.case_blind == Some(true) {
            name.to_lowercase()
        } else {
            name.to_owned()
        }
    }
}

/// Beside the tree, so that it is on the same file system; no repository's name has a dot.
pub(super) fn replaced_folder(root: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(root.file_name().unwrap_or_default());
    name.push(".replaced");
    root.with_file_name(name)
}
