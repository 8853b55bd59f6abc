//! Reverts: what they take out stays out, is counted, and is told until a person has seen to it.

use serde_json::json;
use tests::cli::Ran;
use tests::git;

use super::{PLAN, Scene, entry};

/// Reverts a commit on the remote, as a person does.
fn revert(scene: &mut Scene, commit: &str) -> String {
    let commit = commit.to_owned();
    scene.others(|carol| {
        carol.git(&["revert", "--no-edit", &commit]);
        carol.push();
    });
    scene.carol.head()
}

#[test]
fn of_somebodys_entry_and_back_again() {
    let mut scene = Scene::new();
    scene.others(|carol| {
        carol.append("plan.md", &entry("01CCCCCCCCCCCCCCCCCCCCCCCC", "Regretted"));
        carol.commit("say");
        carol.push();
    });
    let said = scene.carol.head();
    let held = scene.remote.file("plan.md");
    let reverted = revert(&mut scene, &said);
    let trouble = scene.told("1 entry that stood on the remote is gone from it: plan (1)");

    // The command in the hint shows what was there.
    let hint = trouble["hint"].as_str().expect("a hint");
    let from = hint.find("git --git-dir").expect("a command");
    let command = hint[from..].split(" — ").next().expect("its end");
    let mut shell = std::process::Command::new("sh");
    let shown = Ran::run(shell.args(["-c", command]), "").done().stdout;
    assert_eq!(Some(shown.into_bytes()), held);

    // It survives a restart, and an agent is no person.
    scene.machine.restart();
    scene.heard();
    scene.told("plan (1)");

    revert(&mut scene, &reverted);
    scene.at_peace();
    scene.machine.restart();
    scene.heard();
    scene.at_peace();
    scene.ends_well();
}

#[test]
fn of_our_entry_which_is_not_written_again() {
    let mut scene = Scene::new();
    let ask = json!({"topic": "plan", "title": "Rash", "body": "words", "idempotency_key": "k1"});
    let id = scene.agent.call("say", ask.clone()).structured["entry_id"].clone();
    let id = id.as_str().expect("an ID").to_owned();
    scene.ack("plan");
    scene.heard();
    let log = scene.remote.log();
    let commit = log
        .iter()
        .find(|commit| commit.trailer("Watercooler-Entry-ID") == Some(&id));
    let commit = commit.expect("it was pushed").hash.clone();
    scene.others(|carol| {
        // The ack after it stands in the way of a plain revert.
        carol.git(&["revert", "--no-commit", "--strategy-option=theirs", &commit]);
        let text = String::from_utf8(carol.read("plan.md")).expect("text");
        assert!(
            !text.contains(&format!("<!-- Entry-ID: {id} -->")),
            "{text}"
        );
        carol.commit("Revert");
        carol.push();
    });
    scene.told("plan (");
    scene.say("plan", "Later");
    scene.heard();
    assert!(
        !scene
            .remote
            .text("plan.md")
            .contains(&format!("Entry-ID: {id}"))
    );

    // The person has seen to it, and that stays so; the answer of the write is remembered.
    let _seen = scene.machine.cli(&["sync"]).done();
    scene.heard();
    scene.at_peace();
    scene.machine.restart();
    scene.heard();
    scene.at_peace();
    let again = scene.agent.call("say", ask).structured;
    assert_eq!(again["entry_id"], json!(id));
    scene.heard();
    assert!(
        !scene
            .remote
            .text("plan.md")
            .contains(&format!("Entry-ID: {id}"))
    );
}

#[test]
fn by_a_deleted_file_and_a_new_start() {
    let mut scene = Scene::holding(&[
        ("plan.md", PLAN.as_bytes()),
        ("other.md", PLAN.replace("plan", "other").as_bytes()),
    ]);
    let old = scene.carol.head();
    scene.apart(
        |scene| drop(scene.say("plan", "Ours")),
        |carol| {
            carol.git(&["rm", "--quiet", "plan.md", "other.md"]);
            carol.commit("away with it");
            carol.push();
        },
    );
    scene.heard();
    scene.told("4 entries that stood on the remote are gone from it: other (2), plan (2)");
    let kept = git::git(
        &scene.machine.clone_of("acme"),
        &["rev-parse", &format!("refs/backup/{old}")],
    );
    assert_eq!(kept.trim(), old);
    assert_eq!(scene.agent.count("plan"), 1, "ours begins it anew");
    scene.ends_well();
}
