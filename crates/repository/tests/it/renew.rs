//! Cloning anew: whatever is broken in the old clone, the new one is whole and keeps what it can.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use repository::{Clone, Kind, RemoteUrl};

use crate::bench::{Bench, author, count, operation};

/// Where a clone's only pack is, with this extension.
fn pack(clone: &Path, extension: &str) -> PathBuf {
    let files = fs::read_dir(clone.join("objects/pack")).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    files
        .find(|file| file.extension().is_some_and(|e| e == extension))
        .unwrap()
}

fn writable(path: &Path) -> fs::File {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    OpenOptions::new().write(true).open(path).unwrap()
}

/// Overwrites a file behind its first bytes.
fn overwrite(path: &Path) {
    let len = usize::try_from(path.metadata().unwrap().len()).unwrap();
    let mut file = writable(path);
    file.seek(SeekFrom::Start(12)).unwrap();
    file.write_all(&vec![0xa5; len - 12]).unwrap();
}

type Damage = (&'static str, fn(&Path));

fn damages() -> [Damage; 8] {
    [
        ("a pack's bytes", |clone| overwrite(&pack(clone, "pack"))),
        ("an index cut short", |clone| {
            writable(&pack(clone, "idx")).set_len(100).unwrap()
        }),
        ("no index", |clone| {
            fs::remove_file(pack(clone, "idx")).unwrap()
        }),
        ("no HEAD", |clone| {
            fs::remove_file(clone.join("HEAD")).unwrap()
        }),
        ("a ref of nonsense", |clone| {
            fs::write(clone.join("refs/remotes/origin/main"), "nonsense").unwrap();
        }),
        ("no objects", |clone| {
            fs::remove_dir_all(clone.join("objects")).unwrap()
        }),
        ("a file for a folder", |clone| {
            fs::remove_dir_all(clone).unwrap();
            fs::write(clone, "no folder").unwrap();
        }),
        ("nothing", |clone| fs::remove_dir_all(clone).unwrap()),
    ]
}

/// A clone that has fetched a thread of many entries, in one pack.
fn fetched(bench: &Bench) -> Clone {
    let writer = bench.clone("writer");
    let mut tip = None;
    for part in 0..5 {
        let operations: Vec<_> = (0..10).map(|n| operation("alpha", part * 10 + n)).collect();
        let pushed = writer.push(&bench.remote(), tip.as_ref(), &operations, &author());
        tip = Some(pushed.unwrap().tip);
    }
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    clone
}

#[test]
fn a_clone_damaged_in_any_way_is_made_anew_under_the_same_handle() {
    for (what, damage) in damages() {
        let bench = Bench::new();
        let clone = fetched(&bench);
        let tip = clone.tip().unwrap().unwrap();
        damage(&bench.path("clone"));
        let renewed = clone
            .renew(Some(&tip), &Bench::fetch_into(bench.remote()))
            .unwrap();
        let fetched = renewed.fetched;
        assert_eq!(
            (fetched.tip, fetched.moved, fetched.rewritten),
            (Some(tip), false, None),
            "{what}"
        );
        let files = clone.files(&tip).unwrap();
        let text = String::from_utf8(clone.read(&files[0].blob).unwrap()).unwrap();
        assert_eq!(count(&text, &operation("alpha", 49)), 1, "{what}");
        bench.check_sound("clone");
        assert!(!bench.path("clone.new.git").exists() && !bench.path("clone.old.git").exists());
        let pushed = clone.push(
            &bench.remote(),
            Some(&tip),
            &[operation("alpha", 99)],
            &author(),
        );
        assert_ne!(pushed.unwrap().tip, tip, "{what}");
    }
}

#[test]
fn damage_met_by_reading_fetching_or_pushing_is_called_damage() {
    for (what, damage) in damages() {
        let bench = Bench::new();
        let clone = fetched(&bench);
        let tip = clone.tip().unwrap().unwrap();
        damage(&bench.path("clone"));
        // As a handle that has not read before, and as the operations of one exchange.
        clone.forget_handles();
        let seen = clone.files(&tip).and_then(|files| {
            files
                .iter()
                .try_for_each(|file| clone.read(&file.blob).map(drop))
        });
        let read = seen.map_err(|error| repository::TransferError::from(error).kind);
        let fetched = clone
            .fetch(&bench.remote())
            .map(drop)
            .map_err(|error| error.kind);
        assert!(
            read == Err(Kind::Damaged) || fetched == Err(Kind::Damaged),
            "{what}: read {read:?}, fetched {fetched:?}"
        );
    }
}

#[test]
fn old_tips_are_carried_over_and_a_rewritten_one_is_told() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let mut tips = Vec::new();
    for n in 0..3 {
        let text = format!("# of history {n}\n");
        let work = bench.path("work");
        if n == 0 {
            bench.commit("main", &[("one.md", Some(&text))]);
        } else {
            bench.git_in(&work, &format!("checkout --quiet --orphan other{n}"));
            fs::write(work.join("one.md"), &text).unwrap();
            bench.git_in(&work, "add --all");
            bench.git_in(&work, "commit --quiet -m rewritten");
            bench.git_in(&work, &format!("push --quiet --force origin other{n}:main"));
        }
        if n < 2 {
            tips.push(clone.fetch(&bench.remote()).unwrap().tip.unwrap());
        }
    }
    // The first lies under refs/backup/, the second is shown, the third is on the remote alone.
    let renewed = clone
        .renew(Some(&tips[1]), &Bench::fetch_into(bench.remote()))
        .unwrap();
    assert_eq!(renewed.fetched.rewritten, Some(tips[1]));
    assert_eq!((renewed.fetched.moved, renewed.backups_lost), (true, 0));
    for tip in &tips {
        let path = bench.path("clone");
        let kept = bench.git_in(&path, &format!("rev-parse refs/backup/{tip}"));
        assert_eq!(kept, tip.to_string());
        let files = clone.files(tip).unwrap();
        clone.read(&files[0].blob).unwrap();
    }
    bench.check_sound("clone");
}

#[test]
fn an_old_tip_that_cannot_be_read_is_counted() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    bench.commit("main", &[("one.md", Some("# one\n"))]);
    let old = clone.fetch(&bench.remote()).unwrap().tip.unwrap();
    let work = bench.path("work");
    bench.git_in(&work, "checkout --quiet --orphan other");
    fs::write(work.join("one.md"), "# other\n").unwrap();
    bench.git_in(&work, "add --all");
    bench.git_in(&work, "commit --quiet -m rewritten");
    bench.git_in(&work, "push --quiet --force origin other:main");
    let new = clone.fetch(&bench.remote()).unwrap().tip;
    fs::remove_dir_all(bench.path("clone/objects")).unwrap();
    fs::create_dir(bench.path("clone/objects")).unwrap();
    let renewed = clone
        .renew(new.as_ref(), &Bench::fetch_into(bench.remote()))
        .unwrap();
    assert_eq!((renewed.backups_lost, renewed.fetched.rewritten), (1, None));
    assert_eq!(
        bench.git_in(
            &bench.path("clone"),
            &format!("for-each-ref refs/backup/{old}")
        ),
        ""
    );
    bench.check_sound("clone");
}

#[test]
fn a_remote_that_is_away_or_without_the_branch_changes_nothing() {
    let bench = Bench::new();
    let clone = fetched(&bench);
    let tip = clone.tip().unwrap().unwrap();
    let mut away = bench.remote();
    away.url = RemoteUrl::parse("/nowhere/at/all").unwrap();
    let failed = clone
        .renew(Some(&tip), &Bench::fetch_into(away))
        .unwrap_err();
    assert_eq!(failed.kind, Kind::Offline);
    bench.git("update-ref -d refs/heads/main");
    let failed = clone
        .renew(Some(&tip), &Bench::fetch_into(bench.remote()))
        .unwrap_err();
    assert_eq!(failed.kind, Kind::NotFound);
    assert!(!bench.path("clone.new.git").exists());
    assert_eq!(clone.tip().unwrap(), Some(tip));
    assert_eq!(clone.files(&tip).unwrap().len(), 1);
}
