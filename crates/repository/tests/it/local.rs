//! Local-only repositories: our branch is the truth.

use std::fs;
use std::slice;

use crate::bench::{Bench, author, count, operation};

#[test]
fn commits_stand_in_our_branch_once() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    assert_eq!(clone.local_tip().unwrap(), None);
    let [first, second] = [operation("alpha", 1), operation("alpha", 2)];
    let one = clone
        .commit_local(slice::from_ref(&first), &author())
        .unwrap();
    let two = clone
        .commit_local(&[first.clone(), second.clone()], &author())
        .unwrap();
    assert_eq!(clone.local_tip().unwrap(), two);
    assert_ne!(one, two);
    assert_eq!(
        clone
            .commit_local(slice::from_ref(&second), &author())
            .unwrap(),
        two
    );
    let files = clone.files(&two.unwrap()).unwrap();
    let text = String::from_utf8(clone.read(&files[0].blob).unwrap()).unwrap();
    assert_eq!((count(&text, &first), count(&text, &second)), (1, 1));
    assert_eq!(
        bench.git_in(&bench.path("clone"), "rev-list --count refs/heads/main"),
        "2"
    );
    assert_eq!(clone.tip().unwrap(), None);
    bench.check_sound("clone");
}

#[test]
fn nothing_to_do_makes_no_branch() {
    let bench = Bench::new();
    assert_eq!(
        bench.clone("clone").commit_local(&[], &author()).unwrap(),
        None
    );
}

#[test]
fn what_is_written_is_synced_now_and_after_reopening() {
    let bench = Bench::new();
    let durable = || {
        let text = fs::read_to_string(bench.path("clone").join("config")).unwrap();
        text.contains("fsyncObjectFiles = true")
    };
    let clone = bench.clone_of("clone", "", Some("notes"));
    assert!(!durable());
    clone
        .commit_local(&[operation("alpha", 1)], &author())
        .unwrap();
    assert!(durable());
    drop(clone);
    let clone = bench.clone_of("clone", "", Some("notes"));
    assert!(durable());
    assert!(clone.local_tip().unwrap().is_some());
    assert_eq!(
        bench.git_in(&bench.path("clone"), "rev-list --count refs/heads/notes"),
        "1"
    );
}
