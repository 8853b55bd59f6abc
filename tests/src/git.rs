//! Drives the `git` command, as another person's tool would.

use std::path::Path;
use std::process::Command;

use crate::cli::Ran;
use crate::wait::{PATIENCE, wait_until};

/// One commit of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// 40 hex digits.
    pub hash: String,
    /// `Name <address>`.
    pub author: String,
    /// The first line.
    pub subject: String,
    /// In their order.
    pub trailers: Vec<(String, String)>,
}

impl Commit {
    /// The value of the first trailer of that name.
    #[must_use]
    pub fn trailer(&self, name: &str) -> Option<&str> {
        let found = self.trailers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A `git` command in `folder` that sees no settings but the repository's own, as carol.
#[must_use]
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Carol Example")
        .env("GIT_AUTHOR_EMAIL", "carol@example.com")
        .env("GIT_COMMITTER_NAME", "Carol Example")
        .env("GIT_COMMITTER_EMAIL", "carol@example.com");
    command
}

/// Runs `git` and returns its output.
///
/// # Panics
/// Where it fails.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    Ran::run(command(folder).args(arguments), "").done().stdout
}

/// The commits of `branch`, newest first.
#[must_use]
pub fn log(repository: &Path, branch: &str) -> Vec<Commit> {
    let format = "%H%x1f%an <%ae>%x1f%s%x1f%(trailers:only,unfold,separator=%x1d)%x1e";
    let text = git(
        repository,
        &[
            "log",
            "--first-parent",
            &format!("--format={format}"),
            branch,
        ],
    );
    text.split('\u{1e}')
        .map(str::trim)
        .filter(|record| !record.is_empty())
        .map(commit)
        .collect()
}

fn commit(record: &str) -> Commit {
    let mut fields = record.split('\u{1f}').map(str::to_owned);
    let mut next = || fields.next().expect("a record has four fields");
    let (hash, author, subject, trailers) = (next(), next(), next(), next());
    let trailers = trailers
        .split('\u{1d}')
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Commit {
        hash,
        author,
        subject,
        trailers,
    }
}

/// The bytes of a file at the tip of `branch`; `None` where branch or file are absent.
#[must_use]
pub fn file(repository: &Path, branch: &str, path: &str) -> Option<Vec<u8>> {
    let output = command(repository)
        .args(["cat-file", "blob", &format!("{branch}:{path}")])
        .output()
        .expect("git starts");
    output.status.success().then_some(output.stdout)
}

/// What git's own housekeeping holds while it runs, behind the back of the push that caused it.
const HOUSEKEEPING: [&str; 2] = ["gc.pid", "objects/maintenance.lock"];

/// Insists that `git fsck` finds nothing wrong, when no housekeeping moves packs away under it.
///
/// # Panics
/// With what it found.
pub fn assert_sound(repository: &Path) {
    wait_until("git's housekeeping has ended", PATIENCE, || {
        HOUSEKEEPING
            .iter()
            .all(|lock| !repository.join(lock).exists())
    });
    let ran = Ran::run(
        command(repository).args(["fsck", "--full", "--strict", "--no-dangling"]),
        "",
    );
    let ran = ran.done();
    let complaints = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        !complaints.contains("error") && !complaints.contains("missing"),
        "git fsck: {complaints}"
    );
}
