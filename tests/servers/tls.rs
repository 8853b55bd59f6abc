//! https: a certificate of an authority that the person's git knows, and those that nobody should
//! trust.

use std::fs;
use std::path::Path;

use tests::machine::Machine;
use tests::servers::authority::Authority;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, WebServer};

use crate::http::with_password;
use crate::story::{QUICK, Row, Story, alice};

const HERE: &str = "DNS:localhost,IP:127.0.0.1";

/// Adds lines to the person's git configuration.
pub(crate) fn configure_git(machine: &Machine, lines: &str) {
    let path = machine.home().join(".gitconfig");
    let mut text = fs::read_to_string(&path).unwrap_or_default();
    text.push_str(lines);
    fs::write(path, text).expect("a home can be written");
}

/// What a person's git is told about a company's authority.
pub(crate) fn trusting(authority: &Path) -> String {
    format!("[http]\n\tsslCAInfo = {}\n", authority.display())
}

#[test]
fn an_authority_of_the_persons_git_is_trusted_for_fetch_and_push() {
    let authority = Authority::new();
    let file = authority.certificate();
    let server_for = |remote: &BareRepository| {
        WebServer::with_certificate(remote.as_ref(), &authority.issue(HERE))
    };
    let check = |host: &str, prepare: &dyn Fn(&mut Machine, &WebServer)| {
        let remote = BareRepository::new();
        let server = server_for(&remote);
        let url = server.url_at(host, "private/remote.git");
        let mut machine = Machine::new(&alice(QUICK, &url, ""));
        with_password(&machine, PASSWORD);
        prepare(&mut machine, &server);
        let mut story = Story::well_begun(machine);
        remote.push(&[("notes.md", b"# notes\n")], "carol was here");
        story.say();
        story.in_step(&remote);
        story.keeps_secret(PASSWORD);
    };
    check("localhost", &|machine, _| {
        configure_git(machine, &trusting(&file))
    });
    check("127.0.0.1", &|machine, server| {
        let lines = format!(
            "[http \"{}\"]\n\tsslCAInfo = {}\n",
            server.url(""),
            file.display()
        );
        configure_git(machine, &lines);
    });
    check("localhost", &|machine, _| {
        machine.set("SSL_CERT_FILE", &file)
    });
    check("localhost", &|machine, _| {
        machine.set("GIT_SSL_CAINFO", &file)
    });
}

/// A server with a certificate that is not to be trusted; `known` tells whether its authority is.
fn check(names: &str, known: bool, expired: bool, words: &[&str]) {
    let remote = BareRepository::new();
    let authority = Authority::new();
    let certificate = if expired {
        authority.issue_expired(names)
    } else {
        authority.issue(names)
    };
    let server = WebServer::with_certificate(remote.as_ref(), &certificate);
    let url = server.url_at("localhost", "private/remote.git");
    let machine = Machine::new(&alice(QUICK, &url, ""));
    with_password(&machine, PASSWORD);
    if known {
        configure_git(&machine, &trusting(&authority.certificate()));
    }
    // Nobody may turn the check off, for all or for one.
    configure_git(&machine, "[http]\n\tsslVerify = false\n");
    let mut story = Story::on(machine);
    story.say();
    let kind = "host_key_unknown";
    story.troubled(Row { kind, words });
    let requests = server.requests();
    assert!(requests.is_empty(), "nothing was asked of it: {requests:?}");
}

#[test]
fn a_certificate_of_an_authority_that_nobody_knows_is_not_trusted() {
    check(HERE, false, false, &["certificate"]);
}

#[test]
fn a_certificate_for_another_name_is_not_trusted() {
    check("DNS:other.example", true, false, &["certificate", "host"]);
}

#[test]
fn a_certificate_of_yesterday_is_not_trusted() {
    check(HERE, true, true, &["certificate"]);
}

#[test]
fn a_certificate_becomes_trusted_when_the_person_says_so() {
    let remote = BareRepository::new();
    let authority = Authority::new();
    let server = WebServer::with_certificate(remote.as_ref(), &authority.issue(HERE));
    let url = server.url("git/remote.git");
    let mut story = Story::on(Machine::new(&alice(QUICK, &url, "")));
    story.say();
    story.troubled(Row {
        kind: "host_key_unknown",
        words: &["certificate"],
    });
    configure_git(&story.machine, &trusting(&authority.certificate()));
    story.healed(&remote);
}

#[test]
fn an_authority_file_that_is_not_there_is_told() {
    let remote = BareRepository::new();
    let authority = Authority::new();
    let server = WebServer::with_certificate(remote.as_ref(), &authority.issue(HERE));
    let url = server.url("git/remote.git");
    let machine = Machine::new(&alice(QUICK, &url, ""));
    let missing = machine.home().join("company.pem");
    configure_git(&machine, &trusting(&missing));
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "settings_invalid",
        words: &["http.sslCAInfo", "company.pem"],
    });
    fs::copy(authority.certificate(), &missing).expect("a home can be written");
    story.healed(&remote);
}

#[test]
fn a_server_that_speaks_no_tls_is_offline() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let url = server.url("git/remote.git").replace("http://", "https://");
    let mut story = Story::on(Machine::new(&alice(QUICK, &url, "")));
    story.say();
    story.troubled(Row {
        kind: "offline",
        words: &["SSL"],
    });
}
