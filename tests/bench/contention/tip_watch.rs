//! Watches a bare repository's branch, and tells when each entry was on it.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tests::git;
use tests::servers::bare::BareRepository;

/// Between two looks at the branch, which is how exact a time is.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A thread that looks at the branch's file.
#[derive(Debug)]
pub(crate) struct TipWatch {
    path: PathBuf,
    before: usize,
    seen: Arc<Mutex<Vec<(String, Instant)>>>,
    ends: Arc<AtomicBool>,
    looker: Option<JoinHandle<()>>,
}

impl TipWatch {
    /// Begins to watch `main`.
    pub(crate) fn start(bare: &BareRepository) -> Self {
        let path = bare.path();
        let seen: Arc<Mutex<Vec<(String, Instant)>>> = Arc::default();
        let ends: Arc<AtomicBool> = Arc::default();
        let (file, told, end) = (
            path.join("refs/heads/main"),
            Arc::clone(&seen),
            Arc::clone(&ends),
        );
        let looker = std::thread::spawn(move || {
            let mut last = String::new();
            while !end.load(Ordering::Relaxed) {
                // It is absent for no moment: git replaces it by a rename.
                let tip = fs::read_to_string(&file).unwrap_or_default();
                if tip != last {
                    let tip = tip.trim().to_owned();
                    told.lock()
                        .expect("no reader panics")
                        .push((tip, Instant::now()));
                    last.clone_from(
                        &told
                            .lock()
                            .expect("no reader panics")
                            .last()
                            .expect("pushed")
                            .0,
                    );
                    last.push('\n');
                }
                std::thread::park_timeout(LOOK_EVERY);
            }
        });
        Self {
            before: commits(&path),
            path,
            seen,
            ends,
            looker: Some(looker),
        }
    }

    /// How many commits there were at the start.
    pub(crate) fn commits_before(&self) -> usize {
        self.before
    }

    /// How many commits there are.
    pub(crate) fn commits(&self) -> usize {
        commits(&self.path)
    }

    /// When each Entry-ID was first seen on the branch.
    pub(crate) fn arrived(&self) -> HashMap<String, Instant> {
        let mut log = git::log(&self.path, "main");
        log.reverse();
        let place: HashMap<&str, usize> = log
            .iter()
            .enumerate()
            .map(|(place, commit)| (commit.hash.as_str(), place))
            .collect();
        let mut arrived = HashMap::new();
        let mut told = 0;
        let seen = self.seen.lock().expect("the looker does not panic");
        for (tip, at) in &*seen {
            let there = place.get(tip.as_str()).map_or(0, |place| place + 1);
            for commit in log.get(told..there).unwrap_or_default() {
                if let Some(id) = commit.trailer("Watercooler-Entry-ID") {
                    arrived.insert(id.to_owned(), *at);
                }
            }
            told = told.max(there);
        }
        arrived
    }
}

impl Drop for TipWatch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ended = self.looker.take().map(JoinHandle::join);
    }
}

fn commits(repository: &std::path::Path) -> usize {
    let count = git::git(repository, &["rev-list", "--count", "main"]);
    count.trim().parse().expect("git counts in digits")
}
