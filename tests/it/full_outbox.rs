//! The outbox holds all that it may while the remote is away: writes are refused in words of their
//! own, and what it holds arrives once the remote is back.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::outbox::{OPERATIONS_MAX, fill};
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// How many of them are said and not laid out.
const SAID_LAST: usize = 5;

#[test]
fn a_full_outbox_is_told_from_a_remote_that_is_away_and_loses_nothing() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    remote.go_away();
    let mut claude = Shim::connect(&alice, "claude-code");
    let said = claude.say("topic-0", "Step", "What was found.").structured;
    let first = said["entry_id"].as_str().expect("an id").to_owned();
    alice.stop();
    let outbox = alice.folder().join("state/repositories/acme/outbox");
    let mut written = fill(&outbox, &first, OPERATIONS_MAX - SAID_LAST);
    alice.start();
    for number in 0..SAID_LAST {
        let said = claude.say("topic-1", &format!("Late {number}"), "b");
        let id = said.structured["entry_id"].as_str().expect("an id");
        written
            .entry("topic-1".to_owned())
            .or_default()
            .insert(id.to_owned());
    }
    let offline = alice.wait_state("acme", "offline", |one| one["state"] == "offline");
    assert_eq!(offline["trouble"]["kind"], "offline", "{offline}");
    assert_eq!(offline["pending"], OPERATIONS_MAX, "{offline}");

    let over = json!({"topic": "topic-1", "title": "Over", "body": "b", "idempotency_key": "over"});
    refuses(&alice, &mut claude, &over, &offline);
    let topic = &written["topic-1"];
    assert_eq!(claude.count("topic-1"), topic.len() as u64, "reads go on");

    remote.come_back();
    let _asked = alice.cli(&["sync"]);
    wait_until("all is on the remote", PATIENCE * 4, || {
        let shown = alice.repository("acme");
        shown["pending"] == 0 && shown["state"] == "synced" && shown["trouble"].is_null()
    });
    let said = claude.call("say", over).structured;
    let id = said["entry_id"].as_str().expect("there is room").to_owned();
    written.entry("topic-1".to_owned()).or_default().insert(id);
    alice.wait_in_step("acme");
    for (topic, ids) in &written {
        let entries = python_reader::entries(&remote.text(&format!("{topic}.md")));
        let there: Vec<String> = entries.into_iter().filter_map(|entry| entry.id).collect();
        assert_eq!(there.len(), ids.len(), "each once in {topic}");
        assert_eq!(&there.into_iter().collect::<BTreeSet<_>>(), ids);
    }
    assert_eq!(
        remote.log().len(),
        OPERATIONS_MAX + 1,
        "a commit an operation"
    );
    remote.assert_sound();
}

/// One more is refused, with what is in the way and what it is that fills the outbox.
fn refuses(alice: &Machine, claude: &mut Shim, over: &Value, offline: &Value) {
    let refused = claude.attempt("say", over.clone());
    assert!(
        refused.is_error && refused.code() == "outbox_full",
        "{refused:?}"
    );
    let hint = refused.structured["error"]["hint"]
        .as_str()
        .unwrap_or_default();
    assert!(
        hint.contains("status") && refused.text.contains(hint),
        "{refused:?}"
    );
    let full = alice.wait_state("acme", "full", |one| {
        one["trouble"]["kind"] == "outbox_full"
    });
    assert_eq!(full["state"], "attention", "{full}");
    assert_eq!(full["pending"], OPERATIONS_MAX, "{full}");
    let hint = full["trouble"]["hint"].as_str().unwrap_or_default();
    let cause = offline["trouble"]["message"].as_str().expect("words");
    assert!(
        hint.contains("Nothing is lost") && hint.contains(cause),
        "{full}"
    );
    let said = alice.cli(&["say", "topic-1", "--title", "Over", "--body", "b"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("outbox"), "{said:?}");
}
