//! `pause` and `resume`: writes are kept, nothing goes to or fro, also across a restart, and all of
//! it goes out when the pause ends.

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::wait::{PATIENCE, wait_until};

fn two() -> (BareRepository, BareRepository, Settings) {
    let (one, two) = (BareRepository::new(), BareRepository::new());
    let settings = Settings::of("alice")
        .repository("one", &one.url(), "")
        .repository("two", &two.url(), "");
    (one, two, settings)
}

/// Says something in a repository; returns its Entry-ID and how it stands with it.
fn say(machine: &Machine, repository: &str) -> (String, Value) {
    let say = ["say", "plan", "--title", "T", "--body", "b", "--repository"];
    let said = machine.json(&[&say[..], &[repository]].concat());
    let id = said["entry_id"].as_str().expect("a write has an id");
    (id.to_owned(), said)
}

fn wait_paused(machine: &Machine, name: &str) {
    machine.wait_state(name, "paused", |one| one["state"] == "paused");
}

#[test]
fn a_pause_of_one_outlives_a_restart_and_ends_with_all_sent() {
    let (one, two, settings) = two();
    let mut alice = Machine::new(&settings);
    alice.start();
    let (first, _) = say(&alice, "one");
    alice.wait_in_step("one");
    let paused = alice.json(&["pause", "--repository", "one"]);
    let rows = json!([{"name": "one", "paused": true, "until": null}]);
    assert_eq!(paused["repositories"], rows, "{paused}");
    wait_paused(&alice, "one");
    let (second, said) = say(&alice, "one");
    assert_eq!(said["delivery"], "queued", "{said}");
    assert_eq!(said["delivery_reason"], "paused", "{said}");
    one.push(&[("notes.txt", b"carol's")], "carol was here");
    let head = alice.repository("one")["head"].clone();

    alice.restart();
    let (other, _) = say(&alice, "two");
    alice.wait_in_step("two");
    assert_eq!(two.commits_of(&other), 1, "the other one goes on");
    let (third, said) = say(&alice, "one");
    assert_eq!(said["delivery_reason"], "paused", "{said}");
    let synced = alice.cli(&["sync", "--repository", "one", "--json"]);
    assert_eq!(synced.done().json()["state"], "paused");
    let stands = alice.repository("one");
    assert_eq!(
        (&stands["state"], &stands["pending"], &stands["head"]),
        (&json!("paused"), &json!(2), &head)
    );
    assert_eq!(one.commits_of(&second), 0, "nothing is sent");

    let resumed = alice.json(&["resume"]);
    assert_eq!(resumed["repositories"][0]["paused"], false, "{resumed}");
    alice.wait_in_step("one");
    for id in [first, second, third] {
        assert_eq!(one.commits_of(&id), 1);
    }
    one.assert_sound();
}

#[test]
fn a_pause_of_all_ends_by_itself_when_its_time_is_over() {
    let (one, _two, settings) = two();
    let mut alice = Machine::new(&settings);
    alice.start();
    alice.wait_in_step("one");
    let paused = alice.json(&["pause", "20s"]);
    let rows = paused["repositories"].as_array().expect("rows").clone();
    assert_eq!(rows.len(), 2, "{paused}");
    assert!(rows.iter().all(|row| row["until"].is_string()), "{paused}");
    wait_paused(&alice, "one");
    wait_paused(&alice, "two");
    alice.restart();
    let (id, _) = say(&alice, "one");
    alice.wait_in_step("one");
    assert_eq!(one.commits_of(&id), 1);

    let tomorrow = alice.json(&["pause", "tomorrow", "--repository", "two"]);
    assert!(tomorrow["repositories"][0]["until"].is_string());
    wait_paused(&alice, "two");
    let _resumed = alice.cli(&["resume", "--repository", "two"]).done();
    alice.wait_in_step("two");
}

#[test]
fn the_settings_pause_too_and_are_what_ends_that() {
    let (one, _two, settings) = two();
    let paused = settings
        .text()
        .replacen("url = ", "paused = true\nurl = ", 1);
    let mut alice = Machine::without_settings();
    alice.configure(&paused);
    alice.start();
    wait_paused(&alice, "one");
    let (id, said) = say(&alice, "one");
    assert_eq!(said["delivery_reason"], "paused", "{said}");
    let refused = alice.cli(&["resume", "--repository", "one", "--json"]);
    assert_eq!(refused.json()["error"]["code"], "invalid_argument");
    alice.configure(&settings.text());
    wait_until("the settings are read", PATIENCE, || {
        alice.repository("one")["state"] != "paused"
    });
    alice.wait_in_step("one");
    assert_eq!(one.commits_of(&id), 1);
}
