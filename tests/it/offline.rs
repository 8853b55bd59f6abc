//! The remote goes away, or never says a word: reads go on, writes are kept, and all arrives once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::machine::{GRACE, Machine};
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::servers::mute::MuteServer;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// A write is answered within this, whatever the network does; source: the contract, section 5.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A read waits for nothing; this is a loaded machine's worst for one.
const READ_WITHIN: Duration = Duration::from_secs(1);

fn timed<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    assert!(took <= limit, "took {took:?}, not within {limit:?}");
    done
}

#[test]
fn what_was_said_while_the_remote_was_away_arrives_exactly_once() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    let mut bob = Machine::new(&Settings::of("bob").remote(&remote.url()));
    alice.start();
    bob.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    let mut codex = Shim::connect(&bob, "codex-mcp-client");
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut note = |said: serde_json::Value| {
        let id = said["entry_id"].as_str().expect("a write has an id");
        assert!(ids.insert(id.to_owned()));
    };
    note(claude.say("plan", "Before", "b").structured);
    alice.wait_in_step("acme");
    wait_until("bob has it", PATIENCE, || codex.count("plan") == 1);

    remote.go_away();
    for number in 0..5 {
        for agent in [&mut claude, &mut codex] {
            let title = format!("Meanwhile {number}");
            let said = timed(ANSWER_WITHIN, || agent.say("plan", &title, "b")).structured;
            assert_eq!(said["delivery"], "queued", "{said}");
            note(said);
        }
    }
    let troubled = alice.wait_state("acme", "offline", |one| one["state"] == "offline");
    assert_eq!(troubled["trouble"]["kind"], "offline", "{troubled}");
    assert_eq!(troubled["pending"], 5, "{troubled}");
    let said = timed(ANSWER_WITHIN, || claude.say("plan", "Late", "b"));
    assert_eq!(said.structured["delivery_reason"], "offline", "{said:?}");
    let words = "Saved on this machine; offline, will be sent by itself.";
    assert!(said.text.contains(words), "{}", said.text);
    note(said.structured);
    reads_go_on(&mut claude, 7);

    remote.come_back();
    alice.wait_in_step("acme");
    bob.wait_in_step("acme");
    let text = remote.text("plan.md");
    let python = python_reader::entries(&text);
    let there: Vec<String> = python.into_iter().filter_map(|entry| entry.id).collect();
    assert_eq!(there.len(), ids.len(), "each once: {text}");
    assert_eq!(there.iter().cloned().collect::<BTreeSet<_>>(), ids);
    for id in &ids {
        assert_eq!(remote.commits_of(id), 1, "one commit for {id}");
    }
    wait_until("both read all", PATIENCE, || {
        claude.count("plan") == 12 && codex.count("plan") == 12
    });
    remote.assert_sound();
}

fn reads_go_on(agent: &mut Shim, entries: u64) {
    let list = timed(READ_WITHIN, || agent.call("list_threads", json!({})));
    assert_eq!(list.structured["freshness"]["state"], "offline", "{list:?}");
    let read = timed(READ_WITHIN, || {
        agent.call("read_thread", json!({"topic": "plan"}))
    });
    assert_eq!(read.structured["total_entries"], entries);
    let first = read.text.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("(as of ") && first.contains("offline"),
        "{first}"
    );
}

#[test]
fn a_write_answers_in_two_seconds_and_a_read_at_once_with_the_network_dead() {
    let server = MuteServer::start();
    let sync = "poll_active = \"1s\"\npoll_idle = \"1s\"\nnetwork_timeout = \"20s\"\n\
        fresh_wait = \"1s\"";
    let mut alice = Machine::new(&Settings::of("alice").sync(sync).remote(&server.url()));
    alice.start();
    wait_until("an exchange hangs", PATIENCE, || server.callers() > 0);
    let mut claude = Shim::connect(&alice, "claude-code");
    for number in 0..10 {
        let title = format!("T{number}");
        let said = timed(ANSWER_WITHIN, || claude.say("plan", &title, "b")).structured;
        assert_eq!(said["delivery"], "queued", "{said}");
        let read = json!({"topic": "plan", "format": "summary"});
        let read = timed(READ_WITHIN, || claude.call("read_thread", read)).structured;
        assert_eq!(read["total_entries"], number + 1);
    }
    let waiting = json!({"topic": "plan", "title": "W", "body": "b", "wait_seconds": 1});
    let said = timed(ANSWER_WITHIN + GRACE, || claude.call("say", waiting)).structured;
    assert_eq!(said["delivery"], "queued", "{said}");
    let fresh = json!({"topic": "plan", "format": "summary", "fresh": true});
    let read = timed(READ_WITHIN + GRACE, || claude.call("read_thread", fresh)).structured;
    assert_eq!(
        read["total_entries"], 11,
        "fresh_wait over, it answers with what there is"
    );
    alice.stop();
}

#[test]
fn operations_that_wait_survive_a_kill_and_a_restart() {
    let remote = BareRepository::new();
    remote.go_away();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    for number in 0..7 {
        let _said = claude.say("plan", &format!("T{number}"), "b");
    }
    let _killed = alice.kill();
    alice.start();
    assert_eq!(alice.repository("acme")["pending"], 7);
    assert_eq!(claude.count("plan"), 7);
    remote.come_back();
    alice.wait_in_step("acme");
    let titles: Vec<String> = python_reader::entries(&remote.text("plan.md"))
        .into_iter()
        .map(|entry| entry.title)
        .collect();
    assert_eq!(titles, ["T0", "T1", "T2", "T3", "T4", "T5", "T6"]);
}
