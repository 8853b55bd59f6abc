//! Looks at and replaces single files of the working tree, without following symlinks.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::memory::Hash;

/// The longest file that is compared; a longer one is somebody else's.
pub(super) const FILE_BYTES_MAX: u64 = repository::BLOB_BYTES_MAX;

/// The file that is written before it is renamed: a dot file is never a thread, and there is one
/// projection at a time.
const ASIDE: &str = ".watercooler-aside";

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDisk {
    Missing,
    /// After a power failure a new file may have lost its bytes: nobody's text is in it.
    Empty,
    File(Hash),
    TooLong,
    /// No plain file.
    Other,
}

/// What stands at a path.
pub(super) fn look(path: &Path) -> io::Result<OnDisk> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OnDisk::Missing),
        Err(error) => return Err(error),
    };
    if !found.is_file() {
        return Ok(OnDisk::Other);
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OnDisk::Missing),
        Err(error) => return Err(error),
    };
    let (hash, len) = Hash::read(&mut file.take(FILE_BYTES_MAX + 1))?;
    Ok(match len {
        0 => OnDisk::Empty,
        len if len > FILE_BYTES_MAX => OnDisk::TooLong,
        _ => OnDisk::File(hash),
    })
}

/// Puts these bytes at `path` where it still is as `found`; false where it is not, and untouched.
pub(super) fn replace(
    folder: &Path,
    path: &Path,
    bytes: &[u8],
    found: &OnDisk,
) -> io::Result<bool> {
    let aside = folder.join(ASIDE);
    remove_if_there(&aside)?;
    // Fails, rather than follows a symlink, where somebody was faster.
    let mut file = File::create_new(&aside)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| put(&aside, path, found));
    if !matches!(written, Ok(true)) {
        // The next replacement removes what cannot be removed here.
        let _ = fs::remove_file(&aside);
    }
    written
}

fn put(aside: &Path, path: &Path, found: &OnDisk) -> io::Result<bool> {
    if look(path)? != *found {
        return Ok(false);
    }
    if *found == OnDisk::Missing {
        // A link, unlike a rename, never replaces what an editor made in this very moment.
        match fs::hard_link(aside, path) {
            Ok(()) => return fs::remove_file(aside).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // Not every file system has links.
            Err(_) => (),
        }
    }
    fs::rename(aside, path).map(|()| true)
}

/// Removes the file at `path` where it still is as `found`; false where it is not, and untouched.
pub(super) fn remove(path: &Path, found: &OnDisk) -> io::Result<bool> {
    if look(path)? != *found {
        return Ok(false);
    }
    remove_if_there(path).map(|()| true)
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
    let aside = folder.join(ASIDE);
    remove_if_there(&aside)?;
    File::create_new(&aside)?;
    let other = folder.join(ASIDE.to_uppercase());
    let blind = other.symlink_metadata().is_ok();
    fs::remove_file(&aside)?;
    Ok(blind)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
