//! What a push of many leaves in the clone and in the remote, taken or not.

use std::fs;
use std::path::{Path, PathBuf};

use repository::PushError;
use threads::operation::Operation;

use crate::bench::{Bench, author, count, operation};
use crate::push::push_until_taken;

/// As many as are made in memory, and one fewer.
const DRAFTED: u32 = 8;
const LOOSE: u32 = 7;

/// The files below a clone's objects, packs and loose ones, but for those made to be read by git.
fn objects(clone: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut found = Vec::new();
    let mut folders = vec![clone.join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
        .into_iter()
        .partition(|path| path.parent().is_some_and(|folder| folder.ends_with("pack")))
}

fn many(topic: &str, from: u32, len: u32) -> Vec<Operation> {
    (from..from + len)
        .map(|number| operation(topic, number))
        .collect()
}

#[test]
fn a_push_of_many_that_is_taken_leaves_one_pack_here_and_one_there() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let few = many("alpha", 1, LOOSE);
    push_until_taken(&clone, &bench.remote(), &few);
    let (packs, loose) = objects(&bench.path("clone"));
    assert!(packs.is_empty() && !loose.is_empty(), "{packs:?}");

    let enough = many("alpha", 100, DRAFTED);
    push_until_taken(&clone, &bench.remote(), &enough);
    let (packs, still) = objects(&bench.path("clone"));
    assert_eq!(packs.len(), 2, "a pack and its index: {packs:?}");
    assert_eq!(still, loose);
    let text = bench.file("main", "alpha.md");
    for operation in few.iter().chain(&enough) {
        assert_eq!(count(&text, operation), 1);
    }
    let in_the_remote = objects(&bench.remote_path());
    assert_eq!(in_the_remote.1, Vec::<PathBuf>::new());
    bench.check_sound("clone");
}

#[test]
fn a_push_of_many_that_is_not_taken_leaves_nothing() {
    let bench = Bench::new();
    let (ours, theirs) = (bench.clone("ours"), bench.clone("theirs"));
    push_until_taken(&theirs, &bench.remote(), &many("alpha", 1, 1));
    ours.fetch(&bench.remote()).unwrap();
    let before = objects(&bench.path("ours"));
    let onto = ours.tip().unwrap();
    let operations = many("alpha", 100, DRAFTED);
    let push = || ours.push(&bench.remote(), onto.as_ref(), &operations, &author());

    bench.hook("pre-receive", "exit 1");
    let refused = push().unwrap_err();
    assert!(matches!(refused, PushError::Refused { .. }), "{refused:?}");
    assert_eq!(objects(&bench.path("ours")), before);
    bench.remove_hook("pre-receive");

    push_until_taken(&theirs, &bench.remote(), &many("alpha", 2, 1));
    let rejected = push().unwrap_err();
    assert!(
        matches!(rejected, PushError::Rejected { .. }),
        "{rejected:?}"
    );
    assert_eq!(objects(&bench.path("ours")), before);

    push_until_taken(&ours, &bench.remote(), &operations);
    let text = bench.file("main", "alpha.md");
    for operation in &operations {
        assert_eq!(count(&text, operation), 1);
    }
    bench.check_sound("ours");
}

#[test]
fn what_is_too_much_for_the_memory_goes_to_the_disk_as_it_is_made() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    // Ten times the file and another entry are more than the limit.
    let long = format!(
        "---\nstatus: OPEN\nball: Team\n---\n{}",
        "a long line\n".repeat(300_000)
    );
    bench.commit("main", &[("alpha.md", Some(&long))]);
    clone.fetch(&bench.remote()).unwrap();
    let (before, _) = objects(&bench.path("clone"));
    let operations = many("alpha", 1, 12);
    let onto = clone.tip().unwrap();
    bench.hook("pre-receive", "exit 1");
    let refused = clone.push(&bench.remote(), onto.as_ref(), &operations, &author());
    assert!(matches!(refused, Err(PushError::Refused { .. })));
    let (after, _) = objects(&bench.path("clone"));
    assert_eq!(after.len(), before.len() + 2, "{after:?}");
    bench.remove_hook("pre-receive");
    push_until_taken(&clone, &bench.remote(), &operations);
    let text = bench.file("main", "alpha.md");
    for operation in &operations {
        assert_eq!(count(&text, operation), 1);
    }
    bench.check_sound("clone");
}
