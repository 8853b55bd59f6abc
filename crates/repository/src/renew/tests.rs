//! Whenever a crash comes while a clone is put in the other's place, one of the two stands afterwards.

use super::*;

const OLD: &str = "00000000000000000000000000000000000000aa";
const NEW: &str = "00000000000000000000000000000000000000bb";

/// A clone whose remote's tip is said to be at `tip`.
fn clone_at(path: &Path, tip: &str) {
    let config = CloneConfig {
        directory: String::new(),
        branch: Some("main".to_owned()),
    };
    drop(Clone::open(path, config).unwrap());
    let name = path.join("refs/remotes/origin/main");
    fs::create_dir_all(name.parent().unwrap()).unwrap();
    fs::write(name, format!("{tip}\n")).unwrap();
}

/// What stands once the clone is opened again after a crash.
fn reopened(path: &Path) -> String {
    let config = CloneConfig {
        directory: String::new(),
        branch: Some("main".to_owned()),
    };
    let clone = Clone::open(path, config).unwrap();
    let siblings = Siblings::of(path);
    assert!(!siblings.new.exists() && !siblings.old.exists());
    assert!(!path.join(COMPLETE).exists());
    clone
        .tip()
        .unwrap()
        .map_or("none".to_owned(), |tip| tip.to_string())
}

fn check(steps: &[Step], taken: usize, complete: bool, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clone.git");
    let siblings = Siblings::of(&path);
    clone_at(&path, OLD);
    clone_at(&siblings.new, NEW);
    if complete {
        fs::write(siblings.new.join(COMPLETE), "").unwrap();
    }
    for step in &steps[..taken] {
        step.take(&path).unwrap();
    }
    assert_eq!(reopened(&path), expected, "{taken} of {steps:?}");
    assert_eq!(reopened(&path), expected, "and again");
}

#[test]
fn a_crash_between_any_two_steps_leaves_a_whole_clone() {
    check(&STEPS, 0, false, OLD);
    check(&STEPS, 0, true, OLD);
    for taken in 1..=STEPS.len() {
        check(&STEPS, taken, true, NEW);
    }
    // Where the system cannot exchange two folders.
    let renames = &STEPS[1..];
    check(renames, 0, true, OLD);
    for taken in 1..=renames.len() {
        check(renames, taken, true, NEW);
    }
}

#[test]
fn a_new_clone_that_was_not_finished_does_not_replace_one_that_was_moved_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clone.git");
    let siblings = Siblings::of(&path);
    clone_at(&siblings.old, OLD);
    clone_at(&siblings.new, NEW);
    assert_eq!(reopened(&path), OLD);
}

#[test]
fn a_clone_that_is_gone_needs_no_moving_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clone.git");
    clone_at(&Siblings::of(&path).new, NEW);
    fs::write(Siblings::of(&path).new.join(COMPLETE), "").unwrap();
    for step in STEPS {
        step.take(&path).unwrap();
    }
    assert_eq!(reopened(&path), NEW);
}
