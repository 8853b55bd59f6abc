//! Files that are put among other programs': replaced in one piece, with the mode that they had.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use crate::durable;
use crate::os;

/// Replaces a file's bytes in one piece and keeps its mode; where it is a link, the file that the
/// link names. A file that is new gets the mode that the user's umask gives. The folder exists.
///
/// # Errors
/// The operating system's; the file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Through a link, as people keep such files elsewhere.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    put(&path, bytes, |aside| match fs::metadata(&path) {
        Ok(found) => fs::set_permissions(aside, found.permissions()),
        Err(_) => Ok(()),
    })
}

/// Puts a program there in one piece, for its owner to replace and for all to run. A process that
/// runs the old one goes on with it.
///
/// # Errors
/// The operating system's; the file is as it was.
pub fn replace_program(from: &Path, to: &Path) -> io::Result<()> {
    put(to, &fs::read(from)?, os::set_runnable)
}

/// Makes `path` a link to `to`, in place of what stands there.
///
/// # Errors
/// The operating system's.
pub fn link(to: &Path, path: &Path) -> io::Result<()> {
    let aside = aside_of(path)?;
    os::link(to, &aside)?;
    settle(&aside, path)
}

fn put(path: &Path, bytes: &[u8], mode: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let aside = aside_of(path)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&aside)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| mode(&aside));
    drop(file);
    match written {
        Ok(()) => settle(&aside, path),
        Err(error) => {
            let _ = fs::remove_file(&aside);
            Err(error)
        }
    }
}

fn settle(aside: &Path, path: &Path) -> io::Result<()> {
    if let Err(error) = fs::rename(aside, path) {
        let _ = fs::remove_file(aside);
        return Err(error);
    }
    durable::sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Beside the file, so that a rename is one step. What an ended run of the same process number left
/// there goes.
fn aside_of(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut aside = std::ffi::OsString::from(".");
    aside.push(name);
    aside.push(format!(".{}{}", process::id(), durable::ASIDE_SUFFIX));
    let aside = path.with_file_name(aside);
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(aside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_behind_a_link_is_replaced_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link_to) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        let mut mode = fs::metadata(&file).unwrap().permissions();
        mode.set_readonly(true);
        fs::set_permissions(&file, mode.clone()).unwrap();
        link(&file, &link_to).unwrap();
        replace(&link_to, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link_to).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions(), mode);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing stands aside"
        );
    }

    #[test]
    fn a_link_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link");
        for to in ["one", "two"] {
            link(Path::new(to), &path).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), Path::new(to));
        }
    }
}
