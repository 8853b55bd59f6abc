//! Answered means durable: the daemon is killed in the middle of everybody's writes, again and
//! again, and nothing answered is lost or doubled.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tests::git;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

const ROUNDS: usize = 20;
const AGENTS: [&str; 4] = ["Claude", "Codex", "Gemini", "Cursor"];
const WRITES_OF_EACH: usize = 50;

#[test]
fn every_answered_entry_is_there_exactly_once_whenever_the_daemon_is_killed() {
    let remote = BareRepository::new();
    let mut machine = Machine::new(&Settings::of("alice").remote(&remote.url()));
    machine.start();
    let mut agents: Vec<Shim> = AGENTS
        .iter()
        .map(|name| Shim::connect_with(&machine, name, Era::Sessions, &["--agent", name]))
        .collect();
    let mut answered = Vec::new();
    for round in 0..ROUNDS {
        let topic = format!("round-{round}");
        answered.push(a_round(&mut machine, &mut agents, &topic, round));
        for agent in &mut agents {
            assert_eq!(
                agent.count(&topic),
                200,
                "the next call of every client works"
            );
        }
    }
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
    assert_eq!(commits.len(), ROUNDS * AGENTS.len() * WRITES_OF_EACH);
    assert_eq!(
        in_commits.len(),
        commits.len(),
        "one commit for each operation"
    );
    remote.assert_sound();
    git::assert_sound(&machine.clone_of("acme"));
}

/// Everybody writes; somewhere in the middle the daemon dies. Returns the answered IDs.
fn a_round(
    machine: &mut Machine,
    agents: &mut [Shim],
    topic: &str,
    round: usize,
) -> BTreeSet<String> {
    let writes = AGENTS.len() * WRITES_OF_EACH;
    // Spread over the round, and different in each.
    let kill_at = 3 + (round * 67) % (writes - 30);
    let count = AtomicUsize::new(0);
    let victim = machine.daemon_pid().expect("a daemon serves");
    let answered = std::thread::scope(|scope| {
        let writers: Vec<_> = agents
            .iter_mut()
            .zip(AGENTS)
            .map(|(agent, name)| {
                let count = &count;
                scope.spawn(move || write_all(agent, name, topic, count))
            })
            .collect();
        wait_until("enough answers", PATIENCE, || {
            count.load(Ordering::SeqCst) >= kill_at || writers.iter().all(|one| one.is_finished())
        });
        machine.kill_daemon(victim);
        let answered_before = count.load(Ordering::SeqCst);
        assert!(answered_before < writes, "killed in the middle");
        writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("every write is answered"))
            .collect::<Vec<String>>()
    });
    let distinct: BTreeSet<String> = answered.iter().cloned().collect();
    assert_eq!((answered.len(), distinct.len()), (writes, writes));
    distinct
}

fn write_all(agent: &mut Shim, name: &str, topic: &str, count: &AtomicUsize) -> Vec<String> {
    (0..WRITES_OF_EACH)
        .map(|number| {
            let say = json!({
                "topic": topic,
                "title": format!("{name} {number}"),
                "body": format!("this is {name}'s number {number} of {topic}"),
            });
            let said = agent.call("say", say).structured;
            count.fetch_add(1, Ordering::SeqCst);
            said["entry_id"].as_str().expect("an id").to_owned()
        })
        .collect()
}

fn all_once(text: &str, answered: &BTreeSet<String>, round: usize) {
    let entries = python_reader::entries(text);
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
