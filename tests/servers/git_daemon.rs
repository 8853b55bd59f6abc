//! `git daemon`: git's own protocol, and what it answers to those whom it does not serve.

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::git_daemon::GitDaemon;

use crate::story::{QUICK, Row, Story, alice};

#[test]
fn what_was_said_goes_to_and_fro() {
    let remote = BareRepository::new();
    let server = GitDaemon::start(remote.as_ref());
    let url = server.url("remote.git");
    let mut story = Story::well_begun(Machine::new(&alice(QUICK, &url, "")));
    story.say();
    story.in_step(&remote);
    remote.push(&[("notes.md", b"# notes\n")], "carol was here");
    story.say();
    story.in_step(&remote);
    let log = server.log();
    assert!(
        log.contains("receive-pack") && log.contains("upload-pack"),
        "{log}"
    );
}

#[test]
fn a_repository_that_it_does_not_know_is_not_found() {
    let remote = BareRepository::new();
    let server = GitDaemon::start(remote.as_ref());
    let url = server.url("other.git");
    let mut story = Story::on(Machine::new(&alice(QUICK, &url, "")));
    story.say();
    story.troubled(Row {
        kind: "not_found",
        words: &["no such repository"],
    });
}

#[test]
fn one_for_reading_alone_is_read_and_refuses_what_is_said() {
    let remote = BareRepository::holding(
        &[("talk.md", b"Entry: Bob (bob) 2026-01-05T09:00:00Z\n\nhi\n")],
        "start",
    );
    let server = GitDaemon::read_only(remote.as_ref());
    let url = server.url("remote.git");
    let mut story = Story::on(Machine::new(&alice(QUICK, &url, "")));
    story.machine.wait_in_step("acme");
    story.say();
    let stands = story.shown(Row {
        kind: "credential_refused",
        words: &["service not enabled"],
    });
    assert_eq!(stands["threads"], 2, "{stands}");
    drop(server);
}
