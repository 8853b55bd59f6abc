//! What a clone and the rest of a repository's state take of the disk after many exchanges.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tests::cli::Ran;
use tests::git;
use tests::machine::Machine;
use tests::processes;
use tests::scratch;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

use super::is_sound;

/// What a state takes however little it holds: its folders, and clutter that is not worth the work.
const ALLOWANCE_BYTES: u64 = 128 << 10;

/// What the daemon may have resident at most: its caches, which may hold 64 MiB of texts, 32 MiB of
/// entries and 64 MiB of git's objects; the packs that it has mapped, and itself.
const MEMORY_MAX: u64 = 256 << 20;

/// What a killed process left half written goes when it is older than this.
const STALE_AGE: Duration = Duration::from_secs(60 * 60);

/// How many files a failure names.
const LISTED_LEN: usize = 40;

/// Between two looks at a state that is to become small.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// Looks at the folder after so many rounds.
const LOOK_EVERY: usize = 10;

#[test]
fn the_state_stays_small() {
    check(120, 6, ALLOWANCE_BYTES);
}

#[test]
#[ignore = "takes some minutes; run by: ./tests/run.sh size"]
fn the_state_stays_within_twice_the_packed_size() {
    check(2_000, 20, 0);
}

/// After `rounds` fetches with news and as many pushes the state takes at most twice what the remote
/// takes packed, and `allowance`.
fn check(rounds: usize, topics: usize, allowance: u64) {
    let start = Instant::now();
    let remote = BareRepository::new();
    let sync = "poll_active = \"60s\"\npoll_idle = \"60s\"\npush_delay = \"0ms\"";
    let mut alice = Machine::new(&Settings::of("alice").sync(sync).remote(&remote.url()));
    alice.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    let state = alice.folder().join("state/repositories/acme");
    let half_written = leave_half_written(&alice.clone_of("acme"));
    let (mut largest, mut transfer) = (0, 0);
    for number in 0..rounds {
        let topic = format!("topic-{}", number % topics);
        let say = json!({"topic": topic, "title": format!("Step {number}"), "body": words(number),
            "wait_seconds": 10});
        let said = claude.call("say", say).structured;
        assert_eq!(said["delivery"], "pushed", "{said}");
        let tip = add(&remote, &topic, number);
        let fetched = claude.call("sync", json!({})).structured;
        assert_eq!(fetched["head"], tip, "{fetched}");
        if number % LOOK_EVERY == 0 {
            largest = largest.max(disk_bytes(&state));
            transfer = transfer.max(worker_memory_peak(&alice));
        }
    }
    let took = start.elapsed();
    alice.wait_in_step("acme");
    let packed = packed_bytes(&remote);
    let bound = 2 * packed + allowance;
    let now = wait_until_small(&state, bound);
    let clone = disk_bytes(&alice.clone_of("acme"));
    let daemon = processes::memory_peak(alice.daemon_pid().expect("it runs"));
    println!(
        "{rounds} pushes and {rounds} fetches in {} s: packed {packed} B, state {now} B (clone \
         {clone} B), ratio {:.2}, at most {largest} B on the way; resident at most: daemon \
         {daemon} B, worker {transfer} B",
        took.as_secs(),
        now as f64 / packed as f64
    );
    assert!(daemon < MEMORY_MAX && transfer < MEMORY_MAX);
    // It is logged after the last file is gone.
    wait_until("it is logged", PATIENCE, || {
        alice.logs().contains("Made small")
    });
    assert!(is_sound(&alice.clone_of("acme")));
    assert!(!half_written.exists(), "it is older than an hour");
    assert_eq!(remote.log().len(), 2 * rounds);
    remote.assert_sound();
}

/// Waits until the state takes at most `bound`; what it takes then. While a pack is being made, or
/// what it replaces removed, the size is that of no state.
fn wait_until_small(state: &Path, bound: u64) -> u64 {
    let begun = Instant::now();
    let packing = state.join("clone.git/packing");
    let mut now = 0;
    loop {
        if !packing.exists() {
            now = disk_bytes(state);
            if now <= bound && !packing.exists() {
                return now;
            }
        }
        let took = begun.elapsed();
        assert!(
            took < PATIENCE * 4,
            "{now} B of at most {bound} B after {took:?}:\n{}",
            listing(state)
        );
        // Nobody unparks: this is the pause between two looks.
        std::thread::park_timeout(LOOK_PAUSE);
    }
}

/// What below a folder takes the most, a line each.
fn listing(folder: &Path) -> String {
    let mut du = std::process::Command::new("du");
    let listed = Ran::run(du.args(["--all", "--block-size=1"]).arg(folder), "").stdout;
    let mut lines: Vec<(u64, &str)> = listed
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(bytes, path)| Some((bytes.parse().ok()?, path)))
        .collect();
    lines.sort_unstable_by(|one, other| other.cmp(one));
    let lines = lines.iter().take(LISTED_LEN);
    lines
        .map(|(bytes, path)| format!("{bytes:>9} {path}\n"))
        .collect()
}

/// A pack that a process began two hours ago, and did not live to finish.
fn leave_half_written(clone: &Path) -> PathBuf {
    let path = clone.join("objects/pack/tmp_pack_AbCdEf");
    wait_until("the clone is made", PATIENCE, || {
        path.parent().is_some_and(Path::is_dir)
    });
    let file = File::create(&path).and_then(|file| {
        file.set_len(1)?;
        file.set_modified(SystemTime::now() - 2 * STALE_AGE)
    });
    file.expect("the clone is ours");
    path
}

/// Adds an entry to a thread on the remote, as another client's push leaves it there; the new tip.
fn add(remote: &BareRepository, topic: &str, number: usize) -> String {
    let path = format!("{topic}.md");
    let text = format!(
        "{}\n---\nEntry: Codex (carol) 2026-01-05T09:00:00Z\nRole: tester\nType: Note\n\
         Title: Answer {number}\n\n{}\n<!-- Entry-ID: {number:026} -->\n",
        remote.text(&path),
        words(number + (1 << 20)),
    );
    let message = format!("Codex (carol): Answer {number} ({topic})\n");
    let stream = format!(
        "commit refs/heads/main\ncommitter Carol Example <carol@example.com> now\ndata {}\n{message}\
         from refs/heads/main^0\nM 100644 inline {path}\ndata {}\n{text}\n",
        message.len(),
        text.len(),
    );
    // One process for what a clone, a commit and a push take a dozen.
    let mut import = git::command(&remote.path());
    let import = import.args(["fast-import", "--quiet", "--date-format=now"]);
    let _done = Ran::run(import, &stream).done();
    let tip = git::git(&remote.path(), &["rev-parse", "main"]);
    tip.trim().to_owned()
}

/// Words that do not pack well, as people's do not.
fn words(number: usize) -> String {
    let mut state = number as u64 + 1;
    let word = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        format!("{:x} ", state >> 36)
    };
    (0..40).map(word).collect()
}

/// The most memory that the process with the network has had, in bytes; a new one begins after each
/// packing.
fn worker_memory_peak(machine: &Machine) -> u64 {
    let all = processes::of_folder(machine.root()).into_iter();
    let workers = all.filter(|pid| processes::command_line(*pid).contains(" transfer"));
    workers.map(processes::memory_peak).max().unwrap_or(0)
}

/// What the files below a folder take of the disk, in bytes.
fn disk_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| {
        let kind = entry.metadata();
        let own = kind.as_ref().map_or(0, |file| file.blocks() * 512);
        let below = kind.is_ok_and(|file| file.is_dir());
        own + if below { disk_bytes(&entry.path()) } else { 0 }
    });
    sizes.sum()
}

/// What the remote takes when git has packed it as well as it can.
fn packed_bytes(remote: &BareRepository) -> u64 {
    let folder = scratch::folder();
    let clone = [
        "clone",
        "--quiet",
        "--bare",
        "--template=",
        &remote.url(),
        "packed.git",
    ];
    git::git(folder.path(), &clone);
    let packed = folder.path().join("packed.git");
    git::git(&packed, &["repack", "-a", "-d", "-f", "-q"]);
    disk_bytes(&packed)
}
