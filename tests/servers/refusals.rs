//! What a remote that is reached does not do: it is elsewhere than we thought, it refuses, its
//! branch is gone, a lock lies there. The same by each way to it.

use std::fs;

use serde_json::Value;
use tests::git;
use tests::servers::bare::BareRepository;

use crate::reach::Reach;
use crate::story::{QUICK, Row, SELDOM};

/// Moves the branch once, between what the remote advertised and what it updates.
const RACING_HOOK: &str = r#"#!/bin/sh
[ -f race ] || exit 0
to=$(cat race)
rm race
env -u GIT_QUARANTINE_PATH -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES \
    git update-ref refs/heads/main "$to"
"#;

#[test]
fn a_remote_that_is_ahead_is_fetched_and_the_entry_put_on_top() {
    Reach::each(SELDOM, |mut story, remote| {
        remote.push(&[("notes.txt", b"carol's")], "carol was here");
        story.say();
        story.in_step(remote);
        assert_eq!(remote.text("notes.txt"), "carol's");
    });
}

#[test]
fn a_remote_that_went_another_way_in_the_same_thread_keeps_both() {
    Reach::each(SELDOM, |mut story, remote| {
        let mut text = remote.text("plan.md");
        text.push_str(
            "\n---\nEntry: Carol (carol) 2026-01-05T09:00:00Z\nRole: pm\nType: Note\nTitle: Mine\n\n\
             carol's own words\n<!-- Entry-ID: 01JGTCAROL0000000000000000 -->\n",
        );
        remote.push(
            &[("plan.md", text.as_bytes())],
            "carol writes in the thread",
        );
        story.say();
        story.say();
        story.in_step(remote);
        assert!(
            remote.text("plan.md").starts_with(&text),
            "theirs comes first"
        );
    });
}

#[test]
fn a_race_between_what_was_advertised_and_the_update_is_run_again() {
    Reach::each(SELDOM, |mut story, remote| {
        let theirs = commit_beside(remote);
        remote.hook("pre-receive", RACING_HOOK);
        fs::write(remote.path().join("race"), &theirs).expect("the remote can be written");
        story.say();
        story.in_step(remote);
        assert!(!remote.path().join("race").exists(), "the race was run");
        let log = remote.log();
        assert!(log.iter().any(|one| one.hash == theirs), "theirs is kept");
    });
}

/// A commit on top of the remote's branch, which is not moved.
fn commit_beside(remote: &BareRepository) -> String {
    let tree = git::git(&remote.path(), &["rev-parse", "main^{tree}"]);
    let commit = git::git(
        &remote.path(),
        &[
            "commit-tree",
            tree.trim(),
            "-p",
            "main",
            "-m",
            "carol was faster",
        ],
    );
    commit.trim().to_owned()
}

#[test]
fn a_lock_that_was_left_on_the_remote_is_told_and_waited_for() {
    Reach::each(QUICK, |mut story, remote| {
        let lock = remote.path().join("refs/heads/main.lock");
        fs::write(&lock, "").expect("the remote can be written");
        story.say();
        let stands = story.troubled(Row {
            kind: "offline",
            words: &["main.lock", "File exists"],
        });
        assert!(hint(&stands).contains("lock"), "{stands}");
        fs::remove_file(&lock).expect("it was left");
        story.healed(remote);
    });
}

#[test]
fn a_hook_that_refuses_holds_the_entry_and_is_quoted() {
    let check = |hook: &str, words: &[&str]| {
        Reach::each(QUICK, |mut story, remote| {
            let script = "#!/bin/sh\necho 'no entries on Sundays' >&2\nexit 1\n";
            remote.hook(hook, script);
            let refused = story.say();
            let row = Row {
                kind: "push_refused",
                words,
            };
            let stands = story.shown(row);
            assert_eq!(stands["held"], 1, "{stands}");
            assert_eq!(stands["pending"], 0, "{stands}");
            assert_eq!(remote.commits_of(&refused), 0);
            remote.hook(hook, "#!/bin/sh\nexit 0\n");
            // The next write tells that the rule is gone, and what waited goes with it.
            story.say();
            story.healed(remote);
            assert_eq!(remote.commits_of(&refused), 1);
        });
    };
    check(
        "pre-receive",
        &["no entries on Sundays", "pre-receive hook"],
    );
    check("update", &["no entries on Sundays", "hook declined"]);
}

#[test]
fn a_branch_that_was_deleted_is_told_and_never_made_again() {
    Reach::each(QUICK, |mut story, remote| {
        let tip = git::git(&remote.path(), &["rev-parse", "main"]);
        git::git(&remote.path(), &["update-ref", "-d", "refs/heads/main"]);
        let row = Row {
            kind: "not_found",
            words: &["no longer has the branch 'main'"],
        };
        story.troubled(row);
        let _asked = story.machine.cli(&["sync", "--wait"]);
        assert_eq!(remote.file("plan.md"), None, "no push made it again");
        git::git(
            &remote.path(),
            &["update-ref", "refs/heads/main", tip.trim()],
        );
        story.healed(remote);
    });
}

#[test]
fn a_branch_that_is_gone_when_the_push_comes_is_not_made_again() {
    Reach::each(SELDOM, |mut story, remote| {
        let tip = git::git(&remote.path(), &["rev-parse", "main"]);
        git::git(&remote.path(), &["update-ref", "-d", "refs/heads/main"]);
        story.say();
        story.shown(Row {
            kind: "not_found",
            words: &["no longer has the branch 'main'"],
        });
        assert_eq!(remote.file("plan.md"), None);
        git::git(
            &remote.path(),
            &["update-ref", "refs/heads/main", tip.trim()],
        );
        story.healed(remote);
    });
}

fn hint(stands: &Value) -> &str {
    stands["trouble"]["hint"].as_str().expect("a hint")
}
