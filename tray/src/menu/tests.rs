//! Tests of the menu: facts in, lines out.

use expect_test::{Expect, expect};
use jiff::Zoned;
use jiff::tz::TimeZone;
use protocol::answer::Trouble;

use super::*;

fn at() -> Zoned {
    let at: jiff::Timestamp = "2026-01-05T10:42:00Z".parse().unwrap();
    at.to_zoned(TimeZone::UTC)
}

fn thread(topic: &str, title: &str) -> ThreadSummary {
    ThreadSummary {
        topic: topic.into(),
        title: title.into(),
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
    Repository {
        name: name.into(),
        state,
        trouble: None,
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

fn known(repositories: Vec<Repository>) -> Facts {
    Facts::Known {
        known: Known {
            version: "0.1.0".into(),
            protocol: PROTOCOL,
            user: "alice".into(),
            repositories,
            ..Known::default()
        },
        since: at(),
    }
}

fn text(items: &[Item], depth: usize, out: &mut String) {
    for item in items {
        let line = match item {
            Item::Words(words) => format!("({words})"),
            Item::Click(words, _) => words.clone(),
            Item::Check(words, _, is_on) => format!("[{}] {words}", if *is_on { "x" } else { " " }),
            Item::More(words, _) => format!("{words} >"),
            Item::Line => "----".to_owned(),
        };
        out.push_str(&format!("{}{line}\n", "    ".repeat(depth)));
        if let Item::More(_, inside) = item {
            text(inside, depth + 1, out);
        }
    }
}

const HERE: Here<'_> = Here {
    version: "0.1.0",
    starts_at_login: false,
    unshown: 0,
    problem: None,
};

fn check(facts: &Facts, here: &Here<'_>, expected: &Expect) {
    let mut out = String::new();
    text(&shown(facts, here).menu, 0, &mut out);
    expected.assert_eq(&out);
}

#[test]
fn one_repository_in_step() {
    check(
        &known(vec![repository("acme", RepositoryState::Synced)]),
        &HERE,
        &expect![[r#"
            (In step since 10:42)
            ----
            Sync now
            Pause >
                For 30 minutes
                For 1 hour
                Until tomorrow
                Until resumed
            Popups >
                [ ] No popups about acme
                ----
                Quiet hours: none…
            Credentials >
                acme…
            ----
            [ ] Start at login
            Open logs
            Copy diagnostics
            (Watercooler 0.1.0 (protocol 1), daemon 0.1.0)
            ----
            Quit (the daemon goes on)
        "#]],
    );
}

const WATCHED: Here<'static> = Here {
    starts_at_login: true,
    unshown: 2,
    problem: Some("start at login: no room"),
    ..HERE
};

fn two_repositories() -> Facts {
    let mut acme = repository("acme", RepositoryState::Offline);
    acme.trouble = Some(Trouble {
        kind: "offline".into(),
        message: "no route to host".into(),
        hint: String::new(),
    });
    acme.turns = vec![
        thread("auth", "Drop the <b>token</b>\u{202e}"),
        thread("ci", "ci"),
    ];
    acme.fresh = vec![thread("auth", "Drop the token")];
    acme.new_entries = 3;
    acme.muted_topics = vec!["old".into()];
    let mut beta = repository("beta", RepositoryState::Paused);
    beta.fresh = (0..12).map(|n| thread(&format!("t{n}"), "")).collect();
    beta.new_entries = 12;
    beta.muted = true;
    let mut facts = known(vec![acme, beta]);
    if let Facts::Known { known, .. } = &mut facts {
        known.version = "0.2.0".into();
        known.notify.quiet = Some((22 * 60, 8 * 60));
    }
    facts
}

#[test]
fn two_repositories_with_all_that_can_wait() {
    let facts = two_repositories();
    check(
        &facts,
        &WATCHED,
        &expect![[r#"
        (acme: offline since 10:42)
        (no route to host)
        (start at login: no room)
        (The daemon is 0.2.0, this tray is 0.1.0)
        Restart the daemon
        ----
        (2 threads: your turn)
        acme/auth: Drop the <b>token</b>␣
        acme/ci
        ----
        acme: 3 new entries >
            auth: Drop the token
            ----
            Mark as read
        beta: 12 new entries >
            t0
            t1
            t2
            t3
            t4
            t5
            t6
            t7
            t8
            t9
            (and 2 more)
            ----
            Mark as read
        Mark everything as read
        ----
        Sync now
        Pause >
            For 30 minutes
            For 1 hour
            Until tomorrow
            Until resumed
            ----
            acme >
                For 30 minutes
                For 1 hour
                Until tomorrow
                Until resumed
            beta (paused) >
                Resume
        Popups >
            [ ] No popups about acme
            [ ] acme/auth
            [ ] acme/ci
            [x] acme/old
            [x] No popups about beta
            ----
            Quiet hours: 22:00 to 08:00…
        Credentials >
            acme…
            beta…
        ----
        [x] Start at login
        Open logs
        Copy diagnostics
        (Watercooler 0.1.0 (protocol 1), daemon 0.2.0)
        (2 popups could not be shown)
        ----
        Quit (the daemon goes on)
    "#]],
    );
}

#[test]
fn no_daemon() {
    let lost = Facts::Unreached {
        why: "no daemon runs".into(),
        since: at(),
    };
    check(
        &lost,
        &HERE,
        &expect![[r#"
        (The daemon is not running (since 10:42))
        (no daemon runs)
        Start the daemon
        ----
        [ ] Start at login
        Open logs
        Copy diagnostics
        (Watercooler 0.1.0 (protocol 1))
        ----
        Quit
    "#]],
    );
}

#[test]
fn a_click_is_its_own_id() {
    let click = Click::Mute {
        repository: "acme".into(),
        topic: Some("a \"b\"".into()),
        muted: true,
    };
    assert_eq!(Click::of_id(&click.id()), Some(click));
    assert_eq!(Click::of_id("1001"), None);
}
