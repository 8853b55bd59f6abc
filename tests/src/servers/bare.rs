//! A bare repository in a folder, the remote behind `file://` and behind sshd, which remembers
//! whether anybody ever forced a push.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::git;
use crate::python_reader;
use crate::scratch;

/// Runs for each updated ref; what is no descendant of what stood there was forced.
const UPDATE_HOOK: &str = r#"#!/bin/sh
case "$2" in *[!0]*) ;; *) exit 0 ;; esac
git merge-base --is-ancestor "$2" "$3" || echo "$1 $2 $3" >> forced
exit 0
"#;

/// A remote with no server but the file system.
#[derive(Debug)]
pub struct BareRepository {
    folder: TempDir,
}

impl BareRepository {
    /// An empty one, whose HEAD names `main`.
    #[must_use]
    pub fn new() -> Self {
        let folder = scratch::folder();
        git::git(
            folder.path(),
            &["init", "--quiet", "--bare", "-b", "main", "remote.git"],
        );
        let bare = Self { folder };
        bare.hook("update", UPDATE_HOOK);
        bare
    }

    /// One whose branch `main` holds these files, in one commit with this message.
    #[must_use]
    pub fn holding(files: &[(&str, &[u8])], message: &str) -> Self {
        let bare = Self::new();
        bare.push(files, message);
        bare
    }

    /// Where it lies, unless it is away.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    /// `file://…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// Takes it away, as a disk that is not mounted.
    pub fn go_away(&self) {
        fs::rename(self.path(), self.away()).expect("it is here");
    }

    /// Brings it back.
    pub fn come_back(&self) {
        fs::rename(self.away(), self.path()).expect("it is away");
    }

    /// Commits and pushes files with plain git from a fresh clone, as carol would.
    pub fn push(&self, files: &[(&str, &[u8])], message: &str) {
        let work = scratch::folder();
        git::git(work.path(), &["clone", "--quiet", &self.url(), "."]);
        for (name, bytes) in files {
            fs::write(work.path().join(name), bytes).expect("a clone can be written");
        }
        git::git(work.path(), &["add", "--all"]);
        git::git(work.path(), &["commit", "--quiet", "--message", message]);
        git::git(work.path(), &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// The bytes of a file on `main`.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        git::file(&self.path(), "main", path)
    }

    /// The text of a file on `main`.
    ///
    /// # Panics
    /// Where it is absent or no UTF-8.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        let bytes = self.file(path);
        let bytes = bytes.unwrap_or_else(|| panic!("{path} is not on the remote"));
        String::from_utf8(bytes).expect("we write UTF-8")
    }

    /// The commits of `main`, newest first.
    #[must_use]
    pub fn log(&self) -> Vec<git::Commit> {
        git::log(&self.path(), "main")
    }

    /// How often an operation stands in the log.
    #[must_use]
    pub fn commits_of(&self, entry_id: &str) -> usize {
        let log = self.log();
        let of_entry =
            |commit: &&git::Commit| commit.trailer("Watercooler-Entry-ID") == Some(entry_id);
        log.iter().filter(of_entry).count()
    }

    /// Installs a server-side hook.
    pub fn hook(&self, name: &str, script: &str) {
        let path = self.path().join("hooks").join(name);
        fs::create_dir_all(path.parent().expect("a hook lies in hooks/"))
            .and_then(|()| fs::write(&path, script))
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .expect("a hook can be written");
    }

    /// Insists that the objects are sound and that no push was forced.
    ///
    /// # Panics
    /// With what is wrong.
    pub fn assert_sound(&self) {
        git::assert_sound(&self.path());
        let forced = self.path().join("forced");
        let lines = fs::read_to_string(forced).unwrap_or_default();
        assert!(lines.is_empty(), "forced pushes: {lines}");
    }

    /// Insists that the thread holds these entries and no others, each once and under one header,
    /// that each came in a commit of its own, and that [`BareRepository::assert_sound`].
    ///
    /// # Panics
    /// With what is wrong.
    pub fn assert_holds_once(&self, topic: &str, ids: &BTreeSet<String>) {
        let text = self.text(&format!("{topic}.md"));
        let there: Vec<String> = python_reader::entries(&text)
            .into_iter()
            .filter_map(|entry| entry.id)
            .collect();
        assert_eq!(there.len(), ids.len(), "nothing lost or doubled: {text}");
        assert_eq!(&there.into_iter().collect::<BTreeSet<_>>(), ids);
        for key in ["topic", "status", "ball", "created"] {
            let headers = python_reader::header_lines(&text, key);
            assert_eq!(headers, 1, "one header: {text}");
        }
        assert!(!text.contains("<<<<<<<") && !text.contains(">>>>>>>"));
        let log = self.log();
        let commits: Vec<&str> = log
            .iter()
            .filter_map(|commit| commit.trailer("Watercooler-Entry-ID"))
            .collect();
        assert_eq!(commits.len(), ids.len(), "a commit an entry");
        self.assert_sound();
    }

    fn away(&self) -> PathBuf {
        self.folder.path().join("away.git")
    }
}

impl Default for BareRepository {
    fn default() -> Self {
        Self::new()
    }
}

impl AsRef<Path> for BareRepository {
    fn as_ref(&self) -> &Path {
        self.folder.path()
    }
}
