//! Puts a file in another's place so that what stood there comes out whole, whoever writes to it at
//! that moment.

use std::io;
use std::path::Path;

use crate::os;

/// Exchanges what stands under two names of one file system, in one step where it can: afterwards
/// each names what the other did, and a program that had one of them open has it open still.
///
/// A file system without such a step (`RENAME_EXCHANGE`, `RENAME_SWAP`) gets two, between which
/// `path` always names a whole file; what another program puts under `path` in that moment is lost.
/// Windows has `ReplaceFileW`, which keeps the access list of `path`.
///
/// # Errors
/// `NotFound` where nothing stands under one of them, and the operating system's; on Windows also
/// where a program keeps the file to itself. Both are as they were then.
pub fn exchange(aside: &Path, path: &Path) -> io::Result<()> {
    os::exchange(aside, path)
}

/// Gives a file another name unless something stands there; false where it does.
///
/// # Errors
/// The operating system's; the file is where it was then.
pub fn place(from: &Path, to: &Path) -> io::Result<bool> {
    match os::rename_to_new(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Read as _, Seek as _, Write as _};

    use super::*;

    #[test]
    fn what_stood_there_comes_out_with_whoever_writes_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (aside, path) = (folder.path().join("aside"), folder.path().join("file"));
        fs::write(&path, "old").unwrap();
        fs::write(&aside, "new").unwrap();
        let mut held = File::options().read(true).append(true).open(&path).unwrap();
        exchange(&aside, &path).unwrap();
        held.write_all(b" and late").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_to_string(&aside).unwrap(), "old and late");
        held.rewind().unwrap();
        let mut text = String::new();
        held.read_to_string(&mut text).unwrap();
        assert_eq!(text, "old and late");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn without_one_of_the_two_nothing_happens() {
        let folder = tempfile::tempdir().unwrap();
        let (there, missing) = (folder.path().join("there"), folder.path().join("missing"));
        fs::write(&there, "text").unwrap();
        for (aside, path) in [(&there, &missing), (&missing, &there)] {
            let error = exchange(aside, path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            assert_eq!(fs::read_to_string(&there).unwrap(), "text");
            assert!(!missing.exists());
        }
    }

    #[test]
    fn a_name_that_is_taken_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "theirs").unwrap();
        assert!(!place(&from, &to).unwrap());
        assert_eq!(fs::read_to_string(&to).unwrap(), "theirs");
        fs::remove_file(&to).unwrap();
        assert!(place(&from, &to).unwrap());
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
        assert!(!from.exists());
        assert!(place(&from, &to).is_err(), "there is nothing to place");
    }
}
