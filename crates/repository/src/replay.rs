//! Puts operations on a tip: trees and commits in memory, one commit an operation, no index.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Repository, Tree};
use threads::apply::Growth;
use threads::entry_id::EntryId;
use threads::operation::Operation;
use threads::topic::Topic;

use crate::draft::Draft;
use crate::read::Standing;
use crate::{Author, Clone, CloneError, Tip};

/// How many of the newest commits are searched for an operation's trailer.
pub const HISTORY_COMMITS_MAX: usize = 20_000;

/// What became of the operations.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    /// The new tip; `None`: no commit stands or was made.
    pub(crate) tip: Option<Tip>,
    /// Those that have a commit now.
    pub(crate) committed: Vec<EntryId>,
    /// Those that stood in the tip already.
    pub(crate) present: Vec<EntryId>,
}

/// A file as a replay last wrote it, so that its next operation need not read it again.
struct Written {
    blob: Oid,
    growth: Growth,
}

impl Clone {
    /// Commits into our own branch, in a local-only repository. What is answered is on the disk:
    /// objects and ref are synced first. Fails with `Raced`, and changes nothing, where another
    /// process moved the branch meanwhile.
    pub fn commit_local(
        &self,
        operations: &[Operation],
        author: &Author,
    ) -> Result<Option<Tip>, CloneError> {
        let _moving = self.lock_moving();
        self.make_durable()?;
        let repository = self.open_handle()?;
        let name = self.local_ref();
        let old = self.target(&repository, &name)?;
        let replayed = self.replay(&repository, old, operations, author, None)?;
        if let Some(new) = replayed.tip.filter(|new| Some(*new) != old) {
            self.move_ref(&repository, &name, old, new)?;
        }
        Ok(replayed.tip)
    }

    /// Makes one commit for each operation that `onto` does not hold, and tells `draft` of it. Refs
    /// stay where they are.
    pub(crate) fn replay(
        &self,
        repository: &Repository,
        onto: Option<Tip>,
        operations: &[Operation],
        author: &Author,
        draft: Option<&Draft<'_>>,
    ) -> Result<Replayed, CloneError> {
        let mut replayed = Replayed {
            tip: onto,
            ..Replayed::default()
        };
        let mut known: HashMap<Option<&str>, HashSet<EntryId>> = HashMap::new();
        let mut growing = HashMap::new();
        for operation in operations {
            if let Some(onto) = onto {
                let ids = match known.entry(operation.made_on.as_deref()) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        let ids = self.ids_between(repository, *entry.key(), onto)?;
                        entry.insert(ids)
                    }
                };
                if ids.contains(&operation.id) {
                    replayed.present.push(operation.id.clone());
                    continue;
                }
            }
            match self.committed(repository, replayed.tip, operation, author, &mut growing)? {
                Some((tip, bytes)) => {
                    if let Some(draft) = draft {
                        draft.made(tip, bytes)?;
                    }
                    replayed.tip = Some(tip);
                    replayed.committed.push(operation.id.clone());
                }
                None => replayed.present.push(operation.id.clone()),
            }
        }
        Ok(replayed)
    }

    /// The commit of one operation and the length of its file; `None` where its entry stands in the
    /// file already.
    fn committed(
        &self,
        repository: &Repository,
        onto: Option<Tip>,
        operation: &Operation,
        author: &Author,
        growing: &mut HashMap<Topic, Written>,
    ) -> Result<Option<(Tip, usize)>, CloneError> {
        let failed = |error| self.git("make a commit", error);
        let parent = onto
            .map(|tip| repository.find_commit(tip.0))
            .transpose()
            .map_err(failed)?;
        let tree = match &parent {
            Some(parent) => parent.tree().map_err(failed)?,
            None => empty_tree(repository).map_err(failed)?,
        };
        let (mut growth, mode) = self.growth(repository, &tree, &operation.topic, growing)?;
        let mut update = TreeUpdateBuilder::new();
        let mut is_moved = false;
        if let Some(from) = operation.moved_from() {
            let (old, standing) = self.growth(repository, &tree, from, growing)?;
            if standing.is_some() {
                growth = old.moved_onto(growth);
                update.remove(self.file_path(from));
                is_moved = true;
            }
        }
        if !growth.take(operation) && !is_moved {
            return Ok(None);
        }
        let bytes = growth.bytes().expect("an operation makes the file");
        let blob = repository.blob(&bytes).map_err(failed)?;
        growing.insert(operation.topic.clone(), Written { blob, growth });
        let mode = mode.unwrap_or(FileMode::Blob);
        let tree = update
            .upsert(self.file_path(&operation.topic), blob, mode)
            .create_updated(repository, &tree)
            .and_then(|id| repository.find_tree(id))
            .map_err(failed)?;
        let by = author.signature(operation.timestamp).map_err(failed)?;
        let message = operation.commit_message();
        let parents: Vec<_> = parent.iter().collect();
        let commit = repository.commit(None, &by, &by, &message, &tree, &parents);
        commit
            .map(|id| Some((Tip(id), bytes.len())))
            .map_err(failed)
    }

    /// The thread's file, and its mode where it stands in the tree.
    fn growth(
        &self,
        repository: &Repository,
        tree: &Tree<'_>,
        topic: &Topic,
        growing: &mut HashMap<Topic, Written>,
    ) -> Result<(Growth, Option<FileMode>), CloneError> {
        let standing = self.standing(repository, tree, topic)?;
        let before = standing.map(|(id, _)| id);
        let known = growing.remove(topic);
        let growth = match known.filter(|written| Some(written.blob) == before) {
            Some(written) => written.growth,
            None => {
                let file = before.map(|id| self.content(repository, id)).transpose()?;
                Growth::of(file)
            }
        };
        Ok((growth, standing.map(|(_, mode)| mode)))
    }

    /// The thread's file in a tree. Nothing that is no plain file is read or replaced.
    fn standing(
        &self,
        repository: &Repository,
        tree: &Tree<'_>,
        topic: &Topic,
    ) -> Result<Option<(Oid, FileMode)>, CloneError> {
        let folder = match self.directory_in(repository, tree.clone())? {
            Ok(Some(folder)) => folder,
            Ok(None) => return Ok(None),
            Err(in_the_way) => {
                return Err(CloneError::Blocked {
                    path: in_the_way.path,
                    reason: in_the_way.reason,
                });
            }
        };
        let name = topic.file_name();
        let Some(entry) = folder.get_name_bytes(name.as_bytes()) else {
            return Ok(None);
        };
        match Standing::of(entry.id(), entry.filemode_raw()) {
            Standing::File { id, mode } if mode & 0o111 == 0 => Ok(Some((id, FileMode::Blob))),
            Standing::File { id, .. } => Ok(Some((id, FileMode::BlobExecutable))),
            other @ (Standing::Folder { .. } | Standing::Symlink | Standing::Submodule) => {
                Err(CloneError::Blocked {
                    path: self.file_path(topic),
                    reason: other.words(),
                })
            }
        }
    }

    /// Where a thread's file lies in the tree, from its root.
    pub fn file_path(&self, topic: &Topic) -> String {
        let name = topic.file_name();
        let parts = self
            .directory
            .iter()
            .map(String::as_str)
            .chain([name.as_str()]);
        parts.collect::<Vec<_>>().join("/")
    }
}

fn empty_tree(repository: &Repository) -> Result<Tree<'_>, git2::Error> {
    let id = repository.treebuilder(None)?.write()?;
    repository.find_tree(id)
}
