//! One daemon a state folder, however it is started, and from wherever.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use tests::machine::Machine;
use tests::processes::{self, Signal};
use tests::programs::Program;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_for, wait_until};

const STARTS: usize = 500;

#[test]
fn five_hundred_parallel_starts_leave_exactly_one() {
    let machine = Machine::without_settings();
    let mut children: Vec<(usize, Child)> = (0..STARTS)
        .map(|number| (number, start(&machine, number)))
        .collect();
    let mut ended = Vec::new();
    wait_until("all but one end", PATIENCE, || {
        children.retain_mut(|(number, child)| {
            let end = child.try_wait().expect("a child can be waited for");
            ended.extend(end.map(|end| (*number, end)));
            end.is_none()
        });
        children.len() <= 1
    });
    let (_, survivor) = children.first_mut().expect("one stays");
    let pid = survivor.id();
    wait_until("the one answers", PATIENCE, || {
        machine.daemon_pid() == Some(pid)
    });
    for (number, end) in ended {
        let said = stderr(&machine, number);
        assert_eq!(end.code(), Some(1), "{said}");
        assert!(said.contains("already running"), "{said}");
        assert!(said.contains(&pid.to_string()), "it names {pid}: {said}");
    }
    processes::signal(pid, Signal::TERM);
    let end = processes::reap("it stops", survivor, PATIENCE);
    assert_eq!(end.code(), Some(0));
}

fn start(machine: &Machine, number: usize) -> Child {
    let file = File::create(machine.root().join(format!("start-{number}")));
    machine
        .command(Program::Daemon.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file.expect("the machine's folder can be written"))
        .spawn()
        .expect("the daemon starts")
}

fn stderr(machine: &Machine, number: usize) -> String {
    fs::read_to_string(machine.root().join(format!("start-{number}"))).unwrap_or_default()
}

#[test]
fn clients_that_all_find_none_start_one() {
    let machine = Machine::without_settings();
    std::thread::scope(|scope| {
        for number in 0..10 {
            let machine = &machine;
            scope.spawn(move || {
                let mut agent = Shim::connect(machine, "claude-code");
                let _said = agent.say("plan", &format!("T{number}"), "b");
            });
        }
    });
    let mut agent = Shim::connect(&machine, "claude-code");
    assert_eq!(agent.count("plan"), 10);
    let daemons = processes::of_program(machine.root(), &Program::Daemon.path());
    let serving = machine.daemon_pid().expect("one serves");
    assert!(daemons.contains(&serving));
}

#[test]
fn home_and_path_are_enough() {
    let mut machine = Machine::without_settings();
    machine.unset("WATERCOOLER_HOME");
    let said = machine.json(&["say", "plan", "--title", "T", "--body", "b"]);
    assert_eq!(said["delivery"], "local", "{said}");
    assert_eq!(machine.json(&["read", "plan"])["total_entries"], 1);
    let data = machine
        .home()
        .join(".local/share/watercooler/repositories/local/plan.md");
    wait_until("the working tree in its XDG place", PATIENCE, || {
        data.exists()
    });
    let state = machine.home().join(".local/state/watercooler");
    assert!(state.join("daemon.lock").exists());
    assert_eq!(mode(&state), 0o700);
    assert_eq!(machine.cli(&["daemon", "stop"]).done().code, Some(0));
    assert_eq!(machine.cli(&["status"]).code, Some(69));
}

#[test]
fn a_folder_too_deep_for_a_socket_works() {
    let mut machine = Machine::without_settings();
    let mut deep = machine.root().join("deep");
    while deep.as_os_str().len() < 150 {
        deep.push("x".repeat((149 - deep.as_os_str().len()).clamp(1, 40)));
    }
    assert!(deep.as_os_str().len() >= 150);
    machine.set("WATERCOOLER_HOME", deep.clone());
    let mut agent = Shim::connect(&machine, "claude-code");
    let _said = agent.say("plan", "T", "b");
    assert_eq!(machine.json(&["read", "plan"])["total_entries"], 1);
    assert!(deep.join("state/daemon.lock").exists());
}

#[test]
fn folders_and_socket_are_the_owners_alone() {
    let mut machine = Machine::without_settings();
    machine.start();
    assert_eq!(mode(&machine.folder().join("state")), 0o700);
    assert_eq!(mode(&machine.folder().join("run")), 0o700);
    assert_eq!(mode(&machine.socket()), 0o600);
}

fn mode(path: &std::path::Path) -> u32 {
    let metadata = fs::metadata(path);
    let metadata = metadata.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

#[test]
fn a_socket_file_that_a_dead_daemon_left_is_no_hindrance() {
    let mut machine = Machine::without_settings();
    machine.start();
    let _killed = machine.kill();
    assert!(
        machine.socket().exists(),
        "a killed daemon leaves its socket"
    );
    let mut agent = Shim::connect(&machine, "claude-code");
    let _said = agent.say("plan", "T", "b");
    let pid = wait_for("a new daemon", PATIENCE, || machine.daemon_pid());
    assert!(processes::is_alive(pid));
}

#[test]
fn a_second_start_says_who_runs_and_exits_1() {
    let mut machine = Machine::without_settings();
    machine.start();
    let pid = machine.daemon_pid().expect("it runs").to_string();
    let second = tests::cli::Ran::run(&mut machine.command(Program::Daemon.path()), "").exited(1);
    assert!(
        second.stderr.contains("already running"),
        "{}",
        second.stderr
    );
    assert!(second.stderr.contains(&pid), "{}", second.stderr);
    assert_eq!(machine.daemon_pid().map(|pid| pid.to_string()), Some(pid));
}
