//! Another person with a clone and plain git, who knows nothing of us.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::git;
use crate::scratch;
use crate::servers::bare::BareRepository;

/// A person and a clone of a remote, on `main`.
#[derive(Debug)]
pub struct Person {
    folder: TempDir,
    remote: PathBuf,
}

impl Person {
    /// Clones a remote, wherever it is at the moment.
    #[must_use]
    pub fn clone_of(remote: &BareRepository) -> Self {
        let person = Self {
            folder: scratch::folder(),
            remote: remote.path(),
        };
        person.git(&["init", "--quiet", "-b", "main", "."]);
        person.pull();
        person
    }

    /// The work tree.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `git` in the work tree; its output, trimmed.
    ///
    /// # Panics
    /// Where it fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        git::git(self.folder(), arguments).trim().to_owned()
    }

    /// The commit that is checked out.
    #[must_use]
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Checks out what the remote has, whatever is here.
    pub fn pull(&self) {
        let found = git::git(&self.whereabouts(), &["branch", "--list", "main"]);
        if found.is_empty() {
            return;
        }
        let from = self.whereabouts();
        self.git(&["fetch", "--quiet", path(&from), "main"]);
        self.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    }

    /// Writes a file of the work tree.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let file = self.folder().join(name);
        fs::create_dir_all(file.parent().expect("a file lies in the clone"))
            .and_then(|()| fs::write(file, bytes))
            .expect("a clone can be written");
    }

    /// The bytes of a file of the work tree.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder().join(name)).expect("the file is in the clone")
    }

    /// Adds text at a file's end.
    pub fn append(&self, name: &str, text: &str) {
        let mut bytes = self.read(name);
        bytes.extend_from_slice(text.as_bytes());
        self.write(name, bytes);
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.head()
    }

    /// Pushes as anybody does.
    pub fn push(&self) {
        let to = self.whereabouts();
        self.git(&["push", "--quiet", path(&to), "HEAD:refs/heads/main"]);
    }

    /// Puts the remote's branch where this clone is, whatever stood there, on the server itself.
    pub fn rewrite(&self) {
        let refspec = "+HEAD:refs/heads/main";
        git::git(
            &self.whereabouts(),
            &["fetch", "--quiet", path(self.folder()), refspec],
        );
    }

    /// The remote, also where it was taken away from everybody else.
    #[must_use]
    pub fn whereabouts(&self) -> PathBuf {
        if self.remote.exists() {
            self.remote.clone()
        } else {
            self.remote.with_file_name("away.git")
        }
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("our folders have plain names")
}
