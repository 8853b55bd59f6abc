//! Two machines change status or ball of one thread without knowing of each other: whose value
//! stays, and that both entries do. Source: the outside contract, section 7.4.

use serde_json::json;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

struct Scene {
    remote: BareRepository,
    alice: Machine,
    bob: Machine,
    claude: Shim,
    codex: Shim,
}

/// A thread that both machines have; the remote is away.
fn scene() -> Scene {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    let mut bob = Machine::new(&Settings::of("bob").remote(&remote.url()));
    alice.start();
    bob.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    let mut codex = Shim::connect(&bob, "codex-mcp-client");
    let _said = claude.say("plan", "T", "b");
    wait_until("bob has it", PATIENCE, || codex.count("plan") == 1);
    alice.wait_in_step("acme");
    remote.go_away();
    Scene {
        remote,
        alice,
        bob,
        claude,
        codex,
    }
}

/// Waits until the clock shows another second than that of the last entry.
fn next_second(agent: &mut Shim) {
    let entries = agent.entries("plan");
    let last = entries.last().expect("there is one")["timestamp"].clone();
    let last = last.as_str().expect("a time").to_owned();
    wait_until("the next second", PATIENCE, || now() > last);
}

fn now() -> String {
    let mut date = std::process::Command::new("date");
    let ran = tests::cli::Ran::run(date.args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]), "");
    ran.done().stdout.trim().to_owned()
}

fn status(agent: &mut Shim, status: &str) {
    let _set = agent.call("set_status", json!({"topic": "plan", "status": status}));
}

/// `first` reaches the remote before `second` does.
fn arrive_in_order(remote: &BareRepository, first: &mut Machine, second: &mut Machine) {
    first.stop();
    second.stop();
    remote.come_back();
    first.start();
    first.wait_in_step("acme");
    second.start();
    second.wait_in_step("acme");
    first.wait_in_step("acme");
}

fn check(remote: &BareRepository, key: &str, wanted: &str, entries: usize) {
    let text = remote.text("plan.md");
    let value = python_reader::first_value(&text, key);
    assert_eq!(value.as_deref(), Some(wanted), "{text}");
    assert_eq!(
        python_reader::entries(&text).len(),
        entries,
        "the loser's entry stays: {text}"
    );
    assert_eq!(python_reader::header_lines(&text, key), 1);
}

#[test]
fn the_later_status_wins_though_it_arrives_first() {
    let mut scene = scene();
    status(&mut scene.claude, "BLOCKED");
    next_second(&mut scene.claude);
    status(&mut scene.codex, "IN_REVIEW");
    arrive_in_order(&scene.remote, &mut scene.bob, &mut scene.alice);
    check(&scene.remote, "status", "IN_REVIEW", 3);
}

#[test]
fn the_later_status_wins_though_it_arrives_last() {
    let mut scene = scene();
    status(&mut scene.claude, "BLOCKED");
    next_second(&mut scene.claude);
    status(&mut scene.codex, "IN_REVIEW");
    arrive_in_order(&scene.remote, &mut scene.alice, &mut scene.bob);
    check(&scene.remote, "status", "IN_REVIEW", 3);
}

#[test]
fn the_later_ball_wins_and_both_read_the_same() {
    let mut scene = scene();
    let hand = |agent: &mut Shim, to: &str| {
        let _handed = agent.call("handoff", json!({"topic": "plan", "to": to}));
    };
    hand(&mut scene.claude, "Zed (zoe)");
    next_second(&mut scene.claude);
    hand(&mut scene.codex, "Ann (amy)");
    arrive_in_order(&scene.remote, &mut scene.bob, &mut scene.alice);
    check(&scene.remote, "ball", "Ann (amy)", 3);
    for agent in [&mut scene.claude, &mut scene.codex] {
        wait_until("both read the same", PATIENCE, || {
            let read = json!({"topic": "plan", "format": "summary"});
            agent.call("read_thread", read).structured["ball"] == "Ann (amy)"
        });
    }
}

#[test]
fn a_header_edited_on_the_remote_without_an_entry_wins() {
    let mut scene = scene();
    status(&mut scene.claude, "BLOCKED");
    scene.alice.stop();
    scene.remote.come_back();
    let text = scene
        .remote
        .text("plan.md")
        .replacen("status: OPEN", "status: IN_REVIEW", 1);
    scene
        .remote
        .push(&[("plan.md", text.as_bytes())], "by hand");
    scene.alice.start();
    scene.alice.wait_in_step("acme");
    check(&scene.remote, "status", "IN_REVIEW", 2);
}

#[test]
fn different_fields_are_both_kept() {
    let mut scene = scene();
    status(&mut scene.claude, "BLOCKED");
    let _handed = scene
        .codex
        .call("handoff", json!({"topic": "plan", "to": "Ann (amy)"}));
    arrive_in_order(&scene.remote, &mut scene.alice, &mut scene.bob);
    check(&scene.remote, "status", "BLOCKED", 3);
    check(&scene.remote, "ball", "Ann (amy)", 3);
}

#[test]
fn a_thread_that_both_begin_is_one_thread() {
    let mut scene = scene();
    let one = scene.claude.say("new", "From alice", "a").structured;
    let two = scene.codex.say("new", "From bob", "b").structured;
    arrive_in_order(&scene.remote, &mut scene.alice, &mut scene.bob);
    let text = scene.remote.text("new.md");
    let ids: Vec<Option<String>> = python_reader::entries(&text)
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    let wanted = [&one, &two].map(|said| said["entry_id"].as_str().map(str::to_owned));
    assert_eq!(ids, wanted, "the remote's order first, then ours");
    assert_eq!(python_reader::header_lines(&text, "status"), 1, "{text}");
}
