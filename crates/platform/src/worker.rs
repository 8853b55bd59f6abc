//! A process that works for this one alone: it leads a process group, its whole group is ended with
//! it, and what it may use is bounded.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::os;

/// How often a process that should end is looked at, growing from the first to the second.
const PAUSE_MIN: Duration = Duration::from_micros(500);
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// How long the group of a process that did not end well has to take away its locks, before what is
/// left of it is killed.
const ASKED_WAIT: Duration = Duration::from_millis(500);

/// How long the end of a killed process is waited for; one that takes longer waits for a device.
const KILLED_WAIT: Duration = Duration::from_secs(1);

/// The program that runs here, also where an update has put another into its place.
///
/// # Errors
/// The operating system's.
pub fn own_program() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    match os::RUNNING_PROGRAM {
        Some(running) if !program.exists() => Ok(PathBuf::from(running)),
        Some(_) | None => Ok(program),
    }
}

/// The child will lead a process group of its own; signals of a terminal do not reach it.
pub fn lead_group(command: &mut Command) {
    os::lead_group(command);
}

/// Whether a child has ended; it is still to be waited for.
pub fn has_ended(child: &mut Child) -> bool {
    os::has_ended(child)
}

/// Gives a child that was started with [`lead_group`] until `wait_max` to end by itself, then ends
/// what is left of its group, and reaps it. `None`: not even that ended it; a thread waits on.
///
/// Where the child did not end by itself and well, its group is asked to end before it is killed: a
/// `git` that is killed leaves its locks behind, in a remote on this disk too.
pub fn end_group(mut child: Child, wait_max: Duration) -> Option<ExitStatus> {
    until(wait_max, || os::has_ended(&mut child));
    // Before it is reaped, so that its number is not another's yet.
    if !os::has_succeeded(&mut child) && os::ask_group_to_end(&child) {
        // A group whose leader is not reaped yet never looks empty.
        thread::sleep(ASKED_WAIT);
    }
    os::kill_group(&mut child);
    if until(KILLED_WAIT, || os::has_ended(&mut child)) {
        return child.wait().ok();
    }
    // Without somebody who waits, its process number stays taken after its end.
    thread::spawn(move || child.wait());
    None
}

/// Ends this process and, where it leads its group, everything in it, at once.
pub fn end_own_group() -> ! {
    os::kill_own_group();
    std::process::abort()
}

/// Standard input, without the buffer of the standard library, in which a secret would stay.
///
/// # Errors
/// The operating system's.
pub fn own_stdin() -> io::Result<File> {
    os::own_stdin()
}

/// Bounds this process and its children to come: its address space, where the system can do that,
/// and each file that it writes. Beyond, memory is refused and a write is an error. The children may
/// be freed of it again.
///
/// # Errors
/// The operating system's.
pub fn bound(memory_bytes_max: u64, file_bytes_max: u64) -> io::Result<()> {
    os::bound(memory_bytes_max, file_bytes_max)
}

fn until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    let mut pause = PAUSE_MIN;
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
    true
}
