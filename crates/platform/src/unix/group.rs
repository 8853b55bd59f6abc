//! Process groups and bounds of a worker.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
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

/// Whether it has ended, and well; it is still to be waited for.
pub(crate) fn has_succeeded(child: &mut Child) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let ended = pid_of(child.id()).map(|pid| waitid(WaitId::Pid(pid), options));
    matches!(ended, Some(Ok(Some(status))) if status.exit_status() == Some(0))
}

/// False where that cannot be asked for, or nobody is left.
pub(crate) fn ask_group_to_end(child: &Child) -> bool {
    pid_of(child.id()).is_some_and(|group| kill_process_group(group, Signal::TERM).is_ok())
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

/// No file of this process's memory is written, whatever happens to it.
pub(crate) fn forbid_dumps() -> io::Result<()> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, nothing)?;
    kernel::hide_memory()
}

/// Standard input without a buffer before it.
pub(crate) fn own_stdin() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
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

#[cfg(test)]
mod tests {
    use std::env;
    use std::io::{ErrorKind, Read, Write};
    use std::process::Stdio;

    use std::time::{Duration, Instant};

    use super::*;
    use crate::process::process_alive;
    use crate::worker::{bound, end_group, lead_group};

    const CHILD: &str = "os::group::tests::child_is_bounded";
    const VARIABLE: &str = "BOUNDED_FILE";
    const FILE_BYTES_MAX: u64 = 1 << 16;
    const MEMORY_BYTES_MAX: u64 = 1 << 30;

    /// Not a test of its own: a process that bounds itself and goes beyond.
    #[test]
    fn child_is_bounded() {
        let Some(path) = env::var_os(VARIABLE) else {
            return;
        };
        bound(MEMORY_BYTES_MAX, FILE_BYTES_MAX).unwrap();
        let mut file = File::create(path).unwrap();
        file.write_all(&[0; FILE_BYTES_MAX as usize]).unwrap();
        let beyond = file.write_all(b"x").unwrap_err();
        assert_eq!(beyond.kind(), ErrorKind::FileTooLarge);
        if kernel::BOUNDS_ADDRESS_SPACE {
            let mut memory: Vec<u8> = Vec::new();
            assert!(memory.try_reserve(MEMORY_BYTES_MAX as usize).is_err());
            assert!(memory.try_reserve(MEMORY_BYTES_MAX as usize / 4).is_ok());
        }
        println!("BOUNDED");
    }

    #[test]
    fn beyond_its_bounds_a_process_meets_errors_and_not_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture"])
            .env(VARIABLE, folder.path().join("file"))
            .output()
            .unwrap();
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("BOUNDED"),
            "{output:?}"
        );
    }

    #[test]
    fn a_group_ends_whole_though_its_leader_ended_first() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 600 & echo $!"])
            .stdout(Stdio::piped());
        lead_group(&mut command);
        let mut leader = command.spawn().unwrap();
        let mut said = leader.stdout.take().unwrap();
        let mut line = [0; 16];
        let count = said.read(&mut line).unwrap();
        let member = String::from_utf8_lossy(&line[..count]);
        let member: u32 = member.trim().parse().unwrap();
        assert!(process_alive(member));
        let status = end_group(leader, Duration::from_secs(20)).unwrap();
        assert!(status.success(), "it ended by itself: {status}");
        let limit = Instant::now() + Duration::from_secs(20);
        while process_alive(member) {
            assert!(Instant::now() < limit, "{member} runs on");
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_group_that_does_not_end_is_killed() {
        let mut command = Command::new("sleep");
        command.arg("600");
        lead_group(&mut command);
        let child = command.spawn().unwrap();
        let status = end_group(child, Duration::ZERO).unwrap();
        assert_eq!(status.code(), None, "{status}");
    }
}
