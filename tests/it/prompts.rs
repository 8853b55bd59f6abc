//! No prompt of any kind ever appears or waits behind the daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::refusing::RefusingServer;
use tests::servers::sshd::{self, SshServer};
use tests::settings::Settings;
use tests::shim::Shim;

/// A machine on which every way to ask a person leaves a trace.
fn with_traps(settings: &Settings) -> (Machine, PathBuf) {
    let mut machine = Machine::new(settings);
    let asked = machine.root().join("asked");
    let trap = machine.bin().join("ask");
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\necho x\n", asked.display());
    fs::write(&trap, script)
        .and_then(|()| fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)))
        .expect("the machine's folder can be written");
    for name in [
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "BROWSER",
        "EDITOR",
        "PINENTRY_USER_DATA",
    ] {
        machine.set(name, trap.clone());
    }
    machine.set("SSH_ASKPASS_REQUIRE", "force");
    machine.set("DISPLAY", ":7");
    machine.set("GIT_TERMINAL_PROMPT", "1");
    (machine, asked)
}

fn check(mut machine: Machine, asked: PathBuf, kinds: &[&str], state: &str) {
    machine.start();
    let mut claude = Shim::connect(&machine, "claude-code");
    let said = claude.say("plan", "T", "b").structured;
    assert_eq!(said["delivery"], "queued", "{said}");
    let stands = machine.wait_state("acme", state, |one| one["state"] == state);
    let kind = stands["trouble"]["kind"].as_str().expect("a kind");
    assert!(kinds.contains(&kind), "{stands}");
    assert!(
        stands["trouble"]["hint"]
            .as_str()
            .is_some_and(|hint| !hint.is_empty())
    );
    let _synced = machine.cli(&["sync"]);
    let traces = fs::read_to_string(asked).unwrap_or_default();
    assert_eq!(traces, "", "nobody was asked");
    machine.stop();
}

#[test]
fn an_unknown_host_key_is_reported_and_never_asked_about() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let key = format!("ssh_key = \"{}\"", server.user_key().display());
    let url = server.url(&remote.path());
    let (machine, asked) = with_traps(&Settings::of("alice").repository("acme", &url, &key));
    sshd::own_ssh(&machine, "");
    check(machine, asked, &["host_key_unknown"], "attention");
}

#[test]
fn a_key_that_the_server_does_not_know_is_reported() {
    let remote = BareRepository::new();
    let (server, other) = (SshServer::start(), SshServer::start());
    let key = format!("ssh_key = \"{}\"", other.user_key().display());
    let url = server.url(&remote.path());
    let (machine, asked) = with_traps(&Settings::of("alice").repository("acme", &url, &key));
    server.trusted_by(&machine);
    check(machine, asked, &["credential_refused"], "signed_out");
}

#[test]
fn a_server_that_wants_a_password_is_reported() {
    let server = RefusingServer::start();
    let (machine, asked) = with_traps(&Settings::of("alice").remote(&server.url()));
    let kinds = ["credential_missing", "credential_refused"];
    check(machine, asked, &kinds, "signed_out");
}
