//! Where the daemon listens: a socket in the runtime folder, or a pipe named after the user.

use std::io;
use std::path::{Path, PathBuf};

use platform::dirs::Dirs;
use platform::private_folder::FolderError;
use platform::single_instance;

use crate::os;

/// The socket's name in the runtime folder.
pub const SOCKET_FILE: &str = "daemon.sock";

/// Where the daemon of one set of places listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(PathBuf);

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The path is too long for a socket, and there is no private folder for a shorter one.
    #[error("no private folder for the socket")]
    Folder(#[from] FolderError),
    /// The operating system does not say who we are.
    #[error("the user of this process is not known")]
    User(#[source] io::Error),
}

impl Address {
    /// The address that these places give. A path that is too long for a socket is replaced by a
    /// hash of it in a short private folder.
    ///
    /// # Errors
    /// [`AddressError`], in words for a person.
    pub fn of(dirs: &Dirs) -> Result<Self, AddressError> {
        os::place(dirs).map(Self)
    }

    /// The path of the socket or the pipe.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// Where the owner of the state folder says that it listens, if not where its places give. The
    /// environment of two programs of one user may differ, `XDG_RUNTIME_DIR` above all.
    pub(crate) fn announced(&self, dirs: &Dirs) -> Option<Self> {
        let said = single_instance::owner(&dirs.state)?.socket?;
        (said != self.0).then_some(Self(said))
    }
}

/// A short name for a long path, the same in every build. Source: the FNV-1a hash, 64 bits.
pub(crate) fn short_name(path: &Path) -> String {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mixed = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    let hash = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(BASIS, mixed);
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(home: &str, is_its_own: bool) {
        let dirs = Dirs::under(Path::new(home));
        let address = Address::of(&dirs).unwrap();
        let own = dirs.runtime.join(SOCKET_FILE);
        assert_eq!(address.as_path() == own, is_its_own, "{address:?}");
        assert!(address.as_path().as_os_str().len() <= platform::dirs::SOCKET_PATH_BYTES_MAX);
        assert_eq!(Address::of(&dirs).unwrap(), address);
    }

    #[test]
    fn a_long_path_gets_a_short_name_and_no_other() {
        check("/h", true);
        let room = platform::dirs::SOCKET_PATH_BYTES_MAX - "/run/daemon.sock".len() - 1;
        check(&format!("/{}", "x".repeat(room)), true);
        check(&format!("/{}", "x".repeat(room + 1)), false);
        check(&format!("/{}", "x".repeat(3000)), false);
    }

    #[test]
    fn two_long_paths_have_two_names() {
        let of = |last: char| {
            let home = format!("/{}{last}", "x".repeat(150));
            Address::of(&Dirs::under(Path::new(&home))).unwrap()
        };
        assert_ne!(of('a'), of('b'));
        assert_eq!(short_name(Path::new("a")), "af63dc4c8601ec8c");
    }
}
