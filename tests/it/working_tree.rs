//! The plain files: there within a second, and equal to what is shown.

use std::fs;
use std::time::{Duration, Instant};

use tests::machine::{GRACE, Machine};
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

fn scene() -> (BareRepository, Machine) {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    (remote, alice)
}

#[test]
fn a_write_is_a_file_within_a_second_also_offline() {
    let (remote, alice) = scene();
    remote.go_away();
    let mut claude = Shim::connect(&alice, "claude-code");
    for number in 0..5 {
        let said = claude.say("plan", &format!("T{number}"), "b").structured;
        let answered = Instant::now();
        let id = said["entry_id"].as_str().expect("an id").to_owned();
        let file = alice.tree("acme").join("plan.md");
        wait_until("the file", PATIENCE, || {
            fs::read_to_string(&file).is_ok_and(|text| text.contains(&id))
        });
        assert!(answered.elapsed() <= Duration::from_secs(1) + GRACE);
    }
}

#[test]
fn news_from_the_remote_are_files_byte_for_byte() {
    let (remote, alice) = scene();
    let theirs = "# t — Thread\r\nStatus: OPEN\r\nBall: Codex\r\n\r\nodd bytes \u{1b}[0m";
    remote.push(&[("t.md", theirs.as_bytes())], "by hand");
    let file = alice.tree("acme").join("t.md");
    wait_until("the file", PATIENCE, || {
        fs::read(&file).is_ok_and(|bytes| bytes == theirs.as_bytes())
    });
    let _ran = alice.cli(&["status"]);
}

#[test]
fn a_deleted_file_is_put_back() {
    let (_remote, mut alice) = scene();
    let mut claude = Shim::connect(&alice, "claude-code");
    let _said = claude.say("plan", "T", "b");
    let file = alice.tree("acme").join("plan.md");
    wait_until("the file", PATIENCE, || file.exists());
    fs::remove_dir_all(alice.tree("acme")).expect("the tree can be removed");
    alice.restart();
    wait_until("the file is back", PATIENCE, || file.exists());
    assert_eq!(
        claude.count("plan"),
        1,
        "deleting the whole tree loses nothing"
    );
}
