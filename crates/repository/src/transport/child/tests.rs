//! Children end by their deadline, with their own children, and are reaped.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::exchange::RECEIVED_BYTES_MAX;
use crate::{Remote, RemoteUrl};

fn exchange(timeout: Duration) -> Arc<Exchange> {
    let url = RemoteUrl::parse("/nowhere").unwrap();
    Exchange::new(
        &Remote {
            url,
            branch: None,
            ssh_key: None,
            timeout,
        },
        PathBuf::from("/"),
    )
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

/// Waits for a condition that another process brings about.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < limit, "{what}");
        thread::yield_now();
    }
}

fn is_running(pid_file: &Path) -> bool {
    let pid = fs::read_to_string(pid_file).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

#[test]
fn a_silent_child_and_its_children_end_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let pids = [
        folder.path().join("child"),
        folder.path().join("grandchild"),
    ];
    let exchange = exchange(Duration::from_millis(400));
    let script = format!(
        "echo $$ > {}; sh -c 'echo $$ > {}; sleep 60; :' ; :",
        pids[0].display(),
        pids[1].display()
    );
    let begun = Instant::now();
    let mut conversation = converse(shell(&script), &exchange).unwrap();
    assert!(conversation.read(&mut [0; 8]).is_err());
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(exchange.take_trouble().unwrap().message.contains("0.4 s"));
    drop(conversation);
    exchange.settle();
    for pid in &pids {
        wait_until("the process ends", || !is_running(pid));
    }
}

#[test]
fn a_child_that_floods_is_cut_off() {
    let exchange = exchange(Duration::from_secs(60));
    let script = format!("head -c {} /dev/zero", RECEIVED_BYTES_MAX + (1 << 20));
    let mut conversation = converse(shell(&script), &exchange).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut taken = 0;
    let error = loop {
        match conversation.read(&mut buffer) {
            Ok(0) => panic!("the whole flood was taken"),
            Ok(count) => taken += count as u64,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    assert!(taken <= RECEIVED_BYTES_MAX);
}

#[test]
fn last_words_are_heard() {
    let exchange = exchange(Duration::from_secs(9));
    let mut conversation = converse(shell("echo why >&2; exit 3"), &exchange).unwrap();
    assert_eq!(conversation.read(&mut [0; 8]).unwrap(), 0);
    drop(conversation);
    exchange.settle();
    assert_eq!(exchange.stderr(), "why\n");
}

#[test]
fn running_to_the_end_is_bounded_in_time_and_size() {
    let limit = Duration::from_secs(9);
    let finished = run(shell("cat; exit 0"), b"said", limit, 4, Group::Own).unwrap();
    assert_eq!(
        (finished.status.success(), finished.stdout.as_slice()),
        (true, &b"said"[..])
    );
    let error = run(shell("cat"), b"more than four", limit, 4, Group::Own).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    let error = run(
        shell("sleep 60"),
        b"",
        Duration::from_millis(100),
        4,
        Group::Own,
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(run(Command::new("/nowhere/git"), b"", limit, 4, Group::Own).is_err());
}

#[test]
fn words_of_both_streams_are_heard_up_to_a_limit_and_the_end() {
    let said = |script: &str, limit| words(shell(script), limit, 8, Group::Own).unwrap();
    let patience = Duration::from_secs(9);
    assert_eq!(said("echo a; echo b >&2; exit 1", patience), "a\nb\n");
    assert_eq!(
        said("echo nothing is read past the eighth", patience),
        "nothing "
    );
    let begun = Instant::now();
    let kept = said("echo hi; exec sleep 60", Duration::from_millis(300));
    assert_eq!(kept, "hi\n");
    // One that outlives the child and holds the pipe is not waited for.
    let held = said("echo hi; sleep 20 & exit 0", patience);
    assert_eq!(held, "hi\n");
    assert!(begun.elapsed() < Duration::from_secs(19));
}
