//! Looks at single files of the working tree, without following symlinks.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::hash::Hash;

/// The longest file that is compared; a longer one is somebody else's.
pub(super) const FILE_BYTES_MAX: u64 = repository::BLOB_BYTES_MAX;

/// The longest file whose edits are read.
pub(super) const EDIT_BYTES_MAX: u64 = 16 << 20;

/// A dot file is never a thread.
const PROBE: &str = ".watercooler-probe";

/// A file that was written so long before it was looked at is another if it was written since: the
/// clocks of file systems go in steps, of up to two seconds.
const STEP_MAX: Duration = Duration::from_secs(2);

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDisk {
    Missing,
    /// After a power failure a new file may have lost its bytes: nobody's text is in it.
    Empty,
    File(Hash),
    TooLong,
    /// It may not be read.
    Closed,
    /// No plain file.
    Other,
}

/// What tells a file from a later one under its name, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
}

impl Stamp {
    /// Of a plain file; none where there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        found.is_file().then(|| Self {
            len: found.len(),
            modified: found.modified().ok(),
            created: found.created().ok(),
        })
    }

    /// Whether the file was written long enough before `now` to have another stamp once it is
    /// written again.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let age = self.modified.and_then(|at| now.duration_since(at).ok());
        age.is_some_and(|age| age > STEP_MAX)
    }
}

/// What stands at a path.
pub(super) fn look(path: &Path) -> io::Result<OnDisk> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) => return missing_or(error),
    };
    if !found.is_file() {
        return Ok(OnDisk::Other);
    }
    let file = match platform::plain_file::open(path) {
        Ok(file) => file,
        Err(error) => return missing_or(error),
    };
    let (hash, len) = Hash::read(&mut file.take(FILE_BYTES_MAX + 1))?;
    Ok(match len {
        0 => OnDisk::Empty,
        len if len > FILE_BYTES_MAX => OnDisk::TooLong,
        _ => OnDisk::File(hash),
    })
}

fn missing_or(error: io::Error) -> io::Result<OnDisk> {
    let kind = error.kind();
    // Under a name that became a file's, nothing stands.
    if kind == io::ErrorKind::NotFound || kind == io::ErrorKind::NotADirectory {
        Ok(OnDisk::Missing)
    } else if kind == io::ErrorKind::PermissionDenied {
        Ok(OnDisk::Closed)
    } else {
        Err(error)
    }
}

/// Whether this is a folder of its own; a missing one is made.
pub(super) fn is_made_folder(path: &Path) -> io::Result<bool> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(path.symlink_metadata()?.is_dir())
        }
        Err(error) => Err(error),
    }
}

/// Whether the folder takes two names that differ by case alone for one.
pub(super) fn is_case_blind(folder: &Path) -> io::Result<bool> {
    let probe = folder.join(PROBE);
    remove_if_there(&probe)?;
    File::create_new(&probe)?;
    let other = folder.join(PROBE.to_uppercase());
    let blind = other.symlink_metadata().is_ok();
    fs::remove_file(&probe)?;
    Ok(blind)
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
