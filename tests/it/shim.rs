//! The shim's own promises: nothing but JSON-RPC on standard output (every story checks that), an
//! end with its client, and no end with its daemon.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::cli::Ran;
use tests::json_rpc;
use tests::machine::{GRACE, Machine};
use tests::processes::{self, Signal};
use tests::programs::Program;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_for, wait_until};

/// After the end of input, or of its parent; source: the design, section 5.
const EXIT_WITHIN: Duration = Duration::from_secs(1);

fn machine() -> Machine {
    let mut machine = Machine::without_settings();
    machine.start();
    machine
}

#[test]
fn it_exits_within_a_second_of_the_end_of_input() {
    let machine = machine();
    for era in [Era::Sessions, Era::Stateless] {
        let mut agent = Shim::connect_with(&machine, "claude-code", era, &[]);
        let _said = agent.say("plan", "T", "b");
        let end = agent.finish(EXIT_WITHIN + GRACE);
        assert_eq!(end.code(), Some(0));
    }
    let silent = Shim::start(&machine, "claude-code", Era::Sessions, &[]);
    assert_eq!(silent.finish(EXIT_WITHIN + GRACE).code(), Some(0));
}

#[test]
fn answers_under_way_at_the_end_of_input_are_delivered() {
    let machine = machine();
    let script = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "watercooler_say",
        "arguments": {"topic": "plan", "title": "T", "body": "b"},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": tests::shim::STATELESS,
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let mut command = machine.command(Program::Shim.path());
    let ran = Ran::run(&mut command, &format!("{script}\n")).done();
    let answers = json_rpc::messages(ran.stdout.as_bytes());
    let [answer] = answers.as_slice() else {
        panic!("one answer: {answers:?}");
    };
    assert_eq!(answer["id"], 7, "{answer}");
    assert_eq!(
        answer["result"]["structuredContent"]["topic"], "plan",
        "{answer}"
    );
}

#[test]
fn it_exits_within_a_second_though_the_daemon_is_stopped() {
    let machine = machine();
    let mut agent = Shim::connect(&machine, "claude-code");
    let daemon = machine.daemon_pid().expect("it runs");
    processes::signal(daemon, Signal::STOP);
    let _never_answered = agent.begin("say", json!({"topic": "plan", "title": "T", "body": "b"}));
    let _end = agent.finish(EXIT_WITHIN + GRACE);
    processes::signal(daemon, Signal::CONT);
}

#[test]
fn it_exits_within_a_second_of_its_parents_death() {
    for daemon_is_stopped in [false, true] {
        let machine = machine();
        let daemon = machine.daemon_pid().expect("it runs");
        let shim = orphan(&machine);
        if daemon_is_stopped {
            processes::signal(daemon, Signal::STOP);
        }
        processes::signal(shim.parent.id(), Signal::KILL);
        let died = Instant::now();
        wait_until("the shim ends", PATIENCE, || !processes::is_alive(shim.pid));
        let took = died.elapsed();
        assert!(
            took <= EXIT_WITHIN + GRACE,
            "{took:?}, stopped: {daemon_is_stopped}"
        );
        processes::signal(daemon, Signal::CONT);
    }
}

struct Orphan {
    parent: std::process::Child,
    pid: u32,
}

impl Drop for Orphan {
    fn drop(&mut self) {
        let _gone = self.parent.kill();
        let _reaped = self.parent.wait();
    }
}

/// A shim whose parent is a shell, while its input stays open in our hands.
fn orphan(machine: &Machine) -> Orphan {
    let named = machine.root().join("shim.pid");
    let script = "exec 3<&0; \"$0\" <&3 & echo $! > \"$1.new\"; mv \"$1.new\" \"$1\"; wait";
    let mut command = machine.command("sh");
    let parent = command
        .process_group(0)
        .args(["-c", script])
        .arg(Program::Shim.path())
        .arg(&named)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("sh starts");
    let pid = wait_for("the shim's pid", PATIENCE, || {
        fs::read_to_string(&named).ok()?.trim().parse().ok()
    });
    wait_until("the shim is connected", PATIENCE, || {
        processes::has_socket(pid)
    });
    Orphan { parent, pid }
}

#[test]
fn a_client_outlives_its_daemon_in_both_eras() {
    let mut machine = machine();
    let mut old = Shim::connect_with(&machine, "claude-code", Era::Sessions, &[]);
    let mut new = Shim::connect_with(&machine, "codex-mcp-client", Era::Stateless, &[]);
    for round in 0..3 {
        let killed = machine.kill();
        for agent in [&mut old, &mut new] {
            let said = agent.say("plan", &format!("T{round}"), "b");
            assert_eq!(said.structured["delivery"], "local");
        }
        assert_ne!(machine.daemon_pid(), Some(killed));
    }
    assert_eq!(old.count("plan"), 6);
    let who = old.call("whoami", json!({})).structured;
    assert_eq!(
        who["client"], "claude-code",
        "the session was replayed: {who}"
    );
}

#[test]
fn where_no_daemon_can_be_started_it_exits_69_with_one_line() {
    let machine = Machine::without_settings();
    let alone = machine.root().join("alone");
    fs::create_dir(&alone).expect("a new folder");
    let shim = alone.join("watercooler-mcp");
    fs::copy(Program::Shim.path(), &shim).expect("a program can be copied");
    let mut command = machine.command(&shim);
    let mut child = command
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shim starts");
    // Its input stays open: the end of input is another reason to end.
    let end = processes::reap("the shim gives up", &mut child, PATIENCE);
    assert_eq!(end.code(), Some(69));
    let left = child.wait_with_output().expect("a child can be waited for");
    assert_eq!(left.stdout, b"");
    let words = String::from_utf8_lossy(&left.stderr).into_owned();
    assert_eq!(words.trim_end().lines().count(), 1, "{words}");
}

#[test]
fn read_only_offers_no_writes_and_refuses_them() {
    let machine = machine();
    let mut writer = Shim::connect(&machine, "claude-code");
    let _said = writer.say("plan", "T", "b");
    let mut reader = Shim::connect_with(&machine, "claude-code", Era::Sessions, &["--read-only"]);
    let tools = reader.request("tools/list", json!({}));
    let names: Vec<&str> = tools["result"]["tools"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    for writing in ["say", "ack", "handoff", "set_status"] {
        assert!(
            !names.contains(&format!("watercooler_{writing}").as_str()),
            "{names:?}"
        );
    }
    assert_eq!(reader.count("plan"), 1);
    let refused = reader.attempt("say", json!({"topic": "plan", "title": "T", "body": "b"}));
    assert!(refused.is_error);
    assert_eq!(refused.code(), "read_only", "{refused:?}");
    assert_eq!(writer.count("plan"), 1);
}
