//! The bench tests itself: a server that does not do what stories rely on would hide faults.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;

use super::bare::BareRepository;
use super::drip::{Drip, DripServer};
use super::endless::{Endless, EndlessServer};
use super::loopback;
use super::mute::MuteServer;
use super::refusing::RefusingServer;
use super::sshd::SshServer;
use crate::cli::Ran;
use crate::git;
use crate::machine::Machine;
use crate::scratch;
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

#[test]
fn a_drip_never_ends_and_is_never_silent() {
    for drip in [Drip::HttpHead, Drip::HttpPack, Drip::Git, Drip::SshBanner] {
        let server = DripServer::start(drip);
        let port = server.url().rsplit(':').next().map(str::to_owned);
        let port = port.and_then(|rest| rest.split('/').next()?.parse().ok());
        let port: u16 = port.expect("the address has a port");
        let mut caller = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let question: &[u8] = match drip {
            Drip::HttpHead => b"GET / HTTP/1.1\r\n\r\n",
            Drip::HttpPack => b"POST / HTTP/1.1\r\n\r\n",
            Drip::Git => b"git-upload-pack /a\0",
            Drip::SshBanner => b"",
        };
        caller.write_all(question).expect("it listens");
        let answer = match drip {
            Drip::HttpPack => loopback::read_through(&mut caller, b"PACK"),
            Drip::HttpHead | Drip::Git | Drip::SshBanner => Ok(Vec::new()),
        };
        answer.expect("what comes before the drip comes at once");
        let mut bytes = [0; 2];
        caller
            .read_exact(&mut bytes)
            .unwrap_or_else(|error| panic!("{drip:?}: {error}"));
        assert_eq!(server.callers(), 1);
    }
}

#[test]
fn what_has_no_end_is_what_git_understands() {
    for (endless, expected) in [
        (Endless::Advertisement, ""),
        (Endless::Words, "remote: wwwwwwww"),
        (Endless::Pack, ""),
    ] {
        let server = EndlessServer::start(endless);
        let folder = scratch::folder();
        git::git(folder.path(), &["init", "--quiet"]);
        let words = File::create(folder.path().join("words")).expect("a scratch folder");
        let mut fetch = git::command(folder.path())
            .args(["fetch", &server.url()])
            .stderr(words)
            .spawn()
            .expect("git starts");
        wait_until("git takes a lot", PATIENCE, || server.sent() > 30 << 20);
        let ended = fetch.try_wait().expect("our own child can be asked");
        let words = fs::read(folder.path().join("words")).expect("it was made");
        let words = String::from_utf8_lossy(&words).into_owned();
        assert!(ended.is_none(), "{endless:?}: {words}");
        assert!(words.contains(expected), "{endless:?}: {words}");
        fetch.kill().expect("it runs");
        fetch.wait().expect("our own child can be waited for");
    }
}
