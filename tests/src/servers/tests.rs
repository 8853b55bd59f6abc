//! The bench tests itself: a server that does not do what stories rely on would hide faults.

use super::bare::BareRepository;
use super::mute::MuteServer;
use super::refusing::RefusingServer;
use super::sshd::SshServer;
use crate::cli::Ran;
use crate::git;
use crate::machine::Machine;
use crate::wait::{PATIENCE, wait_until};

#[test]
fn sshd_lets_its_user_key_in_and_is_known_by_the_machine_alone() {
    let remote = BareRepository::holding(&[("a.md", b"x")], "start");
    let server = SshServer::start();
    let machine = Machine::without_settings();
    let list = |machine: &Machine| {
        let mut git = machine.command("git");
        let key = server.user_key();
        let ssh = format!(
            "ssh -o BatchMode=yes -o IdentitiesOnly=yes -i {}",
            key.display()
        );
        git.env("GIT_SSH_COMMAND", ssh)
            .args(["ls-remote", &server.url(&remote.path())]);
        Ran::run(&mut git, "")
    };
    super::sshd::own_ssh(&machine, "");
    assert!(
        list(&machine)
            .stderr
            .contains("Host key verification failed")
    );
    server.trusted_by(&machine);
    assert!(list(&machine).done().stdout.contains("refs/heads/main"));
}

#[test]
#[should_panic(expected = "forced pushes")]
fn a_bare_repository_remembers_a_forced_push() {
    let remote = BareRepository::holding(&[("a.md", b"x")], "start");
    let other = BareRepository::holding(&[("a.md", b"y")], "other");
    git::git(
        &other.path(),
        &["push", "--quiet", "--force", &remote.url(), "main"],
    );
    remote.assert_sound();
}

#[test]
fn a_bare_repository_shows_what_was_pushed() {
    let message = "Claude (alice): T (a)\n\nWatercooler-Entry-ID: 01A\nWatercooler-Topic: a\n";
    let remote = BareRepository::holding(&[("a.md", b"x")], message);
    assert_eq!(remote.text("a.md"), "x");
    assert_eq!(remote.file("b.md"), None);
    assert_eq!(remote.commits_of("01A"), 1);
    let log = remote.log();
    assert_eq!(log[0].author, "Carol Example <carol@example.com>");
    assert_eq!(log[0].subject, "Claude (alice): T (a)");
    assert_eq!(log[0].trailer("Watercooler-Topic"), Some("a"));
    remote.go_away();
    remote.come_back();
    remote.assert_sound();
}

#[test]
fn the_servers_that_do_not_serve_do_not() {
    let refusing = RefusingServer::start();
    let mut git = git::command(&std::env::temp_dir());
    let refused = Ran::run(git.args(["ls-remote", &refusing.url()]), "").exited(128);
    assert!(
        refused.stderr.contains("could not read Username"),
        "{}",
        refused.stderr
    );
    let mute = MuteServer::start();
    let mut hanging = git::command(&std::env::temp_dir())
        .args(["ls-remote", &mute.url()])
        .spawn()
        .expect("git starts");
    wait_until("somebody calls", PATIENCE, || mute.callers() > 0);
    assert!(hanging.try_wait().expect("a child").is_none());
    drop(mute);
    let end = crate::processes::reap("git gives up", &mut hanging, PATIENCE);
    assert!(!end.success());
}
