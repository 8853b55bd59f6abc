//! What a person sees of a way in: which one is gone, as whom one comes, a key that changes while the
//! daemon runs, and the public half of a new one on the clipboard.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;
use tests::cli::Ran;
use tests::keychain::Session;
use tests::machine::Machine;
use tests::programs::Program;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, WebServer};
use tests::servers::sshd::{SshServer, own_ssh_with};

use crate::credentials::{machine, trusted, with_token};
use crate::http::with_password;
use crate::story::{QUICK, SELDOM, Story, alice};

/// A new deploy key for `acme`; its public half.
fn deploy_key(machine: &Machine) -> String {
    let added = machine.json(&["credential", "add", "acme", "--deploy-key"]);
    let public = added["public_key"].as_str();
    public.expect("the public half is shown").to_owned()
}

fn who(machine: &Machine) -> Value {
    let tested = machine.json(&["credential", "test", "acme"]);
    assert_eq!(tested["ok"], true, "{tested}");
    tested["who"].clone()
}

#[test]
fn who_we_are_is_what_the_forge_says_and_else_the_key() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::with_keychain();
    let settings = alice(SELDOM, &server.url(&remote.path()), "");
    let machine = machine(&session, &settings);
    let public = deploy_key(&machine);
    server.authorize_greeted(&public, &remote.path(), "");
    trusted(&machine, &server);
    let story = Story::well_begun(machine);
    let check = |greeting: &str, expected: &str| {
        server.greet(greeting);
        assert_eq!(who(&story.machine), expected, "{greeting:?}");
    };
    check(
        "Hi bob! You've successfully authenticated, but GitHub does not provide shell access.\n",
        "bob",
    );
    check("Welcome to GitLab, @bob!\n", "bob");
    check(
        "Hi there! You've successfully authenticated with the deploy key named acme, but Forgejo does not provide shell access.\n",
        "deploy key acme",
    );
    check(
        "Hi \u{1b}]52;c;aGk=\u{7}bob! You've successfully authenticated, but\n",
        "??52?c?aGk??bob",
    );
    let listed = story.machine.json(&["credential", "list"]);
    let fingerprint = listed[0]["fingerprint"].as_str().expect("a key has one");
    let key = format!("deploy key {fingerprint} from the keychain");
    check("", &key);
    check(&"no form that is known\n".repeat(10_000), &key);
    let shown = story.machine.cli(&["credential", "test", "acme"]).done();
    assert!(
        shown.stdout.contains(&format!("as         {key}\n")),
        "{}",
        shown.stdout
    );
}

#[test]
fn who_was_let_in_and_finds_no_repository_learns_as_whom() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::with_keychain();
    let elsewhere = remote.path().with_file_name("other.git");
    let machine = machine(&session, &alice(SELDOM, &server.url(&elsewhere), ""));
    let public = deploy_key(&machine);
    server.authorize_greeted(&public, &remote.path(), "Welcome to GitLab, @bob!\n");
    trusted(&machine, &server);
    let story = Story::on(machine);
    let tested = story.machine.cli(&["credential", "test", "acme", "--json"]);
    let tested = tested.exited(1).json();
    assert_eq!(tested["error"]["code"], "not_found", "{tested}");
    assert_eq!(
        (&tested["who"], &tested["may_read"]),
        (&"bob".into(), &false.into())
    );
}

#[test]
fn status_names_the_way_that_is_gone() {
    let remote = BareRepository::new();
    let (server, web) = (SshServer::start(), WebServer::start(remote.as_ref()));
    let session = Session::with_keychain();
    let ssh = server.url(&remote.path());
    let check = |machine: Machine, way: &str| {
        let mut story = Story::well_begun(machine);
        story.say();
        story.in_step(&remote);
        let status = story.machine.cli(&["status"]).done().stdout;
        assert!(status.contains(&format!("by {way}")), "{way}: {status}");
    };
    let key = format!("ssh_key = \"{}\"", server.user_key().display());
    let by_file = machine(&session, &alice(QUICK, &ssh, &key));
    trusted(&by_file, &server);
    check(by_file, "the key file of the settings");
    let by_own = machine(&session, &alice(QUICK, &ssh, ""));
    let identity = format!("IdentityFile {}\n", server.user_key().display());
    own_ssh_with(&by_own, &server.known_line(), &identity);
    check(by_own, "your own ssh");
    let url = web.url("private/remote.git");
    let by_helper = machine(&session, &alice(QUICK, &url, ""));
    with_password(&by_helper, PASSWORD);
    check(by_helper, "git's credential helpers");
    let by_token = machine(&session, &alice(QUICK, &url, ""));
    // A helper that would do is not asked beside a credential that is kept.
    let asked = with_password(&by_token, PASSWORD);
    with_token(&by_token, PASSWORD);
    check(by_token, "token from the keychain");
    assert!(!asked.exists(), "a helper was asked");
}

#[test]
fn a_key_is_replaced_and_removed_while_the_daemon_runs() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::with_keychain();
    let machine = machine(&session, &alice(QUICK, &server.url(&remote.path()), ""));
    let first = deploy_key(&machine);
    server.authorize_for_one(&first, &remote.path(), false);
    trusted(&machine, &server);
    let mut story = Story::well_begun(machine);
    // The login by the first key is kept open, and is not gone on with.
    let second = deploy_key(&story.machine);
    assert_ne!(first, second);
    let refused = story
        .machine
        .wait_state("acme", "refused", |one| !one["trouble"].is_null());
    assert_eq!(
        refused["trouble"]["kind"], "credential_refused",
        "{refused}"
    );
    story.say();
    // The key is known there later than here: the test of it is the sign to go on.
    server.authorize_for_one(&second, &remote.path(), false);
    let _tested = story.machine.cli(&["credential", "test", "acme"]).done();
    story.in_step(&remote);
    let _removed = story.machine.json(&["credential", "remove", "acme"]);
    let out = story
        .machine
        .wait_state("acme", "signed out", |one| one["state"] == "signed_out");
    assert_eq!(out["trouble"]["kind"], "credential_refused", "{out}");
}

/// `credential add --deploy-key` before a person, on a terminal.
fn added_on_a_terminal(machine: &Machine) -> Ran {
    const PTY: &str = "import os, pty, sys\n\
        status = pty.spawn(sys.argv[1:])\n\
        sys.exit(os.waitstatus_to_exitcode(status))\n";
    let mut command: Command = machine.command("python3");
    command.args(["-c", PTY]).arg(Program::Cli.path()).args([
        "credential",
        "add",
        "acme",
        "--deploy-key",
    ]);
    Ran::run(&mut command, "").done()
}

#[test]
fn the_public_half_of_a_new_key_is_copied_for_the_person_before_the_terminal() {
    let session = Session::with_keychain();
    let settings = alice(SELDOM, "git@github.com:acme/threads.git", "");
    let mut machine = machine(&session, &settings);
    let public = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("ssh-ed25519 "));
        line.expect("the public half is shown").trim().to_owned()
    };
    machine.set("TERM", "xterm-256color");
    let by_terminal = added_on_a_terminal(&machine).stdout;
    let (before, after) = by_terminal.split_once("\u{1b}]52;c;").expect("OSC 52");
    assert!(before.is_empty(), "{by_terminal:?}");
    let (sent, shown) = after.split_once('\u{7}').expect("its end");
    assert_eq!(decoded(sent), public(shown));
    assert!(shown.contains("Your terminal was asked"), "{shown}");
    let page = "https://github.com/acme/threads/settings/keys/new";
    for words in [page, "write access", "administrator"] {
        assert!(shown.contains(words), "{shown}");
    }

    let copied = machine.root().join("copied");
    let script = format!("#!/bin/sh\ncat > {}\n", copied.display());
    let program = machine.bin().join("wl-copy");
    fs::write(&program, script)
        .and_then(|()| fs::set_permissions(&program, fs::Permissions::from_mode(0o755)))
        .expect("the machine's folder can be written");
    machine.set("WAYLAND_DISPLAY", "wayland-7");
    let by_program = added_on_a_terminal(&machine).stdout;
    assert!(
        by_program.contains("It is on the clipboard."),
        "{by_program}"
    );
    assert!(!by_program.contains('\u{1b}'), "{by_program:?}");
    let text = fs::read_to_string(&copied).expect("it was copied");
    assert_eq!(text, public(&by_program));
    fs::remove_file(&copied).expect("it was written");

    // For a program that reads, nothing is copied.
    let add = ["credential", "add", "acme", "--deploy-key"];
    let piped = machine.cli(&add).done().stdout;
    let document = machine.json(&add).to_string();
    for said in [&piped, &document] {
        assert!(
            !said.contains('\u{1b}') && !said.contains("clipboard"),
            "{said:?}"
        );
    }
    assert!(!copied.exists());
    machine.unset("WAYLAND_DISPLAY");
    machine.set("TERM", "dumb");
    let nowhere = added_on_a_terminal(&machine).stdout;
    assert!(
        nowhere.contains("copy the line") && !nowhere.contains('\u{1b}'),
        "{nowhere:?}"
    );
}

fn decoded(text: &str) -> String {
    let mut base64 = Command::new("base64");
    Ran::run(base64.arg("-d"), text).done().stdout
}
