//! The log: one id leads from a client's call to the remote's history, its files stay bounded, and
//! `watercooler logs -f` follows from one file to the next.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;

use tests::machine::Machine;
use tests::programs::Program;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::wait::{PATIENCE, wait_until};

/// Source: the project's issue on logs.
const FILES_MAX: usize = 5;
const FILE_BYTES_MAX: u64 = 2 << 20;

/// The lines of the daemon's own files.
fn lines(machine: &Machine) -> Vec<String> {
    let text: String = files(machine)
        .into_iter()
        .map(|(path, _)| fs::read_to_string(path).unwrap_or_default())
        .collect();
    text.lines().map(str::to_owned).collect()
}

/// The daemon's own files, and how long each is.
fn files(machine: &Machine) -> Vec<(std::path::PathBuf, u64)> {
    let folder = machine.folder().join("state/logs");
    let entries = fs::read_dir(folder).expect("there are logs").flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("watercoolerd."))
        })
        .map(|path| {
            let len = fs::metadata(&path).map_or(0, |found| found.len());
            (path, len)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn one_id_leads_from_the_call_to_the_remote() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    let said = alice.json(&["say", "plan", "--title", "T", "--body", "secret words"]);
    let id = said["entry_id"].as_str().expect("an id").to_owned();
    alice.wait_in_step("acme");
    for what in ["Kept", "Push ended"] {
        wait_until(what, PATIENCE, || {
            let lines = lines(&alice);
            lines
                .iter()
                .any(|line| line.contains(&id) && line.contains(what))
        });
    }
    assert_eq!(remote.commits_of(&id), 1);
    assert!(!alice.logs().contains("secret words"), "no body is logged");
}

#[test]
fn files_stay_bounded_and_are_followed_from_one_to_the_next() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    alice.stop();
    // A file that the next line fills.
    let (newest, len) = files(&alice).pop().expect("a log");
    let filler = "a line of the past\n".repeat(usize::try_from(FILE_BYTES_MAX - len).unwrap() / 19);
    let mut text = fs::read_to_string(&newest).expect("it can be read");
    text.push_str(&filler);
    for number in 1..FILES_MAX {
        let old = newest.with_file_name(format!("watercoolerd.00000{number}.log"));
        fs::write(old, "old\n").expect("it can be written");
    }
    let last = newest.with_file_name(format!("watercoolerd.00000{FILES_MAX}.log"));
    fs::write(last, text).expect("it can be written");
    let mut follower = alice
        .command(Program::Cli.path())
        .args(["logs", "-f"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let shown = BufReader::new(follower.stdout.take().expect("it is piped"));
    let (teller, told) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        for line in shown.lines().map_while(Result::ok) {
            if teller.send(line).is_err() {
                return;
            }
        }
    });
    alice.start();
    let said = alice.json(&["say", "plan", "--title", "T", "--body", "b"]);
    let id = said["entry_id"].as_str().expect("an id").to_owned();
    alice.wait_in_step("acme");
    wait_until("the follower shows it", PATIENCE, || {
        told.try_iter().any(|line| line.contains(&id))
    });
    let files = files(&alice);
    assert!(files.len() <= FILES_MAX, "{files:?}");
    assert!(
        files.iter().all(|(_, len)| *len <= FILE_BYTES_MAX),
        "{files:?}"
    );
    follower.kill().expect("it runs");
    let _ended = follower.wait();
    drop(told);
    reading.join().expect("it does not panic");
}

#[test]
fn a_trouble_that_stands_is_logged_once() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    for times in 1..=2 {
        remote.go_away();
        let fetches = || alice.json(&["status"])["metrics"]["fetches"]["count"].as_u64();
        let before = fetches().expect("a number");
        let _said = alice.json(&["say", "plan", "--title", "T", "--body", "b"]);
        wait_until("it was tried again and again", PATIENCE, || {
            let _asked = alice.cli(&["sync"]);
            fetches() >= Some(before + 4)
        });
        let lines = lines(&alice);
        let told = lines.iter().filter(|line| line.contains(": Trouble "));
        assert_eq!(told.count(), times, "{lines:#?}");
        remote.come_back();
        let _asked = alice.cli(&["sync"]);
        alice.wait_in_step("acme");
    }
}
