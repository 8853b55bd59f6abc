//! What thousands of operations cost that wait for the remote in one thread: a write behind them,
//! and reads while they are sent.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::shim::Shim;

use crate::over::{Over, Reached};
use crate::pairs::{Pairs, time};
use crate::table::{Row, Side, Target, Unit};
use crate::writing::{BODY, KEPT, keep};

/// How many operations wait.
const WAITING_LEN: usize = 5_000;

/// How many agents say them.
const AGENTS_LEN: usize = 8;

/// The thread that all of them change.
const TOPIC: &str = "plan";

/// The thread that is read meanwhile, and how many entries it has.
const OTHER: &str = "other";
const OTHER_LEN: usize = 50;

/// How long they may take to be on the remote before the run fails.
const SENT_MAX: Duration = Duration::from_secs(600);

/// One machine whose remote is away while thousands of operations are written.
pub(crate) fn rows() -> Vec<Row> {
    let reached = Reached::new(Over::File);
    let alice = reached.machine("alice", "");
    let mut claude = Shim::connect(&alice, "claude-code");
    for number in 0..OTHER_LEN {
        claude.say(OTHER, &format!("Step {number}"), BODY);
    }
    alice.wait_in_step("acme");
    reached.bare().go_away();
    write(&alice, WAITING_LEN);
    let pending = alice.repository("acme")["pending"].as_u64();
    assert_eq!(pending, Some(WAITING_LEN as u64), "none is on the remote");
    let written = behind(&alice, &mut claude);
    reached.bare().come_back();
    let mut rows = vec![written];
    rows.extend(sent(&alice, &mut claude));
    rows
}

/// So many operations, in one thread.
fn write(machine: &Machine, operations_len: usize) {
    std::thread::scope(|scope| {
        for agent in 0..AGENTS_LEN {
            scope.spawn(move || {
                let mut shim = Shim::connect(machine, "claude-code");
                for number in (agent..operations_len).step_by(AGENTS_LEN) {
                    shim.say(TOPIC, &format!("Step {number}"), BODY);
                }
            });
        }
    });
}

/// A write behind them.
fn behind(machine: &Machine, claude: &mut Shim) -> Row {
    let state = machine.folder().join("state/repositories/acme");
    let operations = fs::read_dir(state.join("outbox")).expect("it is there");
    let sizes = operations.flatten().filter_map(|file| file.metadata().ok());
    let bytes_len = sizes.map(|file| file.len()).max().expect("some wait");
    let bytes = vec![b'x'; usize::try_from(bytes_len).expect("an operation is small")];
    let folder = state.join("beside");
    fs::create_dir(&folder).expect("the machine's folder can be written");
    let mut number = 0;
    let ours = || time(|| drop(claude.say(TOPIC, "One more", BODY)));
    let theirs = || {
        number += 1;
        time(|| keep(&folder, &format!("{number}.json"), &bytes))
    };
    let what = format!("… behind {WAITING_LEN} operations that wait in the thread");
    Row::of_pairs(what, KEPT, Target::None, &Pairs::take(60, ours, theirs))
}

/// Reads of two threads, the one that they change and another, until all is on the remote.
fn sent(machine: &Machine, claude: &mut Shim) -> Vec<Row> {
    let began = Instant::now();
    let _asked = machine.cli(&["sync"]);
    let mut reads: [Vec<Duration>; 2] = Default::default();
    let mut sent = None;
    while sent.is_none() {
        assert!(began.elapsed() < SENT_MAX, "not all is on the remote");
        for (topic, taken) in [OTHER, TOPIC].into_iter().zip(&mut reads) {
            for _ in 0..10 {
                taken.push(time(|| drop(claude.call("read_thread", page(topic)))));
            }
        }
        let status = machine.repository("acme");
        sent = (status["pending"] == 0).then(|| began.elapsed());
    }
    let [other, same] = reads;
    let worst = |what: &str, taken: &[Duration]| {
        let worst = taken.iter().max().copied().unwrap_or_default();
        let side = Side::of(worst.as_secs_f64(), taken.len());
        Row::of_sides(what, "", (Target::None, Unit::Seconds), side, None)
    };
    let sent = sent.unwrap_or_default().as_secs_f64();
    let sent = Side::of(sent, WAITING_LEN);
    vec![
        Row::of_sides(
            "… until all of them are on the remote",
            "",
            (Target::None, Unit::Seconds),
            sent,
            None,
        ),
        worst("… meanwhile the worst read of another thread", &other),
        worst("… and of that thread", &same),
    ]
}

fn page(topic: &str) -> Value {
    json!({"topic": topic, "limit": OTHER_LEN})
}
