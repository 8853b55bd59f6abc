//! Fetching: which branch, what is new, what vanished.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use repository::{BACKUPS_MAX, Clone, CloneConfig, Kind};

use crate::bench::{Bench, author, operation, remote_at, run_again, script, succeeded, tip};

const A: (&str, Option<&str>) = ("a.md", Some("---\ntopic: a\n---\n"));
const B: (&str, Option<&str>) = ("b.md", Some("---\ntopic: b\n---\n"));

#[test]
fn an_empty_remote_has_no_tip_and_main_is_to_be() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let fetched = clone.fetch(&bench.remote()).unwrap();
    assert_eq!((fetched.tip, fetched.branch.as_str()), (None, "main"));
    assert!(!fetched.moved);
    assert_eq!(
        (clone.tip().unwrap(), clone.branch().as_deref()),
        (None, Some("main"))
    );
}

#[test]
fn news_come_once_and_survive_reopening() {
    let bench = Bench::new();
    let first = bench.commit("main", &[A]);
    let clone = bench.clone("clone");
    let fetched = clone.fetch(&bench.remote()).unwrap();
    assert_eq!((fetched.tip, fetched.moved), (Some(tip(&first)), true));
    assert!(fetched.bytes_received > 0);
    assert_eq!(fetched.rewritten, None);
    assert!(!clone.fetch(&bench.remote()).unwrap().moved);

    let second = bench.commit("main", &[B]);
    assert!(clone.fetch(&bench.remote()).unwrap().moved);
    drop(clone);
    assert_eq!(bench.clone("clone").tip().unwrap(), Some(tip(&second)));
    bench.check_sound("clone");
}

#[test]
fn only_the_branch_is_fetched() {
    let bench = Bench::new();
    bench.commit("main", &[A]);
    let other = bench.commit("other", &[B]);
    bench.git("tag -a -m x v1 main");
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    let refs = bench.git_in(&bench.path("clone"), "for-each-ref --format=%(refname)");
    assert_eq!(refs, "refs/remotes/origin/HEAD\nrefs/remotes/origin/main");
    assert!(
        !bench
            .git_in(
                &bench.path("clone"),
                "cat-file --batch-check --batch-all-objects"
            )
            .contains(&other)
    );
}

#[test]
fn the_branch_is_the_remotes_head_unless_set() {
    let bench = Bench::new();
    bench.commit("trunk", &[A]);
    // HEAD names a branch that is not there, and there is one other.
    assert_eq!(
        bench.clone("one").fetch(&bench.remote()).unwrap().branch,
        "trunk"
    );

    let other = bench.commit("other", &[B]);
    let error = bench.clone("two").fetch(&bench.remote()).unwrap_err();
    assert_eq!(error.kind, Kind::SettingsInvalid, "{error}");
    // What it was before still counts.
    assert_eq!(
        bench.clone("one").fetch(&bench.remote()).unwrap().branch,
        "trunk"
    );

    bench.git("symbolic-ref HEAD refs/heads/other");
    assert_eq!(
        bench.clone("three").fetch(&bench.remote()).unwrap().branch,
        "other"
    );

    let set = bench.clone_of("four", "", Some("trunk"));
    assert_eq!(set.branch().as_deref(), Some("trunk"));
    assert_eq!(set.fetch(&bench.remote()).unwrap().branch, "trunk");

    let mut remote = bench.remote();
    remote.branch = Some("nowhere/yet".to_owned());
    let fetched = bench.clone("five").fetch(&remote).unwrap();
    assert_eq!(
        (fetched.tip, fetched.branch.as_str()),
        (None, "nowhere/yet")
    );

    // The remote's HEAD moves to a branch that does not hold what was shown.
    let one = bench.clone("one");
    let shown = one.tip().unwrap();
    let fetched = one.fetch(&bench.remote()).unwrap();
    assert_eq!(
        (fetched.branch.as_str(), fetched.rewritten),
        ("other", shown)
    );
    assert_eq!(one.tip().unwrap(), Some(tip(&other)));
}

#[test]
fn a_rewritten_branch_is_told_and_the_old_tip_kept() {
    let bench = Bench::new();
    let first = bench.commit("main", &[A]);
    let second = bench.commit("main", &[B]);
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();

    // Back to an ancestor: what came after it has vanished.
    bench.git(&format!("update-ref refs/heads/main {first}"));
    let fetched = clone.fetch(&bench.remote()).unwrap();
    assert_eq!((fetched.tip, fetched.moved), (Some(tip(&first)), true));
    assert_eq!(fetched.rewritten, Some(tip(&second)));
    let kept = bench.git_in(
        &bench.path("clone"),
        &format!("rev-parse refs/backup/{second}"),
    );
    assert_eq!(kept, second);
    assert_eq!(clone.fetch(&bench.remote()).unwrap().rewritten, None);

    // Another history altogether.
    let tree = bench.git("rev-parse main^{tree}");
    let bob = "-c user.name=Bob -c user.email=bob@example.com";
    let orphan = bench.git(&format!("{bob} commit-tree -m new {tree}"));
    bench.git(&format!("update-ref refs/heads/main {orphan}"));
    let fetched = clone.fetch(&bench.remote()).unwrap();
    assert_eq!(
        (fetched.tip, fetched.rewritten),
        (Some(tip(&orphan)), Some(tip(&first)))
    );
    bench.check_sound("clone");
}

#[test]
fn the_newest_backups_are_kept() {
    let bench = Bench::new();
    let first = bench.commit("main", &[A]);
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    let tree = bench.git("rev-parse main^{tree}");
    let folder = bench.path("clone");
    bench.git_in(&folder, &format!("update-ref refs/backup/local {first}"));
    clone.back_up(&tip(&first)).unwrap();
    // Old by when it was kept, not by what its commit says.
    let by = "-c user.name=Bob -c user.email=bob@example.com";
    let made: Vec<String> = (0..BACKUPS_MAX)
        .map(|number| bench.git_in(&folder, &format!("{by} commit-tree -m {number} {tree}")))
        .collect();
    for commit in &made {
        clone.back_up(&tip(commit)).unwrap();
    }
    let kept = |name: &str| {
        let found = bench.git_in(&folder, &format!("for-each-ref refs/backup/{name}"));
        !found.is_empty()
    };
    assert!(
        made.iter().all(|commit| kept(commit)),
        "the newest are kept"
    );
    assert!(!kept(&first), "the oldest is let go");
    assert!(kept("local"), "another name is for good");
}

#[test]
fn a_branch_that_is_gone_is_told_and_never_made_again() {
    let bench = Bench::new();
    let first = bench.commit("main", &[A]);
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    bench.git("update-ref -d refs/heads/main");

    let error = clone.fetch(&bench.remote()).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error}");
    assert!(error.message.contains("'main'") && !error.hint.is_empty());
    assert_eq!(clone.tip().unwrap(), Some(tip(&first)));

    let onto = clone.tip().unwrap();
    let error = clone.push(
        &bench.remote(),
        onto.as_ref(),
        &[operation("a", 1)],
        &author(),
    );
    let Err(repository::PushError::Failed(error)) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(bench.git("for-each-ref"), "");
}

#[test]
fn what_is_not_there_is_told_apart() {
    let bench = Bench::new();
    let check = |url: String, expected: Kind| {
        let error = bench.clone("clone").fetch(&remote_at(&url)).unwrap_err();
        assert_eq!(error.kind, expected, "{url}: {error}");
        assert!(!error.hint.is_empty());
    };
    check(
        bench.path("nowhere.git").display().to_string(),
        Kind::Offline,
    );
    fs::create_dir(bench.path("empty")).unwrap();
    check(bench.path("empty").display().to_string(), Kind::NotFound);
}

#[test]
fn a_remote_that_is_silent_ends_at_the_deadline() {
    if let Some(folder) = env::var_os("SILENT") {
        let clone = Clone::open(Path::new(&folder), CloneConfig::default()).unwrap();
        let mut remote = remote_at(&folder.into_string().unwrap());
        remote.timeout = Duration::from_millis(500);
        let begun = Instant::now();
        let error = clone.fetch(&remote).unwrap_err();
        assert_eq!(error.kind, Kind::Offline);
        assert!(error.message.contains("did not answer in 0.5 s"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("git"), "sleep 60\n:");
    let path = folder.path().to_str().unwrap();
    let path = format!("{path}:{}", env::var("PATH").unwrap());
    let silent = folder.path().join("clone");
    run_again(
        "fetch::a_remote_that_is_silent_ends_at_the_deadline",
        &[("PATH", &path), ("SILENT", silent.to_str().unwrap())],
    );
}

#[test]
fn nothing_of_the_environment_but_home_and_path_is_needed() {
    if let Some(folder) = env::var_os("BARE_ENVIRONMENT") {
        let clone = Clone::open(&Path::new(&folder).join("c"), CloneConfig::default()).unwrap();
        let remote = remote_at(Path::new(&folder).join("remote.git").to_str().unwrap());
        assert_eq!(clone.fetch(&remote).unwrap().branch, "main");
        return;
    }
    let bench = Bench::new();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "fetch::nothing_of_the_environment_but_home_and_path_is_needed",
    ]);
    command
        .env_clear()
        .env("BARE_ENVIRONMENT", bench.folder.path());
    assert!(succeeded(&mut command).contains("1 passed"));
}

#[test]
fn a_folder_of_another_owner_is_served_where_the_user_allows_it() {
    if let Some(folder) = env::var_os("OTHERS_FOLDER") {
        let folder = Path::new(&folder);
        let clone = Clone::open(&folder.join("clone"), CloneConfig::default()).unwrap();
        let remote = remote_at(folder.join("remote.git").to_str().unwrap());
        let error = clone.fetch(&remote).unwrap_err();
        assert_eq!(error.kind, Kind::SettingsInvalid, "{error}");
        assert!(error.hint.contains("safe.directory"));
        let allow = format!("[safe]\n\tdirectory = {}/remote.git\n", folder.display());
        fs::write(folder.join("gitconfig"), allow).unwrap();
        assert_eq!(clone.fetch(&remote).unwrap().branch, "main");
        return;
    }
    let bench = Bench::new();
    let mut chown = Command::new("chown");
    let output = chown
        .args(["-R", "12345"])
        .arg(bench.remote_path())
        .output()
        .unwrap();
    if !output.status.success() {
        eprintln!("SKIPPED: only the superuser can give a folder to another owner");
        return;
    }
    let config = bench.path("gitconfig");
    fs::write(&config, "").unwrap();
    run_again(
        "fetch::a_folder_of_another_owner_is_served_where_the_user_allows_it",
        &[
            ("OTHERS_FOLDER", bench.folder.path().to_str().unwrap()),
            ("GIT_CONFIG_GLOBAL", config.to_str().unwrap()),
        ],
    );
}
