//! One ssh login serves many polls, and no more than its own repository.

use std::fs;
use std::path::Path;

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::SshServer;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::PATIENCE;

use super::{command_line, wait_gone};

/// A poll only where it is asked for.
const RARELY: &str = "poll_active = \"60s\"\npoll_idle = \"60s\"";

fn logins(server: &SshServer) -> usize {
    server.log().matches("Accepted publickey").count()
}

fn of_key(key: &Path) -> String {
    format!("ssh_key = \"{}\"", key.display())
}

/// The processes that keep a login of this machine.
fn masters(machine: &Machine) -> Vec<u32> {
    let mut found = tests::processes::of_folder(machine.root());
    found.retain(|pid| command_line(*pid).contains(" -M -N -S "));
    found
}

#[test]
fn five_polls_and_a_push_log_in_once() {
    let (server, remote) = (SshServer::start(), BareRepository::new());
    let url = server.url(&remote.path());
    let settings = Settings::of("alice").sync(RARELY);
    let mut alice = Machine::new(&settings.repository("acme", &url, &of_key(&server.user_key())));
    server.trusted_by(&alice);
    // What the person set for other programs must not make a login that outlives the daemon.
    let config = alice.home().join(".ssh/config");
    let mut text = fs::read_to_string(&config).expect("it was written");
    text.push_str(&format!(
        "ControlMaster auto\nControlPersist yes\nControlPath {}/theirs-%C\n",
        alice.home().display()
    ));
    fs::write(&config, text).expect("it was written");
    alice.start();
    alice.wait_in_step("acme");
    for _ in 0..5 {
        let _synced = alice.cli(&["sync", "--wait"]).done();
    }
    let mut claude = Shim::connect(&alice, "claude-code");
    let _said = claude.say("plan", "T", "b");
    alice.wait_in_step("acme");
    assert_eq!(logins(&server), 1, "{}", server.log());

    let running = masters(&alice);
    assert!(!running.is_empty());
    for master in &running {
        tests::processes::signal(*master, tests::processes::Signal::KILL);
    }
    wait_gone(&running, PATIENCE);
    let _synced = alice.cli(&["sync", "--wait"]).done();
    alice.wait_in_step("acme");
    assert_eq!(logins(&server), 2, "a login that ended is made anew");

    let running = masters(&alice);
    alice.stop();
    wait_gone(&running, tests::machine::GRACE);
    let home = fs::read_dir(alice.home()).expect("a home").flatten();
    let left: Vec<_> = home
        .filter(|file| file.file_name().to_string_lossy().contains("theirs"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!alice.folder().join("run/ssh").exists());
}

#[test]
fn two_repositories_with_two_keys_share_no_login() {
    let server = SshServer::start();
    let (one, two) = (BareRepository::new(), BareRepository::new());
    let stranger = server.user_key().with_file_name("host_key");
    let settings = Settings::of("alice")
        .sync(RARELY)
        .repository(
            "acme",
            &server.url(&one.path()),
            &of_key(&server.user_key()),
        )
        .repository("other", &server.url(&two.path()), &of_key(&stranger));
    let mut alice = Machine::new(&settings);
    server.trusted_by(&alice);
    alice.start();
    alice.wait_in_step("acme");
    let other = alice.wait_state("other", "troubled", |one| !one["trouble"].is_null());
    assert_eq!(other["trouble"]["kind"], "credential_refused", "{other}");
    let _synced = alice.cli(&["sync", "--wait"]);
    assert_eq!(logins(&server), 1, "{}", server.log());
}

#[test]
fn a_login_by_a_jump_host_is_kept_too() {
    let (jump, server) = (SshServer::start(), SshServer::start());
    let remote = BareRepository::new();
    let url = server.url(&remote.path());
    let settings = Settings::of("alice").sync(RARELY);
    let mut alice = Machine::new(&settings.repository("acme", &url, &of_key(&server.user_key())));
    server.trusted_by(&alice);
    let known = fs::read_to_string(alice.home().join(".ssh/known_hosts")).expect("it was written");
    jump.trusted_by(&alice);
    let config = alice.home().join(".ssh/config");
    let hosts = alice.home().join(".ssh/known_hosts");
    let both = format!(
        "{known}\n{}",
        fs::read_to_string(&hosts).expect("it was written")
    );
    fs::write(&hosts, both).expect("it was written");
    let address = jump.url(Path::new(""));
    let (user, port) = address
        .strip_prefix("ssh://")
        .and_then(|rest| rest.split_once("@127.0.0.1:"))
        .expect("an address");
    let text = fs::read_to_string(&config).expect("it was written");
    fs::write(
        &config,
        format!(
            "{text}Host jump\n HostName 127.0.0.1\n Port {port}\n User {user}\n IdentityFile {}\n\
             Match host 127.0.0.1 !originalhost jump\n ProxyCommand ssh -F {} -W %h:%p jump\n",
            jump.user_key().display(),
            config.display(),
        ),
    )
    .expect("it was written");
    alice.start();
    alice.wait_in_step("acme");
    for _ in 0..3 {
        let _synced = alice.cli(&["sync", "--wait"]).done();
    }
    assert_eq!((logins(&jump), logins(&server)), (1, 1), "{}", server.log());
    let running = tests::processes::of_folder(alice.root());
    alice.stop();
    wait_gone(&running, tests::machine::GRACE);
}
