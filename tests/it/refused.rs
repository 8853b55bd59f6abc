//! What a remote's rules refuse: a branch that takes nothing for a while, and an entry that it
//! takes in the end.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use serde_json::Value;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// Refuses everything, and counts how often.
const PROTECTED: &str = "#!/bin/sh\necho asked >> asked\necho 'main is protected' >&2\nexit 1\n";

/// Refuses what says so.
const FORBIDS_A_WORD: &str = "#!/bin/sh\nwhile read -r old new ref; do\n\
    case \"$old\" in *[!0]*) range=\"$old..$new\" ;; *) range=\"$new\" ;; esac\n\
    if git log --format=%B \"$range\" | grep -q forbidden; then\n\
    echo 'the word is forbidden here' >&2; exit 1; fi\ndone\n";

fn connected(remote: &BareRepository) -> (Machine, Shim) {
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_state("acme", "heard", |one| !one["last_fetch"].is_null());
    let claude = Shim::connect(&alice, "claude-code");
    (alice, claude)
}

fn say(claude: &mut Shim, title: &str) -> String {
    let said = claude.say("plan", title, "b").structured;
    said["entry_id"].as_str().expect("an id").to_owned()
}

fn holds(one: &Value, pending: usize, held: usize) -> bool {
    one["pending"] == pending && one["held"] == held
}

#[test]
fn a_branch_that_takes_nothing_holds_back_all_and_gets_it_once_when_it_relents() {
    let remote = BareRepository::new();
    let (alice, mut claude) = connected(&remote);
    let mut ids = BTreeSet::from([say(&mut claude, "Before")]);
    alice.wait_in_step("acme");
    remote.hook("pre-receive", PROTECTED);
    let begun = Instant::now();
    ids.extend((0..20).map(|number| say(&mut claude, &format!("Step {number}"))));
    let stands = alice.wait_state("acme", "refused", |one| {
        one["trouble"]["kind"] == "push_refused" && holds(one, 0, 20)
    });
    // It is tried again after one second, two, four: each time all of it, and four alone.
    let tries_again = u64::BITS - begun.elapsed().as_secs().leading_zeros();
    let pushes_max = 12 + 5 * tries_again as usize;
    assert_eq!(stands["state"], "attention", "{stands}");
    let words = stands["trouble"]["message"].as_str().unwrap_or_default();
    assert!(
        words.contains("main is protected"),
        "its own words: {stands}"
    );
    let asked = || fs::read_to_string(remote.path().join("asked")).unwrap_or_default();
    assert!(
        asked().lines().count() <= pushes_max,
        "few pushes find that out: {} of {pushes_max}",
        asked().lines().count()
    );
    assert_eq!(
        claude.count("plan"),
        21,
        "all of it is shown here meanwhile"
    );

    remote.hook("pre-receive", "#!/bin/sh\nexit 0\n");
    let _asked = alice.cli(&["sync", "--wait"]);
    alice.wait_in_step("acme");
    remote.assert_holds_once("plan", &ids);
}

#[test]
fn an_entry_refused_alone_is_judged_by_the_next_and_tried_once_more_when_asked() {
    let remote = BareRepository::new();
    remote.hook("pre-receive", FORBIDS_A_WORD);
    let (mut alice, mut claude) = connected(&remote);
    let refused = say(&mut claude, "forbidden");
    alice.wait_state("acme", "refused", |one| {
        one["trouble"]["kind"] == "push_refused" && holds(one, 0, 1)
    });
    let next = say(&mut claude, "Next");
    alice.wait_state("acme", "the next arrived", |one| {
        !one["last_push"].is_null() && holds(one, 0, 1)
    });
    remote.assert_holds_once("plan", &BTreeSet::from([next.clone()]));

    // Asked for, it is refused as before and goes back.
    let _asked = alice.cli(&["sync", "--wait"]);
    alice.wait_state("acme", "held again", |one| holds(one, 0, 1));
    assert_eq!(remote.commits_of(&refused), 0);
    alice.restart();
    alice.wait_state("acme", "held after a restart", |one| holds(one, 0, 1));

    remote.hook("pre-receive", "#!/bin/sh\nexit 0\n");
    let _asked = alice.cli(&["sync", "--wait"]);
    alice.wait_in_step("acme");
    wait_until("it has arrived", PATIENCE, || {
        remote.commits_of(&refused) == 1
    });
    remote.assert_holds_once("plan", &BTreeSet::from([next, refused]));
    let stands = alice.repository("acme");
    assert!(
        holds(&stands, 0, 0) && stands["trouble"].is_null(),
        "{stands}"
    );
}
