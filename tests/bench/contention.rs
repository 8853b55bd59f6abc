//! Many writers on one topic: daemons of ours, then the loop that git's own commands allow, on
//! remotes of the same kind, in one run.
//!
//! Each writer says [`WRITES_OF_EACH`] entries, the next as soon as the last is answered (ours) or
//! on the remote (git's). What was answered must be there exactly once, or the run fails.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use tests::machine::Machine;
use tests::shim::Shim;
use tests::wait::wait_until;

use over::{Over, Reached};
use tip_watch::TipWatch;

mod git_loop;
mod over;
mod tip_watch;

/// The argument that asks for this table.
pub(crate) const NAME: &str = "contention";

/// Entries of one writer.
const WRITES_OF_EACH: usize = 20;

/// How long ours may take for all of them before the run fails.
const FINISH_MAX: Duration = Duration::from_secs(300);

/// The topic that everybody writes in.
const TOPIC: &str = "talk";

/// What one entry says.
const BODY: &str = "What was found, what follows from it, and what is left to do.\n";

/// A run without numbers: how many writers, over what, and how many times git's rate ours must be.
const CASES: [(usize, Over, Option<f64>); 6] = [
    (2, Over::File, None),
    (5, Over::File, None),
    (10, Over::File, Some(10.0)),
    (20, Over::File, None),
    (50, Over::File, Some(50.0)),
    (10, Over::Ssh, Some(10.0)),
];

const HEADING: &str = "\
| writers | over | ours, entries/s | wait p50 | worst | git, entries/s | its worst | ratio | target | pushes | rejected | met |
|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|:-:|
";

/// What one side did.
pub(crate) struct Side {
    /// Entries that are on the remote.
    done: usize,
    /// Until the last of them was, or the time was up.
    took: Duration,
    /// For each of them, from when its writer had it answered (ours) or began with it (git's) to
    /// the remote.
    waits: Vec<Duration>,
}

/// What the daemons counted.
#[derive(Default)]
struct Counted {
    pushes: u64,
    rejected: u64,
}

/// Prints the table: for the numbers of writers that are named, each over `file://`; for all of
/// [`CASES`] where none is.
pub(crate) fn print(numbers: &[String]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(HEADING.as_bytes())?;
    let named: Vec<(usize, Over, Option<f64>)> = numbers
        .iter()
        .map(|number| number.parse().expect("a number of writers"))
        .map(|writers| (writers, Over::File, None))
        .collect();
    let cases = if named.is_empty() { &CASES[..] } else { &named };
    for &(writers, over, target) in cases {
        let reached = Reached::new(over);
        let (ours, counted) = ours(writers, &reached);
        let theirs = git_loop::run(writers, &Reached::new(over));
        out.write_all(line(writers, over, target, &ours, &counted, &theirs).as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

fn line(
    writers: usize,
    over: Over,
    target: Option<f64>,
    ours: &Side,
    counted: &Counted,
    theirs: &Side,
) -> String {
    let ratio = ours.rate() / theirs.rate();
    let (target, met) = match target {
        Some(least) => (
            format!("≥ {least}×"),
            if ratio >= least { "yes" } else { "NO" },
        ),
        None => (String::new(), ""),
    };
    format!(
        "| {writers} | {} | {:.1} | {:.1} s | {:.1} s | {:.2} ({} of {}) | {:.1} s | {ratio:.1}× | {target} | {} | {:.0} % | {met} |\n",
        over.name(),
        ours.rate(),
        ours.median().as_secs_f64(),
        ours.worst().as_secs_f64(),
        theirs.rate(),
        theirs.done,
        writers * WRITES_OF_EACH,
        theirs.worst().as_secs_f64(),
        counted.pushes,
        100.0 * counted.rejected as f64 / counted.pushes as f64,
    )
}

fn ours(writers: usize, reached: &Reached) -> (Side, Counted) {
    let machines: Vec<Machine> = (0..writers).map(|number| reached.machine(number)).collect();
    for machine in &machines {
        machine.wait_in_step("acme");
    }
    let watch = TipWatch::start(reached.bare());
    let together = Barrier::new(writers + 1);
    let mut began = Instant::now();
    let said: Vec<(String, Instant)> = std::thread::scope(|scope| {
        let agents: Vec<_> = machines
            .iter()
            .map(|machine| {
                let together = &together;
                scope.spawn(move || {
                    let mut agent = Shim::connect(machine, "claude-code");
                    together.wait();
                    say_all(&mut agent)
                })
            })
            .collect();
        together.wait();
        began = Instant::now();
        let all = agents.into_iter();
        all.flat_map(|agent| agent.join().expect("every write is answered"))
            .collect()
    });
    let wanted = watch.commits_before() + said.len();
    wait_until("all is on the remote", FINISH_MAX, || {
        watch.commits() >= wanted
    });
    let arrived = watch.arrived();
    let ids: BTreeSet<String> = said.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids.len(), said.len(), "an Entry-ID is drawn once");
    reached.bare().assert_holds_once(TOPIC, &ids);
    let waits = said.iter().map(|(id, answered)| arrived[id] - *answered);
    let side = Side {
        done: said.len(),
        took: *arrived.values().max().expect("something was said") - began,
        waits: waits.collect(),
    };
    (side, counted(&machines))
}

fn say_all(agent: &mut Shim) -> Vec<(String, Instant)> {
    (0..WRITES_OF_EACH)
        .map(|number| {
            let said = agent.say(TOPIC, &format!("Step {number}"), BODY).structured;
            let id = said["entry_id"].as_str().expect("an id").to_owned();
            (id, Instant::now())
        })
        .collect()
}

fn counted(machines: &[Machine]) -> Counted {
    let all = machines.iter().map(|machine| machine.json(&["status"]));
    all.fold(Counted::default(), |sum, status| {
        let metrics = &status["metrics"];
        Counted {
            pushes: sum.pushes + metrics["pushes"]["count"].as_u64().expect("a count"),
            rejected: sum.rejected + metrics["conflicts"].as_u64().expect("a count"),
        }
    })
}

impl Side {
    fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64()
    }

    fn worst(&self) -> Duration {
        self.waits.iter().max().copied().unwrap_or_default()
    }

    fn median(&self) -> Duration {
        let mut sorted = self.waits.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}
