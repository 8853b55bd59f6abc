//! Between here and a server: no name, no port, no answer, no sense. All of it is offline, with
//! what happened in the message, tried again, and felt by nobody who reads or writes.

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::crowded::CrowdedServer;
use tests::servers::git_daemon::GitDaemon;
use tests::servers::mute::MuteServer;
use tests::servers::rude::{Manners, RudeServer};
use tests::servers::served::free_port;
use tests::servers::sshd::{account, own_ssh};

use crate::story::{HASTY, Row, Story, alice};

/// Each protocol to a port of this machine.
fn addresses(port: u16) -> [(&'static str, String); 4] {
    let user = account();
    [
        ("http", format!("http://127.0.0.1:{port}/acme.git")),
        ("https", format!("https://127.0.0.1:{port}/acme.git")),
        ("git", format!("git://127.0.0.1:{port}/acme.git")),
        ("ssh", format!("ssh://{user}@127.0.0.1:{port}/acme.git")),
    ]
}

/// A machine whose remote is there is offline, and says so in these words.
fn check(url: &str, words: &[&str]) {
    let machine = Machine::new(&alice(HASTY, url, ""));
    own_ssh(&machine, "");
    let mut story = Story::on(machine);
    story.say();
    let kind = "offline";
    story.troubled(Row { kind, words });
    story.machine.stop();
}

#[test]
fn a_port_at_which_nobody_listens() {
    for (_, url) in addresses(free_port()) {
        check(&url, &["refused"]);
    }
}

#[test]
fn a_server_that_takes_no_connection() {
    let server = CrowdedServer::start();
    for (_, url) in addresses(server.port()) {
        check(&url, &["2.0 s"]);
    }
}

#[test]
fn a_name_that_nobody_knows() {
    for url in [
        "https://acme.invalid/acme.git",
        "ssh://git@acme.invalid/acme.git",
    ] {
        check(url, &["acme.invalid", "resolve"]);
    }
}

#[test]
fn a_server_that_never_says_a_word() {
    let server = MuteServer::start();
    for (_, url) in addresses(server.port()) {
        check(&url, &["did not answer in 2.0 s"]);
    }
}

#[test]
fn a_server_that_falls_silent_after_its_first_words() {
    for (protocol, words) in [
        (
            "http",
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 500\r\n\r\n001e# service=git-upload-pack\n",
        ),
        ("ssh", "SSH-2.0-OpenSSH_9.2\r\n"),
        ("git", "00a0"),
    ] {
        let server = RudeServer::start(Manners::SaysThenMute(words));
        let (_, url) = addresses(server.port())
            .into_iter()
            .find(|(name, _)| *name == protocol)
            .expect("it is one of them");
        check(&url, &["did not answer in 2.0 s"]);
        assert!(server.callers() > 0);
    }
}

#[test]
fn a_server_that_hangs_up_at_once() {
    let server = RudeServer::start(Manners::Closes);
    for (_, url) in addresses(server.port()) {
        check(&url, &["127.0.0.1"]);
    }
}

#[test]
fn a_server_that_resets_the_connection() {
    let server = RudeServer::start(Manners::Resets);
    for (_, url) in addresses(server.port()) {
        check(&url, &["127.0.0.1"]);
    }
}

#[test]
fn a_server_that_talks_nonsense() {
    let server = RudeServer::start(Manners::Says("220 mail.example.com ESMTP ready\r\n"));
    for (_, url) in addresses(server.port()) {
        check(&url, &["127.0.0.1"]);
    }
}

#[test]
fn a_server_that_went_away_and_comes_back() {
    let remote = BareRepository::new();
    let mut server = GitDaemon::start(remote.as_ref());
    let url = server.url("remote.git");
    let mut story = Story::well_begun(Machine::new(&alice(HASTY, &url, "")));
    server.stop();
    story.troubled(Row {
        kind: "offline",
        words: &["refused"],
    });
    server.start_again();
    story.healed(&remote);
}
