//! Processes by their ids: which are ours, whether they live, and their end.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

use crate::wait::wait_for;

/// Sends `signal` to one process; one that is gone already is no error.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _gone = kill_process(pid, signal);
    }
}

/// Whether a process runs; one that only waits to be reaped does not.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    // The state follows the name, which stands in parentheses and may hold anything.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        !matches!(state, None | Some('Z' | 'X'))
    })
}

/// The running processes whose environment names a path under `folder`: whatever a test started
/// there, and what that started in turn.
#[must_use]
pub fn of_folder(folder: &Path) -> Vec<u32> {
    let wanted = folder.as_os_str().as_bytes();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                environment.windows(wanted.len()).any(|part| part == wanted)
            })
        })
        .collect()
}

/// The running processes of `folder` that run the program at `program`.
#[must_use]
pub fn of_program(folder: &Path, program: &Path) -> Vec<u32> {
    of_folder(folder)
        .into_iter()
        .filter(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program))
        .collect()
}

/// Whether a process holds a socket: a client, once the daemon was found.
#[must_use]
pub fn has_socket(pid: u32) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd"));
    open.into_iter().flatten().flatten().any(|file| {
        fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    })
}

/// Ends every process of `folder`, also those that are started meanwhile.
pub fn end_all_of(folder: &Path) {
    for _ in 0..100 {
        let running: Vec<u32> = of_folder(folder)
            .into_iter()
            .filter(|pid| is_alive(*pid))
            .collect();
        if running.is_empty() {
            return;
        }
        for pid in running {
            signal(pid, Signal::KILL);
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Waits for the end of a child.
///
/// # Panics
/// After `limit`.
pub fn reap(what: &str, child: &mut Child, limit: Duration) -> ExitStatus {
    wait_for(what, limit, || {
        child.try_wait().expect("our own child can be waited for")
    })
}
