//! What is remembered of a client's session between its hooks: up to where it was told, who waits for
//! it, and for what it was woken. What is lost makes it hear a title again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

/// How many entries are remembered for which a session was woken.
pub(super) const WOKEN_MAX: usize = 64;

/// How many files are kept, of sessions that were heard of last.
pub(super) const FILES_MAX: usize = 256;

/// How long a session is remembered.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// The memory of one session.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    folder: PathBuf,
    name: String,
}

/// For what a session was woken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Woken {
    /// Entries, the latest last.
    pub(super) entries: Vec<String>,
    /// Unix seconds of the same wakes.
    pub(super) at: Vec<i64>,
}

impl Memory {
    /// Of that session, in that folder.
    pub(super) fn of(folder: PathBuf, session: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        session.hash(&mut hasher);
        let name = format!("{:016x}", hasher.finish());
        Self { folder, name }
    }

    /// The cursor up to which the session was told.
    pub(super) fn told(&self) -> Option<String> {
        let cursor = self.read("told")?;
        cursor["cursor"].as_str().map(str::to_owned)
    }

    /// The session was told up to that cursor.
    pub(super) fn tell(&self, cursor: &str) {
        self.write("told", &json!({"cursor": cursor}));
    }

    /// This process waits for the session from here on, and no other.
    pub(super) fn claim(&self, waiter: &str) {
        self.write("waiter", &json!({"waiter": waiter}));
    }

    /// Whether no other waits since.
    pub(super) fn is_claimed_by(&self, waiter: &str) -> bool {
        self.read("waiter").is_some_and(|it| it["waiter"] == waiter)
    }

    /// For what the session was woken.
    pub(super) fn woken(&self) -> Woken {
        let Some(woken) = self.read("woken") else {
            return Woken::default();
        };
        let items = |name: &str| woken[name].as_array().cloned().unwrap_or_default();
        let entries = items("entries");
        let texts = entries.iter().filter_map(Value::as_str);
        Woken {
            entries: texts.map(str::to_owned).collect(),
            at: items("at").iter().filter_map(Value::as_i64).collect(),
        }
    }

    /// The session is woken for an entry. False where that cannot be remembered: then it would be
    /// woken for it again and again.
    pub(super) fn wake(&self, mut woken: Woken, entry: String, now: i64) -> bool {
        woken.entries.push(entry);
        woken.at.push(now);
        let entries_over = woken.entries.len().saturating_sub(WOKEN_MAX);
        woken.entries.drain(..entries_over);
        let times_over = woken.at.len().saturating_sub(WOKEN_MAX);
        woken.at.drain(..times_over);
        self.write("woken", &json!({"entries": woken.entries, "at": woken.at}))
    }

    /// Forgets sessions that nobody heard of for long, and the oldest of too many.
    pub(super) fn forget_old(&self) {
        let now = SystemTime::now();
        let Ok(files) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<(SystemTime, PathBuf)> = files
            .flatten()
            .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
            .collect();
        files.sort_unstable();
        let over = files.len().saturating_sub(FILES_MAX);
        for (place, (written, path)) in files.iter().enumerate() {
            let age = now.duration_since(*written).unwrap_or_default();
            if place < over || age > KEPT_FOR {
                // Another hook may have been quicker.
                let _ = fs::remove_file(path);
            }
        }
    }

    fn path(&self, part: &str) -> PathBuf {
        self.folder.join(format!("{}.{part}.json", self.name))
    }

    fn read(&self, part: &str) -> Option<Value> {
        let path = self.path(part);
        let len = fs::symlink_metadata(&path).ok()?.len();
        if len > FILE_BYTES_MAX {
            return None;
        }
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Whole or not at all, and not synced: a hook has no time for that.
    fn write(&self, part: &str, document: &Value) -> bool {
        let aside = self.path(&format!("{part}.{}", process::id()));
        let written = make(&self.folder)
            .and_then(|()| fs::write(&aside, document.to_string()))
            .and_then(|()| fs::rename(&aside, self.path(part)));
        if written.is_err() {
            let _ = fs::remove_file(&aside);
        }
        written.is_ok()
    }
}

/// Makes the folder, where the daemon's own stands already.
fn make(folder: &Path) -> std::io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_remembered_and_is_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let memory = |session| Memory::of(folder.path().join("hooks"), session);
        let (one, other) = (memory("a"), memory("../../b"));
        assert_eq!((one.told(), one.woken()), (None, Woken::default()));
        one.tell("u1.a.1");
        assert_eq!(memory("a").told().as_deref(), Some("u1.a.1"));
        assert_eq!(other.told(), None);
        one.claim("w1");
        assert!(one.is_claimed_by("w1"));
        memory("a").claim("w2");
        assert!(!one.is_claimed_by("w1") && one.is_claimed_by("w2"));
        for number in 0..=WOKEN_MAX {
            assert!(other.wake(other.woken(), format!("e{number}"), number as i64));
        }
        let woken = other.woken();
        assert_eq!(
            (woken.entries.len(), woken.at.len()),
            (WOKEN_MAX, WOKEN_MAX)
        );
        assert_eq!((woken.entries[0].as_str(), woken.at[0]), ("e1", 1));
        let top = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(top, 1, "a session's name leads nowhere else");
    }

    #[test]
    fn what_cannot_be_kept_or_read_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = Memory::of(folder.path().join("no/state"), "a");
        assert!(!nowhere.wake(Woken::default(), "e".to_owned(), 1));
        let memory = Memory::of(folder.path().join("hooks"), "a");
        memory.tell("u1.a.1");
        fs::write(memory.path("told"), "no JSON").unwrap();
        assert_eq!(memory.told(), None);
        let large = format!("\"{}\"", "x".repeat(FILE_BYTES_MAX as usize));
        fs::write(memory.path("told"), large).unwrap();
        assert_eq!(memory.told(), None);
    }

    #[test]
    fn old_sessions_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let hooks = folder.path().join("hooks");
        for number in 0..FILES_MAX + 5 {
            Memory::of(hooks.clone(), &number.to_string()).tell("c");
        }
        let last = Memory::of(hooks.clone(), "last");
        last.tell("c");
        let long_ago = SystemTime::now() - KEPT_FOR * 2;
        let old = Memory::of(hooks.clone(), "7");
        fs::File::open(old.path("told"))
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        last.forget_old();
        assert_eq!(fs::read_dir(&hooks).unwrap().count(), FILES_MAX);
        assert_eq!((old.told(), last.told().as_deref()), (None, Some("c")));
    }
}
