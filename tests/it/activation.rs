//! A daemon that is started by its socket: systemd listens, and the first call brings it up.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use tests::cli::Ran;
use tests::machine::Machine;
use tests::processes::{self, Signal};
use tests::programs::Program;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

const LISTENS: &str = "systemd-socket-activate";

/// What stands for systemd, listening at `socket`; `None`, and a word of it, where it is not there.
#[expect(clippy::print_stdout, reason = "what could not run must be seen")]
fn listening(machine: &Machine, socket: &PathBuf) -> Option<Child> {
    let folder = socket.parent().expect("a socket lies in a folder");
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.expect("the machine's folder can be written");
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join(LISTENS).is_file()) {
        println!("*** SKIPPED: there is no {LISTENS}");
        return None;
    }
    let mut command = machine.command(LISTENS);
    for name in ["HOME", "PATH", "WATERCOOLER_HOME", "NOTIFY_SOCKET"] {
        command.args(["-E", name]);
    }
    let said = fs::File::create(machine.root().join("said")).expect("the folder can be written");
    let listens = command
        .arg("-l")
        .arg(socket)
        .arg(Program::Daemon.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .expect("it starts");
    wait_until("it listens", PATIENCE, || socket.exists());
    Some(listens)
}

fn said(machine: &Machine) -> String {
    fs::read_to_string(machine.root().join("said")).unwrap_or_default()
}

#[test]
fn the_first_call_starts_the_daemon_on_the_socket_that_was_there() {
    let mut machine = Machine::without_settings();
    let notices = machine.root().join("notices");
    let told = UnixDatagram::bind(&notices).expect("the folder can be written");
    told.set_read_timeout(Some(PATIENCE))
        .expect("it is a limit");
    machine.set("NOTIFY_SOCKET", &notices);
    let Some(mut listens) = listening(&machine, &machine.socket()) else {
        return;
    };
    let before = fs::metadata(machine.socket()).expect("it is there").ino();
    let mut agent = Shim::connect(&machine, "claude-code");
    let _said = agent.say("plan", "T", "b");
    assert_eq!(agent.count("plan"), 1);
    assert_eq!(
        machine.daemon_pid(),
        Some(listens.id()),
        "{}",
        said(&machine)
    );
    let mut notice = [0; 64];
    let len = told
        .recv(&mut notice)
        .expect("the daemon says that it serves");
    assert_eq!(&notice[..len], b"READY=1\n");
    drop(agent);

    processes::signal(listens.id(), Signal::TERM);
    let end = processes::reap("the daemon ends", &mut listens, PATIENCE);
    assert_eq!(end.code(), Some(0), "{}", said(&machine));
    let after = fs::metadata(machine.socket()).expect("it is not the daemon's to remove");
    assert_eq!(after.ino(), before);
    // Nobody listens there any more, and a daemon of ours takes the place.
    machine.unset("NOTIFY_SOCKET");
    machine.start();
    let mut agent = Shim::connect(&machine, "claude-code");
    assert_eq!(agent.count("plan"), 1);
}

#[test]
fn a_socket_where_no_client_looks_is_refused_in_words() {
    let machine = Machine::without_settings();
    let elsewhere = machine.folder().join("elsewhere/daemon.sock");
    let Some(mut listens) = listening(&machine, &elsewhere) else {
        return;
    };
    let _call = std::os::unix::net::UnixStream::connect(&elsewhere).expect("it listens");
    let end = processes::reap("the daemon ends", &mut listens, PATIENCE);
    assert_eq!(end.code(), Some(1));
    let said = said(&machine);
    assert!(
        said.contains("the socket that was passed is another one"),
        "{said}"
    );
}

#[test]
fn one_that_is_activated_beside_another_gives_way() {
    let mut machine = Machine::without_settings();
    machine.start();
    let elsewhere = machine.folder().join("elsewhere/daemon.sock");
    let Some(mut listens) = listening(&machine, &elsewhere) else {
        return;
    };
    let _call = std::os::unix::net::UnixStream::connect(&elsewhere).expect("it listens");
    let end = processes::reap("the second ends", &mut listens, PATIENCE);
    assert_eq!(end.code(), Some(1));
    assert!(
        said(&machine).contains("already running"),
        "{}",
        said(&machine)
    );
    let still = Ran::run(machine.command(Program::Cli.path()).arg("status"), "");
    let _serves = still.done();
}
