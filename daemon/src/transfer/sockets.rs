//! The private folder in which ssh keeps its sockets, short enough for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use platform::dirs::{Dirs, SOCKET_PATH_BYTES_MAX, short_folder};
use platform::{private_folder, process};
use tracing::warn;

/// What is added to the folder's path: two numbers with their slashes, and the ending that ssh gives
/// a socket until it is ready (`mux.c`: a dot and 16 characters).
const ADDED_BYTES_MAX: usize = 2 * (1 + 10) + 17;

const NAME: &str = "ssh";

/// Makes folders for the sockets of workers; removed when dropped.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// None where every place is too long or not ours: each exchange then logs in.
    root: Option<PathBuf>,
    next: AtomicU32,
}

/// One worker's folder; removed when dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Sockets {
    /// Below the daemon's runtime folder, else in a short one. What a killed daemon left is removed.
    pub(crate) fn begin(dirs: &Dirs) -> Sockets {
        let root = Some(dirs.runtime.join(NAME))
            .filter(|root| fits(root))
            .or_else(|| short_root().filter(|root| fits(root)));
        if let Some(root) = &root {
            remove(root);
        }
        Sockets {
            root,
            next: AtomicU32::new(1),
        }
    }

    /// A new, empty, private folder.
    pub(super) fn folder(&self) -> Option<Folder> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let root = self.root.as_ref()?;
        let folder = root.join(number.to_string());
        match private_folder::ensure(root).and_then(|()| private_folder::ensure(&folder)) {
            Ok(()) => Some(Folder(folder)),
            Err(error) => {
                warn!(%error, "No folder for the sockets of ssh; each exchange logs in");
                None
            }
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        if let Some(root) = &self.root {
            remove(root);
        }
    }
}

impl Folder {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn fits(root: &Path) -> bool {
    root.as_os_str().len() + ADDED_BYTES_MAX <= SOCKET_PATH_BYTES_MAX
}

/// Several daemons share that place, so each has its own folder there, named by its process; those
/// of dead ones are removed.
fn short_root() -> Option<PathBuf> {
    let shared = short_folder().ok()?;
    for entry in fs::read_dir(&shared).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(NAME)?.strip_prefix('-')?.parse().ok());
        if owner.is_some_and(|pid| !process::process_alive(pid)) {
            remove(&entry.path());
        }
    }
    Some(shared.join(format!("{NAME}-{}", std::process::id())))
}

/// Fails where there is none, which is what is wanted.
fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_ssh_lie_in_a_private_folder_that_is_short_enough() {
        let home = tempfile::tempdir().unwrap();
        let check = |dirs: &Dirs| {
            let stale = dirs.runtime.join(NAME).join("9");
            fs::create_dir_all(&stale).unwrap();
            let sockets = Sockets::begin(dirs);
            let (one, two) = (sockets.folder().unwrap(), sockets.folder().unwrap());
            assert_ne!(one.path(), two.path());
            private_folder::check(one.path()).unwrap();
            let socket = one.path().join(u32::MAX.to_string());
            assert!(socket.as_os_str().len() + 17 <= SOCKET_PATH_BYTES_MAX);
            let (inside, root) = (one.path().to_owned(), sockets.root.clone().unwrap());
            drop((one, two));
            assert!(!inside.exists());
            drop(sockets);
            assert!(!root.exists());
            root == dirs.runtime.join(NAME) && !stale.exists()
        };
        assert!(check(&Dirs::under(home.path())));
        let deep = home.path().join("d".repeat(SOCKET_PATH_BYTES_MAX));
        assert!(!check(&Dirs::under(&deep)));
    }
}
