//! Ways in, each with its secret in a real keychain: keys and tokens, replaced and removed while the
//! daemon runs, one for each repository, and one that may only read.

use std::fs;

use serde_json::Value;
use tests::keychain::Session;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, USER, WebServer};
use tests::servers::sign_in::{Person, SignInServer};
use tests::servers::sshd::{PASSPHRASE, SshServer, own_ssh};
use tests::settings::Settings;
use tests::wait::{PATIENCE, wait_until};

use crate::story::{QUICK, Row, SELDOM, Story, alice};

/// A machine in that session; its own ssh knows no host, and its git no credential.
pub(crate) fn machine(session: &Session, settings: &Settings) -> Machine {
    let mut machine = Machine::new(settings);
    own_ssh(&machine, "");
    session.used_by(&mut machine);
    machine
}

/// The person confirms the server's key.
pub(crate) fn trusted(machine: &Machine, server: &SshServer) {
    let (host, fingerprint) = (server.host(), server.fingerprint());
    let _trusted = machine.json(&["credential", "trust", &host, "--fingerprint", &fingerprint]);
}

/// A deploy key for that repository, made here and put on the server.
fn with_deploy_key(machine: &Machine, name: &str, server: &SshServer, remote: &BareRepository) {
    let added = machine.json(&["credential", "add", name, "--deploy-key"]);
    let public = added["public_key"]
        .as_str()
        .expect("the public half is shown");
    server.authorize_for_one(public, &remote.path(), false);
}

/// The person keeps that token.
pub(crate) fn with_token(machine: &Machine, token: &str) -> Value {
    let words = [
        "credential",
        "add",
        "acme",
        "--token",
        "--user",
        USER,
        "--json",
    ];
    machine
        .cli_told(&words, &format!("{token}\n"))
        .done()
        .json()
}

fn tested(machine: &Machine, code: i32) -> Value {
    machine
        .cli(&["credential", "test", "acme", "--json"])
        .exited(code)
        .json()
}

#[test]
fn a_deploy_key_that_was_made_here_lets_us_in() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::with_keychain();
    let machine = machine(&session, &alice(QUICK, &server.url(&remote.path()), ""));
    with_deploy_key(&machine, "acme", &server, &remote);
    trusted(&machine, &server);
    let mut story = Story::well_begun(machine);
    remote.push(&[("notes.md", b"# notes\n")], "carol was here");
    story.say();
    story.in_step(&remote);
    let tested = tested(&story.machine, 0);
    for what in ["ok", "reachable", "host_key", "may_read", "may_write"] {
        assert_eq!(tested[what], true, "{tested}");
    }
    let listed = story.machine.json(&["credential", "list"]);
    let fingerprint = listed[0]["fingerprint"].as_str().expect("a key has one");
    let way = format!("by deploy key {fingerprint} from the keychain");
    let status = story.machine.cli(&["status"]).done().stdout;
    assert!(status.contains(&way), "{status}");
    assert_eq!(listed[0]["host"], server.host());
    assert_eq!(listed[0]["kind"], "deploy_key");
    assert_eq!(listed[0]["store"], "keychain");
}

#[test]
fn two_repositories_of_one_host_have_a_kept_key_each() {
    let (one, two) = (BareRepository::new(), BareRepository::new());
    let server = SshServer::start();
    let session = Session::with_keychain();
    let settings = Settings::of("alice")
        .sync(QUICK)
        .repository("one", &server.url(&one.path()), "")
        .repository("two", &server.url(&two.path()), "");
    let mut machine = machine(&session, &settings);
    with_deploy_key(&machine, "one", &server, &one);
    with_deploy_key(&machine, "two", &server, &two);
    trusted(&machine, &server);
    machine.start();
    for (name, remote) in [("one", &one), ("two", &two)] {
        let words = [
            "say",
            "plan",
            "--title",
            "T",
            "--body",
            "b",
            "--repository",
            name,
        ];
        let said = machine.json(&words);
        let id = said["entry_id"].as_str().expect("a write has an id");
        machine.wait_in_step(name);
        assert_eq!(remote.commits_of(id), 1, "{said}");
    }
    assert_eq!((one.log().len(), two.log().len()), (1, 1));
}

#[test]
fn a_key_with_a_passphrase_is_opened_once_and_kept() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::with_keychain();
    let machine = machine(&session, &alice(QUICK, &server.url(&remote.path()), ""));
    trusted(&machine, &server);
    let key = server.locked_key();
    let add = [
        "credential",
        "add",
        "acme",
        "--ssh-key",
        key.to_str().expect("it is text"),
    ];
    let refused = machine
        .cli_told(&add, "canary7f another passphrase\n")
        .exited(1);
    assert!(
        refused.stderr.contains("does not open the key"),
        "{}",
        refused.stderr
    );
    let unasked = machine.cli_told(&add, "").exited(2);
    assert!(!unasked.stderr.is_empty());
    let _added = machine.cli_told(&add, &format!("{PASSPHRASE}\n")).done();
    fs::remove_file(&key).expect("it was made");
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
}

#[test]
fn a_token_goes_as_a_password_and_as_a_bearers() {
    for (path, shown) in [("private/remote.git", USER), ("bearer/remote.git", "-")] {
        let remote = BareRepository::new();
        let server = WebServer::start(remote.as_ref());
        let session = Session::with_keychain();
        let machine = machine(&session, &alice(QUICK, &server.url(path), ""));
        let added = with_token(&machine, PASSWORD);
        assert_eq!(added["kind"], "token", "{added}");
        let mut story = Story::well_begun(machine);
        remote.push(&[("notes.md", b"# notes\n")], "carol was here");
        story.say();
        story.in_step(&remote);
        assert_eq!(tested(&story.machine, 0)["may_write"], true);
        story.keeps_secret(PASSWORD);
        let pushed = format!("git-receive-pack 200 \"{shown}\"");
        let requests = server.requests();
        assert!(
            requests.iter().any(|line| line.contains(&pushed)),
            "{requests:#?}"
        );
    }
}

#[test]
fn a_credential_is_replaced_and_removed_while_the_daemon_runs() {
    for path in ["private/remote.git", "bearer/remote.git"] {
        let remote = BareRepository::new();
        let server = WebServer::start(remote.as_ref());
        let session = Session::with_keychain();
        let machine = machine(&session, &alice(QUICK, &server.url(path), ""));
        let first = with_token(&machine, "canary7f-another-password");
        let mut story = Story::on(machine);
        story.say();
        story.troubled(Row {
            kind: "credential_refused",
            words: &[],
        });
        // It is tried at once, not after the pause that a refusal brings.
        let second = with_token(&story.machine, PASSWORD);
        assert_ne!(first["created"], Value::Null);
        assert_eq!(second["store"], "keychain");
        story.in_step(&remote);
        assert_eq!(
            story
                .machine
                .json(&["credential", "list"])
                .as_array()
                .map(Vec::len),
            Some(1)
        );
        let _removed = story.machine.json(&["credential", "remove", "acme"]);
        let missing = story
            .machine
            .wait_state("acme", "signed out", |one| one["state"] == "signed_out");
        assert_ne!(missing["trouble"], Value::Null, "{missing}");
        let _none_left = story
            .machine
            .cli(&["credential", "remove", "acme"])
            .exited(1);
        with_token(&story.machine, PASSWORD);
        story.say();
        story.in_step(&remote);
    }
}

#[test]
fn a_key_that_may_only_read_is_told_at_once() {
    let remote = BareRepository::new();
    remote.push(&[("notes.md", b"# notes\n")], "carol was here");
    let server = SshServer::start();
    let session = Session::with_keychain();
    let machine = machine(&session, &alice(QUICK, &server.url(&remote.path()), ""));
    let added = machine.json(&["credential", "add", "acme", "--deploy-key"]);
    let public = added["public_key"]
        .as_str()
        .expect("the public half is shown");
    server.authorize_for_one(public, &remote.path(), true);
    trusted(&machine, &server);
    let before = remote.log();
    let mut story = Story::on(machine);
    let tested = tested(&story.machine, 1);
    assert_eq!(
        (&tested["may_read"], &tested["may_write"]),
        (&true.into(), &false.into()),
        "{tested}"
    );
    assert_eq!(tested["error"]["code"], "credential_refused", "{tested}");
    assert_eq!(remote.log(), before, "nothing is pushed to find out");
    story.say();
    story.troubled(Row {
        kind: "credential_refused",
        words: &["read only"],
    });
}

#[test]
fn a_credential_of_one_host_is_not_offered_to_another() {
    let remote = BareRepository::new();
    let (one, other) = (
        WebServer::start(remote.as_ref()),
        WebServer::start(remote.as_ref()),
    );
    let session = Session::with_keychain();
    let machine = machine(&session, &alice(QUICK, &one.url("private/remote.git"), ""));
    with_token(&machine, PASSWORD);
    machine.configure(&alice(QUICK, &other.url("private/remote.git"), "").text());
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "credential_missing",
        words: &[],
    });
    let requests = other.requests();
    assert!(
        !requests.is_empty() && requests.iter().all(|line| line.ends_with("none")),
        "{requests:#?}"
    );
    assert!(one.requests().is_empty());
}

#[test]
fn a_sign_in_is_confirmed_in_a_browser_and_renewed_in_time() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let forge = SignInServer::start(Person::Confirms, PASSWORD);
    let session = Session::with_keychain();
    let host = format!("127.0.0.1:{}", server.port());
    let settings = alice(QUICK, &server.url("private/remote.git"), "").text();
    let machine = machine(&session, &Settings::of("alice"));
    machine.configure(&format!("{settings}{}", forge.settings(&host, USER)));
    let signed = machine
        .cli(&["credential", "add", "acme", "--sign-in", "--json"])
        .done();
    assert!(signed.stderr.contains("WC-1234"), "{}", signed.stderr);
    assert_eq!(signed.json()["kind"], "sign_in");
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    let asked = forge.asked();
    let renewals = asked
        .iter()
        .filter(|line| line.contains("refresh_token=canary7f-again"))
        .count();
    assert_eq!(renewals, 1, "{asked:#?}");
    story.keeps_secret(PASSWORD);
}

#[test]
fn a_sign_in_that_is_denied_or_expires_is_told() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let host = format!("127.0.0.1:{}", server.port());
    let session = Session::with_keychain();
    for (person, words) in [(Person::Denies, "denied"), (Person::Sleeps, "expired")] {
        let forge = SignInServer::start(person, PASSWORD);
        let machine = machine(&session, &Settings::of("alice"));
        let settings = alice(SELDOM, &server.url("private/remote.git"), "").text();
        machine.configure(&format!("{settings}{}", forge.settings(&host, USER)));
        let ended = machine
            .cli(&["credential", "add", "acme", "--sign-in", "--json"])
            .exited(1);
        let error = ended.json()["error"].clone();
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains(words)),
            "{error}"
        );
        assert_eq!(
            machine.json(&["credential", "list"]),
            Value::Array(Vec::new())
        );
    }
}

#[test]
fn a_locked_keychain_asks_nobody_and_is_used_once_it_is_open() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let mut session = Session::with_keychain();
    let machine = machine(
        &session,
        &alice(QUICK, &server.url("private/remote.git"), ""),
    );
    with_token(&machine, PASSWORD);
    session.lock();
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "keychain_locked",
        words: &["the keychain is locked"],
    });
    session.open();
    story.in_step(&remote);
}

#[test]
fn a_keychain_that_comes_late_is_used_without_a_restart() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let mut session = Session::with_keychain();
    let machine = machine(
        &session,
        &alice(QUICK, &server.url("private/remote.git"), ""),
    );
    with_token(&machine, PASSWORD);
    session.close();
    let mut story = Story::on(machine);
    story.say();
    let stands = story.troubled(Row {
        kind: "credential_missing",
        words: &["no keychain answers here"],
    });
    let hint = stands["trouble"]["hint"].as_str().unwrap_or_default();
    assert!(
        hint.contains("gnome-keyring") && hint.contains("credentials = \"file\""),
        "{hint}"
    );
    session.open();
    story.in_step(&remote);
}

#[test]
fn without_a_keychain_a_file_is_written_only_where_the_settings_say_so() {
    use std::os::unix::fs::PermissionsExt;
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let session = Session::without_keychain();
    let settings = alice(QUICK, &server.url("private/remote.git"), "").text();
    let machine = machine(&session, &Settings::of("alice"));
    machine.configure(&settings);
    let add = ["credential", "add", "acme", "--token", "--user", USER];
    let refused = machine.cli_told(&add, PASSWORD).exited(1);
    assert!(
        refused.stderr.contains("credentials = \"file\""),
        "{}",
        refused.stderr
    );
    let folder = machine.folder().join("state/credentials");
    assert!(!folder.exists());
    machine.configure(&format!("credentials = \"file\"\n{settings}"));
    let added = with_token(&machine, PASSWORD);
    assert_eq!(added["store"], "file");
    let files: Vec<_> = fs::read_dir(&folder)
        .expect("it was made")
        .flatten()
        .collect();
    let mode = files[0]
        .metadata()
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!((files.len(), mode & 0o777), (1, 0o600));
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    let status = story.machine.cli(&["status"]).done().stdout;
    assert!(status.contains("kept in files"), "{status}");
    story.keeps_secret(PASSWORD);
    wait_until("the daemon is at rest", PATIENCE, || {
        story.machine.repository("acme")["pending"] == 0
    });
}
