//! What stands in the place of a file and would keep its reader waiting.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use platform::plain_file;

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let made = std::process::Command::new("mkfifo")
        .arg(place("pipe"))
        .status();
    assert!(made.unwrap().success());
    let _socket = UnixListener::bind(place("socket")).unwrap();
    symlink(place("pipe"), place("link")).unwrap();
    for path in [
        &place("pipe"),
        &place("socket"),
        &place("link"),
        Path::new("/dev/zero"),
    ] {
        let refused = plain_file::read(path, 10).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{path:?}");
    }
    symlink(place("loop"), place("loop")).unwrap();
    plain_file::read(&place("loop"), 10).unwrap_err();
}
