//! What differs on Unix: process groups, programs, owners and free space.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, geteuid, kill_process, kill_process_group, waitid,
};

use crate::program;

#[cfg(target_os = "linux")]
#[path = "unix/linux.rs"]
mod kernel;
#[cfg(not(target_os = "linux"))]
#[path = "unix/other.rs"]
mod kernel;

pub(crate) use kernel::lift_bounds;

/// Where systems usually put git and ssh.
pub(crate) const PROGRAM_FOLDERS: [&str; 5] = [
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/opt/homebrew/bin",
    "/opt/local/bin",
];

/// Whether one login to a server can serve several exchanges.
pub(crate) const SSH_KEEPS_LOGINS: bool = true;

/// A file that is always empty.
pub(crate) const NULL_DEVICE: &str = "/dev/null";

pub(crate) fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The child leads a process group of its own, so that it can be ended with its own children.
pub(crate) fn set_apart(command: &mut Command) {
    command.process_group(0);
}

/// Asks a process to end; git then removes its locks. False where there is no asking.
pub(crate) fn ask_to_end(pid: u32) -> bool {
    // Fails only where it is gone, which is what is wanted.
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok())
}

/// Asks a child that `set_apart` was called for, with everything in its group.
pub(crate) fn ask_group_to_end(child: &Child) -> bool {
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .is_some_and(|group| kill_process_group(group, Signal::TERM).is_ok())
}

/// Whether the child has ended, which is still to be waited for.
pub(crate) fn has_ended(child: &mut Child) -> bool {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    pid.is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
}

/// Ends a child that `set_apart` was called for, with everything in its group. It must not have
/// been waited for, lest its number belong to another by then.
pub(crate) fn kill_group(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // Fails only where the group is gone, which is what is wanted.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Whether git would take the folder for ours. A folder that cannot be looked at counts as ours:
/// git then says what is wrong with it.
pub(crate) fn is_ours(path: &Path) -> bool {
    path.metadata()
        .map_or(true, |folder| folder.uid() == geteuid().as_raw())
}

/// Puts each of two folders in the other's place, at once.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// What is in a folder by name stays so when the power fails.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What a file takes of the disk.
pub(crate) fn disk_bytes(file: &Metadata) -> u64 {
    file.blocks() * 512
}

/// A command that leaves the processor to others.
pub(crate) fn yielding(program: &Path) -> Command {
    let Some(nice) = program::find("nice") else {
        return Command::new(program);
    };
    let mut command = Command::new(nice);
    command.args(["-n", "10"]).arg(program);
    command
}

/// Bytes that we may still write where `path` is; `None` where the system does not tell.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(path).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}
