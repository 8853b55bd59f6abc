//! Files that are still there after the power fails: written aside, synced, renamed.
//!
//! The floor is two flushes a file, one of its bytes and one of its folder; several files in one
//! folder share the second.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::os;

/// What the name of a file that is being written ends with; it also begins with a dot. One that is
/// found at a start is left over from a crash and stands for nothing.
pub const ASIDE_SUFFIX: &str = ".aside";

static ASIDE_NEXT: AtomicU64 = AtomicU64::new(0);

/// Writes a file of mode 0600 so that, once this returns, it survives a power failure, with the new
/// bytes; and so that at any moment before it stands there whole, in its old form or in the new.
/// The folder exists.
///
/// # Errors
/// The operating system's; nothing stands aside then, and the old file is as it was, unless the
/// last step failed, the sync of the folder: then the new file stands there and may not survive.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_unsettled(path, bytes)?;
    sync_folder(folder_of(path))
}

/// As [`write_durably`], but for the sync of the folder: the file survives once [`sync_folder`] has
/// returned, which several files may share.
///
/// # Errors
/// As [`write_durably`].
pub fn write_unsettled(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = aside_of(path)?;
    let written = write_synced(&aside, bytes).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // What stands aside is worth nothing; the first error says why.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Makes what was created, renamed or removed in a folder survive a power failure.
///
/// # Errors
/// The operating system's.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    os::sync_folder(path)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file: File = os::private_file().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn aside_of(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut aside = OsString::from(".");
    aside.push(name);
    let next = ASIDE_NEXT.fetch_add(1, Ordering::Relaxed);
    aside.push(format!(".{}-{next}{ASIDE_SUFFIX}", process::id()));
    Ok(folder_of(path).join(aside))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operation.json");
        for bytes in [&b"first"[..], b"", b"second"] {
            write_durably(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), b"x").unwrap();
        write_durably(&path, b"new").unwrap_err();
        assert!(path.join("inside").is_file());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_durably(&folder.path().join("gone/file"), b"new").unwrap_err();
    }
}
