//! Where a code checkout stands, read from its `.git` as gitrepository-layout(5) describes it: git is
//! never run there, nothing is written, and no state of it is waited for.

use std::fs;
use std::path::{Path, PathBuf};

use platform::plain_file;
use threads::operation::CodeTrailers;

mod codeless;
mod looking;
mod project;
mod refs;
mod reftable;
#[cfg(test)]
mod tests;

pub(crate) use codeless::Codeless;
pub(crate) use looking::Looking;
pub(crate) use project::project_of;

/// How many folders above a place a checkout is looked for.
const ANCESTORS_MAX: usize = 64;

/// The longest file that holds one path or one ref.
const LINE_BYTES_MAX: u64 = 4 << 10;

/// The longest configuration that is read.
const CONFIGURATION_BYTES_MAX: u64 = 1 << 20;

/// A checkout, found and not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkout {
    /// Its top folder.
    pub(crate) root: PathBuf,
    /// What is its own: `HEAD`.
    git: PathBuf,
    /// What it shares with its other worktrees: branches and configuration.
    pub(crate) common: PathBuf,
}

impl Checkout {
    /// The checkout that a place lies in; the place is a real path, without links.
    pub(crate) fn around(place: &Path) -> Option<Self> {
        let folders = place.ancestors().take(ANCESTORS_MAX);
        let (root, found) = folders
            .map(|folder| (folder, fs::metadata(folder.join(".git"))))
            .find_map(|(folder, found)| Some((folder, found.ok()?)))?;
        let named = root.join(".git");
        let git = if found.is_dir() {
            named
        } else {
            let text = line(&named)?;
            root.join(text.strip_prefix("gitdir:")?.trim())
        };
        let git = git.canonicalize().ok()?;
        fs::symlink_metadata(git.join("HEAD")).ok()?;
        let common = match line(&git.join("commondir")) {
            Some(text) => git.join(text.trim()).canonicalize().ok()?,
            None => git.clone(),
        };
        Some(Self {
            root: root.to_owned(),
            git,
            common,
        })
    }

    /// What is known of it now: each part that cannot be read is left out.
    pub(crate) fn trailers(&self) -> CodeTrailers {
        let head = refs::head(&self.git, &self.common).unwrap_or_default();
        CodeTrailers {
            repo: self.remote().as_deref().and_then(project_of),
            branch: head.branch,
            commit: head.commit,
            spec: None,
        }
    }

    /// The address of its remote as it is written there, credentials included: `origin`, else the
    /// first one.
    pub(crate) fn remote(&self) -> Option<String> {
        let bytes = plain_file::read(&self.common.join("config"), CONFIGURATION_BYTES_MAX).ok()?;
        project::remote_in(&String::from_utf8_lossy(&bytes))
    }
}

/// The text of a small file.
fn line(path: &Path) -> Option<String> {
    let bytes = plain_file::read(path, LINE_BYTES_MAX).ok()?;
    String::from_utf8(bytes).ok()
}
