//! The remote refuses whatever is sent to its branch: that is nothing's own fault, so nothing is set
//! aside, all of it is held back, and all of it arrives when the rule is gone.

use std::fs;

use serde_json::Value;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;

/// Refuses to change the branch at all.
const PROTECTED: &str = "#!/bin/sh\necho 'main is protected; ask carol' >&2\nexit 1\n";

fn id(said: &Value) -> String {
    said["entry_id"]
        .as_str()
        .expect("a write has an id")
        .to_owned()
}

#[test]
fn a_remote_that_refuses_everything_holds_back_all_and_gets_all_when_it_relents() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    let before = id(&claude.say("plan", "Before", "b").structured);
    alice.wait_in_step("acme");
    let update = remote.path().join("hooks/update");
    let usual = fs::read_to_string(&update).expect("the remote has one");
    remote.hook("update", PROTECTED);

    let mut ids = vec![before];
    for number in 0..5 {
        ids.push(id(&claude
            .say("plan", &format!("T{number}"), "b")
            .structured));
    }
    let refused = |alice: &Machine, held: usize| {
        let stands = alice.wait_state("acme", "refused", |one| {
            one["trouble"]["kind"] == "push_refused" && one["held"] == held
        });
        let words = stands["trouble"]["message"].as_str().unwrap_or_default();
        assert!(words.contains("main is protected; ask carol"), "{stands}");
        assert_eq!(stands["state"], "attention", "{stands}");
        assert_eq!(stands["pending"], 0, "{stands}");
        let set_aside = alice.folder().join("state/repositories/acme/held");
        let set_aside = fs::read_dir(set_aside).map_or(0, Iterator::count);
        assert_eq!(set_aside, 0, "nothing is at fault");
    };
    refused(&alice, 5);
    ids.push(id(&claude.say("plan", "More", "b").structured));
    alice.restart();
    refused(&alice, 6);
    assert_eq!(claude.count("plan"), 7, "all are shown meanwhile");
    assert_eq!(remote.log().len(), 1);

    remote.hook("update", &usual);
    let _asked = alice.cli(&["sync"]);
    alice.wait_in_step("acme");
    let there: Vec<String> = python_reader::entries(&remote.text("plan.md"))
        .into_iter()
        .filter_map(|entry| entry.id)
        .collect();
    assert_eq!(there, ids);
    assert_eq!(remote.log().len(), ids.len(), "one commit for each");
    remote.assert_sound();
}
