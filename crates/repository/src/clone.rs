//! The private bare clone: its folder, its configuration, its refs.
//!
//! `refs/remotes/origin/BRANCH` is the remote's tip as last known, `refs/remotes/origin/HEAD` names
//! the branch where the settings do not; `refs/heads/BRANCH` is ours and stands in local-only
//! repositories alone; `refs/backup/COMMIT` keeps what a remote no longer has.

mod configuration;
mod handles;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use git2::{Oid, Reference, Repository, RepositoryInitOptions};
use serde::{Deserialize, Serialize};

use crate::exchange::Exchange;
use crate::transport::{Group, Masters};
use crate::turn::Turns;
use crate::{CloneError, Remote, Tip, Ways, classify, hold, housekeeping, libgit2, os, renew};

/// The branch where neither the settings nor the remote name one.
pub(crate) const DEFAULT_BRANCH: &str = "main";

/// How deep a killed process's leftovers are looked for; branch names nest no deeper in practice.
const LEFTOVER_DEPTH_MAX: usize = 16;

/// Where old tips are kept.
pub(crate) const BACKUPS: &str = "refs/backup/";

const REMOTE_HEAD: &str = "refs/remotes/origin/HEAD";
const REMOTE_BRANCHES: &str = "refs/remotes/origin/";

/// What of a repository's settings shapes the clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneConfig {
    /// The folder of the tree where threads live; empty: the tree itself.
    pub directory: String,
    /// The branch that holds them; `None`: the one that the remote's HEAD names.
    pub branch: Option<String>,
}

/// A private bare clone. Readers share it with one exchange and are never held up by it.
pub struct Clone {
    pub(crate) path: PathBuf,
    /// The components of the directory of threads.
    pub(crate) directory: Vec<String>,
    configured_branch: Option<String>,
    /// Idle handles: a handle serves one thread at a time, and opening one costs more than a read.
    handles: Mutex<Vec<Repository>>,
    /// Counts how often the files under the handles were replaced; older handles are not kept.
    generation: AtomicU64,
    /// Held by whoever moves refs: an exchange must not be overtaken by another of this process.
    moving: Mutex<()>,
    /// Held by a worker for its life.
    held: Option<fs::File>,
    masters: Option<Arc<Masters>>,
    turns: Turns,
    /// What the next exchange is given.
    ways: Mutex<Ways>,
}

impl Clone {
    /// Opens the clone at `path`, making it where there is none. Its configuration is written
    /// afresh, locks that a killed process left are removed: the caller holds the lock that makes it
    /// the only daemon here. Waits for the worker of one that was killed, which ends by itself.
    ///
    /// # Errors
    /// [`CloneError::InUse`] where it does not; else what is wrong with the folder or `config`.
    pub fn open(path: &Path, config: CloneConfig) -> Result<Clone, CloneError> {
        Clone::open_within(path, config, hold::WAIT_MAX)
    }

    pub(crate) fn open_within(
        path: &Path,
        config: CloneConfig,
        wait_max: Duration,
    ) -> Result<Clone, CloneError> {
        let clone = Clone::checked(path, config)?;
        renew::settle(path)
            .and_then(|()| housekeeping::settle(path))
            .map_err(|error| clone.io(path, error))?;
        fs::create_dir_all(path).map_err(|error| clone.io(path, error))?;
        let _held = hold::hold(path, wait_max)?;
        clone.remove_leftovers(path, 0)?;
        if !path.join("HEAD").exists() || !path.join("objects").exists() {
            let mut options = RepositoryInitOptions::new();
            options
                .bare(true)
                .external_template(false)
                .initial_head(DEFAULT_BRANCH);
            Repository::init_opts(path, &options).map_err(|e| clone.git("make the clone", e))?;
        }
        clone.write_configuration()?;
        clone.lend()?;
        Ok(clone)
    }

    /// The clone at `path`, which a daemon has opened, for the one process that does its network
    /// work: nobody else attaches, or opens it again, until this is dropped or the process ends.
    /// The process leads its own process group, and every child that it starts here stays in it.
    /// Its memory for packs is bounded. What a worker left that was killed before is removed.
    ///
    /// # Errors
    /// [`CloneError::InUse`] where another process has it; else what is wrong with the clone.
    pub fn attach(path: &Path, config: CloneConfig) -> Result<Clone, CloneError> {
        let mut clone = Clone::checked(path, config)?;
        if !path.join("objects").is_dir() {
            let source = git2::Error::from_str("there is no folder of objects");
            let doing = "open the clone";
            return Err(CloneError::Damaged { doing, source });
        }
        libgit2::bound_memory().map_err(|error| clone.git("bound the memory", error))?;
        clone.held = Some(hold::hold(path, hold::WAIT_MAX)?);
        // A worker that was killed at its deadline leaves locks too, and the daemon lives on.
        clone.remove_leftovers(path, 0)?;
        clone.lend()?;
        Ok(clone)
    }

    /// Keeps one login to an ssh remote between exchanges, by a socket in `folder`, which is private
    /// and short enough for one. Without effect where the system's ssh cannot do that.
    #[must_use]
    pub fn with_ssh_sockets(mut self, folder: PathBuf) -> Clone {
        self.masters = os::SSH_KEEPS_LOGINS.then(|| Arc::new(Masters::new(folder)));
        self
    }

    fn checked(path: &Path, config: CloneConfig) -> Result<Clone, CloneError> {
        let directory = directory_checked(&config.directory)?;
        if let Some(name) = &config.branch {
            check_branch(name)?;
        }
        libgit2::prepare().map_err(|source| CloneError::Git {
            doing: "set libgit2 up",
            source,
        })?;
        Ok(Clone {
            path: path.to_owned(),
            directory,
            configured_branch: config.branch,
            handles: Mutex::default(),
            generation: AtomicU64::default(),
            moving: Mutex::default(),
            held: None,
            masters: None,
            turns: Turns::default(),
            ways: Mutex::default(),
        })
    }

    /// A new exchange of this clone.
    pub(crate) fn exchange(&self, remote: &Remote) -> Arc<Exchange> {
        let group = if self.held.is_some() {
            Group::Ours
        } else {
            Group::Own
        };
        let ways = self.ways().clone();
        Exchange::within(remote, ways, self.path.clone(), group, self.masters.clone())
    }

    /// What exchanges are given from here on. A login with another credential is not used again.
    pub fn give(&self, ways: Ways) {
        let mut given = self.ways();
        let bearer = match (&given.kept, &ways.kept) {
            (Some(before), Some(now)) if before.id() == now.id() => given.is_bearer.clone(),
            (Some(_) | None, Some(_) | None) => ways.is_bearer.clone(),
        };
        *given = Ways {
            is_bearer: bearer,
            ..ways
        };
    }

    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After an exchange that failed: its way to the remote is not used again.
    pub(crate) fn end_ssh(&self) {
        if let Some(masters) = &self.masters {
            masters.end();
        }
    }

    /// Its folder, which `git --git-dir` takes.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The remote's newest commit as last fetched or pushed; `None` before that, and where the
    /// branch does not exist yet.
    pub fn tip(&self) -> Result<Option<Tip>, CloneError> {
        let handle = self.lend()?;
        match self.branch_of(&handle)? {
            Some(branch) => self.target(&handle, &remote_ref(&branch)),
            None => Ok(None),
        }
    }

    /// Our own branch's newest commit, in a local-only repository.
    pub fn local_tip(&self) -> Result<Option<Tip>, CloneError> {
        let handle = self.lend()?;
        self.target(&handle, &self.local_ref())
    }

    /// The branch of threads: from the settings, else as the remote last said; `None` before the
    /// first fetch. Also `None` where the clone cannot be read.
    pub fn branch(&self) -> Option<String> {
        self.lend()
            .and_then(|handle| self.branch_of(&handle))
            .ok()
            .flatten()
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.turns
    }

    pub(crate) fn configured_branch(&self) -> Option<&str> {
        self.configured_branch.as_deref()
    }

    pub(crate) fn branch_of(&self, repository: &Repository) -> Result<Option<String>, CloneError> {
        if let Some(branch) = &self.configured_branch {
            return Ok(Some(branch.clone()));
        }
        let Some(head) = self.reference(repository, REMOTE_HEAD)? else {
            return Ok(None);
        };
        let target = head.symbolic_target().ok().flatten().unwrap_or_default();
        Ok(target.strip_prefix(REMOTE_BRANCHES).map(str::to_owned))
    }

    /// Keeps which branch the remote names.
    pub(crate) fn remember_branch(
        &self,
        repository: &Repository,
        branch: &str,
    ) -> Result<(), CloneError> {
        let target = remote_ref(branch);
        let set = repository.reference_symbolic(REMOTE_HEAD, &target, true, "");
        set.map(drop)
            .map_err(|error| self.git("keep the branch's name", error))
    }

    /// Our own branch, in a local-only repository.
    #[must_use]
    pub fn local_branch(&self) -> &str {
        self.configured_branch.as_deref().unwrap_or(DEFAULT_BRANCH)
    }

    pub(crate) fn local_ref(&self) -> String {
        format!("refs/heads/{}", self.local_branch())
    }

    pub(crate) fn target(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<Option<Tip>, CloneError> {
        let reference = self.reference(repository, name)?;
        Ok(reference.and_then(|reference| reference.target()).map(Tip))
    }

    fn reference<'a>(
        &self,
        repository: &'a Repository,
        name: &str,
    ) -> Result<Option<Reference<'a>>, CloneError> {
        match repository.find_reference(name) {
            Ok(reference) => Ok(Some(reference)),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.git("read a ref", error)),
        }
    }

    /// Compare and swap: moves the ref from `old` (`None`: it must not exist) to `new`.
    pub(crate) fn move_ref(
        &self,
        repository: &Repository,
        name: &str,
        old: Option<Tip>,
        new: Tip,
    ) -> Result<(), CloneError> {
        let moved = match old {
            Some(Tip(old)) => repository.reference_matching(name, new.0, true, old, ""),
            None => repository.reference(name, new.0, false, ""),
        };
        moved.map(drop).map_err(|error| {
            use git2::ErrorCode as Code;
            if matches!(error.code(), Code::Modified | Code::Exists | Code::NotFound) {
                CloneError::Raced
            } else {
                self.git("move a ref", error)
            }
        })
    }

    /// Waits for whoever moves refs at the moment: an exchange or a commit of this process, which
    /// ends by its deadline.
    pub(crate) fn lock_moving(&self) -> MutexGuard<'_, ()> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn git(&self, doing: &'static str, error: git2::Error) -> CloneError {
        classify::local(&self.path, doing, error)
    }

    pub(crate) fn io(&self, path: &Path, source: io::Error) -> CloneError {
        if source.kind() == io::ErrorKind::StorageFull {
            return CloneError::DiskFull {
                path: self.path.clone(),
            };
        }
        CloneError::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// What a killed process leaves: locks of refs, and packs and objects half written.
    fn remove_leftovers(&self, folder: &Path, depth: usize) -> Result<(), CloneError> {
        let listed = fs::read_dir(folder).map_err(|error| self.io(folder, error))?;
        for entry in listed {
            let entry = entry.map_err(|error| self.io(folder, error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && depth < LEFTOVER_DEPTH_MAX {
                self.remove_leftovers(&entry.path(), depth + 1)?;
            } else if !is_folder && is_leftover(&name) {
                tracing::info!(%name, "Removed what a killed process left");
                match fs::remove_file(entry.path()) {
                    Ok(()) => (),
                    // Who left it was only ending.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => (),
                    Err(error) => return Err(self.io(&entry.path(), error)),
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Clone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Clone")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

pub(crate) fn remote_ref(branch: &str) -> String {
    format!("{REMOTE_BRANCHES}{branch}")
}

pub(crate) fn backup_ref(tip: Oid) -> String {
    format!("{BACKUPS}{tip}")
}

/// Names of locks (`refdb_fs.c`), and of what was not finished.
fn is_leftover(name: &str) -> bool {
    name.ends_with(".lock") || housekeeping::is_half_written(name)
}

/// Refuses what git takes for no branch, and `HEAD`, whose place among ours is taken.
pub(crate) fn check_branch(name: &str) -> Result<(), CloneError> {
    let valid = !name.starts_with('-')
        && name != "HEAD"
        && Reference::is_valid_name(&format!("refs/heads/{name}"));
    if valid {
        Ok(())
    } else {
        Err(CloneError::Branch {
            name: name.to_owned(),
        })
    }
}

fn directory_checked(directory: &str) -> Result<Vec<String>, CloneError> {
    let path = directory.strip_suffix('/').unwrap_or(directory);
    if path.is_empty() && directory.is_empty() {
        return Ok(Vec::new());
    }
    let allowed = |part: &&str| {
        !part.is_empty()
            && ![".", "..", ".git"].contains(&part.to_ascii_lowercase().as_str())
            && !part.contains(|c: char| c.is_control() || c == '\\')
    };
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().all(allowed) {
        Ok(parts.into_iter().map(str::to_owned).collect())
    } else {
        Err(CloneError::Directory {
            directory: directory.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
