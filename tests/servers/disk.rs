//! Disks that are full, there and here, and a clone in which something was left or broken.

use std::fs;

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::WebServer;
use tests::servers::small_disk::{SmallDisk, with_small_disks};

use crate::story::{QUICK, Row, Story, alice};

/// A remote whose disk holds this many KiB.
fn remote_on(kib: u32) -> (BareRepository, SmallDisk) {
    let remote = BareRepository::new();
    let path = remote.path();
    let aside = path.with_file_name("aside.git");
    fs::rename(&path, &aside).expect("it is ours");
    let disk = SmallDisk::at(&path, kib);
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(aside.join("."))
        .arg(&path)
        .status();
    assert!(copied.is_ok_and(|status| status.success()));
    (remote, disk)
}

#[test]
fn a_servers_full_disk_is_told_and_waited_for() {
    with_small_disks("disk::a_servers_full_disk_is_told_and_waited_for", || {
        for by_http in [false, true] {
            let (remote, disk) = remote_on(4096);
            let server = by_http.then(|| WebServer::start(remote.as_ref()));
            let url = server
                .as_ref()
                .map_or_else(|| remote.url(), |server| server.url("git/remote.git"));
            let mut story = Story::well_begun(Machine::new(&alice(QUICK, &url, "")));
            disk.fill();
            story.say();
            story.troubled(Row {
                kind: "offline",
                words: &["No space left"],
            });
            disk.free();
            story.healed(&remote);
        }
    });
}

#[test]
fn a_full_disk_here_is_told_when_something_comes_and_when_something_goes() {
    let name = "disk::a_full_disk_here_is_told_when_something_comes_and_when_something_goes";
    with_small_disks(name, || {
        let row = Row {
            kind: "disk_full",
            words: &["no space is left"],
        };
        let remote = BareRepository::new();
        let machine = Machine::new(&alice(QUICK, &remote.url(), ""));
        let disk = SmallDisk::at(&machine.folder().join("state"), 8192);
        let mut story = Story::well_begun(machine);
        let large = vec![b'x'; 64 << 10];
        disk.fill();
        remote.push(&[("large.txt", &large)], "carol sends much");
        story.shown(row);
        disk.free();
        story.healed(&remote);

        // What waits to be sent needs its blobs, which find no space.
        remote.go_away();
        story.shown(Row {
            kind: "offline",
            words: &[],
        });
        story.say();
        disk.fill();
        remote.come_back();
        story
            .machine
            .wait_state("acme", "full", |one| one["trouble"]["kind"] == "disk_full");
        disk.free();
        story.healed(&remote);
    });
}

#[test]
fn a_lock_that_was_left_in_the_clone_is_told_and_goes_with_a_restart() {
    let remote = BareRepository::new();
    let mut story = Story::well_begun(Machine::new(&alice(QUICK, &remote.url(), "")));
    let lock = story
        .machine
        .clone_of("acme")
        .join("refs/remotes/origin/main.lock");
    fs::write(&lock, "").expect("the clone is ours");
    remote.push(&[("notes.txt", b"x")], "carol was here");
    story.troubled(Row {
        kind: "offline",
        words: &["lock"],
    });
    story.healed_by_restart(&remote);
}
