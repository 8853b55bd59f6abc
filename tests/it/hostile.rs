//! What others put into a repository causes no path outside the tree and no end of the daemon; the
//! rest is served.

use std::fs;

use serde_json::json;
use tests::cli::Ran;
use tests::git;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

const GOOD: &str = "# good — Thread\nStatus: OPEN\nBall: Codex\nTopic: good\n\
    Created: 2026-01-05T09:00:00Z\n\n---\nEntry: Zoe (zoe) 2026-01-05T09:00:00Z\nRole: pm\n\
    Type: Note\nTitle: T\n\nb\n";

/// A commit on `main` with a tree that no honest tool would make.
fn hostile_remote() -> BareRepository {
    let remote = BareRepository::new();
    let path = remote.path();
    let store = |bytes: &[u8]| {
        let file = remote.as_ref().join("blob");
        fs::write(&file, bytes).expect("a scratch folder can be written");
        let name = file.display().to_string();
        git::git(&path, &["hash-object", "-w", &name])
            .trim()
            .to_owned()
    };
    let thread = store(GOOD.as_bytes());
    let garbage = store(b"\xff\xfe\0\x01Entry: \xff\n```\n\0");
    let huge = store(&b"Entry: x\n".repeat(600_000));
    let target = store(b"/etc/passwd");
    let tip = "1111111111111111111111111111111111111111";
    let entries = [
        format!("100644 blob {thread}\t.hidden.md"),
        format!("100644 blob {thread}\tGOOD.md"),
        format!("100644 blob {thread}\tREADME.txt"),
        format!("100644 blob {thread}\ta:b.md"),
        format!("100644 blob {thread}\tcon.md"),
        format!("100644 blob {garbage}\tgarbage.md"),
        format!("160000 commit {tip}\tgitlink.md"),
        format!("100755 blob {thread}\tgood.md"),
        format!("100644 blob {huge}\thuge.md"),
        format!("120000 blob {target}\tlink.md"),
        format!("100644 blob {thread}\twith space.md"),
    ];
    let mut mktree = git::command(&path);
    let tree = Ran::run(
        mktree.args(["mktree", "--missing"]),
        &(entries.join("\n") + "\n"),
    );
    let tree = tree.done().stdout;
    let commit = git::git(&path, &["commit-tree", "-m", "hostile", tree.trim()]);
    git::git(&path, &["update-ref", "refs/heads/main", commit.trim()]);
    remote
}

#[test]
fn a_hostile_tree_is_skipped_where_it_must_be_and_served_where_it_can_be() {
    let remote = hostile_remote();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let mut claude = Shim::connect(&alice, "claude-code");
    let listed = claude
        .call("list_threads", json!({"filter": "all"}))
        .structured;
    let topics: Vec<&str> = listed["threads"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|thread| thread["topic"].as_str())
        .collect();
    for served in ["good", "GOOD"] {
        assert!(topics.contains(&served), "{topics:?}");
    }
    for skipped in ["link", "gitlink", ".hidden", "README"] {
        assert!(!topics.contains(&skipped), "{topics:?}");
    }
    let _said = claude.say("good", "An answer", "b");
    alice.wait_in_step("acme");
    assert_eq!(python_reader::entries(&remote.text("good.md")).len(), 2);
    let listing = git::git(&remote.path(), &["ls-tree", "main"]);
    assert!(
        listing.contains("120000 blob") && listing.contains("160000 commit"),
        "{listing}"
    );
    assert!(
        listing.contains("100755 blob"),
        "a mode is a foreign byte too: {listing}"
    );
    let tree = alice.tree("acme");
    wait_until("the tree is written", PATIENCE, || {
        tree.join("good.md").exists()
    });
    assert!(
        fs::symlink_metadata(tree.join("link.md")).is_err(),
        "no symlink is made"
    );
    assert!(!alice.home().join("blob").exists());
}

#[test]
fn names_that_lead_out_of_the_tree_lead_nowhere() {
    let remote = BareRepository::new();
    let path = remote.path();
    let file = remote.as_ref().join("blob");
    fs::write(&file, GOOD).expect("a scratch folder can be written");
    let blob = git::git(&path, &["hash-object", "-w", &file.display().to_string()]);
    let blob = blob.trim();
    let inner = format!("100644 blob {blob}\tescaped.md\n");
    let mut mktree = git::command(&path);
    let inner = Ran::run(mktree.arg("mktree"), &inner).done().stdout;
    let outer = format!(
        "040000 tree {}\t..\n040000 tree {}\t.git\n100644 blob {blob}\tgood.md\n",
        inner.trim(),
        inner.trim()
    );
    let mut mktree = git::command(&path);
    let outer = Ran::run(mktree.arg("mktree"), &outer).done().stdout;
    let commit = git::git(&path, &["commit-tree", "-m", "hostile", outer.trim()]);
    git::git(&path, &["update-ref", "refs/heads/main", commit.trim()]);

    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_state("acme", "heard", |one| {
        !one["last_fetch"].is_null() || !one["trouble"].is_null()
    });
    let mut claude = Shim::connect(&alice, "claude-code");
    let _said = claude.say("mine", "T", "b");
    let found = Ran::run(
        std::process::Command::new("find")
            .arg(alice.root())
            .args(["-name", "escaped.md"]),
        "",
    );
    assert_eq!(found.done().stdout, "");
}

#[test]
fn what_the_remotes_rules_refuse_is_held_and_the_others_go_on() {
    let remote = BareRepository::new();
    remote.hook(
        "pre-receive",
        "#!/bin/sh\nwhile read -r old new ref; do\n\
         case \"$old\" in *[!0]*) range=\"$old..$new\" ;; *) range=\"$new\" ;; esac\n\
         if git log --format=%B \"$range\" | grep -q forbidden; then\n\
         echo 'the word is forbidden here' >&2; exit 1; fi\ndone\n",
    );
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_state("acme", "heard", |one| !one["last_fetch"].is_null());
    let mut claude = Shim::connect(&alice, "claude-code");
    let before = claude.say("plan", "Before", "b").structured;
    let held = claude.say("plan", "forbidden", "b").structured;
    let after = claude.say("plan", "After", "b").structured;
    let stands = alice.wait_state("acme", "without pending", |one| {
        one["held"] == 1 && one["pending"] == 0
    });
    assert_eq!(stands["trouble"]["kind"], "push_refused", "{stands}");
    let words = stands["trouble"]["message"].as_str().unwrap_or_default();
    assert!(
        words.contains("the word is forbidden here"),
        "the server's words: {stands}"
    );
    let id = |said: &serde_json::Value| said["entry_id"].as_str().expect("an id").to_owned();
    assert_eq!(remote.commits_of(&id(&before)), 1);
    assert_eq!(remote.commits_of(&id(&after)), 1);
    assert_eq!(remote.commits_of(&id(&held)), 0);
    alice.restart();
    assert_eq!(
        alice.repository("acme")["held"],
        1,
        "kept in full across a restart"
    );
}
