//! Processes by their ids: which are ours, whether they live, and their end.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, kill_process, setrlimit};

pub use rustix::process::Signal;

use crate::wait::wait_for;

/// How deep below a machine's folder a daemon's lock lies at most.
const LOCK_DEPTH_MAX: usize = 5;

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
/// there, and what that started in turn. A daemon hides its environment from all but root; it is
/// known by its lock.
#[must_use]
pub fn of_folder(folder: &Path) -> Vec<u32> {
    let mut found = by_environment(folder);
    for daemon in daemons_below(folder, LOCK_DEPTH_MAX) {
        found.push(daemon);
        found.extend(descendants(daemon));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The daemons that hold a lock below the folder.
fn daemons_below(folder: &Path, depth: usize) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth > 0 {
            found.extend(daemons_below(&entry.path(), depth - 1));
        } else if entry.file_name() == "daemon.lock" {
            found.extend(owner(&entry.path()));
        }
    }
    found
}

/// Who holds the lock; `None` where that process is gone.
fn owner(lock: &Path) -> Option<u32> {
    let owner: serde_json::Value = serde_json::from_slice(&fs::read(lock).ok()?).ok()?;
    let pid = u32::try_from(owner["pid"].as_u64()?).ok()?;
    (birth(pid).is_some() && birth(pid) == owner["started"].as_u64()).then_some(pid)
}

fn by_environment(folder: &Path) -> Vec<u32> {
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
        .filter(|pid| runs(*pid, program))
        .collect()
}

/// Whether a process runs that program; by its name where more is hidden.
fn runs(pid: u32, program: &Path) -> bool {
    match fs::read_link(format!("/proc/{pid}/exe")) {
        Ok(exe) => exe == program,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            program
                .file_name()
                .is_some_and(|known| known == name.trim_end())
        }
        Err(_) => false,
    }
}

/// The running processes that a process started, and what those started in turn.
#[must_use]
pub fn descendants(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|child| Some((child, parent(child)?)))
        .collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        found.extend(children.map(|(child, _)| *child));
        next += 1;
    }
    found.remove(0);
    found.retain(|pid| is_alive(*pid));
    found
}

/// When a process began, in ticks since the machine did; `None` once it is gone. Tells it from a
/// later one with the same number.
#[must_use]
pub fn birth(pid: u32) -> Option<u64> {
    stat(pid, 22)
}

fn parent(pid: u32) -> Option<u32> {
    u32::try_from(stat(pid, 4)?).ok()
}

/// A field of `/proc/PID/stat` by its number; source: proc_pid_stat(5). The second, the name, stands
/// in parentheses and may hold anything.
fn stat(pid: u32, field: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, from_third) = stat.rsplit_once(") ")?;
    from_third.split_whitespace().nth(field - 3)?.parse().ok()
}

/// The program and arguments of a process, with spaces between; empty once it is gone.
#[must_use]
pub fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

/// How many operating system threads a process has; 0 once it is gone.
#[must_use]
pub fn threads_len(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// The most memory that a process has had resident so far, or since [`forget_memory_peak`], in
/// bytes; 0 once it is gone.
#[must_use]
pub fn memory_peak(pid: u32) -> u64 {
    status_bytes(pid, "VmHWM:")
}

/// How much memory a process has resident, in bytes; 0 once it is gone.
#[must_use]
pub fn memory(pid: u32) -> u64 {
    status_bytes(pid, "VmRSS:")
}

/// Lets [`memory_peak`] begin anew; source: proc_pid_clear_refs(5).
///
/// # Panics
/// Where the process is not ours, or gone.
pub fn forget_memory_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("a process of ours can be told");
}

fn status_bytes(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// How many files, sockets and pipes a process has open; 0 once it is gone.
#[must_use]
pub fn files_len(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Lets this test, and what it starts, open as many files as the system allows at all.
pub fn raise_files_max() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where it is refused, the test says itself what it lacks.
    let _refused = setrlimit(Resource::Nofile, raised);
}

/// Lets what this test starts from here on write its memory where it crashes, as far as the system
/// and the program itself allow.
pub fn raise_dumps_max() {
    let limit = getrlimit(Resource::Core);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where it is refused, nothing is written.
    let _refused = setrlimit(Resource::Core, raised);
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
