//! What a poll costs that finds nothing, in time of the processor.

use std::fs;
use std::time::Duration;

use tests::cli::Ran;
use tests::git;
use tests::machine::Machine;
use tests::processes;
use tests::scratch;

use crate::over::{Over, Reached};
use crate::pairs::Pairs;
use crate::table::{Row, Target};

/// How many fetches each side makes at a time: the kernel counts in ticks of 10 ms.
const FETCHES_LEN: u32 = 40;

/// What `/proc` counts in; source: proc(5), `sysconf(_SC_CLK_TCK)` is 100 on every Linux port.
const TICK: Duration = Duration::from_millis(10);

/// `utime`, `stime`, `cutime` and `cstime`, counted after the name; source: proc(5).
const TIMES: std::ops::Range<usize> = 11..15;

/// A row for each kind of server.
pub(crate) fn rows() -> Vec<Row> {
    Over::ALL.map(row).into()
}

fn row(over: Over) -> Row {
    let reached = Reached::new(over);
    let alice = reached.machine("alice", "poll_active = \"60s\"\npoll_idle = \"60s\"");
    alice.wait_in_step("acme");
    let clone = scratch::folder();
    let git = |arguments: &[&str]| {
        let mut git = git::command(clone.path());
        let _done = Ran::run(reached.let_in(&mut git).args(arguments), "").done();
    };
    git(&["clone", "--quiet", &reached.url(), "."]);
    let ours = || {
        let before = of_machine(&alice);
        for _ in 0..FETCHES_LEN {
            // Ends when a fetch has finished that began after it asked.
            let _in_step = alice.cli(&["sync", "--wait"]).done();
        }
        of_machine(&alice).saturating_sub(before) / FETCHES_LEN
    };
    let theirs = || {
        let before = of_children();
        for _ in 0..FETCHES_LEN {
            git(&["fetch", "--quiet"]);
        }
        of_children().saturating_sub(before) / FETCHES_LEN
    };
    let pairs = Pairs::take(7, ours, theirs);
    Row::of_pairs(
        format!("processor time of a no-op poll, {}", over.name()),
        "`git fetch`",
        Target::AtMost(0.3),
        &pairs,
    )
}

/// Of the daemon, of whatever it runs, and of what these waited for.
fn of_machine(machine: &Machine) -> Duration {
    let running = processes::of_folder(machine.root());
    TICK * running
        .into_iter()
        .map(|pid| ticks(&pid.to_string(), TIMES))
        .sum::<u32>()
}

/// Of what this process has waited for, and of what that waited for in turn.
fn of_children() -> Duration {
    TICK * ticks("self", TIMES.start + 2..TIMES.end)
}

fn ticks(process: &str, fields: std::ops::Range<usize>) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let (_, rest) = stat.rsplit_once(") ").unwrap_or_default();
    let fields = rest.split(' ').skip(fields.start).take(fields.len());
    fields.filter_map(|field| field.parse::<u32>().ok()).sum()
}
