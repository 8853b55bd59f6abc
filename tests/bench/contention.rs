//! Many writers on one topic: daemons of ours, then the loop that git's own commands allow, on
//! remotes of the same kind, in one run.
//!
//! Each writer says [`WRITES_OF_EACH`] entries, the next as soon as the last is answered (ours) or
//! on the remote (git's). What was answered must be there exactly once, or the run fails.

use std::collections::BTreeSet;
use std::io;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::machine::Machine;
use tests::shim::Shim;
use tests::wait::wait_until;

use crate::over::{Over, Reached};
use crate::table::{Row, Side, Target, Unit};
use crate::writing::BODY;
use tip_watch::TipWatch;

mod git_loop;
mod tip_watch;

/// The argument that asks for these rows.
pub(crate) const NAME: &str = "contention";

/// Entries of one writer.
const WRITES_OF_EACH: usize = 20;

/// How long ours may take for all of them before the run fails.
const FINISH_MAX: Duration = Duration::from_secs(300);

/// The topic that everybody writes in.
const TOPIC: &str = "talk";

/// What the daemons stand beside.
const GIT: &str = "`git commit`, `push`, `pull --rebase`";

/// How many writers, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case(usize, Over);

/// The cases of a run that names none.
pub(crate) const CASES: [Case; 7] = [
    Case(2, Over::File),
    Case(5, Over::File),
    Case(10, Over::File),
    Case(20, Over::File),
    Case(50, Over::File),
    Case(10, Over::Http),
    Case(10, Over::Ssh),
];

/// What one side did.
pub(crate) struct Did {
    /// Until the last entry was on the remote, or the time was up.
    took: Duration,
    /// For each entry that is on the remote, from when its writer had it answered (ours) or began
    /// with it (git's) to the remote.
    waits: Vec<Duration>,
    /// How often somebody pushed.
    pushes: usize,
    /// How often the remote had moved.
    rejected: usize,
}

/// The cases that are named: each number of writers over each server, `file` where none is named;
/// all of [`CASES`] where nothing is.
///
/// # Errors
/// For a word that is neither a number nor a server.
pub(crate) fn cases(words: &[String]) -> io::Result<Vec<Case>> {
    let server = |word: &String| Over::ALL.into_iter().find(|o| o.argument() == word);
    let servers: Vec<Over> = words.iter().filter_map(server).collect();
    let numbers = words.iter().filter(|word| server(word).is_none());
    let numbers: Vec<usize> = numbers
        .map(|word| word.parse().ok().filter(|writers| *writers > 0))
        .collect::<Option<_>>()
        .ok_or_else(|| {
            let words = "after `contention`: numbers of writers, and file, http, ssh";
            io::Error::new(io::ErrorKind::InvalidInput, words)
        })?;
    let is_wanted = |Case(writers, over): &Case| {
        (servers.is_empty() || servers.contains(over))
            && (numbers.is_empty() || numbers.contains(writers))
    };
    if numbers.is_empty() {
        return Ok(CASES.into_iter().filter(is_wanted).collect());
    }
    let servers = if servers.is_empty() {
        vec![Over::File]
    } else {
        servers
    };
    let each = |over: Over| numbers.iter().map(move |writers| Case(*writers, over));
    Ok(servers.into_iter().flat_map(each).collect())
}

impl Case {
    /// Runs both sides.
    pub(crate) fn rows(self) -> Vec<Row> {
        let Self(writers, over) = self;
        let ours = ours(writers, &Reached::new(over));
        let theirs = git_loop::run(writers, &Reached::new(over));
        let target = match writers {
            10 => Target::AtLeast(10.0),
            50 => Target::AtLeast(50.0),
            _ => Target::None,
        };
        let what = format!("entries of {writers} writers on one topic, {}", over.name());
        let row = |what: &str, target, unit, figure: fn(&Did) -> f64, taken: fn(&Did) -> usize| {
            let side = |did: &Did| Side::of(figure(did), taken(did));
            Row::of_sides(what, GIT, (target, unit), side(&ours), Some(side(&theirs)))
        };
        let entries = |did: &Did| did.waits.len();
        let seconds = Unit::Seconds;
        vec![
            row(&what, target, Unit::PerSecond, Did::rate, entries),
            row(
                "… half of them waited",
                Target::None,
                seconds,
                Did::median,
                entries,
            ),
            row(
                "… the last of them waited",
                Target::None,
                seconds,
                Did::worst,
                entries,
            ),
            row(
                "… pushes that came too late",
                Target::None,
                Unit::Percent,
                Did::late,
                |did| did.pushes,
            ),
        ]
    }
}

fn ours(writers: usize, reached: &Reached) -> Did {
    let machines: Vec<Machine> = (0..writers)
        .map(|number| reached.machine(&format!("user{number}"), ""))
        .collect();
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
    Did {
        took: *arrived.values().max().expect("something was said") - began,
        waits: waits.collect(),
        pushes: counted(&machines, |metrics| &metrics["pushes"]["count"]),
        rejected: counted(&machines, |metrics| &metrics["conflicts"]),
    }
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

/// The sum of what the daemons counted.
fn counted(machines: &[Machine], count: impl Fn(&Value) -> &Value) -> usize {
    let all = machines.iter().map(|machine| machine.json(&["status"]));
    let counts = all.map(|status| count(&status["metrics"]).as_u64().expect("a count"));
    usize::try_from(counts.sum::<u64>()).expect("it is small")
}

impl Did {
    fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.took.as_secs_f64()
    }

    fn worst(&self) -> f64 {
        let worst = self.waits.iter().max().copied();
        worst.unwrap_or_default().as_secs_f64()
    }

    fn median(&self) -> f64 {
        let mut sorted = self.waits.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied();
        median.unwrap_or_default().as_secs_f64()
    }

    fn late(&self) -> f64 {
        100.0 * self.rejected as f64 / self.pushes as f64
    }
}
