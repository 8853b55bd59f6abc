//! Finds the programs `git` and `ssh`, also where PATH is short or absent.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::os;

/// The path of the program `name`: the first folder of PATH that has it, else the first of the
/// folders where systems usually put it; `None` if none has.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    find_in(
        name,
        env::var_os("PATH").as_deref(),
        &os::PROGRAM_FOLDERS.map(Path::new),
    )
}

fn find_in(name: &str, path: Option<&OsStr>, folders: &[&Path]) -> Option<PathBuf> {
    let in_path = path
        .map(|path| env::split_paths(path).collect::<Vec<_>>())
        .unwrap_or_default();
    in_path
        .iter()
        .map(PathBuf::as_path)
        .chain(folders.iter().copied())
        // A relative folder in PATH would run whatever lies where the daemon was started.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|candidate| os::is_program(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_comes_first_then_the_usual_folders() {
        let folder = tempfile::tempdir().unwrap();
        let git = find("git").unwrap();
        std::fs::copy(&git, folder.path().join("git")).unwrap();
        std::fs::write(folder.path().join("ssh"), "not a program").unwrap();
        let usual = [git.parent().unwrap()];

        let own = Some(folder.path().as_os_str());
        assert_eq!(find_in("git", own, &usual), Some(folder.path().join("git")));
        assert_eq!(find_in("git", None, &usual), Some(git.clone()));
        assert_eq!(find_in("git", Some(OsStr::new("")), &usual), Some(git));
        assert_eq!(find_in("git", Some(OsStr::new(".:x")), &[]), None);
        assert_eq!(find_in("ssh", own, &[]), None);
    }
}
