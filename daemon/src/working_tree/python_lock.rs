//! The lock that the Python watercooler takes around its writes: `.TOPIC.lock`, made exclusively,
//! with one line that names its owner, and taken for stale by its age alone.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use threads::topic::Topic;

/// How long the lock is waited for; also what the Python tools wait.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(2);

/// An older one was left behind: the Python tools hold theirs for a moment, and take it for stale
/// after this themselves.
const STALE: Duration = Duration::from_secs(30);

/// Between two tries.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A held lock; given back when it is dropped.
#[derive(Debug)]
pub(super) struct PythonLock {
    path: PathBuf,
    words: String,
}

/// Whether a name in the folder tells that the Python tools write there.
pub(super) fn is_lock(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".lock") && name.len() > ".lock".len() + 1
}

/// Takes the lock of a topic; none where somebody else holds it at `until`.
pub(super) fn take(folder: &Path, topic: &Topic, until: Instant) -> io::Result<Option<PythonLock>> {
    let path = folder.join(format!(".{topic}.lock"));
    let words = format!(
        "pid={} time={} user=watercooler cwd=-\n",
        std::process::id(),
        now()
    );
    loop {
        match File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(words.as_bytes())?;
                return Ok(Some(PythonLock { path, words }));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
            Err(error) => return Err(error),
        }
        if is_stale(&path) {
            super::disk::remove_if_there(&path)?;
            continue;
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        // The tools have no way to tell that they are done.
        std::thread::sleep(LOOK_EVERY);
    }
}

fn now() -> String {
    crate::condition::seconds(jiff::Timestamp::now())
}

fn is_stale(path: &Path) -> bool {
    let written = path.symlink_metadata().and_then(|found| found.modified());
    let age = written
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age > STALE)
}

impl Drop for PythonLock {
    fn drop(&mut self) {
        // Whoever took it for stale has it now.
        if fs::read_to_string(&self.path).is_ok_and(|words| words == self.words) {
            // It is stale soon.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_at_a_time_and_a_stale_one_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let topic = Topic::parse("plan").unwrap();
        let now = Instant::now();
        let held = take(folder.path(), &topic, now).unwrap().unwrap();
        let path = folder.path().join(".plan.lock");
        assert!(fs::read_to_string(&path).unwrap().starts_with("pid="));
        assert!(take(folder.path(), &topic, now).unwrap().is_none());
        drop(held);
        assert!(!path.exists());
        fs::write(&path, "pid=1 time=x user=u cwd=/a b\n").unwrap();
        let waited = now + LOOK_EVERY * 3;
        assert!(take(folder.path(), &topic, waited).unwrap().is_none());
        assert!(Instant::now() >= waited);
        let long_ago = SystemTime::now() - STALE * 2;
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        let ours = take(folder.path(), &topic, now).unwrap().unwrap();
        fs::write(&path, "pid=2 time=x user=u cwd=/\n").unwrap();
        drop(ours);
        assert!(path.exists(), "another took it over");
    }

    #[test]
    fn locks_are_known_by_their_names() {
        for (name, is) in [
            (".plan.lock", true),
            (".lock", false),
            ("plan.lock", false),
            (".plan.md", false),
        ] {
            assert_eq!(is_lock(name), is, "{name}");
        }
    }
}
