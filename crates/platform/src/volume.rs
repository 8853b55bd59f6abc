//! What a folder lies on: how much is free there, whether the file system is another machine's, and
//! how many folders may be watched.

use std::io;
use std::path::Path;

use crate::os;

/// How many bytes this user may still write there.
///
/// # Errors
/// The operating system's.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    os::free_bytes(path)
}

/// The name of the file system where it lies on another machine or in another program, which tells
/// of changes late or never: `nfs`, `smb`, `fuse`, …; `None` for a disk of this machine, and where
/// it cannot be told.
#[must_use]
pub fn remote_kind(path: &Path) -> Option<&'static str> {
    os::remote_kind(path)
}

/// How many folders this user may watch at once; `None` where the system sets no such limit.
#[must_use]
pub fn watches_max() -> Option<u64> {
    os::watches_max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_room_and_one_that_is_not_there_has_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert!(free_bytes(&folder.path().join("nothing")).is_err());
        assert_eq!(remote_kind(&folder.path().join("nothing")), None);
    }
}
