//! nginx before `git http-backend`: logins, redirects, and what a web server answers in git's place.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, RETRY_AFTER_SECONDS, USER, WebServer};
use tests::wait::{PATIENCE, wait_until};

use crate::story::{QUICK, Row, Story, alice};

/// A machine whose git has a credential helper that gives this password and counts how often it was
/// asked.
pub(crate) fn with_password(machine: &Machine, password: &str) -> PathBuf {
    let asked = machine.root().join("helper-asked");
    // In a file, since what the helper is stands in an argument of its shell.
    let known = machine.home().join("password");
    fs::write(&known, format!("password={password}\n")).expect("a home can be written");
    let helper = format!(
        "!f() {{ [ $1 = get ] || exit 0; echo $1 >> {}; echo username={USER}; cat {}; }}; f",
        asked.display(),
        known.display()
    );
    let text = format!("[credential]\n\thelper = \"{helper}\"\n");
    fs::write(machine.home().join(".gitconfig"), text).expect("a home can be written");
    asked
}

fn lines_of(path: &PathBuf) -> usize {
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn what_was_said_goes_to_and_fro_behind_a_password() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("private/remote.git"), ""));
    with_password(&machine, PASSWORD);
    let mut story = Story::well_begun(machine);
    remote.push(&[("notes.md", b"# notes\n")], "carol was here");
    story.say();
    story.in_step(&remote);
    story.keeps_secret(PASSWORD);
    let requests = server.requests();
    assert!(
        requests
            .iter()
            .any(|line| line.contains("git-receive-pack 200 \"alice\"")),
        "{requests:#?}"
    );
}

#[test]
fn the_file_of_gits_own_store_is_a_credential_helper() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("private/remote.git"), ""));
    let stored = format!("http://{USER}:{PASSWORD}@127.0.0.1%3a{}\n", server.port());
    fs::write(machine.home().join(".git-credentials"), stored)
        .and_then(|()| {
            let text = "[credential]\n\thelper = store\n";
            fs::write(machine.home().join(".gitconfig"), text)
        })
        .expect("a home can be written");
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
}

#[test]
fn without_a_credential_a_person_is_asked_for_one_and_then_it_goes_on() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("private/remote.git"), ""));
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "credential_missing",
        words: &["asks for a credential, and git's helpers have none"],
    });
    with_password(&story.machine, PASSWORD);
    story.healed(&remote);
}

#[test]
fn a_refused_password_is_tried_once_and_then_left_alone() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("private/remote.git"), ""));
    let asked = with_password(&machine, "canary7f-wrong-horse");
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "credential_refused",
        words: &["refused the credential"],
    });
    let requests = server.requests();
    for _ in 0..3 {
        let _asked = story.machine.cli(&["sync"]);
        story.say();
    }
    assert_eq!(server.requests(), requests, "the circuit is open");
    let with_it = requests.iter().filter(|line| line.ends_with(" credential"));
    assert_eq!((with_it.count(), lines_of(&asked)), (1, 1), "{requests:#?}");
    story.keeps_secret("canary7f-wrong-horse");
    with_password(&story.machine, PASSWORD);
    story.healed_by_restart(&remote);
}

/// `/git/` answers with `status` for a while.
fn check_status(status: u16, row: Row<'_>) {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("git/remote.git"), ""));
    let mut story = Story::well_begun(machine);
    server.answer_with(status);
    story.troubled(row);
    server.answer();
    if row.kind == "credential_refused" {
        story.healed_by_restart(&remote);
    } else {
        story.healed(&remote);
    }
}

#[test]
fn a_status_in_gits_place_is_told_by_its_number() {
    for (status, kind) in [
        (403, "credential_refused"),
        (404, "not_found"),
        (410, "not_found"),
        (429, "rate_limited"),
        (500, "offline"),
        (502, "offline"),
        (503, "offline"),
    ] {
        let number = status.to_string();
        check_status(
            status,
            Row {
                kind,
                words: &[&number],
            },
        );
    }
}

#[test]
fn the_time_that_a_server_names_is_kept_whoever_asks() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("git/remote.git"), ""));
    let mut story = Story::well_begun(machine);
    server.answer_with(429);
    let words = format!("{RETRY_AFTER_SECONDS} s");
    story.troubled(Row {
        kind: "rate_limited",
        words: &[&words],
    });
    let limited = Instant::now();
    let requests = server.requests().len();
    let last = limited + Duration::from_secs(RETRY_AFTER_SECONDS) / 2;
    let _asked = story.machine.cli(&["sync"]);
    wait_until("half of it is over", PATIENCE, || Instant::now() >= last);
    let meanwhile = server.requests().len();
    // One exchange may have begun between the answer and our look.
    assert!(
        meanwhile <= requests + 2,
        "{requests} requests, then {meanwhile}"
    );
    server.answer();
    story.in_step(&remote);
}

#[test]
fn a_portals_page_is_offline() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("git/remote.git"), ""));
    let mut story = Story::well_begun(machine);
    server.answer_with_a_page();
    story.troubled(Row {
        kind: "offline",
        words: &["text/html"],
    });
    server.answer();
    story.healed(&remote);
}

#[test]
fn a_repository_that_it_does_not_know_is_not_found() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("git/other.git"), ""));
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "not_found",
        words: &["404"],
    });
}

#[test]
fn one_for_reading_alone_is_read_and_refuses_what_is_said() {
    let remote = BareRepository::holding(
        &[("talk.md", b"Entry: Bob (bob) 2026-01-05T09:00:00Z\n\nhi\n")],
        "start",
    );
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("readable/remote.git"), ""));
    let mut story = Story::on(machine);
    story.machine.wait_in_step("acme");
    story.say();
    story.shown(Row {
        kind: "credential_refused",
        words: &["403"],
    });
    let two = b"Entry: Bob (bob) 2026-01-05T09:00:00Z\n\nhi again\n";
    remote.push(&[("more.md", two)], "bob writes on");
    story
        .machine
        .wait_state("acme", "still read", |one| one["threads"] == 3);
}

#[test]
fn a_lasting_redirect_is_followed_by_fetch_and_push() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let machine = Machine::new(&alice(QUICK, &server.url("moved/remote.git"), ""));
    with_password(&machine, PASSWORD);
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    let requests = server.requests();
    let moved = |line: &&String| line.contains("/moved/") && line.contains(" 301 ");
    assert!(requests.iter().any(|line| moved(&line)), "{requests:#?}");
}

#[test]
fn a_redirect_to_another_server_that_asks_for_a_credential_gets_none() {
    let remote = BareRepository::new();
    let other = WebServer::start(remote.as_ref());
    let server = WebServer::leading_to(remote.as_ref(), &other.url("private/"));
    let machine = Machine::new(&alice(QUICK, &server.url("elsewhere/remote.git"), ""));
    let asked = with_password(&machine, PASSWORD);
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "credential_refused",
        words: &["leads to another server, which asks for a credential"],
    });
    let requests = other.requests();
    assert!(!requests.is_empty(), "the redirect was followed");
    let given = requests.iter().filter(|line| line.ends_with(" credential"));
    assert_eq!((given.count(), lines_of(&asked)), (0, 0), "{requests:#?}");
}

#[test]
fn a_redirect_after_the_password_was_given_takes_it_nowhere_else() {
    let remote = BareRepository::new();
    let other = WebServer::start(remote.as_ref());
    let server = WebServer::leading_to(remote.as_ref(), &other.url("private/"));
    let machine = Machine::new(&alice(QUICK, &server.url("guarded/remote.git"), ""));
    with_password(&machine, PASSWORD);
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "credential_refused",
        words: &["another server"],
    });
    let given = server.requests();
    assert!(
        given.iter().any(|line| line.ends_with(" credential")),
        "{given:#?}"
    );
    let requests = other.requests();
    assert!(!requests.is_empty(), "the redirect was followed");
    let given = requests.iter().filter(|line| line.ends_with(" credential"));
    assert_eq!(given.count(), 0, "{requests:#?}");
}
