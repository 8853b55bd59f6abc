//! One daemon a state folder: ownership is an operating system's lock on `state/daemon.lock`, held
//! for life. The content only says who holds it, and is written under the lock alone.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::private_folder::{self, FolderError};
use crate::{os, process};

/// The lock's name in the state folder.
pub const LOCK_FILE: &str = "daemon.lock";

/// How long to wait for a new owner to say who it is.
const NAME_WAIT_MAX: Duration = Duration::from_millis(500);
const NAME_WAIT_STEP: Duration = Duration::from_millis(5);

/// How long an owner on another machine counts as alive after its last [`Ownership::refresh`],
/// where the lock itself is free. Some shared folders do not carry locks between machines.
pub const FOREIGN_LEASE: Duration = Duration::from_secs(120);

/// The longest content that is read.
const OWNER_BYTES_MAX: u64 = 64 << 10;

/// Who holds the ownership of a state folder, or held it last: the lock's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process.
    pub pid: u32,
    /// What tells its machine from others.
    pub machine: String,
    /// What tells this run of its machine's kernel from others.
    pub boot: String,
    /// Its machine's name, for people.
    pub host: String,
    /// `X.Y.Z` of its build.
    pub version: String,
    /// When it started, in the kernel's own count, where that is known.
    #[serde(default)]
    pub started: Option<u64>,
    /// Where it listens. A hint where to look, and no proof of life.
    #[serde(default)]
    pub socket: Option<PathBuf>,
}

/// Somebody else owns the state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its process; absent where it did not say so in time.
    pub pid: Option<u32>,
    /// What tells its machine from others.
    pub machine: String,
    /// What tells that run of its machine's kernel from others.
    pub boot: String,
    /// Its machine's name.
    pub host: String,
    /// Whether it runs on another machine.
    pub other_machine: bool,
}

impl std::fmt::Display for Taken {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pid = self
            .pid
            .map_or_else(String::new, |pid| format!(" (pid {pid})"));
        if self.other_machine {
            write!(
                to,
                "the machine {:?} is using this state folder{pid}; a state folder serves one \
                 machine: give this one another (WATERCOOLER_HOME), or stop the daemon there",
                self.host
            )
        } else {
            write!(to, "already running{pid}")
        }
    }
}

/// Why a state folder could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// Somebody else owns it.
    #[error("{0}")]
    Taken(Taken),
    /// It is no private folder of ours.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The lock cannot be made or read.
    #[error("the lock {path:?} cannot be used")]
    Io {
        /// The lock.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The ownership of a state folder, for as long as this lives. Who may touch the socket, the
/// outboxes and the clones takes a reference as proof.
#[derive(Debug)]
pub struct Ownership {
    file: File,
    state: PathBuf,
    // Held by whoever writes the content, for that one write.
    owner: Mutex<Owner>,
}

impl Ownership {
    /// Takes the state folder, which is made where it is missing.
    ///
    /// # Errors
    /// [`TakeError`], in words for a person.
    pub fn take(state: &Path) -> Result<Self, TakeError> {
        private_folder::ensure(state)?;
        let limit = Instant::now() + NAME_WAIT_MAX;
        loop {
            if let Some(file) = lock(state)? {
                return Self::begin(file, state);
            }
            let found = owner(state);
            if let Some(found) = found.as_ref().filter(|owner| is_credible(owner)) {
                return Err(TakeError::Taken(taken_by(found)));
            }
            if Instant::now() >= limit {
                return Err(TakeError::Taken(nobody_named()));
            }
            thread::sleep(NAME_WAIT_STEP);
        }
    }

    /// The state folder that is owned.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Says where we listen, for clients whose environment leads them elsewhere.
    ///
    /// # Errors
    /// The operating system's.
    pub fn announce(&self, socket: &Path) -> io::Result<()> {
        let mut owner = self
            .owner
            .lock()
            .expect("a write of the content does not panic");
        owner.socket = Some(socket.to_owned());
        write_owner(&self.file, &self.state, &owner)
    }

    /// Says that we are alive to other machines which see this folder without its locks; to be
    /// called well within each [`FOREIGN_LEASE`]. Tells whether the lock is still ours: somebody
    /// may have removed the file, and another daemon taken its place.
    ///
    /// # Errors
    /// The operating system's.
    pub fn refresh(&self) -> io::Result<bool> {
        self.file.set_modified(std::time::SystemTime::now())?;
        Ok(os::is_same_file(&self.file, &self.state.join(LOCK_FILE)))
    }

    fn begin(file: File, state: &Path) -> Result<Self, TakeError> {
        if let Some(last) = owner(state)
            && is_foreign(&last)
            && is_fresh(&file)
        {
            return Err(TakeError::Taken(taken_by(&last)));
        }
        let owner = ourselves();
        write_owner(&file, state, &owner).map_err(|source| TakeError::Io {
            path: state.join(LOCK_FILE),
            source,
        })?;
        Ok(Self {
            file,
            state: state.to_owned(),
            owner: Mutex::new(owner),
        })
    }
}

impl Drop for Ownership {
    fn drop(&mut self) {
        // An empty lock tells that its last owner ended in good order; the close releases it.
        let _ = erase_owner(&self.file, &self.state);
    }
}

/// Who owns the state folder or owned it last; `None` where nobody said so.
#[must_use]
pub fn owner(state: &Path) -> Option<Owner> {
    let path = state.join(os::OWNER_FILE);
    let size = fs::metadata(&path).ok()?.len();
    if size == 0 || size > OWNER_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Whether the last owner died: nobody holds the lock, and it was not left in good order.
#[must_use]
pub fn has_died(state: &Path) -> bool {
    matches!(lock(state), Ok(Some(_))) && owner(state).is_some()
}

/// How a daemon is ended from outside, where it does not answer a request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Asked: it may finish what it does.
    Asked,
    /// Forced: at once.
    Forced,
}

/// Why an owner was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// Nobody holds the lock.
    #[error("no daemon owns this state folder")]
    NotOwned,
    /// The owner is not proved to be the process that the lock names.
    #[error("the owner of this state folder is not proved to be a process of this machine: {0}")]
    NotProved(Taken),
    /// The operating system refused.
    #[error("process {pid} could not be ended")]
    Io {
        /// The process.
        pid: u32,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Ends the daemon that owns the state folder. A signal goes out only where the lock is held and
/// names a process of this machine, this boot and, where known, that start. Returns before it ended.
///
/// # Errors
/// [`EndError`], in words for a person.
pub fn end_owner(state: &Path, ending: Ending) -> Result<(), EndError> {
    match lock(state) {
        Ok(None) => (),
        Ok(Some(_)) | Err(_) => return Err(EndError::NotOwned),
    }
    let Some(owner) = owner(state) else {
        return Err(EndError::NotProved(nobody_named()));
    };
    if is_foreign(&owner) || owner.boot != os::boot_id() || !is_credible(&owner) {
        return Err(EndError::NotProved(taken_by(&owner)));
    }
    os::end_process(owner.pid, owner.started, ending == Ending::Forced).map_err(|source| {
        EndError::Io {
            pid: owner.pid,
            source,
        }
    })
}

/// The open and locked file; `None` where another holds the lock.
fn lock(state: &Path) -> Result<Option<File>, TakeError> {
    let path = state.join(LOCK_FILE);
    let failed = |source| TakeError::Io {
        path: path.clone(),
        source,
    };
    let file = os::private_file()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        // Somebody may have put another file in its place in the meantime.
        Ok(()) if os::is_same_file(&file, &path) => Ok(Some(file)),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn ourselves() -> Owner {
    let pid = std::process::id();
    Owner {
        pid,
        machine: os::machine_id(),
        boot: os::boot_id(),
        host: process::host_name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: os::process_start(pid),
        socket: None,
    }
}

/// Whether the content can be the present owner's; else it is what a dead one left, and the new one
/// is about to write.
fn is_credible(owner: &Owner) -> bool {
    if owner.boot != os::boot_id() {
        return is_foreign(owner);
    }
    if owner.machine != os::machine_id() {
        // Another container on this kernel: its process numbers are not ours.
        return true;
    }
    process::process_alive(owner.pid)
        && (owner.started.is_none() || owner.started == os::process_start(owner.pid))
}

/// Whether it ran under another kernel on another machine. Where either is ours, the lock is proof:
/// one kernel keeps its locks, and a machine that booted again holds none from before.
fn is_foreign(owner: &Owner) -> bool {
    owner.machine != os::machine_id() && owner.boot != os::boot_id()
}

fn is_fresh(file: &File) -> bool {
    file.metadata()
        .and_then(|found| found.modified())
        .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FOREIGN_LEASE))
}

fn taken_by(owner: &Owner) -> Taken {
    Taken {
        pid: Some(owner.pid),
        machine: owner.machine.clone(),
        boot: owner.boot.clone(),
        host: owner.host.clone(),
        other_machine: is_foreign(owner),
    }
}

fn nobody_named() -> Taken {
    Taken {
        pid: None,
        machine: os::machine_id(),
        boot: os::boot_id(),
        host: process::host_name(),
        other_machine: false,
    }
}

fn write_owner(lock: &File, state: &Path, owner: &Owner) -> io::Result<()> {
    let mut line = serde_json::to_vec(owner)?;
    line.push(b'\n');
    with_owner_file(lock, state, |mut file| {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&line)
    })
}

fn erase_owner(lock: &File, state: &Path) -> io::Result<()> {
    with_owner_file(lock, state, |file| file.set_len(0))
}

/// The content stands in the lock itself, but where a locked file cannot be read by others.
fn with_owner_file(
    lock: &File,
    state: &Path,
    write: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    if os::OWNER_FILE == LOCK_FILE {
        return write(lock);
    }
    let beside = os::private_file()
        .write(true)
        .create(true)
        .truncate(false)
        .open(state.join(os::OWNER_FILE))?;
    write(&beside)
}

#[cfg(test)]
mod tests;
