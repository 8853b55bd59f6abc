//! Folders that another could have put something in are refused, each in its own words.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where something is not as it should be, and says what it skips"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use platform::private_folder::{FolderError, check, ensure};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_folder_is_made_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    ensure(&path).unwrap();
    ensure(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
}

#[test]
fn what_is_not_ours_alone_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    ensure(&path("ours")).unwrap();
    symlink(path("ours"), path("link")).unwrap();
    assert!(matches!(ensure(&path("link")), Err(FolderError::Link(_))));

    fs::write(path("file"), "").unwrap();
    assert!(matches!(
        ensure(&path("file")),
        Err(FolderError::NoFolder(_))
    ));

    for open in [0o755, 0o710, 0o701, 0o777] {
        fs::set_permissions(path("ours"), Permissions::from_mode(open)).unwrap();
        let refused = ensure(&path("ours")).unwrap_err();
        assert!(matches!(refused, FolderError::Open { mode, .. } if mode == open));
        assert!(refused.to_string().contains("chmod 700"));
    }
    assert!(matches!(check(&path("gone")), Err(FolderError::Io { .. })));
}

#[test]
fn another_users_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs");
    ensure(&path).unwrap();
    if chown(&path, Some(65534), None).is_err() {
        eprintln!("SKIPPED: a folder cannot be given away here (needs root)");
        return;
    }
    let refused = ensure(&path).unwrap_err();
    assert!(matches!(refused, FolderError::NotOurs { owner: 65534, .. }));
}
