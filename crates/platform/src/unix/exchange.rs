//! Exchanges of files by `renameat2` and `renameatx_np`, and by links where those are refused.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

pub(crate) fn exchange(aside: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, aside, CWD, path, RenameFlags::EXCHANGE) {
        Err(errno) if is_unknown(errno) => exchange_by_links(aside, path),
        done => Ok(done?),
    }
}

pub(crate) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(errno) if is_unknown(errno) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        done => Ok(done?),
    }
}

/// The file system, or an old kernel, has no such step.
fn is_unknown(errno: Errno) -> bool {
    errno == Errno::INVAL || errno == Errno::NOSYS || errno == Errno::NOTSUP
}

fn exchange_by_links(aside: &Path, path: &Path) -> io::Result<()> {
    let mut out = OsString::from(aside.as_os_str());
    out.push(".out");
    let out = Path::new(&out);
    if !aside.try_exists()? {
        return Err(io::ErrorKind::NotFound.into());
    }
    match fs::remove_file(out) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => (),
    }
    fs::hard_link(path, out)?;
    fs::rename(aside, path)?;
    fs::rename(out, aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_do_what_one_step_does() {
        let folder = tempfile::tempdir().unwrap();
        let (aside, path) = (folder.path().join("aside"), folder.path().join("file"));
        fs::write(&path, "old").unwrap();
        fs::write(&aside, "new").unwrap();
        exchange_by_links(&aside, &path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_to_string(&aside).unwrap(), "old");
        fs::remove_file(&path).unwrap();
        exchange_by_links(&aside, &path).unwrap_err();
        fs::rename(&aside, &path).unwrap();
        exchange_by_links(&aside, &path).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
