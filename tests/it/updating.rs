//! An update under a running load: daemon and shims of this version and of the one before meet in
//! all four pairings, there and back again, and no call fails.

#![allow(
    clippy::print_stderr,
    reason = "the figures are for the person who runs the test"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::cli::Ran;
use tests::machine::Machine;
use tests::programs;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

/// Names the folder of the programs of the version before.
const OLDER: &str = "WATERCOOLER_OLDER";

/// Agents of each version.
const AGENTS: usize = 4;

/// How many calls each agent has answered between one update and the next.
const CALLS_BETWEEN: usize = 20;

/// The longest that a call may take while daemons change; a shim sends again for longer than that.
const CALL_MAX: Duration = Duration::from_secs(20);

/// What one agent did.
#[derive(Debug)]
struct Told {
    topic: String,
    said: u64,
    calls: usize,
    longest: Duration,
}

#[test]
#[ignore = "needs a second build: ./tests/run.sh update"]
fn no_call_fails_while_versions_change_there_and_back() {
    let older = std::env::var_os(OLDER).expect("the folder of the version before is named");
    let (older, newer) = (PathBuf::from(older), programs::folder().to_owned());
    let mut machine = Machine::without_settings();
    machine.unset("WATERCOOLER_HOME");
    let prefix = machine.home().join(".local");
    install(&machine, &older, &prefix);
    let before = version(&machine, &prefix);
    let told = under_load(&machine, &[&older, &newer], |all_go_on| {
        all_go_on();
        install(&machine, &newer, &prefix);
        let after = version(&machine, &prefix);
        assert_ne!(after, before, "the two builds have one version");
        all_go_on();
        install(&machine, &older, &prefix);
        assert_eq!(version(&machine, &prefix), before);
        all_go_on();
        install(&machine, &newer, &prefix);
        assert_eq!(version(&machine, &prefix), after);
        all_go_on();
    });

    let shim = newer.join("watercooler-mcp");
    let mut reader = Shim::connect_by(&machine, &shim, "codex", Era::Sessions);
    for one in &told {
        assert_eq!(reader.count(&one.topic), one.said, "{one:?}");
    }
    let calls: usize = told.iter().map(|one| one.calls).sum();
    let said: u64 = told.iter().map(|one| one.said).sum();
    let longest = told.iter().map(|one| one.longest).max().unwrap_or_default();
    eprintln!(
        "{calls} calls, {said} of them writes, over 3 changes of version; none failed, the \
         longest took {longest:?}"
    );
    assert!(longest <= CALL_MAX, "{longest:?}");
    let mut off = machine.command(prefix.join("bin/watercooler-installer"));
    off.args(["uninstall", "--yes", "--prefix"]).arg(&prefix);
    let _off = Ran::run(&mut off, "").done();
}

/// Lets agents with the shims of these folders call while `change` goes on, which may wait until
/// every one of them was answered again.
fn under_load(
    machine: &Machine,
    folders: &[&Path; 2],
    change: impl FnOnce(&dyn Fn()),
) -> Vec<Told> {
    let done = AtomicBool::new(false);
    let answered: Vec<AtomicUsize> = (0..2 * AGENTS).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        // Also where a change fails: the agents are waited for.
        let ending = Ending(&done);
        let mut agents = Vec::new();
        for (number, answered) in answered.iter().enumerate() {
            let (shim, done) = (folders[number % 2].join("watercooler-mcp"), &done);
            agents.push(scope.spawn(move || calls(machine, &shim, number, answered, done)));
        }
        let load = |one: &AtomicUsize| one.load(Ordering::Relaxed);
        change(&|| {
            let from: Vec<usize> = answered.iter().map(load).collect();
            wait_until("every agent is answered again and again", PATIENCE, || {
                let mut pairs = answered.iter().zip(&from);
                let has_ended = agents.iter().any(ScopedJoinHandle::is_finished);
                assert!(!has_ended, "a call failed");
                pairs.all(|(one, from)| load(one) >= from + CALLS_BETWEEN)
            });
        });
        drop(ending);
        let joined = agents.into_iter().map(ScopedJoinHandle::join);
        joined.map(|told| told.expect("no call fails")).collect()
    })
}

/// Ends the load.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// By the installer that lies with the programs.
fn install(machine: &Machine, from: &Path, prefix: &Path) {
    let mut install = machine.command(from.join("watercooler-installer"));
    install
        .args([
            "update",
            "--yes",
            "--client",
            "none",
            "--autostart",
            "no",
            "--prefix",
        ])
        .arg(prefix);
    let _done = Ran::run(&mut install, "").done();
}

/// The daemon's.
fn version(machine: &Machine, prefix: &Path) -> String {
    let mut ask = machine.command(prefix.join("bin/watercooler"));
    let status = Ran::run(ask.args(["status", "--json"]), "").done().json();
    let version = status["daemon"]["version"].as_str();
    version.expect("a daemon runs").to_owned()
}

/// Calls, one after the other, until all is done; every third writes.
fn calls(
    machine: &Machine,
    shim: &Path,
    number: usize,
    answered: &AtomicUsize,
    done: &AtomicBool,
) -> Told {
    let era = [Era::Sessions, Era::Stateless][number / 2 % 2];
    let mut agent = Shim::connect_by(machine, shim, "claude-code", era);
    let mut told = Told {
        topic: format!("topic-{number}"),
        said: 0,
        calls: 0,
        longest: Duration::ZERO,
    };
    while !done.load(Ordering::Relaxed) {
        let from = Instant::now();
        let called = match told.calls % 3 {
            0 => {
                told.said += 1;
                agent.say(&told.topic, &format!("{}", told.calls), "b")
            }
            1 => agent.call("list_threads", json!({})),
            _ => agent.call("read_thread", json!({"topic": told.topic, "limit": 10})),
        };
        assert!(!called.text.is_empty());
        told.longest = told.longest.max(from.elapsed());
        told.calls += 1;
        answered.store(told.calls, Ordering::Relaxed);
    }
    told
}
