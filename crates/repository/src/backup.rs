//! Keeps tips whose content the remote no longer has, under `refs/backup/COMMIT`.

use std::fs;
use std::time::SystemTime;

use git2::{Oid, Repository};

use crate::clone::{BACKUPS, backup_ref};
use crate::{Clone, CloneError, Tip};

/// How many old tips are kept; the ones that were kept longest ago go first.
pub const BACKUPS_MAX: usize = 100;

/// What a repository held before it had a remote.
const LOCAL_BACKUP: &str = "refs/backup/local";

impl Clone {
    /// Keeps a commit that is here, with its history, under `refs/backup/`: the newest
    /// [`BACKUPS_MAX`] of them stay.
    pub fn back_up(&self, tip: &Tip) -> Result<(), CloneError> {
        let repository = self.open_handle()?;
        self.keep_backup(&repository, *tip)
    }

    /// The tips of our own branches, which stand here where the repository was a local-only one.
    pub fn local_tips(&self) -> Result<Vec<Tip>, CloneError> {
        let repository = self.lend()?;
        let names = self.local_names(&repository)?;
        let tips = names.iter().map(|name| self.target(&repository, name));
        tips.filter_map(Result::transpose).collect()
    }

    /// Ends our own branches: their tips stay as `refs/backup/local` and, where there is one already,
    /// `refs/backup/local-COMMIT`.
    pub fn retire_local(&self) -> Result<(), CloneError> {
        let _moving = self.lock_moving();
        let repository = self.open_handle()?;
        let failed = |error| self.git("keep the local branch", error);
        for name in self.local_names(&repository)? {
            let Some(tip) = self.target(&repository, &name)? else {
                continue;
            };
            let kept = match self.target(&repository, LOCAL_BACKUP)? {
                Some(other) if other != tip => format!("{LOCAL_BACKUP}-{tip}"),
                Some(_) | None => LOCAL_BACKUP.to_owned(),
            };
            repository
                .reference(&kept, tip.0, true, "")
                .map_err(failed)?;
            let mut branch = repository.find_reference(&name).map_err(failed)?;
            branch.delete().map_err(failed)?;
        }
        Ok(())
    }

    fn local_names(&self, repository: &Repository) -> Result<Vec<String>, CloneError> {
        let failed = |error| self.git("look for the local branch", error);
        let found = repository.references_glob("refs/heads/*").map_err(failed)?;
        let names = found.filter_map(|reference| Some(reference.ok()?.name().ok()?.to_owned()));
        Ok(names.collect())
    }

    pub(crate) fn keep_backup(&self, repository: &Repository, tip: Tip) -> Result<(), CloneError> {
        repository
            .reference(&backup_ref(tip.0), tip.0, true, "")
            .map_err(|error| self.git("keep the old tip", error))?;
        if let Err(error) = self.forget_oldest_backups(repository, tip) {
            // One backup too many harms nobody.
            tracing::warn!(%error, "Old backups stay");
        }
        Ok(())
    }

    fn forget_oldest_backups(&self, repository: &Repository, kept: Tip) -> Result<(), CloneError> {
        let failed = |error| self.git("forget an old tip", error);
        let mut old: Vec<(SystemTime, i64, Oid)> = Vec::new();
        let names = format!("{BACKUPS}*");
        for reference in repository.references_glob(&names).map_err(failed)? {
            let reference = reference.map_err(failed)?;
            // Other names, such as `refs/backup/local`, are for good.
            let name = reference.name().ok().and_then(|n| n.strip_prefix(BACKUPS));
            let Some(Tip(id)) = name.and_then(Tip::parse).filter(|tip| *tip != kept) else {
                continue;
            };
            let committed = repository.find_commit(id).map_or(0, |c| c.time().seconds());
            old.push((self.backed_up_at(id), committed, id));
        }
        old.sort_unstable();
        let too_many = (old.len() + 1).saturating_sub(BACKUPS_MAX);
        for (_, _, id) in old.into_iter().take(too_many) {
            repository
                .find_reference(&backup_ref(id))
                .and_then(|mut reference| reference.delete())
                .map_err(failed)?;
        }
        Ok(())
    }

    /// When the ref was written. A packed one has no file, and is older than any that has.
    fn backed_up_at(&self, id: Oid) -> SystemTime {
        fs::metadata(self.path.join(backup_ref(id)))
            .and_then(|file| file.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }
}
