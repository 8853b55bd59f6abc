//! The first minute: no account, no network, no settings; two agents on one machine.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::git;
use tests::machine::{GRACE, Machine};
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

#[test]
fn two_agents_on_one_machine_read_each_other_at_once() {
    let machine = Machine::without_settings();
    // The first shim starts the daemon; the second finds it.
    let mut claude = Shim::connect_with(&machine, "x", Era::Sessions, &["--agent", "Claude"]);
    let mut codex = Shim::connect_with(&machine, "y", Era::Stateless, &["--agent", "Codex"]);
    let daemon = machine.daemon_pid();

    let said = claude.say("plan", "The plan", "Let us begin.");
    assert_eq!(said.structured["delivery"], "local", "{said:?}");
    assert!(said.text.contains("Entry added to 'plan'"), "{}", said.text);
    assert!(said.text.contains("Saved."), "{}", said.text);
    assert_eq!(
        codex.count("plan"),
        1,
        "read-your-own-writes on one machine"
    );
    let answer = codex.say("plan", "An answer", "Agreed.");
    assert_eq!(answer.structured["index"], 1);
    let entries = claude.entries("plan");
    let user = claude.call("whoami", json!({})).structured["user"].clone();
    let user = user.as_str().expect("a user").to_owned();
    assert_eq!(entries[0]["agent"], format!("Claude ({user})"));
    assert_eq!(entries[1]["agent"], format!("Codex ({user})"));
    assert_eq!(entries[1]["entry_id"], answer.structured["entry_id"]);

    let status = machine.wait_state("local", "committed", |one| one["pending"] == 0);
    assert_eq!(status["state"], "local");
    assert_eq!(status["threads"], 1);
    assert!(status["url"].is_null());
    assert_eq!(machine.daemon_pid(), daemon, "one daemon served both");

    let clone = machine.clone_of("local");
    let branch = status["branch"]
        .as_str()
        .expect("it has a branch")
        .to_owned();
    let log = git::log(&clone, &branch);
    assert_eq!(log.len(), 2, "one commit for each operation");
    assert_eq!(log[0].subject, format!("Codex ({user}): An answer (plan)"));
    assert_eq!(log[0].trailer("Watercooler-Topic"), Some("plan"));
    git::assert_sound(&clone);
}

#[test]
fn its_file_appears_in_the_working_tree_within_a_second() {
    let mut machine = Machine::without_settings();
    machine.start();
    let mut claude = Shim::connect(&machine, "claude-code");
    let said = claude.say("plan", "The plan", "Let us begin.").structured;
    let answered = Instant::now();
    let file = machine.tree("local").join("plan.md");
    let id = said["entry_id"].as_str().expect("an id");
    wait_until("the file", PATIENCE, || {
        fs::read_to_string(&file).is_ok_and(|text| text.contains(id))
    });
    assert!(answered.elapsed() <= Duration::from_secs(1) + GRACE);
}

#[test]
fn it_is_all_there_after_kill_and_restart() {
    let mut machine = Machine::without_settings();
    machine.start();
    let mut claude = Shim::connect(&machine, "claude-code");
    let ids: Vec<_> = (0..10)
        .map(|number| {
            let said = claude.say("plan", &format!("T{number}"), "b");
            said.structured["entry_id"].clone()
        })
        .collect();
    let _killed = machine.kill();
    machine.start();
    let found: Vec<_> = claude
        .entries("plan")
        .iter()
        .map(|entry| entry["entry_id"].clone())
        .collect();
    assert_eq!(found, ids);
    machine.restart();
    assert_eq!(claude.count("plan"), 10, "the same client, a third daemon");
}
