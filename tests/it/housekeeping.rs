//! The clone on this machine: made anew where it is damaged, kept small, and a full disk survived.

#![allow(
    clippy::print_stdout,
    reason = "a test says what it measured or left out"
)]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tests::git;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

mod size;

const PLAN: &[u8] = b"# plan \xe2\x80\x94 Thread\nStatus: OPEN\nBall: Codex\nTopic: plan\n\
Created: 2026-01-05T09:00:00Z\n\n---\nEntry: Claude (alice) 2026-01-05T09:00:00Z\nRole: planner\n\
Type: Plan\nTitle: Start\n\nThe beginning.\n<!-- Entry-ID: 01JGT0000000000000000000AA -->\n";

fn pack(clone: &Path, extension: &str) -> PathBuf {
    let files = fs::read_dir(clone.join("objects/pack")).expect("a clone has packs");
    let mut files = files.map(|file| file.expect("a folder can be read").path());
    let found = files.find(|file| file.extension().is_some_and(|e| e == extension));
    found.expect("the fetch left a pack")
}

/// Puts other bytes in the place of a file's, but for its first `kept`.
fn overwrite(path: &Path, kept: usize, byte: u8, cut: bool) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let mut bytes = fs::read(path).expect("it is there");
    bytes[kept..].fill(byte);
    if cut {
        bytes.truncate(kept);
    }
    // In place, as a disk that fails does it.
    let mut file = OpenOptions::new()
        .write(true)
        .open(path)
        .expect("it is ours");
    file.set_len(bytes.len() as u64).expect("it can be cut");
    std::io::Write::write_all(&mut file, &bytes).expect("it can be written");
}

fn remove_text(clone: &Path) {
    let blob = git::git(clone, &["rev-parse", "refs/remotes/origin/main:plan.md"]);
    let blob = blob.trim();
    fs::remove_file(clone.join("objects").join(&blob[..2]).join(&blob[2..]))
        .expect("what was pushed is loose");
}

type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 6] = [
    ("a pack's bytes", |clone| {
        overwrite(&pack(clone, "pack"), 12, 0xa5, false)
    }),
    ("an index cut short", |clone| {
        overwrite(&pack(clone, "idx"), 100, 0, true)
    }),
    ("a loose object", remove_text),
    ("no HEAD", |clone| {
        fs::remove_file(clone.join("HEAD")).expect("it is there")
    }),
    ("no objects", |clone| {
        fs::remove_dir_all(clone.join("objects")).expect("they are there")
    }),
    ("no clone", |clone| {
        fs::remove_dir_all(clone).expect("it is there")
    }),
];

/// Damages the clone of a machine in step, running or stopped: it heals by itself.
fn check((what, damage): Damage, stopped: bool) {
    let remote = BareRepository::holding(&[("plan.md", PLAN)], "The beginning");
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let mut claude = Shim::connect(&alice, "claude-code");
    claude.say("plan", "Before", "b");
    alice.wait_in_step("acme");
    let file = alice.tree("acme").join("plan.md");
    wait_until("the file is written", PATIENCE, || {
        fs::read(&file).is_ok_and(|f| f == remote.file("plan.md").unwrap_or_default())
    });
    let written = fs::read(&file).expect("it was read");
    assert_eq!(claude.count("plan"), 2);
    let clone = alice.clone_of("acme");
    if stopped {
        alice.stop();
    }
    damage(&clone);
    if stopped {
        alice.start();
        assert_eq!(fs::read(&file).expect("left alone"), written, "{what}");
    } else {
        // What was shown is in memory.
        assert_eq!(claude.count("plan"), 2, "{what}");
    }
    let said = claude.say("plan", "After", "b").structured;
    let id = said["entry_id"].as_str().expect("an id").to_owned();
    alice.wait_in_step("acme");
    // The damage may have lain where the write did not pass: a reader does.
    wait_until("the text is read", PATIENCE, || {
        let read = claude.attempt("read_thread", json!({"topic": "plan"}));
        read.structured["total_entries"] == 3
    });
    wait_until(&format!("{what}: the clone is sound"), PATIENCE, || {
        is_sound(&clone)
    });
    alice.wait_in_step("acme");
    assert_eq!(remote.commits_of(&id), 1, "{what}");
    let text = remote.text("plan.md");
    let titles: Vec<String> = python_reader::entries(&text)
        .into_iter()
        .map(|e| e.title)
        .collect();
    assert_eq!(titles, ["Start", "Before", "After"], "{what}");
    assert_eq!(alice.repository("acme")["trouble"], json!(null), "{what}");
    wait_until("the file follows", PATIENCE, || {
        fs::read(&file).is_ok_and(|f| f == text.as_bytes())
    });
    let logs = alice.logs();
    assert!(logs.contains("Cloned anew"), "{what}\n{logs}");
    let shown = logs
        .lines()
        .any(|line| line.contains("Syncing") && line.contains("\"damaged\""));
    assert!(shown, "{what}: it was shown while it lasted\n{logs}");
    remote.assert_sound();
}

fn is_sound(clone: &Path) -> bool {
    let mut fsck = git::command(clone);
    let ran = fsck.args(["fsck", "--strict", "--no-dangling"]).output();
    ran.is_ok_and(|ran| ran.status.success())
}

#[test]
fn a_clone_that_is_damaged_while_the_daemon_runs_heals_by_itself() {
    for damage in DAMAGES {
        check(damage, false);
    }
}

#[test]
fn a_clone_that_is_damaged_while_the_daemon_is_stopped_heals_by_itself() {
    for damage in DAMAGES {
        // It is made again in the opening.
        if damage.0 != "no HEAD" {
            check(damage, true);
        }
    }
}

#[test]
fn a_damaged_local_only_repository_is_reported_and_left_alone() {
    let mut alice = Machine::new(&Settings::of("alice"));
    alice.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    for topic in ["plan", "other"] {
        claude.say(topic, "One", "b");
    }
    alice.wait_state("local", "committed", |one| one["pending"] == 0);
    let file = alice.tree("local").join("plan.md");
    wait_until("the file is written", PATIENCE, || file.exists());
    alice.stop();
    let clone = alice.clone_of("local");
    let blob = git::git(&clone, &["rev-parse", "refs/heads/main:plan.md"]);
    let blob = blob.trim();
    fs::remove_file(clone.join("objects").join(&blob[..2]).join(&blob[2..])).expect("loose");
    alice.start();
    let shown = alice.wait_state("local", "reported", |one| one["trouble"] != json!(null));
    assert_eq!(shown["trouble"]["kind"], "damaged");
    assert_eq!(shown["state"], "attention");
    assert_eq!(claude.count("other"), 1, "what is readable is read");
    assert!(
        claude
            .attempt("read_thread", json!({"topic": "plan"}))
            .is_error
    );
    assert!(file.exists(), "the last copy is left alone");
    claude.say("other", "Two", "b");
    alice.wait_state("local", "committed", |one| one["pending"] == 0);
    assert_eq!(claude.count("other"), 2);
    alice.restart();
    assert_eq!(claude.count("other"), 2);
    alice.stop();

    // The whole of it gone: what the working tree has is not removed for that.
    fs::remove_dir_all(&clone).expect("it is there");
    alice.start();
    let shown = alice.wait_state("local", "reported", |one| one["trouble"] != json!(null));
    assert_eq!(shown["trouble"]["kind"], "damaged");
    assert!(file.exists() && alice.tree("local").join("other.md").exists());
}

/// A small disk of its own, gone at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mounted(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).expect("a folder can be made");
        fs::set_permissions(at, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"])
            .arg(at);
        let mounted = mount.output().is_ok_and(|ran| ran.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_is_shown_and_over_when_there_is_room_again() {
    let remote = BareRepository::holding(&[("plan.md", PLAN)], "The beginning");
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    let Some(disk) = SmallDisk::mounted(&alice.folder().join("state")) else {
        println!("*** SKIPPED: a full disk (no tmpfs can be mounted here)");
        return;
    };
    alice.start();
    alice.wait_in_step("acme");
    let mut claude = Shim::connect(&alice, "claude-code");
    let filler = disk.0.join("filler");
    let mut file = fs::File::create(&filler).expect("there is room");
    while std::io::Write::write_all(&mut file, &[1; 512]).is_ok() {}
    drop(file);
    let refused = claude.attempt("say", json!({"topic": "plan", "title": "T", "body": "b"}));
    assert_eq!(
        refused.structured["error"]["code"], "not_durable",
        "{refused:?}"
    );
    let shown = alice.wait_state("acme", "full", |one| one["trouble"]["kind"] == "disk_full");
    assert_eq!(shown["state"], "attention");
    assert_eq!(claude.count("plan"), 1);
    fs::remove_file(&filler).expect("it is there");
    alice.wait_state("acme", "over it", |one| one["trouble"] == json!(null));
    claude.say("plan", "Room", "b");
    alice.wait_in_step("acme");
    assert_eq!(claude.count("plan"), 2);
    alice.stop();
}
