//! Histories that somebody wrote anew, by force, while we have something pending or in flight.

use std::fs;
use std::path::Path;

use tests::git;
use tests::person::Person;

use super::{PLAN, Scene, entry};

const C: &str = "01CCCCCCCCCCCCCCCCCCCCCCCC";

/// A remote with one more entry, and something of ours that waits while `theirs` is forced there.
fn check(theirs: impl FnOnce(&Person), told: Option<&str>, entries: u64) {
    let mut scene = Scene::new();
    scene.others(|carol| {
        carol.append("plan.md", &entry(C, "More"));
        carol.commit("more");
        carol.push();
    });
    let old = scene.carol.head();
    scene.apart(
        |scene| {
            scene.ack("plan");
            scene.say("plan", "Ours");
        },
        |carol| {
            theirs(carol);
            carol.rewrite();
        },
    );
    scene.heard();
    match told {
        Some(words) => {
            let trouble = scene.told(words);
            let message = trouble["message"].as_str().expect("words");
            assert!(
                message.starts_with("The remote's history was rewritten"),
                "{message}"
            );
        }
        None => scene.at_peace(),
    }
    let clone = scene.machine.clone_of("acme");
    let kept = git::git(&clone, &["show", &format!("refs/backup/{old}:plan.md")]);
    assert_eq!(kept, PLAN.to_owned() + &entry(C, "More"));
    assert_eq!(scene.agent.count("plan"), entries);
    scene.ends_well();
}

#[test]
fn with_an_entry_dropped() {
    let drop_one = |carol: &Person| drop(carol.git(&["reset", "--quiet", "--hard", "HEAD~1"]));
    check(drop_one, Some("1 entry"), 4);
}

#[test]
fn with_an_entry_edited() {
    let edit = |carol: &Person| {
        let text = PLAN.replace("second words", "better words") + &entry(C, "More");
        carol.write("plan.md", text);
        carol.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    };
    check(edit, None, 5);
}

#[test]
fn with_the_same_entries() {
    let amend = |carol: &Person| {
        carol.git(&["commit", "--quiet", "--amend", "-m", "Other words"]);
        carol.git(&["mv", "plan.md", "kept.md"]);
        carol.git(&["mv", "kept.md", "plan.md"]);
    };
    check(amend, None, 5);
}

#[test]
fn with_nothing_left() {
    let empty = |carol: &Person| {
        carol.git(&["checkout", "--quiet", "--orphan", "new"]);
        carol.git(&["rm", "-r", "--quiet", "--force", "."]);
        carol.commit("begin anew");
    };
    check(empty, Some("3 entries"), 2);
}

#[test]
fn by_an_unrelated_one() {
    let unrelated = |carol: &Person| {
        carol.git(&["checkout", "--quiet", "--orphan", "new"]);
        carol.write("plan.md", PLAN.replace("01AAAA", "01ZZZZ"));
        carol.commit("another beginning");
    };
    check(unrelated, Some("2 entries"), 4);
}

/// The daemon died after the remote had taken an operation and before it was crossed off; then
/// `theirs` takes it out of the remote.
fn check_landed(theirs: impl FnOnce(&Person)) {
    check_landed_and_seen(|_| (), theirs);
}

/// So, but before the daemon died it saw what `first` makes of that.
fn check_landed_and_seen(first: impl FnOnce(&mut Scene), theirs: impl FnOnce(&Person)) {
    let mut scene = Scene::new();
    scene.remote.go_away();
    let gone = scene.say("plan", "Landed");
    scene.ours.remove(&gone);
    let state = scene.machine.folder().join("state/repositories/acme");
    let aside = scene.machine.root().join("outbox");
    copy(&state.join("outbox"), &aside);
    scene.remote.come_back();
    scene.heard();
    assert_eq!(scene.remote.commits_of(&gone), 1);
    first(&mut scene);

    scene.machine.stop();
    let answers = state.join("answers");
    if answers.exists() {
        fs::remove_dir_all(answers).expect("answers can be removed");
    }
    copy(&aside, &state.join("outbox"));
    scene.carol.pull();
    theirs(&scene.carol);
    scene.machine.start();
    scene.heard();
    scene.told("1 entry");
    assert!(
        !scene.remote.text("plan.md").contains(&gone),
        "it is not put there again"
    );
    scene.ack("plan");
    scene.ends_well();
}

#[test]
fn without_an_entry_of_ours_that_had_landed() {
    check_landed(|carol| {
        carol.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
        carol.rewrite();
    });
}

#[test]
fn or_reverted_with_an_entry_of_ours_that_had_landed() {
    check_landed(|carol| {
        carol.git(&["revert", "--no-edit", "HEAD"]);
        carol.push();
    });
}

#[test]
fn reverted_after_its_commit_lost_its_trailer() {
    check_landed_and_seen(
        |scene| {
            scene.carol.pull();
            scene
                .carol
                .git(&["commit", "--quiet", "--amend", "-m", "Mine"]);
            scene.carol.rewrite();
            scene.heard();
        },
        |carol| {
            carol.git(&["revert", "--no-edit", "HEAD"]);
            carol.push();
        },
    );
}

#[test]
fn reverted_before_we_saw_that_it_had_landed() {
    let mut scene = Scene::new();
    scene.remote.go_away();
    let gone = scene.say("plan", "Landed");
    scene.ours.remove(&gone);
    let state = scene.machine.folder().join("state/repositories/acme");
    let aside = scene.machine.root().join("aside");
    scene.machine.stop();
    copy(&state, &aside);
    scene.machine.start();
    scene.remote.come_back();
    scene.heard();
    scene.machine.stop();
    fs::remove_dir_all(&state).expect("the state can be removed");
    copy(&aside, &state);
    scene.carol.pull();
    let landed = scene.carol.head();
    scene.carol.git(&["revert", "--no-edit", "HEAD"]);
    scene.carol.push();
    scene.machine.start();
    scene.heard();
    let trouble = scene.told("1 entry that stood on the remote is gone from it: plan (1)");
    let hint = trouble["hint"].as_str().expect("a hint");
    assert!(hint.contains(&format!("show {landed}:plan.md")), "{hint}");
    let backup = format!("refs/backup/{landed}");
    let clone = state.join("clone.git");
    assert_eq!(git::git(&clone, &["rev-parse", &backup]).trim(), landed);
    assert!(
        !scene.remote.text("plan.md").contains(&gone),
        "it is not put there again"
    );
    scene.ack("plan");
    scene.ends_well();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for file in fs::read_dir(from).expect("it is listed") {
        let file = file.expect("it is listed");
        let (from, to) = (file.path(), to.join(file.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("it can be copied");
        }
    }
}
