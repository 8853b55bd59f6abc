//! What the tests share: remotes made by git itself, operations, waiting, an environment apart.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use repository::{Author, Clone, CloneConfig, Fetched, Remote, RemoteUrl, Tip, TransferError};
use tempfile::TempDir;
use threads::entry_id::EntryId;
use threads::header::HeaderForm;
use threads::operation::{CodeTrailers, NewThread, Operation, Seen};
use threads::timestamp::Timestamp;
use threads::topic::Topic;

/// Long enough for anything that should work on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A bare repository that git made, in a folder of its own.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
}

impl Bench {
    /// With `remote.git`, bare and empty, whose HEAD names `main`.
    pub(crate) fn new() -> Bench {
        let bench = Bench {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        bench.git_in(
            bench.folder.path(),
            "init --quiet --bare -b main remote.git",
        );
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn remote_path(&self) -> PathBuf {
        self.path("remote.git")
    }

    pub(crate) fn remote(&self) -> Remote {
        remote_at(&format!("file://{}", self.remote_path().display()))
    }

    /// A new private clone, of everything in the tree.
    pub(crate) fn clone(&self, name: &str) -> Clone {
        self.clone_of(name, "", None)
    }

    pub(crate) fn clone_of(&self, name: &str, directory: &str, branch: Option<&str>) -> Clone {
        let branch = branch.map(str::to_owned);
        let config = CloneConfig {
            directory: directory.to_owned(),
            branch,
        };
        Clone::open(&self.path(name), config).expect("the clone opens")
    }

    /// Fetches a remote into a fresh clone.
    pub(crate) fn fetch_into(remote: Remote) -> impl Fn(&Path) -> Result<Fetched, TransferError> {
        move |path| Clone::open(path, CloneConfig::default())?.fetch(&remote)
    }

    /// Runs git in the remote; its stdout, trimmed.
    pub(crate) fn git(&self, arguments: &str) -> String {
        self.git_in(&self.remote_path(), arguments)
    }

    pub(crate) fn git_in(&self, folder: &Path, arguments: &str) -> String {
        let words: Vec<&str> = arguments.split(' ').collect();
        succeeded(isolated_git(folder).args(words))
    }

    /// Commits files to a branch of the remote as another person would, from a work tree.
    /// `None` as the content removes the file.
    pub(crate) fn commit(&self, branch: &str, files: &[(&str, Option<&str>)]) -> String {
        let work = self.path("work");
        if !work.exists() {
            self.git_in(self.folder.path(), "clone --quiet remote.git work");
        }
        self.git_in(&work, "fetch --quiet origin");
        let known = !self
            .git(&format!("for-each-ref refs/heads/{branch}"))
            .is_empty();
        if known {
            self.git_in(
                &work,
                &format!("checkout --quiet -B {branch} origin/{branch}"),
            );
        } else {
            self.git_in(&work, &format!("checkout --quiet --orphan {branch}"));
            self.git_in(&work, "rm -r --quiet --force --cached --ignore-unmatch .");
        }
        for (name, content) in files {
            let file = work.join(name);
            fs::create_dir_all(file.parent().expect("files are in the tree")).expect("folder");
            match content {
                Some(content) => fs::write(&file, content).expect("write a file"),
                None => fs::remove_file(&file).expect("remove a file"),
            }
            self.git_in(&work, &format!("add --all -- {name}"));
        }
        self.git_in(&work, "commit --quiet --allow-empty -m change");
        self.git_in(&work, &format!("push --quiet origin {branch}"));
        self.git(&format!("rev-parse {branch}"))
    }

    /// Puts an executable hook into the remote.
    pub(crate) fn hook(&self, name: &str, lines: &str) {
        script(&self.remote_path().join("hooks").join(name), lines);
    }

    pub(crate) fn remove_hook(&self, name: &str) {
        fs::remove_file(self.remote_path().join("hooks").join(name)).expect("remove a hook");
    }

    /// The content of a file at the remote's branch.
    pub(crate) fn file(&self, branch: &str, path: &str) -> String {
        self.git(&format!("show {branch}:{path}"))
    }

    /// That git finds nothing wrong in the remote, nor in a clone.
    pub(crate) fn check_sound(&self, clone: &str) {
        self.git("fsck --strict --no-dangling");
        self.git_in(&self.path(clone), "fsck --strict --no-dangling");
    }
}

pub(crate) fn remote_at(url: &str) -> Remote {
    let url = RemoteUrl::parse(url).expect("the address is proper");
    Remote {
        url,
        branch: None,
        ssh_key: None,
        timeout: PATIENCE,
    }
}

pub(crate) fn author() -> Author {
    Author {
        name: "Alice Example".to_owned(),
        email: "alice@example.com".to_owned(),
    }
}

/// The `number`th entry for a topic, of a writer who saw nothing and makes the thread if need be.
pub(crate) fn operation(topic: &str, number: u32) -> Operation {
    Operation {
        format: 1,
        id: EntryId::parse(&format!("01JGT{topic}{number:08}")).expect("letters and digits"),
        topic: Topic::of_file_name(&format!("{topic}.md")).expect("a topic"),
        agent: "Claude (alice)".to_owned(),
        timestamp: Timestamp::from_unix_seconds(1_767_600_000 + i64::from(number)),
        role: "planner".to_owned(),
        entry_type: "Note".to_owned(),
        title: format!("Title {number}"),
        body: format!("Body {number} of {topic}."),
        ball: None,
        status: None,
        creates: Some(NewThread {
            title: topic.to_owned(),
            form: HeaderForm::FrontMatter,
            ball: "Team".to_owned(),
            status: "OPEN".to_owned(),
        }),
        seen: Seen {
            ball: None,
            status: None,
            newest: None,
            entries_len: 0,
        },
        made_on: None,
        code: CodeTrailers {
            repo: None,
            branch: None,
            commit: None,
            spec: None,
        },
        key: None,
        arguments_digest: None,
        edit: None,
    }
}

/// How often an operation's ID comment stands in a text.
pub(crate) fn count(text: &str, operation: &Operation) -> usize {
    text.matches(&format!("<!-- Entry-ID: {} -->", operation.id.as_str()))
        .count()
}

pub(crate) fn tip(text: &str) -> Tip {
    Tip::parse(text).expect("40 hex digits")
}

/// A git without anybody's configuration, and with a committer.
pub(crate) fn isolated_git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=Bob", "-c", "user.email=bob@example.com"])
        .args(["-c", "gc.auto=0", "-c", "init.defaultBranch=main"]);
    command
}

pub(crate) fn succeeded(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {said}");
    String::from_utf8(stdout)
        .expect("text")
        .trim_end()
        .to_owned()
}

/// Waits for a condition that something outside brings about.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::yield_now();
    }
}

/// Runs one test again, alone, in a process with more in its environment; what it is to do there it
/// learns from a variable of its own.
pub(crate) fn run_again(test: &str, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().expect("the test's program"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.envs(environment.iter().copied());
    let said = succeeded(&mut command);
    assert!(
        said.contains("1 passed"),
        "no test is called {test}: {said}"
    );
}

/// Writes a program of a few lines.
pub(crate) fn script(path: &Path, lines: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(path.parent().expect("programs are in a folder")).expect("a folder");
    fs::write(path, format!("#!/bin/sh\n{lines}\n")).expect("write a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("make it run");
}
