//! Makes a clone anew beside the old one and puts it in its place, without a moment at which neither
//! stands.
//!
//! ```text
//! clone.git       the clone
//! clone.new.git   the one being made; after an exchange, the old one
//! clone.old.git   the old one, where the system cannot exchange two folders
//! ```
//!
//! What the old clone could read of the tip that is shown and of `refs/backup/`, the new one can:
//! readers need not know that the files under them were replaced.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io, thread};

use git2::{Oid, Repository, RepositoryOpenFlags};

use crate::clone::{CloneConfig, backup_ref};
use crate::{Clone, Fetched, Kind, Tip, TransferError, os};

/// Stands in a folder whose clone is whole.
const COMPLETE: &str = "complete";

/// How often a folder in use is tried to be renamed, and the pause between.
const RENAMES_MAX: u32 = 40;
const RENAME_PAUSE: Duration = Duration::from_millis(50);

const BACKUP_REFS: &str = "refs/backup/*";

/// What a renewal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// As of a fetch: what the remote has, compared with what was shown.
    pub fetched: Fetched,
    /// How many histories under `refs/backup/` could not be read and are gone.
    pub backups_lost: usize,
}

/// Where a clone is made anew, and where the old one waits for its end.
#[derive(Debug)]
struct Siblings {
    new: PathBuf,
    old: PathBuf,
}

/// Fetches the remote into the empty clone at a path, and ends whatever it had open there.
pub type FetchInto<'a> = dyn Fn(&Path) -> Result<Fetched, TransferError> + 'a;

impl Clone {
    /// Lets `fetch` fill a fresh clone, carries over what is under `refs/backup/` as far as it can be
    /// read, and puts it in this one's place. `shown` is the tip that readers were shown: a remote
    /// that no longer holds it has rewritten its history. Where it fails nothing has changed. No
    /// other process may have the clone open. Waits while an exchange of this clone runs.
    ///
    /// # Errors
    /// Those of `fetch`; `not_found` where the branch that was shown is gone; else what is wrong with
    /// the folder.
    pub fn renew(
        &self,
        shown: Option<&Tip>,
        fetch: &FetchInto<'_>,
    ) -> Result<Renewed, TransferError> {
        let _moving = self.lock_moving();
        self.renewed(shown, fetch)
    }

    /// As [`Clone::renew`], for who holds the lock.
    pub(crate) fn renewed(
        &self,
        shown: Option<&Tip>,
        fetch: &FetchInto<'_>,
    ) -> Result<Renewed, TransferError> {
        let siblings = Siblings::of(&self.path);
        let failed = |error| TransferError::from(self.io(&siblings.new, error));
        siblings.remove().map_err(failed)?;
        remove_mark(&self.path).map_err(failed)?;
        let made = self.made_beside(&siblings.new, shown, fetch);
        if made.is_err() {
            // Left over, it goes when the clone is next opened or made anew.
            let _ = siblings.remove();
        }
        let renewed = made?;
        self.forget_handles();
        let placed = STEPS.iter().try_for_each(|step| step.take(&self.path));
        placed.map_err(failed)?;
        self.forget_handles();
        Ok(renewed)
    }

    fn made_beside(
        &self,
        path: &Path,
        shown: Option<&Tip>,
        fetch: &FetchInto<'_>,
    ) -> Result<Renewed, TransferError> {
        let config = CloneConfig {
            directory: self.directory.join("/"),
            branch: self.configured_branch().map(str::to_owned),
        };
        let fresh = Clone::open(path, config)?;
        let mut fetched = fetch(path)?;
        let before = shown.copied().or_else(|| self.tip().ok().flatten());
        let repository = fresh.open_handle()?;
        if let Some(before) = before {
            let Some(new) = fetched.tip else {
                return Err(gone(&fetched.branch));
            };
            let kept = repository.find_commit(before.0).is_ok()
                && (new == before || is_descendant(&repository, new.0, before.0));
            fetched.rewritten = (!kept).then_some(before);
            fetched.moved = new != before;
        }
        let backups_lost = self.carry(&fresh, &repository, &fetched);
        fs::write(path.join(COMPLETE), "").map_err(|error| fresh.io(path, error))?;
        Ok(Renewed {
            fetched,
            backups_lost,
        })
    }

    /// Copies the histories that the remote no longer has; how many could not be read.
    fn carry(&self, fresh: &Clone, into: &Repository, fetched: &Fetched) -> usize {
        let mut wanted: Vec<Oid> = fetched.rewritten.iter().map(|tip| tip.0).collect();
        match self.open_handle() {
            Ok(old) => wanted.extend(backups(&old)),
            Err(error) => tracing::warn!(%error, "What the remote no longer has is not looked for"),
        }
        wanted.sort_unstable();
        wanted.dedup();
        let hidden = fetched.tip.map(|tip| tip.0);
        let mut lost = 0;
        for tip in wanted {
            let carried = self.carry_one(fresh, tip, hidden).and_then(|()| {
                into.odb()?.refresh()?;
                into.reference(&backup_ref(tip), tip, true, "").map(drop)
            });
            if let Err(error) = carried {
                tracing::warn!(%tip, %error, "A history that the remote no longer has is lost");
                lost += 1;
            }
        }
        lost
    }

    /// Copies one history, without what the remote's has of it.
    fn carry_one(&self, fresh: &Clone, tip: Oid, hidden: Option<Oid>) -> Result<(), git2::Error> {
        let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::BARE;
        // A handle for this alone: it sees the objects of both.
        let both = Repository::open_ext(&fresh.path, flags, &[] as &[&Path])?;
        let objects = self.path.join("objects");
        let objects = objects
            .to_str()
            .ok_or_else(|| git2::Error::from_str("the clone's path is not UTF-8"))?;
        both.odb()?.add_disk_alternate(objects)?;
        let mut walk = both.revwalk()?;
        walk.push(tip)?;
        if let Some(hidden) = hidden {
            walk.hide(hidden)?;
        }
        let mut builder = both.packbuilder()?;
        builder.insert_walk(&mut walk)?;
        if builder.object_count() > 0 {
            builder.write(&fresh.path.join("objects").join("pack"), 0)?;
        }
        Ok(())
    }
}

impl Siblings {
    fn of(path: &Path) -> Siblings {
        Siblings {
            new: path.with_extension("new.git"),
            old: path.with_extension("old.git"),
        }
    }

    fn remove(&self) -> io::Result<()> {
        remove_folder(&self.new)?;
        remove_folder(&self.old)
    }
}

/// One step of putting a clone in the other's place; a crash may come between any two.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// In one go, where the system can.
    Exchange,
    /// Else in two.
    MoveOldAway,
    MoveNewIn,
    RemoveOld,
    Unmark,
}

const STEPS: [Step; 5] = [
    Step::Exchange,
    Step::MoveOldAway,
    Step::MoveNewIn,
    Step::RemoveOld,
    Step::Unmark,
];

impl Step {
    fn take(self, path: &Path) -> io::Result<()> {
        let siblings = Siblings::of(path);
        let is_in_place = path.join(COMPLETE).exists();
        match self {
            // The two renames serve whatever this meets.
            Step::Exchange => drop(os::exchange(&siblings.new, path)),
            Step::MoveOldAway if !is_in_place => renamed(path, &siblings.old)?,
            Step::MoveNewIn if !is_in_place => renamed(&siblings.new, path)?,
            Step::MoveOldAway | Step::MoveNewIn => (),
            Step::RemoveOld => {
                // A reader may hold it where open files cannot be removed; the next opening does.
                if let Err(error) = siblings.remove() {
                    tracing::warn!(%error, "The old clone is not removed yet");
                }
            }
            Step::Unmark => remove_mark(path)?,
        }
        Ok(())
    }
}

/// Throws away what stands at `path`, where a clone should: what cannot be opened cannot be read
/// either, and it can be cloned again.
///
/// # Errors
/// Of the file system.
pub fn discard(path: &Path) -> io::Result<()> {
    remove_folder(path)
}

/// Finishes what a crash interrupted, or clears it away: a clone that stands is kept, else a whole
/// new one takes its place, else the old one comes back.
pub(crate) fn settle(path: &Path) -> io::Result<()> {
    let siblings = Siblings::of(path);
    if !path.exists() {
        if siblings.new.join(COMPLETE).exists() {
            fs::rename(&siblings.new, path)?;
        } else if siblings.old.exists() {
            fs::rename(&siblings.old, path)?;
        }
    }
    siblings.remove()?;
    remove_mark(path)
}

fn remove_mark(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(COMPLETE)) {
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(error)
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a folder with all in it, or what stands there in its place; nothing is what was wanted.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotADirectory => fs::remove_file(path),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Renames a folder; one that is not there needs none. Windows refuses while a file in it is open.
fn renamed(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..RENAMES_MAX {
        match fs::rename(from, to) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                thread::sleep(RENAME_PAUSE);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            other => return other,
        }
    }
    fs::rename(from, to)
}

fn backups(old: &Repository) -> Vec<Oid> {
    match old.references_glob(BACKUP_REFS) {
        Ok(references) => references
            .filter_map(|reference| reference.ok()?.target())
            .collect(),
        Err(error) => {
            tracing::warn!(%error, "What the remote no longer has is not listed");
            Vec::new()
        }
    }
}

fn is_descendant(repository: &Repository, new: Oid, old: Oid) -> bool {
    repository.graph_descendant_of(new, old).unwrap_or(false)
}

fn gone(branch: &str) -> TransferError {
    TransferError::new(
        Kind::NotFound,
        format!("the remote no longer has the branch '{branch}'"),
        "restore the branch on the remote, or set another one; what it held is still shown here",
    )
}

#[cfg(test)]
mod tests;
