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
