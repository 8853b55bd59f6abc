//! Answered means durable: the daemon is killed in the middle of everybody's writes and reads, again
//! and again; no call fails, and nothing answered is lost or doubled.

#![allow(
    clippy::print_stderr,
    reason = "the figures are for the person who runs the test"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tests::git;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

const AGENTS: [&str; 4] = ["Claude", "Codex", "Gemini", "Cursor"];
const READERS: [&str; 2] = ["Qwen", "Goose"];
const ERAS: [Era; 2] = [Era::Sessions, Era::Stateless];
const WRITES_OF_EACH: usize = 25;
const WRITES: usize = AGENTS.len() * WRITES_OF_EACH;

#[test]
fn no_call_fails_and_every_answered_entry_is_there_exactly_once_whenever_the_daemon_is_killed() {
    killed_in_the_middle(20);
}

#[test]
#[ignore = "takes minutes: ./tests/run.sh load"]
fn no_call_fails_and_nothing_is_lost_over_a_hundred_kills() {
    killed_in_the_middle(100);
}

fn killed_in_the_middle(rounds: usize) {
    let remote = BareRepository::new();
    let mut machine = Machine::new(&Settings::of("alice").remote(&remote.url()));
    machine.start();
    let connected = |names: &[&str]| -> Vec<Shim> {
        names
            .iter()
            .zip(ERAS.into_iter().cycle())
            .map(|(name, era)| Shim::connect_with(&machine, name, era, &["--agent", name]))
            .collect()
    };
    let (mut agents, mut readers) = (connected(&AGENTS), connected(&READERS));
    let mut answered = Vec::new();
    let mut reads = 0;
    for round in 0..rounds {
        let topic = format!("round-{round}");
        let kill_at = 3 + (round * 67) % (WRITES - 30);
        let came = a_round(&mut machine, &mut agents, &mut readers, &topic, kill_at);
        answered.push(came.ids);
        reads += came.reads;
        for client in agents.iter_mut().chain(&mut readers) {
            let count = client.count(&topic);
            assert_eq!(count, WRITES as u64, "the next call of every client works");
        }
    }
    eprintln!(
        "{rounds} kills, {} writes and {reads} reads, none failed",
        rounds * WRITES
    );
    machine.wait_in_step("acme");
    for (round, ids) in answered.iter().enumerate() {
        let text = remote.text(&format!("round-{round}.md"));
        all_once(&text, ids, round);
    }
    let commits = remote.log();
    let in_commits: BTreeSet<&str> = commits
        .iter()
        .filter_map(|commit| commit.trailer("Watercooler-Entry-ID"))
        .collect();
    assert_eq!(commits.len(), rounds * WRITES);
    assert_eq!(
        in_commits.len(),
        commits.len(),
        "one commit for each operation"
    );
    remote.assert_sound();
    git::assert_sound(&machine.clone_of("acme"));
}

struct Round {
    /// The answered writes.
    ids: BTreeSet<String>,
    /// How many reads were answered beside them.
    reads: usize,
}

/// Everybody writes and reads; after so many answered writes the daemon dies.
fn a_round(
    machine: &mut Machine,
    agents: &mut [Shim],
    readers: &mut [Shim],
    topic: &str,
    kill_at: usize,
) -> Round {
    let answered = Mutex::new(BTreeSet::new());
    let is_over = AtomicBool::new(false);
    let victim = machine.daemon_pid().expect("a daemon serves");
    let reads = std::thread::scope(|scope| {
        let (answered, over) = (&answered, Over(&is_over));
        let is_over = over.0;
        let writers: Vec<_> = agents
            .iter_mut()
            .zip(AGENTS)
            .map(|(agent, name)| scope.spawn(move || write_all(agent, name, topic, answered)))
            .collect();
        let readers: Vec<_> = readers
            .iter_mut()
            .map(|reader| scope.spawn(move || read_all(reader, topic, answered, is_over)))
            .collect();
        wait_until("enough answers", PATIENCE, || {
            len(answered) >= kill_at || writers.iter().all(|one| one.is_finished())
        });
        machine.kill_daemon(victim);
        let answered_before = len(answered);
        let written: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        drop(over);
        let read: Vec<_> = readers.into_iter().map(|reader| reader.join()).collect();
        assert!(answered_before < WRITES, "killed in the middle");
        for one in written {
            one.expect("every write is answered");
        }
        read.into_iter()
            .map(|one| one.expect("every read is answered"))
            .sum()
    });
    let ids = answered.into_inner().expect("no writer panicked");
    assert_eq!(ids.len(), WRITES, "every write has an ID of its own");
    Round { ids, reads }
}

/// Lets the readers end, also where the test ends early.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn len(answered: &Mutex<BTreeSet<String>>) -> usize {
    answered.lock().expect("no writer panics here").len()
}

fn write_all(agent: &mut Shim, name: &str, topic: &str, answered: &Mutex<BTreeSet<String>>) {
    for number in 0..WRITES_OF_EACH {
        let say = json!({
            "topic": topic,
            "title": format!("{name} {number}"),
            "body": format!("this is {name}'s number {number} of {topic}"),
        });
        let said = agent.call("say", say).structured;
        let id = said["entry_id"].as_str().expect("an id").to_owned();
        answered.lock().expect("no writer panics here").insert(id);
    }
}

/// Reads until the writers are done: each time there is at least what was answered before.
fn read_all(
    reader: &mut Shim,
    topic: &str,
    answered: &Mutex<BTreeSet<String>>,
    is_over: &AtomicBool,
) -> usize {
    let mut reads = 0;
    while !is_over.load(Ordering::SeqCst) {
        let before = answered.lock().expect("no writer panics here").clone();
        reads += 2;
        let _threads = reader.call("list_threads", json!({"filter": "all"}));
        if before.is_empty() {
            continue;
        }
        let entries = reader.entries(topic);
        let ids: BTreeSet<&str> = entries
            .iter()
            .filter_map(|one| one["entry_id"].as_str())
            .collect();
        let lost: Vec<&String> = before
            .iter()
            .filter(|id| !ids.contains(id.as_str()))
            .collect();
        assert!(lost.is_empty(), "answered, and not there to read: {lost:?}");
    }
    reads
}

fn all_once(text: &str, answered: &BTreeSet<String>, round: usize) {
    let entries = python_reader::entries(text);
    let mut seen = BTreeSet::new();
    let more: Vec<_> = entries
        .iter()
        .filter(|entry| {
            let id = entry.id.clone().unwrap_or_default();
            !answered.contains(&id) || !seen.insert(id)
        })
        .map(|entry| (&entry.id, &entry.title))
        .collect();
    assert!(
        more.is_empty(),
        "round {round}: not answered, or twice: {more:#?}"
    );
    assert_eq!(entries.len(), answered.len(), "round {round}");
    let ids: BTreeSet<String> = entries
        .iter()
        .filter_map(|entry| entry.id.clone())
        .collect();
    assert_eq!(&ids, answered, "round {round}");
    let titles: BTreeSet<&str> = entries.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(
        titles.len(),
        answered.len(),
        "round {round}: nothing doubled under two IDs"
    );
    for name in AGENTS {
        let numbers: Vec<&str> = entries
            .iter()
            .filter_map(|entry| entry.title.strip_prefix(name))
            .collect();
        let wanted: Vec<String> = (0..WRITES_OF_EACH).map(|one| format!(" {one}")).collect();
        assert_eq!(
            numbers, wanted,
            "round {round}: {name}'s entries keep their order"
        );
    }
}
