//! Reading threads out of the clone: files of a tip, what changed between two, content, trailers.

use std::collections::{HashMap, HashSet};

use git2::{ObjectType, Oid, Repository, Tree};
use threads::entry_id::EntryId;
use threads::topic::Topic;

use crate::replay::HISTORY_COMMITS_MAX;
use crate::{BlobId, Clone, CloneError, Tip};

/// The largest file that is read, in bytes.
pub const BLOB_BYTES_MAX: u64 = 128 << 20;

/// Modes of tree entries: git's `object.h`.
const MODE_KIND_MASK: i32 = 0o170_000;
const MODE_FILE: i32 = 0o100_000;
const MODE_SYMLINK: i32 = 0o120_000;
const MODE_FOLDER: i32 = 0o040_000;

/// The trailer that names an entry in its commit.
const ENTRY_ID_TRAILER: &str = "Watercooler-Entry-ID";
/// The trailer that names an edit by hand: its kind and its ID.
const OPERATION_TRAILER: &str = "Watercooler-Operation";

/// What the Python watercooler commits as, unless it is told otherwise.
const PYTHON_EMAIL: &str = "mcp@watercooler.dev";

/// A thread's file in a tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its topic, which is its name without `.md`.
    pub topic: Topic,
    /// Its content.
    pub blob: BlobId,
}

/// A file that differs between two tips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its topic.
    pub topic: Topic,
    /// Its content in the later tip; `None`: it is not there.
    pub blob: Option<BlobId>,
}

/// Something in the directory of threads that is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its path inside the tree; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// Why.
    pub reason: &'static str,
}

/// What stands under a name in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    File { id: Oid, mode: i32 },
    Folder { id: Oid },
    Symlink,
    Submodule,
}

impl Standing {
    pub(crate) fn of(id: Oid, mode: i32) -> Standing {
        match mode & MODE_KIND_MASK {
            MODE_FILE => Standing::File { id, mode },
            MODE_FOLDER => Standing::Folder { id },
            MODE_SYMLINK => Standing::Symlink,
            _ => Standing::Submodule,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Standing::File { .. } => "is a file",
            Standing::Folder { .. } => "is a folder",
            Standing::Symlink => "is a symbolic link",
            Standing::Submodule => "is a submodule",
        }
    }
}

impl Clone {
    /// The files of threads in a tip, in git's order. Plain files alone; dot files and what does
    /// not end in `.md` are left out, `skipped` lists the rest.
    pub fn files(&self, tip: &Tip) -> Result<Vec<File>, CloneError> {
        self.listed(tip).map(|(files, _)| files)
    }

    /// What `files` leaves out though it looks like a thread, or is no plain file: symbolic links,
    /// submodules, folders named `.md`, names that are no topic.
    pub fn skipped(&self, tip: &Tip) -> Result<Vec<Skipped>, CloneError> {
        self.listed(tip).map(|(_, skipped)| skipped)
    }

    /// The files that differ between `from` (`None`: nothing) and `to`.
    pub fn changed(&self, from: Option<&Tip>, to: &Tip) -> Result<Vec<Changed>, CloneError> {
        let mut before: HashMap<Topic, BlobId> = match from {
            Some(from) if from == to => return Ok(Vec::new()),
            Some(from) => self
                .files(from)?
                .into_iter()
                .map(|file| (file.topic, file.blob))
                .collect(),
            None => HashMap::new(),
        };
        let mut changed = Vec::new();
        for File { topic, blob } in self.files(to)? {
            if before.remove(&topic) != Some(blob) {
                changed.push(Changed {
                    topic,
                    blob: Some(blob),
                });
            }
        }
        changed.extend(
            before
                .into_keys()
                .map(|topic| Changed { topic, blob: None }),
        );
        Ok(changed)
    }

    /// A file's content. Fails with `TooLarge` above [`BLOB_BYTES_MAX`], before anything is
    /// unpacked.
    pub fn read(&self, blob: &BlobId) -> Result<Vec<u8>, CloneError> {
        self.look(blob, <[u8]>::to_vec)
    }

    /// How many bytes a file has.
    pub fn size(&self, blob: &BlobId) -> Result<u64, CloneError> {
        let handle = self.lend()?;
        let odb = self.objects(&handle)?;
        let header = odb.read_header(blob.0);
        let (size, _) = header.map_err(|error| self.git("read a file's size", error))?;
        Ok(size as u64)
    }

    /// What `look` makes of a file's content, which is held once and gone after. Fails as
    /// [`Clone::read`] does.
    pub fn look<T>(&self, blob: &BlobId, look: impl FnOnce(&[u8]) -> T) -> Result<T, CloneError> {
        self.look_in(&*self.lend()?, blob.0, look)
    }

    /// The Entry-IDs in the commit trailers of `to`'s history without `from`'s; of the newest 20,000
    /// commits at most. A `from` that is no commit here counts as none.
    pub fn ids_since(&self, from: Option<&str>, to: &Tip) -> Result<HashSet<EntryId>, CloneError> {
        let handle = self.lend()?;
        self.ids_between(&handle, from, *to)
    }

    /// The newest commit in `to`'s history whose trailer names the entry; of the newest 20,000.
    pub fn commit_of(&self, id: &EntryId, to: &Tip) -> Result<Option<Tip>, CloneError> {
        let handle = self.lend()?;
        let mut found = None;
        self.walk(&handle, None, *to, |commit| {
            let message = String::from_utf8_lossy(commit.message_bytes());
            if entry_ids(&message).any(|here| here == *id) {
                found = Some(Tip(commit.id()));
            }
            found.is_none()
        })?;
        Ok(found)
    }

    /// Whether the Python watercooler has committed here, within the newest 20,000 commits.
    pub fn has_python_commit(&self, tip: &Tip) -> Result<bool, CloneError> {
        let handle = self.lend()?;
        let mut found = false;
        self.walk(&handle, None, *tip, |commit| {
            let signatures = [commit.author(), commit.committer()];
            found = signatures
                .iter()
                .any(|by| by.email_bytes() == PYTHON_EMAIL.as_bytes());
            !found
        })?;
        Ok(found)
    }

    pub(crate) fn content(&self, repository: &Repository, id: Oid) -> Result<Vec<u8>, CloneError> {
        self.look_in(repository, id, <[u8]>::to_vec)
    }

    fn look_in<T>(
        &self,
        repository: &Repository,
        id: Oid,
        look: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, CloneError> {
        let odb = self.objects(repository)?;
        let (size, kind) = odb
            .read_header(id)
            .map_err(|e| self.git("read a file's size", e))?;
        if size as u64 > BLOB_BYTES_MAX {
            return Err(CloneError::TooLarge { bytes: size as u64 });
        }
        if kind != ObjectType::Blob {
            let source = git2::Error::from_str("an object of another kind stands for a file");
            return Err(CloneError::Damaged {
                doing: "read a file",
                source,
            });
        }
        let object = odb
            .read(id)
            .map_err(|error| self.git("read a file", error))?;
        Ok(look(object.data()))
    }

    fn objects<'a>(&self, repository: &'a Repository) -> Result<git2::Odb<'a>, CloneError> {
        repository
            .odb()
            .map_err(|error| self.git("open the objects", error))
    }

    pub(crate) fn ids_between(
        &self,
        repository: &Repository,
        from: Option<&str>,
        to: Tip,
    ) -> Result<HashSet<EntryId>, CloneError> {
        let mut ids = HashSet::new();
        self.walk(repository, from.and_then(Tip::parse), to, |commit| {
            ids.extend(entry_ids(&String::from_utf8_lossy(commit.message_bytes())));
            true
        })?;
        Ok(ids)
    }

    /// Visits commits, newest first, until `visit` says no.
    fn walk(
        &self,
        repository: &Repository,
        from: Option<Tip>,
        to: Tip,
        mut visit: impl FnMut(&git2::Commit<'_>) -> bool,
    ) -> Result<(), CloneError> {
        let failed = |error| self.git("read the history", error);
        let mut walk = repository.revwalk().map_err(failed)?;
        walk.push(to.0).map_err(failed)?;
        if let Some(from) = from.filter(|from| repository.find_commit(from.0).is_ok()) {
            walk.hide(from.0).map_err(failed)?;
        }
        for id in walk.take(HISTORY_COMMITS_MAX) {
            let commit = id
                .and_then(|id| repository.find_commit(id))
                .map_err(failed)?;
            if !visit(&commit) {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn tree<'a>(
        &self,
        repository: &'a Repository,
        tip: Tip,
    ) -> Result<Tree<'a>, CloneError> {
        let tree = repository
            .find_commit(tip.0)
            .and_then(|commit| commit.tree());
        tree.map_err(|error| self.git("read a commit", error))
    }

    /// The tree of the directory of threads, or the path where something else stands in its way.
    pub(crate) fn directory_in<'a>(
        &self,
        repository: &'a Repository,
        mut tree: Tree<'a>,
    ) -> Result<Result<Option<Tree<'a>>, Skipped>, CloneError> {
        for (depth, name) in self.directory.iter().enumerate() {
            let entry = tree.get_name_bytes(name.as_bytes());
            let standing = entry.map(|entry| Standing::of(entry.id(), entry.filemode_raw()));
            match standing {
                None => return Ok(Ok(None)),
                Some(Standing::Folder { id }) => {
                    tree = repository
                        .find_tree(id)
                        .map_err(|e| self.git("read a folder", e))?;
                }
                Some(other @ (Standing::File { .. } | Standing::Symlink | Standing::Submodule)) => {
                    let path = self.directory[..=depth].join("/");
                    return Ok(Err(Skipped {
                        path,
                        reason: other.words(),
                    }));
                }
            }
        }
        Ok(Ok(Some(tree)))
    }

    fn listed(&self, tip: &Tip) -> Result<(Vec<File>, Vec<Skipped>), CloneError> {
        let handle = self.lend()?;
        let root = self.tree(&handle, *tip)?;
        let tree = match self.directory_in(&handle, root)? {
            Ok(Some(tree)) => tree,
            Ok(None) => return Ok((Vec::new(), Vec::new())),
            Err(in_the_way) => return Ok((Vec::new(), vec![in_the_way])),
        };
        let (mut files, mut skipped) = (Vec::new(), Vec::new());
        for entry in tree.iter() {
            let name = String::from_utf8_lossy(entry.name_bytes());
            let looks_like_thread = name.ends_with(".md") && !name.starts_with('.');
            let standing = Standing::of(entry.id(), entry.filemode_raw());
            let reason = match standing {
                Standing::File { id, .. } => {
                    let topic = std::str::from_utf8(entry.name_bytes()).ok();
                    match topic.and_then(Topic::of_file_name) {
                        Some(topic) => {
                            files.push(File {
                                topic,
                                blob: BlobId(id),
                            });
                            continue;
                        }
                        None if looks_like_thread => "has a name that is no topic",
                        None => continue,
                    }
                }
                Standing::Folder { .. } if !looks_like_thread => continue,
                Standing::Folder { .. } | Standing::Symlink | Standing::Submodule => {
                    standing.words()
                }
            };
            let mut path = self.directory.join("/");
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&name);
            skipped.push(Skipped { path, reason });
        }
        Ok((files, skipped))
    }
}

/// The Entry-IDs among a commit message's trailers, which are its last paragraph.
fn entry_ids(message: &str) -> impl Iterator<Item = EntryId> + '_ {
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    last.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        let id = match key {
            ENTRY_ID_TRAILER => value.trim(),
            OPERATION_TRAILER => value.trim().split_once(' ')?.1,
            _ => return None,
        };
        EntryId::parse(id).ok()
    })
}
