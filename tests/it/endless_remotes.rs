//! A remote that never stops sending is cut off at a limit: the daemon's memory does not grow with
//! it, the worker's is bounded, and no part of a pack stays on the disk.

#![expect(
    clippy::print_stdout,
    reason = "the figures are for whoever runs the story"
)]

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tests::git;
use tests::machine::Machine;
use tests::processes;
use tests::servers::bare::BareRepository;
use tests::servers::endless::{Endless, EndlessServer};
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::wait_until;

/// Too short for what has no end, and long enough to get to the limit on bytes.
const SHORT: &str = "10s";
const LONG: &str = "50s";

/// A cut off exchange is known as such within this.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(60);

/// What a daemon may have resident that serves a clone without a thread.
const DAEMON_BYTES_MAX: u64 = 128 << 20;

/// What its worker may; its address space ends at 2 GiB.
const WORKER_BYTES_MAX: u64 = 1 << 30;

/// What one exchange may bring, and what lies in sockets on the way.
const SENT_BYTES_MAX: u64 = (256 << 20) + (32 << 20);

/// What an empty clone has on the disk.
const CLONE_BYTES_MAX: u64 = 1 << 20;

/// More than an exchange may bring, whatever compression makes of it.
const BIG_FILE_BYTES: u64 = 300_000_000;

#[test]
fn a_list_of_branches_without_end_is_cut_off() {
    let _sent = check_server(Endless::Advertisement);
}

#[test]
fn words_without_end_are_cut_off() {
    let _sent = check_server(Endless::Words);
}

#[test]
fn a_pack_without_end_is_cut_off() {
    let (sent, callers) = check_server(Endless::Pack);
    assert!(sent <= SENT_BYTES_MAX * callers, "{sent} of {callers}");
}

#[test]
fn a_commit_above_the_limit_is_cut_off_over_file_and_nothing_of_it_stays() {
    let remote = BareRepository::new();
    push_a_big_file(&remote);
    let trouble = check(&remote.url(), LONG);
    assert!(trouble.contains("256 MiB"), "{trouble}");
}

fn check_server(endless: Endless) -> (u64, u64) {
    let server = EndlessServer::start(endless);
    let trouble = check(&server.url(), SHORT);
    println!("{endless:?}: {trouble}; {} MiB sent", server.sent() >> 20);
    (server.sent(), server.callers() as u64)
}

/// Returns the words of the trouble.
fn check(url: &str, timeout: &str) -> String {
    let sync = format!("poll_active = \"1m\"\npoll_idle = \"1m\"\nnetwork_timeout = \"{timeout}\"");
    let mut alice = Machine::new(&Settings::of("alice").sync(&sync).remote(url));
    alice.start();
    let daemon = alice.daemon_pid().expect("the daemon serves");
    let mut peaks = Peaks::default();
    let begun = Instant::now();
    wait_until("it is cut off", CUT_OFF_WITHIN, || {
        peaks.look(daemon);
        !alice.repository("acme")["trouble"].is_null()
    });
    println!("cut off after {:?}: {peaks:?}", begun.elapsed());
    let stands = alice.repository("acme");
    assert_eq!(stands["trouble"]["kind"], "offline", "{stands}");
    assert!(peaks.daemon <= DAEMON_BYTES_MAX, "{peaks:?}");
    assert!(peaks.others <= WORKER_BYTES_MAX, "{peaks:?}");

    // It serves as before.
    let mut claude = Shim::connect(&alice, "claude-code");
    let said = claude.say("plan", "T", "b").structured;
    assert_eq!(said["delivery"], "queued", "{said}");
    assert_eq!(claude.count("plan"), 1);
    drop(claude);

    alice.stop();
    // An exchange that a retry had begun ends with its daemon; what it left goes at the next start
    // at the latest, before a word is said to the remote.
    let clone = alice.clone_of("acme");
    if !temporary(&clone).is_empty() {
        alice.configure(
            &Settings::of("alice")
                .sync(&sync)
                .remote("file:///absent")
                .text(),
        );
        alice.start();
        alice.stop();
    }
    assert_eq!(temporary(&clone), Vec::<PathBuf>::new());
    let kept = bytes_in(&clone);
    assert!(kept <= CLONE_BYTES_MAX, "{kept} bytes in the clone");
    stands["trouble"]["message"].to_string()
}

/// The most memory that was resident, in bytes.
#[derive(Debug, Default)]
struct Peaks {
    daemon: u64,
    others: u64,
}

impl Peaks {
    fn look(&mut self, daemon: u32) {
        self.daemon = self.daemon.max(processes::memory_peak(daemon));
        for other in processes::descendants(daemon) {
            self.others = self.others.max(processes::memory_peak(other));
        }
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => files_in(&path),
            path => vec![path],
        })
        .collect()
}

/// Packs and objects that were not finished.
fn temporary(clone: &Path) -> Vec<PathBuf> {
    let is_temporary = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let in_packs = path.parent().is_some_and(|parent| parent.ends_with("pack"));
        let finished = name.ends_with(".pack") || name.ends_with(".idx");
        name.starts_with("tmp_") || name.contains("_git2_") || (in_packs && !finished)
    };
    let files = files_in(&clone.join("objects"));
    files.into_iter().filter(is_temporary).collect()
}

fn bytes_in(folder: &Path) -> u64 {
    let files = files_in(folder);
    let lengths = files.iter().filter_map(|file| fs::metadata(file).ok());
    lengths.map(|file| file.len()).sum()
}

/// As somebody does who takes the repository for a place for films.
fn push_a_big_file(remote: &BareRepository) {
    let path = remote.path();
    let film = remote.as_ref().join("film");
    let mut noise = File::open("/dev/urandom")
        .expect("Unix has noise")
        .take(BIG_FILE_BYTES);
    let mut file = File::create(&film).expect("a scratch folder can be written");
    io::copy(&mut noise, &mut file).expect("there is room");
    git::git(&path, &["config", "core.compression", "0"]);
    let name = film.display().to_string();
    let blob = git::git(&path, &["hash-object", "-w", &name]);
    fs::remove_file(film).expect("it was made");
    let tree = format!("100644 blob {}\tfilm\n", blob.trim());
    let mut mktree = git::command(&path);
    let tree = tests::cli::Ran::run(mktree.arg("mktree"), &tree)
        .done()
        .stdout;
    let commit = git::git(&path, &["commit-tree", "-m", "A film", tree.trim()]);
    git::git(&path, &["update-ref", "refs/heads/main", commit.trim()]);
}
