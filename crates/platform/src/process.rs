//! Processes: start one that outlives us, notice that our parent died, say who we are.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::os;

/// Enough for the threads that only wait.
const STACK_BYTES_OF_WAITING: usize = 64 << 10;

/// A process that was started with [`spawn_detached`]. Dropping it leaves the process running, and
/// sees to it that its end is noticed by the operating system.
#[derive(Debug)]
pub struct Started {
    child: Option<Child>,
}

impl Started {
    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        let Some(child) = &mut self.child else {
            return true;
        };
        if matches!(child.try_wait(), Ok(None)) {
            return false;
        }
        self.child = None;
        true
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        if let Some(mut child) = self.child.take() {
            // Without somebody who waits, its process number stays taken after its end.
            let waiting = thread::Builder::new().stack_size(STACK_BYTES_OF_WAITING);
            let _ = waiting.spawn(move || child.wait());
        }
    }
}

/// Starts a program that outlives this one: a session and process group of its own, no standard
/// input or output, no open file of ours, standard error to `log`. `change` may set its environment
/// and working folder.
///
/// # Errors
/// The operating system's, among them that there is no such program.
pub fn spawn_detached<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    log: File,
    change: impl FnOnce(&mut Command),
) -> io::Result<Started> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    os::detach(&mut command);
    change(&mut command);
    Ok(Started {
        child: Some(command.spawn()?),
    })
}

/// Calls back, once and from a thread of its own, when the process that started this one has died;
/// also where it died before this call. Never, where it cannot be seen from here.
///
/// # Errors
/// No thread could be started.
pub fn parent_watch(then: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let parent = os::Parent::now();
    thread::Builder::new()
        .stack_size(STACK_BYTES_OF_WAITING)
        .spawn(move || {
            if parent.wait() {
                then();
            }
        })
        .map(drop)
}

/// From here on no copy of this process's memory is written where it crashes, as far as the system
/// can be told so. For what holds secrets. Children are not concerned once they run their program.
///
/// # Errors
/// The operating system's.
pub fn forbid_dumps() -> io::Result<()> {
    os::forbid_dumps()
}

/// Whether a process of that number runs; a dead one that nobody has waited for does not.
#[must_use]
pub fn process_alive(pid: u32) -> bool {
    os::process_alive(pid)
}

/// The name of the user that runs this process, `alice`; never empty.
#[must_use]
pub fn own_user_name() -> String {
    named(os::own_user_name(), "user")
}

/// What tells this user from the others of this machine: the effective uid in digits, or on Windows
/// the SID.
///
/// # Errors
/// The operating system's.
pub fn own_user_id() -> io::Result<String> {
    os::own_user_id()
}

/// Whether that process is run by this user. For systems that name a peer by its process alone.
///
/// # Errors
/// The operating system's; then it is not proved.
pub fn is_run_by_us(pid: u32) -> io::Result<bool> {
    os::is_run_by_us(pid)
}

/// The name of this machine; never empty.
#[must_use]
pub fn host_name() -> String {
    named(os::host_name(), "localhost")
}

fn named(found: Option<String>, otherwise: &str) -> String {
    found
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| otherwise.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL_STEP: std::time::Duration = std::time::Duration::from_millis(2);

    #[test]
    fn a_dead_process_does_not_run_though_nobody_waited_for_it() {
        assert!(process_alive(std::process::id()));
        assert!(!process_alive(0) && !process_alive(u32::MAX));
        let mut child = Command::new("true").spawn().unwrap();
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while process_alive(child.id()) {
            assert!(std::time::Instant::now() < limit, "it runs on");
            thread::park_timeout(POLL_STEP);
        }
        child.wait().unwrap();
    }

    #[test]
    fn we_have_names() {
        let said = Command::new("id").arg("-un").output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert_eq!(own_user_name(), said.trim());
        assert!(!host_name().is_empty());
        assert!(!own_user_id().unwrap().is_empty());
        assert_eq!(named(Some(" ".to_owned()), "user"), "user");
    }
}
