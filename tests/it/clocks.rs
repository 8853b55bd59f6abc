//! The daemon stood still, as in a machine's sleep, or its clock was moved: it is in step again soon
//! after, and says each thing once.

use std::fs;
use std::time::Duration;

use tests::machine::{GRACE, Machine};
use tests::preload;
use tests::processes::{self, Signal};
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::wait::{PATIENCE, wait_until};

/// In step again within this; source: the project's issue on troubles.
const IN_STEP_WITHIN: Duration = Duration::from_secs(10);

/// How long the daemon stands still.
const STILL: Duration = Duration::from_secs(10);

const DAY_SECONDS: i64 = 24 * 3600;

/// Looks so seldom that only the change of the clock can be the cause of a look.
const SELDOM: &str = "poll_active = \"1h\"\npoll_idle = \"1h\"";

/// Another clock on the wall for a program: the system's, moved by the seconds that the file in
/// `CLOCK_MOVED` holds. What the daemon sees is what it would see after `date --set`.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, now);
    const char *path = getenv("CLOCK_MOVED");
    FILE *file = id == CLOCK_REALTIME && path ? fopen(path, "r") : NULL;
    long long moved = 0;
    if (file) {
        if (fscanf(file, "%lld", &moved) == 1) now->tv_sec += moved;
        fclose(file);
    }
    return done;
}
"#;

/// Bob's machine, which looks at its remote once an hour.
fn bob(remote: &BareRepository) -> Machine {
    Machine::new(&Settings::of("bob").sync(SELDOM).remote(&remote.url()))
}

fn wait_for_news(bob: &Machine, head: &str, limit: Duration) {
    wait_until("bob is in step", limit, || {
        bob.repository("acme")["remote_head"] == *head
    });
}

/// Somebody else writes; returns the new tip.
fn news(remote: &BareRepository, number: usize) -> String {
    let file = format!("note-{number}.txt");
    remote.push(&[(&file, b"carol's")], "carol was here");
    remote.log()[0].hash.clone()
}

#[test]
fn a_daemon_that_stood_still_is_in_step_soon_after() {
    let remote = BareRepository::holding(&[("notes.txt", b"carol's")], "carol begins");
    let mut bob = bob(&remote);
    bob.start();
    bob.wait_in_step("acme");
    let daemon = bob.daemon_pid().expect("the daemon serves");
    processes::signal(daemon, Signal::STOP);
    let stopped = std::time::Instant::now();
    let head = news(&remote, 1);
    wait_until("it stood still for long", PATIENCE, || {
        stopped.elapsed() >= STILL
    });
    processes::signal(daemon, Signal::CONT);
    wait_for_news(&bob, &head, IN_STEP_WITHIN + GRACE);
}

#[test]
fn a_clock_that_is_moved_by_a_day_brings_the_news() {
    let remote = BareRepository::holding(&[("notes.txt", b"carol's")], "carol begins");
    let mut bob = bob(&remote);
    let moved = bob.root().join("moved");
    bob.set("LD_PRELOAD", preload::build(bob.root(), "clock", CLOCK));
    bob.set("CLOCK_MOVED", &moved);
    bob.start();
    bob.wait_in_step("acme");
    for (number, by) in [DAY_SECONDS, 0, -DAY_SECONDS].into_iter().enumerate() {
        let head = news(&remote, number);
        fs::write(&moved, by.to_string()).expect("the folder can be written");
        wait_for_news(&bob, &head, IN_STEP_WITHIN + GRACE);
        let said = bob.json(&["say", "plan", "--title", "T", "--body", "b"]);
        assert_eq!(said["repository"], "acme", "{said}");
        bob.wait_in_step("acme");
    }
    assert!(bob.repository("acme")["trouble"].is_null());
    bob.unset("LD_PRELOAD");
    remote.assert_sound();
}

#[test]
fn a_pause_ends_by_the_clock_on_the_wall() {
    let remote = BareRepository::holding(&[("notes.txt", b"carol's")], "carol begins");
    let mut bob = bob(&remote);
    let moved = bob.root().join("moved");
    bob.set("LD_PRELOAD", preload::build(bob.root(), "clock", CLOCK));
    bob.set("CLOCK_MOVED", &moved);
    bob.start();
    bob.wait_in_step("acme");
    let _paused = bob.cli(&["pause", "2h"]).done();
    bob.wait_state("acme", "paused", |one| one["state"] == "paused");
    let head = news(&remote, 1);
    fs::write(&moved, "3600").expect("the folder can be written");
    wait_until("the clock was looked at", PATIENCE, || {
        bob.logs().contains("awoke=true")
    });
    assert_eq!(bob.repository("acme")["state"], "paused");
    fs::write(&moved, "7300").expect("the folder can be written");
    wait_for_news(&bob, &head, IN_STEP_WITHIN + GRACE);
}
