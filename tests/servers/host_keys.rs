//! ssh servers' own keys: unknown, confirmed, changed, revoked, and certified. Nothing that could log in
//! is sent to a server that is not known.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tests::keychain::Session;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::SshServer;

use crate::credentials::{machine, trusted};
use crate::story::{QUICK, Row, Story, alice};

fn lines_for(server: &SshServer) -> String {
    format!("ssh_key = \"{}\"", server.user_key().display())
}

/// What sshd logs of the first request of an authentication, whatever it is for, and of its end.
const AUTHENTICATION: [&str; 5] = [
    "userauth-request",
    "Accepted",
    "Failed",
    "authenticating user",
    "invalid user",
];

/// The server was gone to, and heard nothing of a user, past what was logged before: not one byte of
/// an authentication, since the first of its messages is logged.
fn sent_no_authentication(server: &SshServer, before: &str) {
    let log = server.log();
    let since = log.get(before.len()..).unwrap_or(&log);
    assert!(since.contains("Connection from"), "nobody came: {since}");
    for words in AUTHENTICATION {
        assert!(!since.contains(words), "'{words}' is in: {since}");
    }
}

/// The other way round, so that what is looked for is what sshd says.
fn sent_authentication(server: &SshServer) {
    let log = server.log();
    for words in ["Connection from", "userauth-request", "Accepted"] {
        assert!(log.contains(words), "'{words}' is not in: {log}");
    }
}

#[test]
fn an_unknown_server_is_gone_to_once_a_person_has_confirmed_its_key() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::without_keychain();
    let settings = alice(QUICK, &server.url(&remote.path()), &lines_for(&server));
    let mut story = Story::on(machine(&session, &settings));
    story.say();
    story.troubled(Row {
        kind: "host_key_unknown",
        words: &["Host key verification failed"],
    });
    sent_no_authentication(&server, "");
    let trust = ["credential", "trust", &server.host(), "--json"];
    let shown = story.machine.cli(&trust).exited(1).json();
    assert_eq!(shown["error"]["code"], "host_key_unknown");
    let hint = shown["error"]["hint"].as_str().unwrap_or_default();
    assert!(hint.contains(&server.fingerprint()), "{shown}");
    let wrong = [
        "credential",
        "trust",
        &server.host(),
        "--fingerprint",
        "SHA256:other",
    ];
    let _refused = story.machine.cli(&wrong).exited(1);
    // It is tried at once.
    trusted(&story.machine, &server);
    story.in_step(&remote);
    sent_authentication(&server);
}

#[test]
fn a_changed_key_stops_all_and_both_fingerprints_are_told() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::without_keychain();
    let settings = alice(QUICK, &server.url(&remote.path()), &lines_for(&server));
    let machine = machine(&session, &settings);
    trusted(&machine, &server);
    let mut story = Story::well_begun(machine);
    let before = server.fingerprint();
    let server = server.change_host_key();
    let now = server.fingerprint();
    // A poll may have met the server between its end and its new start.
    story.machine.wait_state("acme", "told of the key", |one| {
        one["trouble"]["kind"] == "host_key_changed"
    });
    story.troubled(Row {
        kind: "host_key_changed",
        words: &[&before, &now],
    });
    sent_no_authentication(&server, "");
    let trust = ["credential", "trust", &server.host(), "--json"];
    let shown = story.machine.cli(&trust).exited(1).json();
    assert_eq!(shown["error"]["code"], "host_key_changed", "{shown}");
    let message = shown["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains(&before) && message.contains(&now),
        "{message}"
    );
    trusted(&story.machine, &server);
    story.in_step(&remote);
}

#[test]
fn a_revoked_key_is_refused_though_it_is_known() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::without_keychain();
    let settings = alice(QUICK, &server.url(&remote.path()), &lines_for(&server));
    let machine = machine(&session, &settings);
    trusted(&machine, &server);
    let known = machine.folder().join("state/known_hosts");
    let line = fs::read_to_string(&known).expect("it is trusted");
    let (_, key) = line.split_once(' ').expect("a name and a key");
    fs::write(&known, format!("@revoked * {key}{line}")).expect("it is ours");
    let before = server.log();
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "host_key_changed",
        words: &["REVOKED"],
    });
    sent_no_authentication(&server, &before);
}

#[test]
fn a_certificate_of_a_known_authority_is_honoured() {
    let remote = BareRepository::new();
    let (server, authority) = SshServer::start().certified();
    let session = Session::without_keychain();
    let settings = alice(QUICK, &server.url(&remote.path()), &lines_for(&server));
    let machine = machine(&session, &settings);
    let line = format!(
        "@cert-authority [127.0.0.1]:{} {authority}\n",
        server.port()
    );
    knows(&machine, &line);
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    sent_authentication(&server);
}

#[test]
fn a_certificate_of_another_authority_is_no_known_key() {
    let remote = BareRepository::new();
    let (server, _authority) = SshServer::start().certified();
    let (_other, other) = SshServer::start().certified();
    let session = Session::without_keychain();
    let settings = alice(QUICK, &server.url(&remote.path()), &lines_for(&server));
    let machine = machine(&session, &settings);
    knows(&machine, &format!("@cert-authority * {other}\n"));
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "host_key_unknown",
        words: &["Host key verification failed"],
    });
    sent_no_authentication(&server, "");
}

/// The machine's own store of known hosts holds these lines.
fn knows(machine: &Machine, lines: &str) {
    let state = machine.folder().join("state");
    fs::create_dir_all(&state).expect("a machine's folder can be written");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("it is ours");
    fs::write(state.join("known_hosts"), lines).expect("it is ours");
}
