//! Keeps the clone small: every push leaves loose objects and every fetch with news a pack, which
//! are put into one pack when there are many of them.
//!
//! Where the remote is the truth, what no ref reaches goes away. Where our own branch is, nothing
//! is removed but what was read back from the new pack, which is on the disk by then.

mod packing;

use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{Clone, CloneError, FetchInto, TransferError, os, program, renew};

/// So many loose objects are packed, whatever their size.
pub const LOOSE_MAX: usize = 600;

/// So many packs are made one, whatever their size.
pub const PACKS_MAX: usize = 30;

/// All but the largest pack may take this of the disk, in bytes, or half of that pack.
pub const CLUTTER_BYTES_MIN: u64 = 64 << 10;

/// What a killed process left half written is removed when it is this old.
pub const STALE_AGE: Duration = Duration::from_secs(60 * 60);

/// How long one packing may take.
const PACKING_TIME_MAX: Duration = Duration::from_secs(10 * 60);

/// Where a pack is made, inside the clone.
const ASIDE: &str = "packing";

/// What a clone holds beside its largest pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clutter {
    /// Objects in files of their own.
    pub loose: usize,
    /// Packs, the largest one included.
    pub packs: usize,
    /// What all objects take of the disk, with their folders, in bytes.
    pub bytes: u64,
    /// What the largest pack takes of it.
    pub largest_bytes: u64,
}

/// How a clone was made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It was small enough.
    Nothing,
    /// git made one pack.
    Git,
    /// We made one pack.
    Ourselves,
    /// It was cloned anew.
    Anew,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tidied {
    /// How.
    pub way: Way,
    /// Before.
    pub before: Clutter,
    /// After.
    pub after: Clutter,
}

/// The `git` program, where this machine has one.
#[must_use]
pub fn git() -> Option<PathBuf> {
    program::find("git")
}

impl Clutter {
    /// Whether there is enough of it to be worth the work.
    #[must_use]
    pub fn is_too_much(&self) -> bool {
        let beside_bytes = self.bytes - self.largest_bytes;
        self.loose > LOOSE_MAX
            || self.packs > PACKS_MAX
            || beside_bytes > CLUTTER_BYTES_MIN.max(self.largest_bytes / 2)
    }
}

impl Clone {
    /// Counts what lies about. Cheap: only folders are read, and how the packs' indexes begin.
    ///
    /// # Errors
    /// Where they cannot be; `Damaged` where there is no HEAD or a pack has no whole index, which
    /// libgit2 may pass over in silence.
    pub fn clutter(&self) -> Result<Clutter, CloneError> {
        let objects = self.path.join("objects");
        self.check_files(&objects)?;
        let counted = || {
            let mut clutter = Clutter::default();
            // A folder takes as much as most objects in it.
            for folder in fan_out(&objects)? {
                clutter.bytes += disk_bytes(&folder)?;
            }
            for (folder, file) in loose(&objects)? {
                clutter.loose += 1;
                clutter.bytes += disk_bytes(&folder.join(file))?;
            }
            let mut packs: Vec<(String, u64)> = Vec::new();
            for file in listed(&objects.join("pack"))? {
                let bytes = disk_bytes(&file.path())?;
                let name = file.file_name().to_string_lossy().into_owned();
                let stem = name.split('.').next().unwrap_or_default().to_owned();
                clutter.packs += usize::from(name.ends_with(".pack"));
                match packs.iter_mut().find(|(known, _)| *known == stem) {
                    Some((_, sum)) => *sum += bytes,
                    None => packs.push((stem, bytes)),
                }
            }
            clutter.largest_bytes = packs.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
            clutter.bytes += packs.iter().map(|(_, bytes)| bytes).sum::<u64>();
            Ok(clutter)
        };
        counted().map_err(|error| self.io(&objects, error))
    }

    fn check_files(&self, objects: &Path) -> Result<(), CloneError> {
        if !self.path.join("HEAD").exists() {
            let doing = "look for HEAD";
            let source = git2::Error::from_str("it is missing");
            return Err(CloneError::Damaged { doing, source });
        }
        let files = listed(&objects.join("pack")).map_err(|error| self.io(objects, error))?;
        let packs = files.into_iter().map(|file| file.path());
        for pack in packs.filter(|path| path.extension().is_some_and(|e| e == "pack")) {
            if !has_whole_index(&pack) && pack.exists() {
                let doing = "look at a pack's index";
                let source = git2::Error::from_str("it is missing, or cut short");
                return Err(CloneError::Damaged { doing, source });
            }
        }
        Ok(())
    }

    /// Makes the clone small where it is not: with `git` where there is one, else by cloning it anew
    /// as [`Clone::renew`] does, else, where our own branch is the truth (no `fetch`), by ourselves.
    /// Waits while an exchange of this clone runs; readers are not held up.
    ///
    /// # Errors
    /// `damaged` where something that is needed cannot be read: then nothing was removed.
    pub fn tidy(
        &self,
        git: Option<&Path>,
        fetch: Option<&FetchInto<'_>>,
    ) -> Result<Tidied, TransferError> {
        let _moving = self.lock_moving();
        self.remove_stale(SystemTime::now())?;
        let before = match (self.clutter(), fetch) {
            (Err(CloneError::Damaged { .. }), Some(fetch)) => {
                self.renewed(self.tip().ok().flatten().as_ref(), fetch)?;
                let after = self.clutter()?;
                return Ok(Tidied {
                    way: Way::Anew,
                    before: after,
                    after,
                });
            }
            (before, _) => before?,
        };
        let way = if before.is_too_much() {
            self.tidied(git, fetch)?
        } else {
            Way::Nothing
        };
        Ok(Tidied {
            way,
            before,
            after: self.clutter()?,
        })
    }

    fn tidied(
        &self,
        git: Option<&Path>,
        fetch: Option<&FetchInto<'_>>,
    ) -> Result<Way, TransferError> {
        let keep = match fetch {
            Some(_) => packing::Keep::Reached,
            None => packing::Keep::All,
        };
        if let Some(git) = git {
            match self.packed_by_git(git, keep) {
                Ok(()) => return Ok(Way::Git),
                Err(CloneError::DiskFull { path }) => {
                    return Err(CloneError::DiskFull { path }.into());
                }
                Err(error) => tracing::warn!(%error, "git did not pack the clone"),
            }
        }
        match fetch {
            Some(fetch) => {
                let shown = self.tip().ok().flatten();
                self.renewed(shown.as_ref(), fetch)?;
                Ok(Way::Anew)
            }
            None => {
                self.packed_by_ourselves(keep)?;
                Ok(Way::Ourselves)
            }
        }
    }

    /// Removes what was not finished by `now` less an hour.
    fn remove_stale(&self, now: SystemTime) -> Result<(), CloneError> {
        let objects = self.path.join("objects");
        let remove = || {
            let mut folders = vec![objects.clone(), objects.join("pack")];
            folders.extend(fan_out(&objects)?);
            for file in folders
                .iter()
                .map(|f| listed(f))
                .collect::<io::Result<Vec<_>>>()?
            {
                for file in file {
                    let name = file.file_name();
                    let is_stale = is_half_written(&name.to_string_lossy())
                        && age(&file, now).is_some_and(|age| age > STALE_AGE);
                    if is_stale {
                        tracing::info!(?name, "Removed what a killed process left");
                        removed(&file.path())?;
                    }
                }
            }
            Ok(())
        };
        remove().map_err(|error| self.io(&objects, error))
    }
}

/// Removes a pack that a killed process was making.
pub(crate) fn settle(clone: &Path) -> io::Result<()> {
    renew::remove_folder(&clone.join(ASIDE))
}

/// Names that libgit2 (`indexer.c`, `odb_loose.c`) and git (`pack-write.c`, `object-file.c`) give to
/// files which they have not finished.
pub(crate) fn is_half_written(name: &str) -> bool {
    const BEGINNINGS: [&str; 7] = [
        "pack_git2_",
        "tmp_object_",
        "tmp_obj_",
        "tmp_pack_",
        "tmp_idx_",
        "tmp_rev_",
        ".tmp-",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| name.starts_with(beginning))
}

/// Whether the index has the length that its number of objects asks for: git's `pack-format`,
/// version 2.
fn has_whole_index(pack: &Path) -> bool {
    const HEAD: usize = 8 + 256 * 4;
    const OBJECT: u64 = 20 + 4 + 4;
    const CHECKSUMS: u64 = 2 * 20;
    let mut head = [0; HEAD];
    let read = File::open(pack.with_extension("idx")).and_then(|mut file| {
        file.read_exact(&mut head)?;
        file.metadata()
    });
    let Ok(file) = read else { return false };
    let [.., a, b, c, d] = head;
    let objects = u64::from(u32::from_be_bytes([a, b, c, d]));
    head.starts_with(b"\xfftOc\0\0\0\x02")
        && file.len() >= HEAD as u64 + objects * OBJECT + CHECKSUMS
}

/// The loose objects: the folder of each, and its name there.
fn loose(objects: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for folder in fan_out(objects)? {
        for file in listed(&folder)? {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.len() == 38 && is_hex(&name) {
                found.push((folder.clone(), name));
            }
        }
    }
    Ok(found)
}

/// The folders of loose objects.
fn fan_out(objects: &Path) -> io::Result<Vec<PathBuf>> {
    let folders = listed(objects)?.into_iter().map(|entry| entry.path());
    let is_fan = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.len() == 2 && is_hex(name)) && path.is_dir()
    };
    Ok(folders.filter(is_fan).collect())
}

fn is_hex(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is in a folder; nothing where there is none.
fn listed(folder: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What a file takes of the disk; one that is gone takes nothing.
fn disk_bytes(path: &Path) -> io::Result<u64> {
    match path.metadata() {
        Ok(file) => Ok(os::disk_bytes(&file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

fn age(file: &DirEntry, now: SystemTime) -> Option<Duration> {
    now.duration_since(file.metadata().ok()?.modified().ok()?)
        .ok()
}

/// Removes a file; one that is gone is what was wanted.
fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
