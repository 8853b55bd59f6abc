//! Process groups and bounds of a worker.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getpgrp, getpid, getrlimit,
    kill_process_group, setrlimit, waitid,
};

use super::{kernel, pid_of};

pub(crate) fn lead_group(command: &mut Command) {
    command.process_group(0);
}

pub(crate) fn has_ended(child: &mut Child) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    pid_of(child.id()).is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
}

pub(crate) fn kill_group(child: &mut Child) {
    if let Some(group) = pid_of(child.id()) {
        // Fails only where the group is gone, which is what is wanted.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Returns where this process does not lead its group: the others in it are not ours to end.
pub(crate) fn kill_own_group() {
    let group: Pid = getpgrp();
    if group == getpid() {
        // Does not return.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

pub(crate) fn bound(memory_bytes_max: u64, file_bytes_max: u64) -> io::Result<()> {
    ignore_file_size_signal();
    if kernel::BOUNDS_ADDRESS_SPACE {
        lower(Resource::As, memory_bytes_max)?;
    }
    lower(Resource::Fsize, file_bytes_max)
}

/// The hard limit stays, so that a child can be freed again.
fn lower(resource: Resource, to: u64) -> io::Result<()> {
    let limit = getrlimit(resource);
    let current = limit.current.map_or(to, |current| current.min(to));
    let lowered = Rlimit {
        current: Some(current),
        maximum: limit.maximum,
    };
    Ok(setrlimit(resource, lowered)?)
}

/// A write beyond the bound then fails, instead of ending the process.
#[expect(unsafe_code, reason = "there is no safe way to ignore a signal")]
fn ignore_file_size_signal() {
    // SAFETY: no handler is installed, so that nothing of ours runs when it comes.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}
