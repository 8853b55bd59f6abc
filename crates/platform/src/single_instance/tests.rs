//! Ownership: one of many takes it, and the losers hear who has it.

use std::process::Command;
use std::sync::Barrier;
use std::time::SystemTime;

use super::*;

const POLL_STEP: Duration = Duration::from_millis(2);
const TAKERS_LEN: usize = 100;
const CHILD: &str = "single_instance::tests::child_takes_and_waits";

fn state() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    (folder, state)
}

fn taken(state: &Path) -> Taken {
    match Ownership::take(state) {
        Err(TakeError::Taken(taken)) => taken,
        other => panic!("{other:?}"),
    }
}

/// What a dead owner leaves, with changes.
fn leave(state: &Path, change: impl FnOnce(&mut Owner)) {
    let mut owner = ourselves();
    change(&mut owner);
    private_folder::ensure(state).unwrap();
    let text = serde_json::to_string(&owner).unwrap();
    fs::write(state.join(LOCK_FILE), text).unwrap();
}

#[test]
fn the_second_hears_of_the_first() {
    let (_folder, state) = state();
    let first = Ownership::take(&state).unwrap();
    let hint = Path::new("/run/daemon.sock");
    first.announce(hint).unwrap();
    let second = taken(&state);
    assert_eq!(second.pid, Some(std::process::id()));
    assert_eq!(
        (&second.machine, &second.boot),
        (&os::machine_id(), &os::boot_id())
    );
    assert!(!second.other_machine);
    assert_eq!(
        second.to_string(),
        format!("already running (pid {})", std::process::id())
    );
    assert_eq!(owner(&state).unwrap().socket.as_deref(), Some(hint));
    assert!(!has_died(&state));
    drop(first);
    assert_eq!(owner(&state), None);
    assert!(!has_died(&state));
    Ownership::take(&state).unwrap();
}

#[test]
fn one_of_many_takes_it() {
    let (_folder, state) = state();
    let start = Barrier::new(TAKERS_LEN);
    let done = Barrier::new(TAKERS_LEN);
    let winners: usize = thread::scope(|scope| {
        let taker = || {
            start.wait();
            let result = Ownership::take(&state);
            // Nobody lets go before all have tried.
            done.wait();
            match result {
                Ok(_) => 1,
                Err(TakeError::Taken(taken)) => {
                    assert_eq!(taken.pid, Some(std::process::id()));
                    0
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        let takers: Vec<_> = (0..TAKERS_LEN).map(|_| scope.spawn(taker)).collect();
        takers.into_iter().map(|taker| taker.join().unwrap()).sum()
    });
    assert_eq!(winners, 1);
}

/// Not a test of its own: owns the folder that the test which starts it names, until it is killed.
#[test]
fn child_takes_and_waits() {
    if let Some(state) = std::env::var_os("OWN_STATE") {
        let _ownership = Ownership::take(Path::new(&state)).unwrap();
        loop {
            thread::park();
        }
    }
}

#[test]
fn a_killed_owner_leaves_no_hindrance_and_can_be_ended_from_outside() {
    let (_folder, state) = state();
    for ending in [Ending::Asked, Ending::Forced] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture"])
            .env("OWN_STATE", &state)
            .spawn()
            .unwrap();
        let owns = |pid| owner(&state).is_some_and(|owner| owner.pid == pid);
        let limit = Instant::now() + Duration::from_secs(20);
        while !owns(child.id()) && Instant::now() < limit {
            thread::park_timeout(POLL_STEP);
        }
        assert_eq!(taken(&state).pid, Some(child.id()));
        end_owner(&state, ending).unwrap();
        child.wait().unwrap();
        assert!(has_died(&state));
        assert!(matches!(end_owner(&state, ending), Err(EndError::NotOwned)));
        let next = Ownership::take(&state).unwrap();
        assert_eq!(owner(&state).unwrap().pid, std::process::id());
        drop(next);
    }
}

#[test]
fn a_signal_goes_to_nobody_who_is_not_proved_the_owner() {
    let (_folder, state) = state();
    let held = Ownership::take(&state).unwrap();
    for change in [
        |owner: &mut Owner| owner.boot = "another boot".to_owned(),
        |owner: &mut Owner| owner.started = owner.started.map(|started| started + 1),
        |owner: &mut Owner| owner.pid = u32::MAX,
    ] {
        leave(&state, change);
        let refused = end_owner(&state, Ending::Forced);
        assert!(
            matches!(refused, Err(EndError::NotProved(_))),
            "{refused:?}"
        );
    }
    drop(held);
}

#[test]
fn another_machine_is_refused_in_words_while_it_may_live() {
    let (_folder, state) = state();
    let foreign = |owner: &mut Owner| {
        owner.machine = "another machine".to_owned();
        owner.boot = "another boot".to_owned();
        owner.host = "laptop-b".to_owned();
        owner.pid = 7;
    };
    leave(&state, foreign);
    let refused = taken(&state);
    assert!(refused.other_machine);
    let words = refused.to_string();
    assert!(
        words.contains("laptop-b") && words.contains("(pid 7)"),
        "{words}"
    );

    let lock = File::options()
        .write(true)
        .open(state.join(LOCK_FILE))
        .unwrap();
    let past = SystemTime::now() - FOREIGN_LEASE - Duration::from_secs(1);
    lock.set_modified(past).unwrap();
    Ownership::take(&state).unwrap();
}

#[test]
fn a_machine_that_booted_again_and_a_container_on_this_kernel_are_not_foreign() {
    let (_folder, state) = state();
    leave(&state, |owner| owner.boot = "the boot before".to_owned());
    drop(Ownership::take(&state).unwrap());
    leave(&state, |owner| owner.machine = "a container".to_owned());
    drop(Ownership::take(&state).unwrap());
    fs::write(state.join(LOCK_FILE), "no owner").unwrap();
    drop(Ownership::take(&state).unwrap());
}

#[test]
fn a_lock_that_was_replaced_is_noticed() {
    let (_folder, state) = state();
    let owned = Ownership::take(&state).unwrap();
    assert!(owned.refresh().unwrap());
    fs::remove_file(state.join(LOCK_FILE)).unwrap();
    assert!(!owned.refresh().unwrap());
}

#[test]
fn a_lock_over_the_limit_names_nobody() {
    let (_folder, state) = state();
    leave(&state, |owner| owner.host = "x".repeat(60 << 10));
    assert!(owner(&state).is_some());
    leave(&state, |owner| owner.host = "x".repeat(64 << 10));
    assert_eq!(owner(&state), None);
    Ownership::take(&state).unwrap();
}
