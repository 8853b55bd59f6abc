//! The lock in a clone that a worker holds for its life, so that a new daemon waits for the end of a
//! killed one's before it takes locks of git for left-overs.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::CloneError;

/// The most that the worker of a killed daemon is waited for; it ends within a second.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(10);

/// Not named like a lock of git, which are removed.
pub(crate) const FILE: &str = "worker-held";

/// Between two attempts, growing from the first to the second.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Takes the lock of the clone at `clone`; it is held until the file is closed. Children do not
/// inherit it.
pub(crate) fn hold(clone: &Path, wait_max: Duration) -> Result<File, CloneError> {
    let path = clone.join(FILE);
    let failed = |source| CloneError::Io {
        path: path.clone(),
        source,
    };
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    let file = options.open(&path).map_err(failed)?;
    let deadline = Instant::now() + wait_max;
    let mut pause = PAUSE_MIN;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(pause),
            Err(TryLockError::WouldBlock) => {
                return Err(CloneError::InUse {
                    path: clone.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::{Clone, CloneConfig};

    const CHILD: &str = "hold::tests::child_holds_until_its_input_ends";
    const VARIABLE: &str = "HOLD_CLONE";

    /// Not a test of its own: another process that attaches to a clone.
    #[test]
    fn child_holds_until_its_input_ends() {
        let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
            return;
        };
        let _clone = Clone::attach(&path, CloneConfig::default()).unwrap();
        println!("HELD");
        let _ended = std::io::stdin().read_to_end(&mut Vec::new());
    }

    fn holder(path: &Path) -> Child {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture"])
            .env(VARIABLE, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut lines = said.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("HELD")), "the clone is held");
        child
    }

    #[test]
    fn who_opens_waits_for_a_worker_that_ends_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clone.git");
        drop(Clone::open(&path, CloneConfig::default()).unwrap());
        let lock = path.join("refs/heads/main.lock");
        let mut child = holder(&path);
        std::fs::write(&lock, "").unwrap();

        let limit = Duration::from_millis(60);
        let begun = Instant::now();
        let refused = Clone::open_within(&path, CloneConfig::default(), limit).unwrap_err();
        assert!(begun.elapsed() >= limit);
        assert!(matches!(refused, CloneError::InUse { .. }), "{refused}");
        assert!(refused.to_string().contains("clone.git"), "{refused}");
        assert!(lock.exists(), "a lock of a worker that runs is not taken");

        let opening = thread::spawn({
            let path = path.clone();
            move || Clone::open(&path, CloneConfig::default())
        });
        drop(child.stdin.take());
        child.wait().unwrap();
        let clone = opening.join().unwrap().unwrap();
        assert!(!lock.exists() && clone.path.join(FILE).exists());
    }

    #[test]
    fn a_killed_worker_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clone.git");
        drop(Clone::open(&path, CloneConfig::default()).unwrap());
        let mut child = holder(&path);
        child.kill().unwrap();
        child.wait().unwrap();
        drop(Clone::attach(&path, CloneConfig::default()).unwrap());
        drop(Clone::open(&path, CloneConfig::default()).unwrap());
    }
}
