//! Where the system does not tell of changes, they are seen all the same.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use tests::programs::Program;

use super::*;

/// Sets a limit in a namespace of one's own, then becomes the daemon.
const LIMITED: &str = "echo 0 > /proc/sys/user/max_inotify_watches && exec \"$0\"";

#[test]
fn without_watches_the_tree_is_looked_at() {
    let remote = BareRepository::new();
    let alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    let mut unshare = alice.command("unshare");
    unshare.args(["-U", "-r", "bash", "-c"]);
    let allowed = unshare.args([LIMITED, "true"]).output();
    if !allowed.is_ok_and(|ran| ran.status.success()) {
        println!("*** SKIPPED: this system allows no namespace of one's own");
        return;
    }
    let mut daemon = alice
        .command("unshare")
        .args(["-U", "-r", "bash", "-c", LIMITED])
        .arg(Program::Daemon.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("unshare starts");
    wait_until("the daemon answers", PATIENCE, || {
        alice.daemon_pid().is_some()
    });
    let mut claude = Shim::connect(&alice, "claude-code");
    let _said = claude.say("plan", "Start", "x");
    let file = alice.tree("acme").join("plan.md");
    wait_until("the file", PATIENCE, || file.exists());
    let text = fs::read_to_string(&file).expect("it is there") + &typed("Alice", 1, "Seen", "y");
    fs::write(&file, text).expect("it can be written");
    wait_until("it is read", PATIENCE, || claude.count("plan") == 2);
    drop(claude);
    let _stopped = alice.cli(&["daemon", "stop"]);
    let _end = tests::processes::reap("the daemon ends", &mut daemon, PATIENCE);
    let watched = alice
        .logs()
        .contains("Looked at, since it cannot be watched");
    assert!(watched, "{}", alice.logs());
}
