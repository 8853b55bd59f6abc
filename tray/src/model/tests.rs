//! Tests of what is shown: facts in, words and shape out.

use jiff::tz::TimeZone;

use super::*;

fn at(text: &str) -> Zoned {
    format!("2026-01-05T{text}:00Z")
        .parse::<jiff::Timestamp>()
        .unwrap()
        .to_zoned(TimeZone::UTC)
}

fn thread(topic: &str) -> ThreadSummary {
    ThreadSummary {
        topic: topic.into(),
        title: topic.into(),
        status: "OPEN".into(),
        ball: "Human (alice)".into(),
        your_turn: true,
        is_new: true,
        entries: 1,
        updated: None,
        last_author: Some("Claude (bob)".into()),
    }
}

fn repository(name: &str, state: RepositoryState) -> Repository {
    let trouble = |kind: &str| {
        Some(Trouble {
            kind: kind.into(),
            message: format!("why it is {kind}"),
            hint: String::new(),
        })
    };
    let trouble = match state {
        RepositoryState::Offline => trouble("offline"),
        RepositoryState::SignedOut => trouble("credential_missing"),
        RepositoryState::Attention => trouble("push_refused"),
        RepositoryState::Synced
        | RepositoryState::Syncing
        | RepositoryState::Paused
        | RepositoryState::Local => None,
    };
    Repository {
        name: name.into(),
        state,
        trouble,
        paused_until: None,
        is_settled: true,
        threads: 1,
        new_entries: 0,
        turns: Vec::new(),
        fresh: Vec::new(),
        muted: false,
        muted_topics: Vec::new(),
        folder: None,
    }
}

fn facts(repositories: Vec<Repository>) -> Facts {
    let known = Known {
        repositories,
        ..Known::default()
    };
    let since = at("10:42");
    Facts::Known { known, since }
}

fn check(states: &[RepositoryState], new: u64, turns: usize, shape: Shape, words: &str) {
    let mut all: Vec<Repository> = ["acme", "beta", "core"]
        .into_iter()
        .zip(states)
        .map(|(name, state)| repository(name, *state))
        .collect();
    if let Some(first) = all.first_mut() {
        first.new_entries = new;
        first.turns = (0..turns).map(|n| thread(&n.to_string())).collect();
    }
    let facts = facts(all);
    assert_eq!(facts.look(), Look { shape, count: new }, "{states:?}");
    assert_eq!(facts.words(), words, "{states:?}");
}

#[test]
fn the_most_pressing_is_shown_and_the_state_is_said_with_its_time() {
    use RepositoryState::{Local, Offline, Synced, Syncing};
    check(&[], 0, 0, Shape::InStep, "In step since 10:42");
    check(&[Synced], 0, 0, Shape::InStep, "In step since 10:42");
    check(&[Local], 0, 0, Shape::InStep, "In step since 10:42");
    check(
        &[Synced, Syncing],
        0,
        0,
        Shape::Syncing,
        "Syncing since 10:42",
    );
    check(&[Synced], 3, 0, Shape::New, "In step since 10:42");
    check(&[Syncing], 3, 0, Shape::New, "Syncing since 10:42");
    check(&[Synced], 3, 1, Shape::YourTurn, "In step since 10:42");
    check(
        &[Synced, Offline],
        0,
        0,
        Shape::Offline,
        "beta: offline since 10:42",
    );
    check(
        &[Offline],
        3,
        0,
        Shape::Offline,
        "acme: offline since 10:42",
    );
    check(
        &[Offline],
        3,
        2,
        Shape::YourTurn,
        "acme: offline since 10:42",
    );
}

#[test]
fn what_a_person_has_to_do_comes_before_what_is_new() {
    use RepositoryState::{Attention, Offline, Paused, SignedOut, Synced};
    check(
        &[Paused],
        0,
        0,
        Shape::Paused,
        "Paused since 10:42, until resumed",
    );
    check(
        &[Paused, Synced],
        0,
        0,
        Shape::InStep,
        "In step since 10:42",
    );
    check(
        &[Paused, Paused],
        2,
        0,
        Shape::Paused,
        "Paused since 10:42, until resumed",
    );
    check(
        &[SignedOut],
        0,
        0,
        Shape::SignIn,
        "acme: needs a sign-in since 10:42",
    );
    check(
        &[SignedOut],
        1,
        1,
        Shape::SignIn,
        "acme: needs a sign-in since 10:42",
    );
    check(
        &[Synced, Attention],
        1,
        1,
        Shape::Trouble,
        "beta: needs you since 10:42",
    );
    check(
        &[Attention, SignedOut, Offline],
        0,
        0,
        Shape::SignIn,
        "beta: needs a sign-in since 10:42",
    );
}

#[test]
fn without_a_daemon_nothing_looks_well() {
    let lost = Facts::Unreached {
        why: "no daemon runs".into(),
        since: at("10:42"),
    };
    for facts in [Facts::Starting, lost.clone()] {
        let look = facts.look();
        assert_eq!((look.shape, look.count), (Shape::Unknown, 0));
    }
    assert_eq!(lost.words(), "The daemon is not running (since 10:42)");
    assert_eq!(lost.detail().unwrap(), "no daemon runs");
    assert_eq!(lost.title(), "Watercooler");
}

#[test]
fn the_end_of_a_pause_is_said() {
    let check = |untils: &[Option<&str>], expected: &str| {
        let paused = untils.iter().map(|until| Repository {
            paused_until: until.map(str::to_owned),
            ..repository("acme", RepositoryState::Paused)
        });
        assert_eq!(facts(paused.collect()).words(), expected);
    };
    check(&[Some("2026-01-05T11:15:00Z")], "Paused until 11:15");
    check(
        &[Some("2026-01-06T08:00:00Z")],
        "Paused until tomorrow 08:00",
    );
    check(&[Some("2026-01-09T08:00:00Z")], "Paused until 9 Jan 08:00");
    check(&[None], "Paused since 10:42, until resumed");
}

#[test]
fn tooltip_and_title_say_what_waits() {
    let mut acme = repository("acme", RepositoryState::Offline);
    acme.new_entries = 3;
    acme.turns = vec![thread("a")];
    let facts = facts(vec![acme]);
    let expected =
        "1 thread waits for you\n3 new entries\nacme: offline since 10:42\nwhy it is offline";
    assert_eq!(facts.tooltip(), expected);
    assert_eq!(facts.title(), "Watercooler: 1 your turn, 3 new");
}

#[test]
fn words_of_others_are_plain_and_short() {
    let mut acme = repository("acme", RepositoryState::Offline);
    acme.trouble = Some(Trouble {
        kind: "offline".into(),
        message: format!("\u{1b}[2J\u{202e}{}", "x".repeat(500)),
        hint: String::new(),
    });
    let detail = facts(vec![acme]).detail().unwrap();
    assert!(detail.starts_with("␣[2J␣x"));
    assert_eq!(detail.chars().count(), WORDS_CHARS_MAX);
}
