//! Keeping a clone small: by git, by cloning anew, by ourselves; nothing that is needed goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use repository::{Clone, Kind, LOOSE_MAX, Tidied, Tip, Way, git};

use crate::bench::{Bench, author, count, isolated_git, operation, succeeded};

/// Enough that three objects each are more than may lie about.
const MANY: u32 = 210;

/// In one push; more would be a pack.
const PUSHED: u32 = 7;

/// Pushes `MANY` operations, few at a time, and fetches news between them.
fn with_history(bench: &Bench, clone: &Clone) -> Tip {
    let remote = bench.remote();
    let mut tip = clone.fetch(&remote).unwrap().tip;
    for part in 0..MANY / PUSHED {
        let operations: Vec<_> = (0..PUSHED)
            .map(|n| operation("alpha", part * PUSHED + n))
            .collect();
        tip = Some(
            clone
                .push(&remote, tip.as_ref(), &operations, &author())
                .unwrap()
                .tip,
        );
        if part % 5 == 0 {
            bench.commit("main", &[("beta.md", Some(&format!("# beta {part}\n")))]);
            tip = clone.fetch(&remote).unwrap().tip;
        }
    }
    tip.unwrap()
}

/// Every thread's text as the clone has it.
fn texts(clone: &Clone, tip: &Tip) -> Vec<String> {
    let read = |file: repository::File| String::from_utf8(clone.read(&file.blob).unwrap()).unwrap();
    clone.files(tip).unwrap().into_iter().map(read).collect()
}

fn packs(clone: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(clone.join("objects/pack")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|e| e == "pack"))
        .collect()
}

/// Tidies a clone with a history while others read it: what is read does not change, and one pack
/// is left.
fn check(git: Option<&Path>, expected: Way) {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let tip = with_history(&bench, &clone);
    let fetch = Bench::fetch_into(bench.remote());
    let before = texts(&clone, &tip);
    let done = AtomicBool::new(false);
    let tidied = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(texts(&clone, &tip), before);
                }
            });
        }
        let tidied = clone.tidy(git, Some(&fetch));
        done.store(true, Ordering::Relaxed);
        tidied.unwrap()
    });
    assert_eq!(tidied.way, expected);
    assert!(
        tidied.before.loose > LOOSE_MAX && tidied.before.packs >= 4,
        "{tidied:?}"
    );
    assert_eq!((tidied.after.loose, tidied.after.packs), (0, 1));
    assert!(tidied.after.bytes * 20 < tidied.before.bytes, "{tidied:?}");
    assert_eq!(packs(&bench.path("clone")).len(), 1);
    assert_eq!(clone.tip().unwrap(), Some(tip));
    assert_eq!(texts(&clone, &tip), before);
    bench.check_sound("clone");

    let again = clone.tidy(git, Some(&fetch)).unwrap();
    assert_eq!((again.way, again.before), (Way::Nothing, tidied.after));
    let pushed = clone.push(
        &bench.remote(),
        Some(&tip),
        &[operation("alpha", 9_000)],
        &author(),
    );
    assert_ne!(pushed.unwrap().tip, tip);
    bench.check_sound("clone");
}

#[test]
fn git_makes_one_pack_and_readers_notice_nothing() {
    check(git().as_deref(), Way::Git);
}

#[test]
fn without_git_it_is_cloned_anew_and_readers_notice_nothing() {
    check(None, Way::Anew);
}

#[test]
fn a_git_that_fails_is_done_without() {
    check(Some(Path::new("/bin/false")), Way::Anew);
}

#[test]
fn replayed_commits_that_were_never_taken_go_away_and_old_tips_stay() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let old = with_history(&bench, &clone);
    let lost = old.to_string();
    bench.git_in(&bench.path("work"), "checkout --quiet --orphan other");
    bench.git_in(&bench.path("work"), "commit --quiet -m rewritten");
    bench.git_in(
        &bench.path("work"),
        "push --quiet --force origin other:main",
    );
    let fetched = clone.fetch(&bench.remote()).unwrap();
    assert_eq!(fetched.rewritten, Some(old));
    // A push that is not taken leaves its commits.
    bench.hook("pre-receive", "exit 1");
    let refused = clone.push(
        &bench.remote(),
        fetched.tip.as_ref(),
        &[operation("gamma", 1)],
        &author(),
    );
    assert!(refused.is_err());
    let dangling = || bench.git_in(&bench.path("clone"), "fsck --no-reflogs --unreachable");
    assert!(dangling().contains("unreachable commit"), "{}", dangling());

    let tidied = clone
        .tidy(git().as_deref(), Some(&Bench::fetch_into(bench.remote())))
        .unwrap();
    assert_eq!(tidied.way, Way::Git);
    assert_eq!(dangling(), "");
    let kept = bench.git_in(
        &bench.path("clone"),
        &format!("rev-parse refs/backup/{lost}"),
    );
    assert_eq!(kept, lost);
    bench.git_in(&bench.path("clone"), &format!("rev-list --objects {lost}"));
}

/// A local-only clone with a history, tidied.
fn local(git: Option<&Path>, damage: impl FnOnce(&Path)) -> (Bench, Clone, Result<Tidied, Kind>) {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    for part in 0..MANY / PUSHED {
        let operations: Vec<_> = (0..PUSHED)
            .map(|n| operation("alpha", part * PUSHED + n))
            .collect();
        clone.commit_local(&operations, &author()).unwrap();
    }
    damage(&bench.path("clone"));
    let tidied = clone.tidy(git, None).map_err(|error| error.kind);
    (bench, clone, tidied)
}

fn check_local(git: Option<&Path>, expected: Way) {
    let orphan = std::cell::Cell::new(String::new());
    let (bench, clone, tidied) = local(git, |path| {
        let mut git = isolated_git(path);
        orphan.set(succeeded(git.args(["hash-object", "-w", "config"])));
    });
    let tidied = tidied.unwrap();
    assert_eq!(tidied.way, expected);
    // Where our branch is the truth, nothing is thrown away: the orphan, and the empty tree that
    // the first commit began with.
    assert_eq!((tidied.after.loose, tidied.after.packs), (2, 1));
    bench.git_in(
        &bench.path("clone"),
        &format!("cat-file -e {}", orphan.take()),
    );
    let tip = clone.local_tip().unwrap().unwrap();
    let text = texts(&clone, &tip).remove(0);
    for number in 0..MANY {
        assert_eq!(count(&text, &operation("alpha", number)), 1);
    }
    assert_eq!(
        bench.git_in(&bench.path("clone"), "rev-list --count refs/heads/main"),
        MANY.to_string()
    );
    bench.check_sound("clone");

    // Once more, with a pack there already.
    for part in 100..100 + MANY / 10 {
        let operations: Vec<_> = (0..10).map(|n| operation("beta", part * 10 + n)).collect();
        clone.commit_local(&operations, &author()).unwrap();
    }
    let again = clone.tidy(git, None).unwrap();
    assert_eq!(
        (again.way, again.after.loose, again.after.packs),
        (expected, 2, 1)
    );
    bench.check_sound("clone");
}

#[test]
fn a_local_only_clone_is_packed_in_place_by_git() {
    check_local(git().as_deref(), Way::Git);
}

#[test]
fn a_local_only_clone_is_packed_in_place_without_git() {
    check_local(None, Way::Ourselves);
}

#[test]
fn nothing_is_removed_from_a_local_only_clone_that_is_damaged() {
    for git in [git(), None] {
        let damage = |path: &Path| {
            let mut git = isolated_git(path);
            let blob = succeeded(git.args(["rev-parse", "refs/heads/main~5:alpha.md"]));
            fs::remove_file(path.join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
        };
        let (_bench, clone, tidied) = local(git.as_deref(), damage);
        assert_eq!(tidied, Err(Kind::Damaged));
        let clutter = clone.clutter().unwrap();
        // The empty tree, which the first commit began with, stands for the one that is missing.
        assert_eq!((clutter.loose, clutter.packs), (3 * MANY as usize, 0));
        let tip = clone.local_tip().unwrap().unwrap();
        assert_eq!(texts(&clone, &tip).len(), 1, "what is readable is read");
    }
}

#[test]
fn a_damaged_clone_is_cloned_anew_when_it_is_to_be_packed() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let tip = with_history(&bench, &clone);
    let blob = bench.git_in(&bench.path("clone"), &format!("rev-parse {tip}~7:alpha.md"));
    fs::remove_file(
        bench
            .path("clone/objects")
            .join(&blob[..2])
            .join(&blob[2..]),
    )
    .unwrap();
    let tidied = clone
        .tidy(git().as_deref(), Some(&Bench::fetch_into(bench.remote())))
        .unwrap();
    assert_eq!(tidied.way, Way::Anew);
    bench.check_sound("clone");
    assert_eq!(clone.tip().unwrap(), Some(tip));
}
