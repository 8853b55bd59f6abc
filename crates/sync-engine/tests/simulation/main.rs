//! Three engines, one remote, and everything that can go wrong between them, from one seed.
//!
//! Operations, what puts them into a file, deliveries and the engine are the real ones; clock,
//! network, disk, git and people are models. A thousand seeds or more also show that all that is
//! meant to go wrong does, often enough. `WATERCOOLER_SEEDS` is how many seeds are run, `WATERCOOLER_SEED` runs one of them and
//! prints its trace.

mod chance;
mod coverage;
mod disk;
mod invariants;
mod machine;
mod network;
mod outsiders;
mod people;
mod remote;
mod replay;
mod world;

use std::env;

use coverage::Counts;
use invariants::Broken;
use world::{Faithfulness, World};

/// Seeds of a run that says nothing else.
const SEEDS: u64 = 1_000;

/// Seeds within which a world that breaks its promises must be found out.
const SEEDS_TO_FIND_OUT: u64 = 40;

#[test]
fn nothing_acknowledged_is_lost_or_doubled_and_all_replicas_agree() {
    if let Some(seed) = number("WATERCOOLER_SEED") {
        let mut world = World::new(seed, Faithfulness::Whole);
        let outcome = world.run();
        println!("{}", world.trace().join("\n"));
        assert_well(seed, outcome);
        return;
    }
    let seeds = number("WATERCOOLER_SEEDS").unwrap_or(SEEDS);
    let (mut writes, mut counts) = (0, Counts::default());
    for seed in 0..seeds {
        let mut world = World::new(seed, Faithfulness::Whole);
        assert_well(seed, world.run());
        writes += world.acknowledged_len();
        counts.add(world.counts());
    }
    println!("{writes} writes acknowledged");
    for &occurrence in coverage::ALL {
        println!("{:>8} {occurrence:?}", counts.of(occurrence));
    }
    let rare = coverage::rare(&counts, seeds);
    assert!(rare.is_empty(), "too rare to prove anything: {rare:?}");
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let mut lines = 0;
    for seed in 0..20 {
        let mut worlds = [0, 1].map(|_| World::new(seed, Faithfulness::Whole));
        for world in &mut worlds {
            assert_well(seed, world.run());
        }
        assert_eq!(worlds[0].trace(), worlds[1].trace());
        lines += worlds[0].trace().len();
    }
    assert!(lines > 1_000, "something happens");
}

#[test]
fn a_disk_that_acknowledges_what_it_has_not_synced_is_found_out() {
    let found = find_out(Faithfulness::DiskLies);
    assert!(
        found
            .iter()
            .any(|broken| matches!(broken, Broken::Lost { .. })),
        "{found:?}"
    );
}

#[test]
fn a_disk_that_brings_back_what_was_refused_is_found_out() {
    let found = find_out(Faithfulness::RefusesInHaste);
    assert!(
        found
            .iter()
            .any(|broken| matches!(broken, Broken::RefusedAndThere { .. })),
        "{found:?}"
    );
}

#[test]
fn a_remote_that_takes_pushes_on_an_old_tip_is_found_out() {
    let found = find_out(Faithfulness::RemoteOverwrites);
    assert!(
        found
            .iter()
            .any(|broken| matches!(broken, Broken::Reordered { .. })),
        "{found:?}"
    );
}

/// What breaks in worlds that break their promises; nothing would mean that nothing is tested.
fn find_out(faithfulness: Faithfulness) -> Vec<Broken> {
    (0..SEEDS_TO_FIND_OUT)
        .filter_map(|seed| World::new(seed, faithfulness).run().err())
        .collect()
}

fn assert_well(seed: u64, outcome: Result<(), Broken>) {
    if let Err(broken) = outcome {
        panic!(
            "{broken:?}\n\nWATERCOOLER_SEED={seed} \
             cargo test -p sync-engine --test simulation nothing -- --nocapture"
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the settings of the test run, not of the engine"
)]
fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().and_then(|text| text.parse().ok())
}
