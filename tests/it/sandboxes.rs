//! An agent's sandbox refuses the daemon's socket: reads show the files, and all else says why not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tests::cli::Ran;
use tests::machine::Machine;
use tests::programs::Program;
use tests::sandbox::{self, Refused, With};
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// A machine whose working tree holds a thread, with its daemon.
fn machine() -> Machine {
    let mut machine = Machine::new(&Settings::of("alice"));
    machine.start();
    let mut claude = Shim::connect(&machine, "claude-code");
    claude.say("plan", "First", "the first body");
    let file = machine.tree("local").join("plan.md");
    wait_until("the file is written", PATIENCE, || file.exists());
    machine
}

/// What the commands do where `run` refuses them the socket.
fn check(machine: &Machine, run: impl Fn(&[&str]) -> Ran) {
    let mark = "the daemon cannot be reached from this sandbox";
    let listed = run(&["list"]).done();
    assert!(
        listed.stdout.contains(mark) && listed.stdout.contains("plan"),
        "{listed:?}"
    );
    assert!(listed.stdout.starts_with("(files as of 2"), "{listed:?}");
    let read = run(&["read", "plan"]).done();
    assert!(
        read.stdout.contains(mark) && read.stdout.contains("the first body"),
        "{read:?}"
    );
    let document = run(&["list", "--json"]).done().json();
    assert_eq!(document["threads"][0]["topic"], "plan", "{document}");
    assert!(
        document["freshness"]["files_as_of"].is_string(),
        "{document}"
    );
    assert!(document["threads"][0]["your_turn"].is_null(), "{document}");
    let document = run(&["read", "plan", "--json"]).done().json();
    let file = document["file"].as_str().unwrap_or_default();
    assert!(file.contains("the first body"), "{document}");
    let _nothing = run(&["read", "no-such"]).exited(1);

    let entry: &[&str] = &["say", "plan", "--title", "T", "--body", "not written"];
    let writes = [
        entry,
        &["ack", "plan"],
        &["handoff", "plan"],
        &["set-status", "plan", "DONE"],
    ];
    for line in writes
        .iter()
        .chain(&[&["search", "body"] as &[&str], &["updates"], &["status"]])
    {
        let refused = run(line).exited(77);
        assert!(refused.stderr.contains("sandbox"), "{refused:?}");
        assert_eq!(refused.stdout, "", "{refused:?}");
        let error = run(&[line, &["--json"] as &[&str]].concat())
            .exited(77)
            .json();
        assert_eq!(error["error"]["code"], "daemon_unavailable", "{error}");
        assert!(error["error"]["hint"].is_string(), "{error}");
    }
    for event in ["session-start", "prompt", "wait"] {
        let silent = run(&["hook", event]).done();
        assert_eq!(
            (silent.stdout, silent.stderr),
            (String::new(), String::new())
        );
    }
    let text = fs::read_to_string(machine.tree("local").join("plan.md")).expect("it is there");
    assert!(!text.contains("not written"), "{text}");
}

#[test]
fn where_the_kernel_refuses_the_socket_reads_show_the_files_and_writes_say_so() {
    let machine = machine();
    for how in [
        (Refused::Connect, With::Eperm),
        (Refused::Connect, With::Eacces),
        (Refused::Socket, With::Eperm),
        (Refused::Socket, With::Eacces),
    ] {
        check(&machine, |line| {
            let mut command = sandbox::command(&machine, how, &Program::Cli.path());
            Ran::run(command.args(line), "")
        });
    }
}

#[test]
fn where_the_folder_may_not_be_looked_into_it_is_the_same() {
    let machine = machine();
    let run = machine.folder().join("run");
    fs::set_permissions(&run, Permissions::from_mode(0o000)).expect("it is ours");
    if fs::read_dir(&run).is_err() {
        check(&machine, |line| machine.cli(line));
    } else {
        // Root looks into every folder: then it is the socket that it reaches.
        let listed = machine.cli(&["list"]).done();
        assert!(!listed.stdout.contains("files as of"), "{listed:?}");
    }
    fs::set_permissions(&run, Permissions::from_mode(0o700)).expect("it is ours");
}

#[test]
fn a_shim_in_a_sandbox_says_so_in_json_rpc_alone_and_ends() {
    let machine = machine();
    for how in [
        (Refused::Connect, With::Eperm),
        (Refused::Socket, With::Eperm),
    ] {
        let mut command = sandbox::command(&machine, how, &Program::Shim.path());
        let hello = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "claude-code", "version": "1"},
            },
        });
        let ran = Ran::run(&mut command, &format!("{hello}\n")).exited(77);
        for line in ran.stdout.lines() {
            let message: serde_json::Value = serde_json::from_str(line).expect("JSON-RPC");
            assert_eq!(message["jsonrpc"], "2.0", "{line}");
            let said = message["error"]["message"].as_str().unwrap_or_default();
            assert!(said.contains("sandbox"), "{line}");
        }
        assert!(ran.stdout.lines().count() == 1, "{ran:?}");
    }
}
