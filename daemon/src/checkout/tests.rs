//! Checkouts that git made, in each state, and those that nobody should wait for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::*;

/// No look at a sound or a broken checkout takes this long.
const AT_ONCE: Duration = Duration::from_secs(5);

/// More than is ever read; without any block on the disk.
const HUGE_BYTES: u64 = 8 << 30;

const REMOTE: &str = "https://alice:hunter2@example.com/acme/app.git";

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A real path.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn git(&self, folder: &str, line: &str) -> String {
        let ran = Command::new("git")
            .arg("-C")
            .arg(self.path(folder))
            .args(line.split(' '))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "alice")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "a@b")))
            .output()
            .unwrap();
        assert!(ran.status.success(), "{line}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    /// A checkout with one commit on `main`; returns the commit.
    fn checkout(&self, name: &str, format: &str) -> String {
        self.git("", &format!("init -q -b main --ref-format={format} {name}"));
        self.git(name, &format!("remote add origin {REMOTE}"));
        fs::create_dir(self.path(name).join("src")).unwrap();
        self.git(name, "commit -q --allow-empty -m one");
        self.git(name, "rev-parse HEAD")
    }

    fn trailers(&self, place: &str) -> CodeTrailers {
        let before = state(self.folder.path());
        let begun = std::time::Instant::now();
        let found = Checkout::around(&self.path(place));
        let trailers = found.map(|found| found.trailers()).unwrap_or_default();
        assert!(begun.elapsed() < AT_ONCE);
        assert_eq!(state(self.folder.path()), before, "it was changed");
        assert!(!format!("{trailers:?}").contains("hunter2"));
        trailers
    }

    fn check(&self, place: &str, branch: Option<&str>, commit: Option<&str>) {
        let expected = CodeTrailers {
            repo: Some("acme/app".into()),
            branch: branch.map(str::to_owned),
            commit: commit.map(str::to_owned),
            spec: None,
        };
        assert_eq!(self.trailers(place), expected, "{place}");
    }
}

type State = BTreeMap<PathBuf, (SystemTime, Option<Vec<u8>>)>;

/// Times and bytes of everything below.
fn state(folder: &Path) -> State {
    let mut all = State::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let found = fs::symlink_metadata(&path).unwrap();
        if found.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        let is_read = found.is_file() && found.len() < HUGE_BYTES;
        let bytes = is_read.then(|| fs::read(&path).unwrap());
        all.insert(path, (found.modified().unwrap(), bytes));
    }
    all
}

fn every_state(format: &str) {
    let bench = Bench::new();
    let one = bench.checkout("app", format);
    bench.check("app", Some("main"), Some(&one));
    bench.check("app/src", Some("main"), Some(&one));
    bench.git("app", "pack-refs --all");
    bench.check("app", Some("main"), Some(&one));
    bench.git("app", "commit -q --allow-empty -m two");
    let two = bench.git("app", "rev-parse HEAD");
    bench.check("app", Some("main"), Some(&two));
    bench.git("app", "worktree add -q -b fix/it ../tree HEAD~1");
    bench.check("tree", Some("fix/it"), Some(&one));
    bench.git("tree", "checkout -q --detach main");
    bench.check("tree", None, Some(&two));
    bench.git("tree", "checkout -q --orphan new");
    bench.check("tree", Some("new"), None);
    bench.git("app", "symbolic-ref refs/heads/alias refs/heads/fix/it");
    bench.git("app", "symbolic-ref HEAD refs/heads/alias");
    bench.check("app", Some("alias"), Some(&one));
    let tags = (0..300).map(|number| format!(" main:refs/tags/t{number}"));
    bench.git("app", &format!("fetch -q .{}", tags.collect::<String>()));
    bench.git("app", "symbolic-ref HEAD refs/heads/main");
    bench.git("app", "pack-refs --all");
    bench.check("app", Some("main"), Some(&two));
    bench.git("app", "update-ref -d refs/heads/main");
    bench.check("app", Some("main"), None);
    let tree = Checkout::around(&bench.path("tree")).unwrap();
    assert_eq!(
        tree.common,
        Checkout::around(&bench.path("app")).unwrap().common
    );
    assert_eq!(tree.root, bench.path("tree"));
}

#[test]
fn every_state_of_a_checkout_with_files_is_known() {
    every_state("files");
}

#[test]
fn every_state_of_a_checkout_with_tables_is_known() {
    every_state("reftable");
}

#[test]
fn damaged_tables_are_left_out() {
    let bench = Bench::new();
    bench.checkout("app", "reftable");
    let folder = bench.path("app/.git/reftable");
    let list = fs::read_to_string(folder.join("tables.list")).unwrap();
    let table = folder.join(list.lines().last().unwrap());
    let whole = fs::read(&table).unwrap();
    fs::remove_file(&table).unwrap();
    for cut in 0..whole.len() {
        fs::write(&table, &whole[..cut]).unwrap();
        let _ = Checkout::around(&bench.path("app")).unwrap().trailers();
        let mut wrong = whole.clone();
        wrong[cut] ^= 0xff;
        fs::write(&table, &wrong).unwrap();
        let _ = Checkout::around(&bench.path("app")).unwrap().trailers();
    }
    fs::write(folder.join("tables.list"), "../../config\n/etc/passwd\n").unwrap();
    bench.check("app", None, None);
}

#[test]
fn where_nothing_is_known_nothing_is_said() {
    let bench = Bench::new();
    let check = |place: &str| assert_eq!(bench.trailers(place), CodeTrailers::default(), "{place}");
    check("nothing");
    for (name, text) in [
        ("empty", ""),
        ("words", "gitdir"),
        ("away", "gitdir: /nowhere/at/all"),
        ("itself", "gitdir: ."),
        ("long", &format!("gitdir: {}", "x".repeat(1 << 20))),
    ] {
        fs::create_dir(bench.path(name)).unwrap();
        fs::write(bench.path(name).join(".git"), text).unwrap();
        check(name);
    }
    fs::create_dir_all(bench.path("hollow/.git")).unwrap();
    check("hollow");
}

#[cfg(unix)]
fn pipe(path: PathBuf) {
    let _absent = fs::remove_file(&path);
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
}

#[cfg(unix)]
fn link(path: PathBuf, target: &str) {
    let _absent = fs::remove_file(&path);
    std::os::unix::fs::symlink(target, &path).unwrap();
}

#[cfg(unix)]
fn huge(path: PathBuf) {
    let _absent = fs::remove_file(&path);
    let file = fs::File::create(path).unwrap();
    file.set_len(HUGE_BYTES).unwrap();
}

#[cfg(unix)]
#[test]
fn nothing_in_a_checkout_is_waited_for() {
    let bench = Bench::new();
    let one = bench.checkout("app", "files");
    let config = bench.path("app/.git/config");
    let kept = fs::read(&config).unwrap();
    let repo = Some("acme/app".to_owned());
    let of = |branch: Option<&str>, repo: Option<String>| CodeTrailers {
        repo,
        branch: branch.map(str::to_owned),
        ..CodeTrailers::default()
    };
    let branch = bench.path("app/.git/refs/heads/main");
    for (name, spoil) in [
        ("pipe", &pipe as &dyn Fn(PathBuf)),
        ("loop", &|path| link(path, "main")),
        ("device", &|path| link(path, "/dev/zero")),
        ("huge", &huge),
    ] {
        spoil(branch.clone());
        assert_eq!(
            bench.trailers("app"),
            of(Some("main"), repo.clone()),
            "{name}"
        );
    }
    pipe(bench.path("app/.git/packed-refs"));
    assert_eq!(bench.trailers("app"), of(Some("main"), repo.clone()));
    fs::remove_file(bench.path("app/.git/packed-refs")).unwrap();
    huge(bench.path("app/.git/packed-refs"));
    let found = Checkout::around(&bench.path("app")).unwrap();
    assert_eq!(found.trailers(), of(Some("main"), repo.clone()));
    fs::remove_file(bench.path("app/.git/packed-refs")).unwrap();
    fs::remove_file(&branch).unwrap();
    fs::write(&branch, &one).unwrap();
    for spoil in [
        &pipe as &dyn Fn(PathBuf),
        &|path| link(path, "config"),
        &huge,
    ] {
        spoil(config.clone());
        let found = Checkout::around(&bench.path("app")).unwrap();
        assert_eq!(found.trailers().repo, None);
        fs::remove_file(&config).unwrap();
    }
    fs::write(&config, kept).unwrap();
    link(bench.path("app/.git/HEAD"), "refs/heads/main");
    bench.check("app", Some("main"), Some(&one));
    for spoil in [
        &pipe as &dyn Fn(PathBuf),
        &|path| link(path, "HEAD"),
        &|path| link(path, "/etc/hostname"),
    ] {
        spoil(bench.path("app/.git/HEAD"));
        assert_eq!(bench.trailers("app"), of(None, repo.clone()));
    }
    fs::create_dir(bench.path("piped")).unwrap();
    pipe(bench.path("piped/.git"));
    assert_eq!(bench.trailers("piped"), CodeTrailers::default());
    link(bench.path("round"), "round");
    assert_eq!(bench.trailers("round/src"), CodeTrailers::default());
}
