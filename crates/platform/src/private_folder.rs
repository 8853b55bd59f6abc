//! Folders that are ours alone: made 0700, and refused where another could have put something in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::os;

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It stands there as a link, which another could turn elsewhere.
    #[error("{0:?} is a symbolic link; remove it, so that a private folder can be made")]
    Link(PathBuf),
    /// It stands there as something else.
    #[error("{0:?} is no folder; remove it, so that a private folder can be made")]
    NoFolder(PathBuf),
    /// It belongs to another user.
    #[error("{path:?} belongs to another user (uid {owner}); it is not used")]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others may read or write in it.
    #[error("others may reach into {path:?} (mode {mode:03o}); run: chmod 700 {path:?}")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It cannot be made or looked at.
    #[error("{path:?} cannot be used")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl FolderError {
    /// Whether the operating system forbade it, as a sandbox does.
    #[must_use]
    pub fn is_not_permitted(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ),
            Self::Link(_) | Self::NoFolder(_) | Self::NotOurs { .. } | Self::Open { .. } => false,
        }
    }
}

/// Makes the folder, its parents included, where it is missing; then as [`check`]. Parents that
/// exist are left as they are.
///
/// # Errors
/// As [`check`].
pub fn ensure(path: &Path) -> Result<(), FolderError> {
    match os::create_private(path) {
        Ok(()) => (),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
        Err(source) => return Err(io_error(path, source)),
    }
    check(path)
}

/// Takes from everyone else what they may do in a folder of ours.
///
/// # Errors
/// The operating system's.
pub fn close(path: &Path) -> io::Result<()> {
    os::close_folder(path)
}

/// Proves that the folder is a folder, ours, and closed to everyone else.
///
/// # Errors
/// [`FolderError`], in words for a person.
pub fn check(path: &Path) -> Result<(), FolderError> {
    let found = fs::symlink_metadata(path).map_err(|source| io_error(path, source))?;
    if found.file_type().is_symlink() {
        return Err(FolderError::Link(path.to_owned()));
    }
    if !found.is_dir() {
        return Err(FolderError::NoFolder(path.to_owned()));
    }
    match os::openness(&found) {
        os::Openness::Ours => Ok(()),
        os::Openness::Others { owner } => Err(FolderError::NotOurs {
            path: path.to_owned(),
            owner,
        }),
        os::Openness::Open { mode } => Err(FolderError::Open {
            path: path.to_owned(),
            mode,
        }),
    }
}

fn io_error(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        source,
    }
}
