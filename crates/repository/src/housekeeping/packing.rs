//! Makes one pack of a clone's objects, aside, and puts it in the place of what it replaces.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use git2::{Odb, Oid, Repository};

use super::{ASIDE, PACKING_TIME_MAX, fan_out, listed, loose, removed};
use crate::renew::remove_folder;
use crate::transport::{Group, run, without_git_variables};
use crate::{Clone, CloneError, classify, os};

/// The most that git says about a pack: its name.
const NAME_BYTES_MAX: u64 = 4 << 10;

/// What a new pack leaves in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Nothing: what a ref reaches is in it, and the rest is not wanted.
    Reached,
    /// Whatever is not in it.
    All,
}

impl Clone {
    pub(super) fn packed_by_git(&self, git: &Path, keep: Keep) -> Result<(), CloneError> {
        let aside = self.aside()?;
        let mut command = os::yielding(git);
        without_git_variables(&mut command);
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", os::NULL_DEVICE)
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_DIR", &self.path)
            .current_dir(&self.path)
            .args(["-c", "pack.threads=1", "-c", "pack.writeReverseIndex=false"])
            .args(["pack-objects", "--all", "--quiet", "--delta-base-offset"])
            .arg("--non-empty")
            .arg(aside.join("pack").join("pack"));
        let finished = run(command, b"", PACKING_TIME_MAX, NAME_BYTES_MAX, Group::Own)
            .map_err(|error| self.io(git, error))?;
        if !finished.status.success() {
            if classify::is_space_gone(&self.path) {
                return Err(CloneError::DiskFull {
                    path: self.path.clone(),
                });
            }
            let error = git2::Error::from_str(&finished.status.to_string());
            return Err(self.git("let git pack the clone", error));
        }
        self.put_in_place(&aside, keep)
    }

    pub(super) fn packed_by_ourselves(&self, keep: Keep) -> Result<(), CloneError> {
        let failed = |error| self.git("pack the clone", error);
        let aside = self.aside()?;
        let repository = self.open_handle()?;
        let mut walk = repository.revwalk().map_err(failed)?;
        for tip in tips(&repository).map_err(failed)? {
            walk.push(tip).map_err(failed)?;
        }
        let mut builder = repository.packbuilder().map_err(failed)?;
        let deadline = Instant::now() + PACKING_TIME_MAX;
        builder
            .set_progress_callback(move |_, _, _| Instant::now() < deadline)
            .map_err(failed)?;
        builder.insert_walk(&mut walk).map_err(failed)?;
        if builder.object_count() > 0 {
            builder.write(&aside.join("pack"), 0).map_err(failed)?;
        }
        drop(builder);
        self.put_in_place(&aside, keep)
    }

    /// An empty folder to make a pack in, laid out as a folder of objects.
    fn aside(&self) -> Result<PathBuf, CloneError> {
        let aside = self.path.join(ASIDE);
        let made = remove_folder(&aside).and_then(|()| fs::create_dir_all(aside.join("pack")));
        made.map_err(|error| self.io(&aside, error))?;
        Ok(aside)
    }

    fn put_in_place(&self, aside: &Path, keep: Keep) -> Result<(), CloneError> {
        let packed = match keep {
            Keep::Reached => self.checked_tips(aside)?,
            Keep::All => self.read_back(aside)?,
        };
        let replaced = match keep {
            Keep::Reached => Replaced::everything(&self.path),
            Keep::All => self.replaced_by(&packed)?,
        };
        let move_in = || {
            let pack = self.path.join("objects").join("pack");
            let names: HashSet<_> = listed(&aside.join("pack"))?
                .into_iter()
                .map(|file| file.file_name())
                .collect();
            // The index comes last: with it the pack is there.
            let mut files: Vec<_> = names.iter().collect();
            files.sort_by_key(|name| name.to_string_lossy().ends_with(".idx"));
            for name in files {
                let (from, to) = (aside.join("pack").join(name), pack.join(name));
                if keep == Keep::All {
                    File::open(&from)?.sync_all()?;
                }
                fs::rename(from, to)?;
            }
            if keep == Keep::All {
                os::sync_folder(&pack)?;
            }
            let replaced = replaced?;
            // Open files of removed packs hold the disk's space, and Windows removes none.
            self.forget_handles();
            for file in replaced.0 {
                let is_new = file.file_name().is_some_and(|name| names.contains(name));
                if !is_new {
                    removed(&file)?;
                }
            }
            for folder in fan_out(&self.path.join("objects"))? {
                // Fails where something is left in it.
                let _ = fs::remove_dir(folder);
            }
            remove_folder(aside)
        };
        move_in().map_err(|error| self.io(&self.path, error))
    }

    /// That all refs lead into the new pack.
    fn checked_tips(&self, aside: &Path) -> Result<HashSet<Oid>, CloneError> {
        let failed = |error| self.git("look at the new pack", error);
        let packed = objects_in(aside).map_err(failed)?;
        for tip in tips(&self.open_handle()?).map_err(failed)? {
            if !packed.exists(tip) {
                return Err(failed(git2::Error::from_str(
                    "a ref is not in the new pack",
                )));
            }
        }
        Ok(HashSet::new())
    }

    /// What the new pack holds, each object read from it.
    fn read_back(&self, aside: &Path) -> Result<HashSet<Oid>, CloneError> {
        let failed = |error| self.git("read the new pack back", error);
        self.checked_tips(aside)?;
        let packed = objects_in(aside).map_err(failed)?;
        let mut ids = HashSet::new();
        packed
            .foreach(|id| {
                ids.insert(*id);
                true
            })
            .map_err(failed)?;
        for id in &ids {
            packed.read(*id).map_err(failed)?;
        }
        Ok(ids)
    }

    /// The files all of whose objects are in the new pack.
    fn replaced_by(&self, packed: &HashSet<Oid>) -> Result<io::Result<Replaced>, CloneError> {
        let failed = |error| self.git("list the objects", error);
        let mut elsewhere = HashSet::new();
        let repository = self.open_handle()?;
        let odb = repository.odb().map_err(failed)?;
        odb.foreach(|id| {
            if !packed.contains(id) {
                elsewhere.insert(*id);
            }
            true
        })
        .map_err(failed)?;
        Ok(Replaced::by(&self.path, packed, elsewhere))
    }
}

/// Files that a new pack makes superfluous.
struct Replaced(Vec<PathBuf>);

impl Replaced {
    fn everything(clone: &Path) -> io::Result<Replaced> {
        let objects = clone.join("objects");
        let mut files = packs(&objects)?;
        files.extend(
            loose(&objects)?
                .into_iter()
                .map(|(folder, name)| folder.join(name)),
        );
        Ok(Replaced(files))
    }

    /// `elsewhere`: the objects that are not in the new pack.
    fn by(
        clone: &Path,
        packed: &HashSet<Oid>,
        mut elsewhere: HashSet<Oid>,
    ) -> io::Result<Replaced> {
        let objects = clone.join("objects");
        let mut files = Vec::new();
        for (folder, name) in loose(&objects)? {
            let beginning = folder.file_name().unwrap_or_default().to_string_lossy();
            let Ok(id) = Oid::from_str(&format!("{beginning}{name}")) else {
                continue;
            };
            if packed.contains(&id) {
                files.push(folder.join(name));
            }
            elsewhere.remove(&id);
        }
        // What is left stands in some older pack alone.
        if elsewhere.is_empty() {
            files.extend(packs(&objects)?);
        }
        Ok(Replaced(files))
    }
}

/// The files of all packs, the indexes first: a pack without one is none.
fn packs(objects: &Path) -> io::Result<Vec<PathBuf>> {
    let files = listed(&objects.join("pack"))?;
    let mut files: Vec<PathBuf> = files.into_iter().map(|file| file.path()).collect();
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("pack-")
    });
    files.sort_by_key(|file| file.extension().is_none_or(|extension| extension != "idx"));
    Ok(files)
}

fn objects_in(folder: &Path) -> Result<Odb<'static>, git2::Error> {
    let path = folder
        .to_str()
        .ok_or_else(|| git2::Error::from_str("the clone's path is not UTF-8"))?;
    let odb = Odb::new()?;
    odb.add_disk_alternate(path)?;
    Ok(odb)
}

/// Where the refs point.
fn tips(repository: &Repository) -> Result<Vec<Oid>, git2::Error> {
    let mut tips = Vec::new();
    for reference in repository.references()? {
        tips.extend(reference?.target());
    }
    Ok(tips)
}
