//! The remote's rules refuse one operation among twenty: nineteen arrive, one is held and shown.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::SshServer;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// Refuses every push that brings the word, and says so.
const NO_SWEARING: &str = r#"#!/bin/sh
while read -r old new ref; do
  case "$old" in *[!0]*) range="$old..$new" ;; *) range="$new" ;; esac
  if git log --patch --format=%B "$range" | grep -q accursed; then
    echo 'the word is not welcome here' >&2
    exit 1
  fi
done
"#;

const WRITES: usize = 20;

/// Its number among the twenty.
const POISONED: usize = 7;

#[test]
fn one_poisoned_operation_among_twenty_is_held_and_nineteen_arrive_over_file() {
    let remote = BareRepository::new();
    let machine = Machine::new(&Settings::of("alice").remote(&remote.url()));
    one_among_twenty(machine, &remote);
}

#[test]
fn one_poisoned_operation_among_twenty_is_held_and_nineteen_arrive_over_ssh() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let key = format!("ssh_key = \"{}\"", server.user_key().display());
    let url = server.url(&remote.path());
    let machine = Machine::new(&Settings::of("alice").repository("acme", &url, &key));
    server.trusted_by(&machine);
    one_among_twenty(machine, &remote);
}

fn one_among_twenty(mut alice: Machine, remote: &BareRepository) {
    remote.hook("pre-receive", NO_SWEARING);
    alice.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    let mut good = vec![id(&claude.say("plan", "Before", "b").structured)];
    alice.wait_in_step("acme");

    // They are sent together, since the first of them find nobody.
    remote.go_away();
    let said: Vec<Value> = (0..WRITES)
        .map(|number| claude.call("say", twentieth(number)).structured)
        .collect();
    remote.come_back();
    let held = id(&said[POISONED]);
    good.extend(said.iter().map(id).filter(|id| *id != held));
    assert_eq!(good.len(), WRITES);

    let stands = one_is_held(&alice);
    let words = stands["trouble"]["message"].as_str().unwrap_or_default();
    assert!(words.contains("the word is not welcome here"), "{stands}");
    arrived(remote, &good, &held);
    kept_in_full(&alice, &held);
    shown(&mut claude, &held);

    // The others are not held up, neither by its trouble nor by a restart.
    let later = claude.say("plan", "Later", "b").structured;
    good.push(id(&later));
    wait_until("later writes go on", PATIENCE, || {
        remote.commits_of(&id(&later)) == 1
    });
    let _stands = one_is_held(&alice);
    alice.restart();
    let _stands = one_is_held(&alice);
    kept_in_full(&alice, &held);
    shown(&mut claude, &held);
    good.push(id(&claude.say("plan", "After", "b").structured));
    wait_until("later writes go on", PATIENCE, || {
        remote.commits_of(good.last().expect("it was pushed")) == 1
    });
    let _stands = one_is_held(&alice);
    arrived(remote, &good, &held);
    remote.assert_sound();
}

fn twentieth(number: usize) -> Value {
    let body = if number == POISONED {
        "the accursed build"
    } else {
        "the build"
    };
    let (title, key) = (format!("T{number}"), format!("key-{number}"));
    json!({"topic": "plan", "title": title, "body": body, "idempotency_key": key})
}

fn id(said: &Value) -> String {
    said["entry_id"]
        .as_str()
        .expect("a write has an id")
        .to_owned()
}

fn one_is_held(alice: &Machine) -> Value {
    let stands = alice.wait_state("acme", "rid of all but one", |one| {
        one["held"] == 1 && one["pending"] == 0 && one["state"] == "attention"
    });
    assert_eq!(stands["trouble"]["kind"], "push_refused", "{stands}");
    assert_eq!(stands["head"], stands["remote_head"], "{stands}");
    stands
}

fn arrived(remote: &BareRepository, good: &[String], held: &str) {
    let there: Vec<String> = python_reader::entries(&remote.text("plan.md"))
        .into_iter()
        .filter_map(|entry| entry.id)
        .collect();
    assert_eq!(there, good, "each once, in the order of the writes");
    assert_eq!(remote.commits_of(held), 0);
    for id in good {
        assert_eq!(remote.commits_of(id), 1, "one commit for {id}");
    }
}

/// In a file beside the outbox, with all its writer said and the server's words.
fn kept_in_full(alice: &Machine, held: &str) {
    let state = alice.folder().join("state/repositories/acme");
    let files = |folder: &str| -> Vec<_> {
        let entries = fs::read_dir(state.join(folder)).expect("the state can be read");
        let paths = entries.map(|entry| entry.expect("it can be listed").path());
        paths.filter(|path| path.is_file()).collect()
    };
    assert_eq!(files("outbox"), Vec::<std::path::PathBuf>::new());
    let [only] = files("held").try_into().expect("one is held");
    let text = fs::read_to_string(only).expect("it can be read");
    for part in [
        held,
        "T7",
        "the accursed build",
        "the word is not welcome here",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// It stands in no thread, which is the remote's tip and the outbox; whoever asks for it by its key
/// hears what became of it.
fn shown(agent: &mut Shim, held: &str) {
    let entries = agent.entries("plan");
    let ids: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| entry["entry_id"].as_str())
        .collect();
    assert_eq!(ids.len(), entries.len(), "each once");
    assert!(!ids.contains(held), "{entries:?}");
    let again = agent.call("say", twentieth(POISONED)).structured;
    assert_eq!(again["entry_id"], held, "{again}");
    assert_eq!(again["delivery"], "queued", "{again}");
    assert_eq!(again["delivery_reason"], "push_refused", "{again}");
}
