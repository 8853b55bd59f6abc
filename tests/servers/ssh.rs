//! Real `sshd`s: every kind of key, the person's own ssh configuration, jump hosts, a key for each
//! repository, and what an ssh server says when it does not let us in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::{KeyKind, SshServer, account, own_ssh_with};
use tests::settings::Settings;

use crate::story::{QUICK, Row, Story, alice};

fn ssh_key(path: &Path) -> String {
    format!("ssh_key = \"{}\"", path.display())
}

/// A machine that goes to `remote` by `server` with this key.
fn machine(server: &SshServer, remote: &BareRepository, key: &Path) -> Machine {
    let url = server.url(&remote.path());
    let machine = Machine::new(&alice(QUICK, &url, &ssh_key(key)));
    server.trusted_by(&machine);
    machine
}

#[test]
fn every_kind_of_key_lets_us_in_and_names_the_server() {
    for kind in KeyKind::ALL {
        let remote = BareRepository::new();
        let server = SshServer::with_keys(kind, kind);
        let mut story = Story::well_begun(machine(&server, &remote, &server.user_key()));
        remote.push(&[("notes.md", b"# notes\n")], "carol was here");
        story.say();
        story.in_step(&remote);
    }
}

#[test]
fn an_alias_of_the_persons_configuration_is_followed() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let url = format!("labhost:{}", remote.path().display());
    let machine = Machine::new(&alice(QUICK, &url, ""));
    let lines = host("labhost", &server, &server.user_key());
    own_ssh_with(&machine, &server.known_line(), &lines);
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
}

/// An alias of ssh's configuration for that server, logged in to with that key alone.
fn host(alias: &str, server: &SshServer, key: &Path) -> String {
    format!(
        "Host {alias}\n HostName 127.0.0.1\n HostKeyAlias [127.0.0.1]:{port}\n Port {port}\n User {}\n \
         IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n",
        account(),
        key.display(),
        port = server.port(),
    )
}

#[test]
fn a_jump_host_is_gone_through() {
    let remote = BareRepository::new();
    let (gate, server) = (SshServer::start(), SshServer::start());
    let url = format!("ssh://inner{}", remote.path().display());
    let machine = Machine::new(&alice(QUICK, &url, ""));
    let lines = format!(
        "{}{} ProxyJump gate\n",
        host("gate", &gate, &gate.user_key()),
        host("inner", &server, &server.user_key()),
    );
    let known = format!("{}{}", gate.known_line(), server.known_line());
    own_ssh_with(&machine, &known, &lines);
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    assert!(gate.log().contains("Accepted publickey"), "{}", gate.log());
}

#[test]
fn a_jump_host_that_nobody_confirmed_is_not_gone_through() {
    let remote = BareRepository::new();
    let (gate, server) = (SshServer::start(), SshServer::start());
    let url = format!("ssh://inner{}", remote.path().display());
    let machine = Machine::new(&alice(QUICK, &url, ""));
    let lines = format!(
        "{}{} ProxyJump gate\n",
        host("gate", &gate, &gate.user_key()),
        host("inner", &server, &server.user_key()),
    );
    own_ssh_with(&machine, &server.known_line(), &lines);
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "host_key_unknown",
        words: &["Host key verification failed"],
    });
    let known = format!("{}{}", gate.known_line(), server.known_line());
    own_ssh_with(&story.machine, &known, &lines);
    story.healed(&remote);
}

#[test]
fn two_repositories_of_one_host_have_a_key_each() {
    let (one, two) = (BareRepository::new(), BareRepository::new());
    let server = SshServer::start();
    let keys = [
        server.key_for_one("key_one", &one.path()),
        server.key_for_one("key_two", &two.path()),
    ];
    let by_settings = Settings::of("alice")
        .sync(QUICK)
        .repository("one", &server.url(&one.path()), &ssh_key(&keys[0]))
        .repository("two", &server.url(&two.path()), &ssh_key(&keys[1]));
    let by_alias = Settings::of("bob")
        .sync(QUICK)
        .repository("one", &format!("first:{}", one.path().display()), "")
        .repository("two", &format!("second:{}", two.path().display()), "");
    let aliases = format!(
        "{}{}",
        host("first", &server, &keys[0]),
        host("second", &server, &keys[1])
    );
    for settings in [by_settings, by_alias] {
        let mut machine = Machine::new(&settings);
        own_ssh_with(&machine, &server.known_line(), &aliases);
        machine.start();
        for (name, remote) in [("one", &one), ("two", &two)] {
            let said = machine.json(&[
                "say",
                "plan",
                "--title",
                "T",
                "--body",
                "b",
                "--repository",
                name,
            ]);
            let id = said["entry_id"].as_str().expect("a write has an id");
            machine.wait_in_step(name);
            assert_eq!(remote.commits_of(id), 1, "{said}");
            remote.assert_sound();
        }
        machine.stop();
    }
    assert_eq!(one.log().len(), 2);
    assert_eq!(two.log().len(), 2);
}

#[test]
fn the_key_of_another_repository_does_not_open_this_one() {
    let (one, two) = (BareRepository::new(), BareRepository::new());
    let server = SshServer::start();
    let key = server.key_for_one("key_one", &one.path());
    let mut story = Story::on(machine(&server, &two, &key));
    story.say();
    story.troubled(Row {
        kind: "not_found",
        words: &["Repository not found"],
    });
}

#[test]
fn a_key_that_the_server_does_not_know_is_refused() {
    let remote = BareRepository::new();
    let (server, other) = (SshServer::start(), SshServer::start());
    let mut story = Story::on(machine(&server, &remote, &other.user_key()));
    story.say();
    story.troubled(Row {
        kind: "credential_refused",
        words: &["Permission denied (publickey)"],
    });
    let log = server.log();
    let _asked = story.machine.cli(&["sync"]);
    story.say();
    assert_eq!(server.log(), log, "it is tried once");
}

#[test]
fn a_locked_key_without_an_agent_asks_nobody() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let mut story = Story::on(machine(&server, &remote, &server.locked_key()));
    story.say();
    story.troubled(Row {
        kind: "credential_missing",
        words: &["locked_key"],
    });
}

#[test]
fn a_key_that_others_may_read_is_not_used() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let key = server.user_key();
    let mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode));
    mode(0o644).expect("the key is ours");
    let mut story = Story::on(machine(&server, &remote, &key));
    story.say();
    story.troubled(Row {
        kind: "credential_refused",
        words: &["UNPROTECTED PRIVATE KEY"],
    });
    mode(0o600).expect("the key is ours");
    story.healed_by_restart(&remote);
}

#[test]
fn a_key_file_that_is_not_there_is_told() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let key = server.user_key().with_file_name("no_key");
    let mut story = Story::on(machine(&server, &remote, &key));
    story.say();
    story.troubled(Row {
        kind: "credential_missing",
        words: &["no_key"],
    });
}

#[test]
fn a_repository_that_is_not_there_is_not_found() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let url = server.url(&remote.path().with_file_name("other.git"));
    let machine = Machine::new(&alice(QUICK, &url, &ssh_key(&server.user_key())));
    server.trusted_by(&machine);
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "not_found",
        words: &["does not appear to be a git repository"],
    });
}

#[test]
fn a_host_key_that_nobody_confirmed_is_not_accepted() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let url = server.url(&remote.path());
    let machine = Machine::new(&alice(QUICK, &url, &ssh_key(&server.user_key())));
    own_ssh_with(&machine, "", "");
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "host_key_unknown",
        words: &["Host key verification failed"],
    });
    server.trusted_by(&story.machine);
    story.healed(&remote);
}

#[test]
fn a_host_key_that_changed_stops_all_until_a_person_has_looked() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let mut story = Story::well_begun(machine(&server, &remote, &server.user_key()));
    let server = server.change_host_key();
    story.troubled(Row {
        kind: "host_key_changed",
        words: &["REMOTE HOST IDENTIFICATION HAS CHANGED"],
    });
    server.trusted_by(&story.machine);
    story.healed(&remote);
}

#[test]
fn a_mistake_in_the_ssh_configuration_is_told() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let url = server.url(&remote.path());
    let machine = Machine::new(&alice(QUICK, &url, &ssh_key(&server.user_key())));
    own_ssh_with(&machine, &server.known_line(), "ServerAliveIntervall 5\n");
    let mut story = Story::on(machine);
    story.say();
    story.troubled(Row {
        kind: "settings_invalid",
        words: &["Bad configuration option"],
    });
    server.trusted_by(&story.machine);
    story.healed(&remote);
}
