//! The worker: every exchange ends by its deadline, nothing is left behind, what a remote sends is
//! bounded, and one ssh login serves many polls.

mod bounds;
mod logins;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tests::machine::{GRACE, Machine};
use tests::processes;
use tests::programs::Program;
use tests::servers::bare::BareRepository;
use tests::servers::mute::MuteServer;
use tests::servers::raw::{RawServer, packet};
use tests::servers::sshd;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_for, wait_until};

/// What an exchange may take beyond `network_timeout`: the worker's grace and the end of its group.
const BEYOND: Duration = Duration::from_millis(2500);

/// Children are gone within this after the daemon was killed.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// A machine whose three repositories are stuck in an exchange: one in ssh, one in libgit2 over
/// http, one in a local git with a child of its own.
fn stuck(mute: &MuteServer, remote: &BareRepository, timeout: &str) -> Machine {
    let port = mute.url();
    let port = port.rsplit_once(':').expect("a port").1;
    let ssh = format!("ssh://alice@127.0.0.1:{port}");
    let settings = Settings::of("alice")
        .sync(&format!(
            "poll_active = \"1s\"\npoll_idle = \"1s\"\nnetwork_timeout = \"{timeout}\""
        ))
        .repository("by-http", &mute.url(), "")
        .repository("by-ssh", &ssh, "")
        .repository("by-file", &remote.url(), "");
    let machine = Machine::new(&settings);
    sshd::own_ssh(&machine, "");
    let git = machine.bin().join("git");
    fs::write(&git, "#!/bin/sh\nsleep 600\n:\n").expect("the machine's folder can be written");
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("it was written");
    machine
}

/// The arguments of a running process, with spaces between them.
fn command_line(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// The running workers of a machine.
fn workers(machine: &Machine) -> Vec<u32> {
    let mut found = processes::of_folder(machine.root());
    found.retain(|pid| command_line(*pid).contains("watercoolerd transfer"));
    found
}

/// Everything of a stuck machine but its daemon, once all of it runs: the workers and their children.
fn wait_stuck(machine: &Machine) -> Vec<u32> {
    let daemon = machine.daemon_pid().expect("the daemon serves");
    wait_for("three stuck exchanges", PATIENCE, || {
        let mut found = processes::of_folder(machine.root());
        found.retain(|pid| *pid != daemon && processes::is_alive(*pid));
        let runs = |words: &str| found.iter().any(|pid| command_line(*pid).contains(words));
        let all = workers(machine).len() == 3 && runs("sleep 600") && runs("ssh -F");
        all.then_some(found)
    })
}

fn wait_gone(pids: &[u32], within: Duration) {
    let left = || -> Vec<String> {
        let left = pids.iter().filter(|pid| processes::is_alive(**pid));
        left.map(|pid| command_line(*pid)).collect()
    };
    let start = Instant::now();
    while !left().is_empty() {
        assert!(start.elapsed() < within, "left behind: {:#?}", left());
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn nothing_outlives_a_daemon_that_is_killed() {
    let (mute, remote) = (MuteServer::start(), BareRepository::new());
    let mut alice = stuck(&mute, &remote, "10m");
    alice.start();
    let running = wait_stuck(&alice);
    let _killed = alice.kill();
    wait_gone(&running, GONE_WITHIN + GRACE);
    fs::remove_file(alice.bin().join("git")).expect("it was made");
    // A new one waits for what may still hold the clones, and serves.
    alice.start();
    alice.wait_in_step("by-file");
}

#[test]
fn nothing_outlives_a_daemon_that_is_stopped() {
    let (mute, remote) = (MuteServer::start(), BareRepository::new());
    let mut alice = stuck(&mute, &remote, "10m");
    alice.start();
    let running = wait_stuck(&alice);
    alice.stop();
    wait_gone(&running, GRACE);
    let sockets = alice.folder().join("run/ssh");
    assert!(!sockets.exists(), "{}", sockets.display());
}

#[test]
fn nothing_outlives_a_repository_that_is_removed() {
    let (mute, remote) = (MuteServer::start(), BareRepository::new());
    let mut alice = stuck(&mute, &remote, "10m");
    alice.start();
    let running = wait_stuck(&alice);
    for name in ["by-http", "by-ssh", "by-file"] {
        let _removed = alice.cli(&["repo", "remove", name]).done();
    }
    wait_gone(&running, GONE_WITHIN + GRACE);
}

#[test]
fn nothing_outlives_its_deadline_and_the_next_exchange_goes_through() {
    let (mute, remote) = (MuteServer::start(), BareRepository::new());
    let mut alice = stuck(&mute, &remote, "2s");
    let start = Instant::now();
    alice.start();
    let running = wait_stuck(&alice);
    let looked = start.elapsed();
    wait_gone(&running, Duration::from_secs(2) + BEYOND + GRACE);
    assert!(looked < PATIENCE);
    for name in ["by-http", "by-ssh", "by-file"] {
        let one = alice.wait_state(name, "troubled", |one| !one["trouble"].is_null());
        assert_eq!(one["trouble"]["kind"], "offline", "{one}");
        let words = one["trouble"]["message"].as_str().unwrap_or_default();
        assert!(words.contains("did not answer in 2.0 s"), "{one}");
    }
    fs::remove_file(alice.bin().join("git")).expect("it was made");
    alice.wait_in_step("by-file");
}

#[test]
fn a_worker_that_is_killed_is_replaced() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let mut claude = Shim::connect(&alice, "claude-code");
    for number in 0..3 {
        let before = wait_for("a worker", PATIENCE, || workers(&alice).pop());
        processes::signal(before, processes::Signal::KILL);
        let _said = claude.say("plan", &format!("T{number}"), "b");
        alice.wait_in_step("acme");
        wait_until("another worker", PATIENCE, || {
            workers(&alice).iter().any(|pid| *pid != before)
        });
        wait_gone(&[before], GRACE);
    }
    assert_eq!(remote.log().len(), 3);
    assert_eq!(workers(&alice).len(), 1);
}

#[test]
fn a_drip_ends_at_the_deadline_and_its_neighbour_feels_nothing() {
    let drips = RawServer::start(|mut caller| caller.drip(&packet(&[b'0'; 60_000])));
    let http = RawServer::start(|mut caller| {
        let head = b"HTTP/1.1 200 OK\r\n\
            Content-Type: application/x-git-upload-pack-advertisement\r\n\
            Content-Length: 60000\r\n\r\n";
        if caller.send(head) {
            caller.drip(b"001e# service=git-upload-pack\n0000");
        }
    });
    let remote = BareRepository::holding(&[("plan.md", b"# plan\n")], "Begin");
    let settings = Settings::of("alice")
        .sync("poll_active = \"1s\"\npoll_idle = \"1s\"\nnetwork_timeout = \"3s\"")
        .repository("by-git", &drips.url("git"), "")
        .repository("by-http", &http.url("http"), "")
        .remote(&remote.url());
    let mut alice = Machine::new(&settings);
    alice.start();
    let start = Instant::now();
    alice.wait_in_step("acme");
    let quick = start.elapsed();
    assert!(quick < Duration::from_secs(3), "{quick:?}");
    let fetched = alice.repository("acme")["last_fetch"].clone();
    wait_until("both called", PATIENCE, || {
        drips.callers() > 0 && http.callers() > 0
    });
    let running = workers(&alice);
    for name in ["by-git", "by-http"] {
        let one = alice.wait_state(name, "troubled", |one| !one["trouble"].is_null());
        let words = one["trouble"]["message"].as_str().unwrap_or_default();
        assert!(words.contains("did not answer in 3.0 s"), "{one}");
    }
    let took = start.elapsed();
    let limit = Duration::from_secs(3) + BEYOND + GRACE;
    assert!(took < limit, "{took:?}");
    let gone = running.iter().filter(|pid| !processes::is_alive(**pid));
    assert!(gone.count() >= 2, "both workers were ended: {running:?}");
    alice.wait_state("acme", "fetched again", |one| {
        one["state"] == "synced" && one["last_fetch"] != fetched
    });
}

/// The worker's answer to one frame.
fn answer_to(frame: &str) -> String {
    let mut child = Command::new(Program::Daemon.path())
        .arg("transfer")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("the worker starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    let length = u32::try_from(frame.len()).expect("a short frame");
    let whole = [&length.to_be_bytes()[..], frame.as_bytes()].concat();
    stdin.write_all(&whole).expect("the worker reads");
    let mut length = [0; 4];
    let mut stdout = child.stdout.take().expect("it was asked for");
    let answered = stdout.read_exact(&mut length);
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stdout.read_exact(&mut answer).expect("a whole frame");
    drop(stdin);
    let _ended = processes::reap("the worker ends with its input", &mut child, PATIENCE);
    answered.map_or_else(
        |_| String::new(),
        |()| String::from_utf8_lossy(&answer).into_owned(),
    )
}

#[test]
fn a_worker_of_another_build_says_so_and_one_that_hears_nonsense_ends() {
    let answer = answer_to(r#"{"build":"0.0.0 (transfer 0)","from":"another time"}"#);
    assert!(
        answer.contains("other_build")
            && answer.contains("(transfer ")
            && !answer.contains("(transfer 0)"),
        "{answer}"
    );
    assert_eq!(answer_to("nonsense"), "");
}

#[test]
fn a_daemon_whose_program_is_gone_goes_on_exchanging() {
    let remote = BareRepository::new();
    let alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    let program = alice.root().join("watercoolerd");
    fs::copy(Program::Daemon.path(), &program).expect("the program can be copied");
    let mut daemon = alice
        .command(&program)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the daemon starts");
    wait_until("the daemon answers", PATIENCE, || {
        alice.daemon_pid() == Some(daemon.id())
    });
    alice.wait_in_step("acme");
    // An update puts another file there; what is gone is the hardest of it.
    fs::remove_file(&program).expect("it was copied");
    let before = wait_for("a worker", PATIENCE, || workers(&alice).pop());
    processes::signal(before, processes::Signal::KILL);
    wait_gone(&[before], PATIENCE);
    let _said = alice
        .cli(&["say", "plan", "--title", "T", "--body", "b"])
        .done();
    alice.wait_in_step("acme");
    assert_eq!(remote.log().len(), 1);
    processes::signal(daemon.id(), processes::Signal::TERM);
    let end = processes::reap("the daemon ends", &mut daemon, PATIENCE);
    assert_eq!(end.code(), Some(0));
}
