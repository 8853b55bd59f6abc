//! What git's own commands allow: each writer in a clone of its own commits an entry and pushes;
//! where it is rejected it pulls with `--rebase`, and where that conflicts, as an append to the same
//! file always does, it takes the remote's branch and appends again.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use tests::git;
use tests::scratch;

use super::{Did, TOPIC, WRITES_OF_EACH};
use crate::over::Reached;
use crate::writing::BODY;

/// The loop is stopped after this long: with many writers it would not end in an hour.
const TIME_BOX: Duration = Duration::from_secs(20);

/// One writer's clone.
struct Writer<'reached> {
    reached: &'reached Reached,
    folder: PathBuf,
    number: usize,
}

/// What one writer did.
struct Written {
    /// The time that each entry took which arrived.
    waits: Vec<Duration>,
    pushes: usize,
    ended: Instant,
}

/// Runs as many writers at once, until all have said all or the time is up.
pub(crate) fn run(writers: usize, reached: &Reached) -> Did {
    let folder = scratch::folder();
    let clones: Vec<Writer<'_>> = (0..writers)
        .map(|number| Writer::clone(reached, &folder.path().join(number.to_string()), number))
        .collect();
    let together = Barrier::new(writers);
    let began = Instant::now();
    let written: Vec<Written> = std::thread::scope(|scope| {
        let started: Vec<_> = clones
            .iter()
            .map(|writer| {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    writer.write_all(Instant::now() + TIME_BOX)
                })
            })
            .collect();
        let all = started.into_iter();
        all.map(|writer| writer.join().expect("git starts"))
            .collect()
    });
    let last = written.iter().map(|one| one.ended).max();
    let pushes = written.iter().map(|one| one.pushes).sum();
    let waits: Vec<Duration> = written.into_iter().flat_map(|one| one.waits).collect();
    let there = reached.bare().text(&format!("{TOPIC}.md"));
    assert_eq!(there.matches(BODY).count(), waits.len(), "{there}");
    Did {
        took: last.unwrap_or(began) - began,
        pushes,
        // One entry a push: what did not bring one was rejected.
        rejected: pushes - waits.len(),
        waits,
    }
}

impl<'reached> Writer<'reached> {
    fn clone(reached: &'reached Reached, folder: &Path, number: usize) -> Self {
        std::fs::create_dir(folder).expect("a scratch folder can be written");
        let writer = Self {
            reached,
            folder: folder.to_owned(),
            number,
        };
        assert!(writer.git(&["clone", "--quiet", &reached.url(), "."]));
        writer
    }

    fn write_all(&self, until: Instant) -> Written {
        let mut written = Written {
            waits: Vec::new(),
            pushes: 0,
            ended: until,
        };
        for entry in 0..WRITES_OF_EACH {
            let began = Instant::now();
            self.commit(entry);
            loop {
                written.pushes += 1;
                if self.git(&["push", "--quiet", "origin", "HEAD:main"]) {
                    break;
                }
                if Instant::now() >= until {
                    return written;
                }
                if !self.git(&["pull", "--quiet", "--rebase", "origin", "main"]) {
                    self.git(&["rebase", "--abort"]);
                    self.git(&["reset", "--quiet", "--hard", "origin/main"]);
                    self.commit(entry);
                }
            }
            written.waits.push(began.elapsed());
            if Instant::now() >= until {
                return written;
            }
        }
        written.ended = Instant::now();
        written
    }

    fn commit(&self, entry: usize) {
        let name = format!("{TOPIC}.md");
        let text = format!(
            "\n---\nEntry: Claude (user{}) 2026-01-05T09:00:00Z\nTitle: Step {entry}\n\n{BODY}",
            self.number
        );
        File::options()
            .append(true)
            .create(true)
            .open(self.folder.join(&name))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .expect("a clone can be written");
        assert!(self.git(&["add", &name]) && self.git(&["commit", "--quiet", "--message", "Step"]));
    }

    /// Whether git says that it went well.
    fn git(&self, arguments: &[&str]) -> bool {
        let mut command: Command = git::command(&self.folder);
        let status = self
            .reached
            .let_in(&mut command)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.expect("git starts").success()
    }
}
