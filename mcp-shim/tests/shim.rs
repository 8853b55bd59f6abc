//! The built program between a client and a daemon that does as the test says.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where something is not as it should be, and says what it skips"
)]

#[path = "it/bench.rs"]
mod bench;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bench::{Daemon, Home, Shim, program};
use protocol::failure::{Failure, FailureCode};
use protocol::frame::FRAME_BYTES_MAX;
use protocol::hello::{PROTOCOL, Speaks, Welcome};
use serde_json::json;

/// Promised to end within a second; the rest is for a busy machine.
const END_WAIT_MAX: Duration = Duration::from_millis(1_500);

fn list(id: i64) -> serde_json::Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"})
}

#[test]
fn the_hello_goes_first_and_lines_go_through() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(
        &home,
        &["--agent", "Claude", "--code", "/src", "--read-only"],
    );
    shim.write(&list(1));
    let mut link = daemon.accept();
    let hello = &link.hello;
    assert_eq!((hello.speaks, hello.protocol), (Speaks::Mcp, PROTOCOL));
    assert_eq!(hello.agent.as_deref(), Some("Claude"));
    assert_eq!(hello.code.as_deref(), Some("/src"));
    assert!(hello.read_only);
    assert_eq!(hello.environment["WATERCOOLER_AGENT"], "Codex");
    assert!(!hello.environment.contains_key("PATH"));
    assert_eq!(link.read()["method"], "tools/list");
    link.write(&json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}));
    assert_eq!(shim.read()["result"]["tools"], json!([]));
    drop(shim.input.take());
    shim.ended_within(END_WAIT_MAX, Some(0));
}

#[test]
fn a_session_survives_its_daemon() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    shim.write(&json!({"id": 0, "method": "initialize"}));
    let mut link = daemon.accept();
    let session = link.hello.session.clone();
    link.read();
    link.write(&json!({"id": 0, "result": {"v": 1}}));
    shim.read();
    shim.write(&json!({"method": "notifications/initialized"}));
    link.read();
    shim.write(&json!({"id": 1, "method": "tools/call", "params": {"name": "watercooler_say"}}));
    link.read();
    drop(link);

    let mut link = daemon.accept();
    assert_eq!(link.hello.session, session);
    assert_eq!(link.read()["method"], "initialize");
    link.write(&json!({"id": 0, "result": {"v": 2}}));
    assert_eq!(link.read()["method"], "notifications/initialized");
    let again = link.read();
    assert_eq!(
        (&again["id"], &again["method"]),
        (&json!(1), &json!("tools/call"))
    );
    link.write(&json!({"id": 1, "result": {"done": true}}));
    let mut seen = [shim.read(), shim.read(), shim.read(), shim.read()];
    seen.sort_by_key(|line| line["id"].is_null());
    assert_eq!(seen[0]["result"]["done"], true);
    for (line, list) in seen[1..].iter().zip(["tools", "prompts", "resources"]) {
        assert_eq!(line["method"], format!("notifications/{list}/list_changed"));
    }
}

#[test]
fn a_daemon_of_another_version_serves_and_is_told_once() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    shim.write(&list(1));
    let mut link = daemon.accept();
    link.read();
    drop(link);
    let mut link = daemon.accept();
    link.read();
    link.write(&json!({"id": 1, "result": {}}));
    assert_eq!(shim.read()["id"], 1);
    drop(shim.input.take());
    shim.ended_within(END_WAIT_MAX, Some(0));
    let words = shim.words();
    assert_eq!(words.matches("0.0.0").count(), 1, "{words}");
    assert!(words.contains("watercooler daemon restart"), "{words}");
}

#[test]
fn a_silent_daemon_is_answered_for_within_two_seconds() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    let link = daemon.accept();
    let begun = Instant::now();
    shim.write(&list(1));
    // The probe is let in by the kernel, and hears nothing.
    let answer = shim.read();
    assert_eq!(answer["error"]["code"], -32000);
    assert_eq!(answer["error"]["data"]["code"], "daemon_unavailable");
    assert!(begun.elapsed() < Duration::from_millis(2_500), "{begun:?}");
    drop(link);
}

#[test]
fn a_daemon_that_is_silent_from_the_first_ends_the_program_with_words() {
    let home = Home::new();
    let _daemon = Daemon::listen(&home);
    let begun = Instant::now();
    let mut shim = Shim::start(&home, &[]);
    shim.write(&json!({"id": 0, "method": "initialize"}));
    let answer = shim.read();
    let words = answer["error"]["message"].as_str().unwrap();
    assert!(words.contains("did not answer"), "{words}");
    assert!(begun.elapsed() < Duration::from_millis(3_000));
    shim.ended_within(END_WAIT_MAX, Some(69));
    let words = shim.words();
    assert_eq!(words.lines().count(), 1, "{words}");
}

#[test]
fn without_a_daemon_the_program_ends_with_69_and_one_line() {
    let home = Home::new();
    for program in [program("missing"), home.script("exit 1")] {
        let begun = Instant::now();
        let mut shim = Shim::start_with(&home, &[], &[("WATERCOOLER_DAEMON", &program)]);
        shim.write(&json!({"id": 0, "method": "initialize"}));
        assert_eq!(shim.read()["error"]["data"]["code"], "daemon_unavailable");
        shim.ended_within(Duration::from_secs(7), Some(69));
        assert!(begun.elapsed() < Duration::from_secs(7));
        assert_eq!(shim.words().lines().count(), 1);
    }
}

#[test]
fn the_last_words_of_a_daemon_that_cannot_start_are_told() {
    let home = Home::new();
    let program = home.script("echo 'no room left' >&2; exit 1");
    let mut shim = Shim::start_with(&home, &[], &[("WATERCOOLER_DAEMON", &program)]);
    shim.ended_within(Duration::from_secs(7), Some(69));
    assert!(shim.words().contains("no room left"));
}

#[test]
fn a_daemon_is_started_out_of_reach_of_our_environment_and_files() {
    let home = Home::new();
    let program = home.script(
        "cd \"$WATERCOOLER_HOME\" && env > environment && ls -l /proc/self/fd > files
         read -r pid name state parent group session rest < /proc/$$/stat
         echo \"$$ $group $session\" > session; exit 1",
    );
    let shim = Shim::start_with(
        &home,
        &[],
        &[("WATERCOOLER_DAEMON", &program), ("GIT_DIR", "/elsewhere")],
    );
    let written = |name: &str| fs::read_to_string(home.path().join(name)).unwrap_or_default();
    bench::eventually("the daemon's script ran", || !written("session").is_empty());
    drop(shim);
    let ids = written("session");
    let ids: Vec<_> = ids.split_whitespace().collect();
    assert!(ids[0] == ids[1] && ids[0] == ids[2], "{ids:?}");
    let files = written("files");
    assert!(
        !files.contains("pipe:") && !files.contains("socket:"),
        "{files}"
    );
    let environment = written("environment");
    assert!(environment.contains("WATERCOOLER_DETACHED=1"));
    assert!(!environment.contains("GIT_DIR="), "{environment}");
    assert!(!environment.contains("WATERCOOLER_AGENT="), "{environment}");
}

#[test]
fn a_daemon_that_met_one_that_was_ending_is_started_again() {
    let home = Home::new();
    let program = home.script(
        "cd \"$WATERCOOLER_HOME\"; [ -e first ] && touch second && exec sleep 3
         touch first; exit 1",
    );
    let mut shim = Shim::start_with(&home, &[], &[("WATERCOOLER_DAEMON", &program)]);
    let second = home.path().join("second");
    bench::eventually("it is started again", || second.exists());
    let daemon = Daemon::listen(&home);
    shim.write(&list(1));
    assert_eq!(daemon.accept().read()["id"], 1);
}

#[test]
fn a_daemon_that_was_stopped_is_started_when_somebody_asks() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let program = home.script("touch \"$WATERCOOLER_HOME/started\"; exec sleep 3");
    let mut shim = Shim::start_with(&home, &[], &[("WATERCOOLER_DAEMON", &program)]);
    let link = daemon.accept();
    fs::remove_file(&daemon.path).unwrap();
    drop((link, daemon));
    // Nobody waits, and no lock tells of a death: the next daemon is awaited and not started.
    let daemon = Daemon::listen(&home);
    let link = daemon.accept();
    let started = home.path().join("started");
    assert!(!started.exists());
    fs::remove_file(&daemon.path).unwrap();
    drop((link, daemon));
    shim.write(&list(1));
    bench::eventually("a daemon is started", || started.exists());
    let daemon = Daemon::listen(&home);
    assert_eq!(daemon.accept().read()["id"], 1);
}

#[test]
fn a_stale_socket_and_a_long_home_are_no_hindrance() {
    for home in [Home::new(), Home::long()] {
        let path = Daemon::listen(&home).path;
        assert!(path.exists(), "a dropped listener leaves its socket");
        let marked = home.path().join("started");
        let program = home.script("touch \"$WATERCOOLER_HOME/started\"; exec sleep 3");
        let mut shim = Shim::start_with(&home, &[], &[("WATERCOOLER_DAEMON", &program)]);
        bench::eventually("a daemon is started", || marked.exists());
        fs::remove_file(&path).unwrap();
        let daemon = Daemon::listen(&home);
        shim.write(&list(1));
        let mut link = daemon.accept();
        assert_eq!(link.read()["id"], 1);
    }
}

#[test]
fn the_end_of_input_ends_it_whatever_hangs() {
    let home = Home::new();
    // While it connects to a daemon that says nothing.
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    shim.write(&list(1));
    drop(shim.input.take());
    shim.ended_within(END_WAIT_MAX, Some(0));
    drop(daemon.accept_silently());

    // With a call under way that is never answered, and nobody who reads.
    let mut shim = Shim::start(&home, &[]);
    let mut link = daemon.accept();
    shim.write(&list(1));
    link.read();
    drop(shim.input.take());
    shim.ended_within(END_WAIT_MAX, Some(0));
}

#[test]
fn a_late_answer_is_not_lost_at_the_end_of_input() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    let mut link = daemon.accept();
    shim.write(&list(1));
    link.read();
    drop(shim.input.take());
    link.write(&json!({"id": 1, "result": {}}));
    assert_eq!(shim.read()["result"], json!({}));
    shim.ended_within(END_WAIT_MAX, Some(0));
}

#[test]
fn the_death_of_its_parent_ends_it() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut parent = Shim::start_under_a_shell(&home);
    let link = daemon.accept();
    let pid = link.hello.pid;
    assert!(platform::process::process_alive(pid));
    parent.kill();
    let begun = Instant::now();
    bench::eventually("the orphan ends", || !platform::process::process_alive(pid));
    assert!(begun.elapsed() < END_WAIT_MAX);
}

#[test]
fn a_line_over_the_limit_is_answered_and_the_next_goes_through() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    let mut link = daemon.accept();
    let body = "x".repeat(FRAME_BYTES_MAX);
    shim.write(&json!({"id": 1, "method": "tools/call", "params": {"body": body}}));
    assert_eq!(shim.read()["error"]["data"]["code"], "too_large");
    shim.write(&list(2));
    assert_eq!(link.read()["id"], 2);
}

#[test]
fn answers_go_through_while_the_daemon_reads_nothing() {
    const ANSWERS_LEN: i64 = 64;
    const REQUESTS_LEN: i64 = 600;
    // More than the pipe and the program hold, so that some wait in the socket.
    const WRITTEN_LEN_MIN: i64 = ANSWERS_LEN + 90;

    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    let mut link = daemon.accept();
    let mut input = shim.input.take().unwrap();
    let written = Arc::new(AtomicI64::new(0));
    let counted = Arc::clone(&written);
    let writing = thread::spawn(move || {
        let long = "x".repeat(1 << 10);
        for id in 0..REQUESTS_LEN {
            let request = json!({"id": id, "method": "other", "params": {"text": long}});
            writeln!(input, "{request}").unwrap();
            counted.store(id, Ordering::Relaxed);
        }
        input
    });
    for id in 0..ANSWERS_LEN {
        assert_eq!(link.read()["id"], id);
    }
    bench::eventually("the client is ahead", || {
        written.load(Ordering::Relaxed) >= WRITTEN_LEN_MIN
    });
    // More than the sockets and pipes hold, and little enough that the shim has not lost its
    // patience with a daemon that does not read.
    let long = "y".repeat(8 << 10);
    for id in 0..ANSWERS_LEN {
        link.write(&json!({"id": id, "result": {"text": long}}));
    }
    for id in 0..ANSWERS_LEN {
        assert_eq!(shim.read()["id"], id);
    }
    // It is the same connection: nothing was lost, nothing is sent twice.
    for id in ANSWERS_LEN..REQUESTS_LEN {
        assert_eq!(link.read()["id"], id);
        link.write(&json!({"id": id, "result": {}}));
        assert_eq!(shim.read()["id"], id);
    }
    drop(writing.join().unwrap());
    shim.ended_within(END_WAIT_MAX, Some(0));
}

#[test]
fn a_refusal_is_quoted() {
    let home = Home::new();
    let daemon = Daemon::listen(&home);
    let mut shim = Shim::start(&home, &[]);
    shim.write(&json!({"id": 0, "method": "initialize"}));
    let refusal = Failure::new(
        FailureCode::VersionMismatch,
        "It speaks protocol 9",
        "Update.",
    );
    daemon.welcome(&Welcome::Refused(refusal));
    let answer = shim.read();
    assert_eq!(answer["error"]["data"]["code"], "version_mismatch");
    assert_eq!(answer["error"]["message"], "It speaks protocol 9. Update.");
}

#[test]
fn a_folder_that_is_not_permitted_ends_it_with_77() {
    if !bench::can_be_another_user() {
        return;
    }
    let home = Home::new();
    let _daemon = Daemon::listen(&home);
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut shim = Shim::start_as_another_user(&home);
    shim.ended_within(Duration::from_secs(7), Some(77));
    assert!(shim.words().contains("not permitted"));
}

#[test]
fn usage_help_and_version() {
    let home = Home::new();
    let run = |argument: &str| {
        let output = Command::new(program("watercooler-mcp"))
            .arg(argument)
            .env("WATERCOOLER_HOME", home.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text, output.stderr.is_empty())
    };
    let version = format!(
        "watercooler-mcp {} (protocol {PROTOCOL})\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(run("--version"), (Some(0), version, true));
    assert!(run("--help").1.contains("--read-only"));
    assert_eq!(run("--wrong"), (Some(2), String::new(), false));
}
