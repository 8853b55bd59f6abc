//! What becomes known is told to everybody who watches; one that does not read harms nobody.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::processes;
use tests::programs::Program;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};
use tests::watcher::Watcher;

/// So many, with so long titles, that neither a socket nor the news holds them for one who does not
/// read.
const ENTRIES: usize = 700;

/// Over so many threads, since a long one takes longer to write to.
const TOPICS: usize = 20;

fn ids(lines: &[Value]) -> Vec<&str> {
    let entries = lines.iter().filter(|line| line["event"] == "entry");
    entries
        .filter_map(|line| line["entry_id"].as_str())
        .collect()
}

fn is_last(line: &Value) -> bool {
    line["event"] == "ball" && line["topic"] == "last"
}

#[test]
fn one_of_three_does_not_read_and_misses_nothing() {
    let mut alice = Machine::new(&Settings::of("alice"));
    alice.start();
    let mut slow = Watcher::begin(&alice, None);
    let readers = [None, Some("local")].map(|repository| {
        let mut watcher = Watcher::begin(&alice, repository);
        thread::spawn(move || watcher.until(is_last))
    });
    let mut claude = Shim::connect(&alice, "claude-code");
    let title = "😀".repeat(200);
    let mut written = BTreeSet::new();
    for round in 0..ENTRIES {
        let topic = format!("topic-{}", round % TOPICS);
        let ball = ["Codex", "Gemini"][round / TOPICS % 2];
        let say = json!({"topic": topic, "title": title, "body": "b", "ball": ball});
        let said = claude.call("say", say).structured;
        written.insert(said["entry_id"].as_str().expect("text").to_owned());
    }
    let said = claude.say("last", "Last", "b").structured;
    written.insert(said["entry_id"].as_str().expect("text").to_owned());
    let check = |lines: &[Value]| {
        assert_eq!(lines[0]["event"], "hello");
        let told = ids(lines);
        let once: BTreeSet<String> = told.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(told.len(), once.len(), "an entry was told twice");
        assert_eq!(once, written);
    };
    let balls = |lines: &[Value]| lines.iter().filter(|line| line["event"] == "ball").count();
    let mut heard = usize::MAX;
    for reader in readers {
        let lines = reader.join().expect("the reader ends");
        check(&lines);
        heard = heard.min(balls(&lines));
    }
    let lines = slow.until(is_last);
    check(&lines);
    // It lagged: of balls it heard how they stood when it read again.
    assert!(balls(&lines) < heard, "{} of {heard}", balls(&lines));
    alice.stop();
}

#[test]
fn a_watch_tells_entries_balls_and_states_of_its_reader() {
    let remote = BareRepository::new();
    let machine = |user: &str| {
        let mut machine = Machine::new(&Settings::of(user).remote(&remote.url()));
        machine.start();
        machine.wait_in_step("acme");
        machine
    };
    let (alice, bob) = (machine("alice"), machine("bob"));
    let mut watch = Watcher::begin(&alice, None);
    assert_eq!(watch.line()["event"], "hello");
    let say = |topic: &str, ball: &str| {
        bob.json(&[
            "say", topic, "--title", "T", "--agent", "Codex", "--ball", ball, "--wait",
        ])
    };
    let said = say("plan", "Human (alice)");
    let lines = watch.until(|line| line["event"] == "ball");
    let entry = lines
        .iter()
        .find(|line| line["event"] == "entry")
        .expect("an entry");
    let expected = json!({
        "event": "entry", "repository": "acme", "topic": "plan", "entry_id": said["entry_id"],
        "index": 0, "agent": "Codex (bob)", "title": "T", "timestamp": entry["timestamp"],
    });
    assert_eq!(*entry, expected);
    let ball = lines.last().expect("a ball");
    let expected = json!({
        "event": "ball", "repository": "acme", "topic": "plan", "ball": "Human (alice)",
        "your_turn": true, "entry_id": said["entry_id"],
    });
    assert_eq!(*ball, expected);
    // The ball stays, and the turn is over with the thread.
    let _closed = bob.json(&["set-status", "plan", "CLOSED", "--agent", "Codex"]);
    let lines = watch.until(|line| line["event"] == "ball");
    assert_eq!(lines.last().expect("a ball")["your_turn"], false);

    remote.go_away();
    let away = |line: &Value| line["event"] == "state" && line["state"] == "offline";
    let lines = watch.until(away);
    let state = lines.last().expect("a state");
    assert_eq!(state["trouble"]["kind"], "offline", "{state}");
    assert_eq!(state["repository"], "acme");
    remote.come_back();
    watch.until(|line| {
        line["event"] == "state" && line["state"] == "synced" && line["trouble"].is_null()
    });
}

/// Arrivals that are kept; a watch goes no further back.
const ARRIVALS_MAX: usize = 10_000;

#[test]
fn very_many_at_once_are_told_each_and_too_many_end_the_watch() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let mut watch = Watcher::begin(&alice, None);
    let begin = alice.json(&["updates"])["cursor"].clone();
    let pushed = |topic: &str, entries: usize| {
        let mut text = format!("# {topic} — Thread\nStatus: OPEN\nBall: Human (alice)\n");
        for number in 0..entries {
            text.push_str(&format!(
                "\n---\nEntry: Codex (bob) 2026-01-05T09:00:00Z\nTitle: {number}\n\nb\n\
                 <!-- Entry-ID: {topic}-{number} -->\n"
            ));
        }
        let file = format!("{topic}.md");
        remote.push(&[(file.as_str(), text.as_bytes())], "many");
    };
    pushed("many", 700);
    let lines = watch.until(|line| line["event"] == "ball");
    let expected: Vec<String> = (0..700).map(|number| format!("many-{number}")).collect();
    assert_eq!(ids(&lines), expected);
    assert_eq!(lines.last().expect("a ball")["your_turn"], true);

    pushed("more", ARRIVALS_MAX + 1);
    let lines = watch.until(|line| line["event"] != "entry" && line["event"] != "hello");
    let ended = lines.last().expect("a line");
    let failure = &ended["outcome"]["failed"];
    assert_eq!(failure["code"], "cursor_expired", "{ended}");
    let since = begin.as_str().expect("text");
    let failed = alice
        .cli(&["updates", "--since", since, "--json"])
        .exited(1);
    assert_eq!(failed.json()["error"]["code"], "cursor_expired");
    let told = alice.json(&["updates"]);
    let told = told["updates"].as_array().expect("a list").len();
    assert_eq!(
        told, ARRIVALS_MAX,
        "an agent's own place begins at the oldest that is kept"
    );
    alice.stop();
}

#[test]
fn the_command_streams_lines_and_ends_with_the_daemon() {
    let mut alice = Machine::new(&Settings::of("alice"));
    alice.start();
    let mut command = alice.command(Program::Cli.path());
    command
        .args(["watch", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
    let mut line = || -> Value {
        let line = lines.next().expect("a line comes").expect("it is text");
        serde_json::from_str(&line).expect("it is one JSON document")
    };
    let hello = line();
    assert_eq!(
        (&hello["event"], &hello["protocol"]),
        (&json!("hello"), &json!(1))
    );
    assert_eq!(
        hello.as_object().map(serde_json::Map::len),
        Some(3),
        "{hello}"
    );
    let said = alice.json(&["say", "plan", "--title", "T"]);
    let entry = line();
    assert_eq!(entry["entry_id"], said["entry_id"]);
    assert_eq!(line()["event"], "ball");
    alice.stop();
    let failed = line();
    assert_eq!(failed["error"]["code"], "daemon_unavailable", "{failed}");
    let end = processes::reap("the watch ends", &mut child, PATIENCE);
    assert_eq!(end.code(), Some(69));
}

/// So many leave at once.
const WATCHERS: usize = 40;

#[test]
fn a_watch_of_no_repository_is_refused_and_one_that_leaves_is_forgotten() {
    let mut alice = Machine::new(&Settings::of("alice"));
    alice.start();
    let failed = alice
        .cli(&["watch", "--repository", "nowhere", "--json"])
        .exited(1);
    assert_eq!(failed.json()["error"]["code"], "repository_not_found");
    let pid = alice.daemon_pid().expect("a daemon serves");
    let open = || {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("a process has files");
        files.count()
    };
    let watchers: Vec<_> = (0..WATCHERS)
        .map(|_| Watcher::begin(&alice, None))
        .collect();
    let held = open();
    drop(watchers);
    // A file or a connection of something else may come or go meanwhile.
    wait_until("their connections are closed", PATIENCE, || {
        open() <= held - WATCHERS / 2
    });
}
