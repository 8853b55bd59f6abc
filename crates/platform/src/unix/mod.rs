//! What Linux and macOS have in common.

use std::env;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, geteuid, getppid, setsid, test_kill_process};

mod account;
mod exchange;
mod files;
mod group;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod kernel;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod kernel;
#[cfg(target_os = "linux")]
#[path = "linux/power.rs"]
mod power;
#[cfg(target_os = "macos")]
#[path = "macos_power.rs"]
mod power;

pub(crate) use account::own_user_name;
pub(crate) use exchange::{exchange, rename_to_new};
pub(crate) use files::lift_files_max;
pub(crate) use group::{
    ask_group_to_end, bound, forbid_dumps, has_ended, has_succeeded, kill_group, kill_own_group,
    lead_group, own_stdin,
};
pub(crate) use kernel::{
    Parent, RUNNING_PROGRAM, SOCKET_PATH_BYTES_MAX, boot_id, close_files, end_process, machine_id,
    process_start, remote_kind, say_ready, watches_max,
};

pub(crate) use power::{is_metered, on_battery};

/// A locked file can be read by others here, so that the lock itself names its owner.
pub(crate) const OWNER_FILE: &str = crate::single_instance::LOCK_FILE;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const PROGRAM_MODE: u32 = 0o755;
const OTHERS: u32 = 0o077;

/// Who can reach into a folder.
#[derive(Debug)]
pub(crate) enum Openness {
    /// This user alone.
    Ours,
    /// Another user owns it.
    Others { owner: u32 },
    /// This user owns it, and others may reach in.
    Open { mode: u32 },
}

pub(crate) fn openness(found: &Metadata) -> Openness {
    if found.uid() != geteuid().as_raw() {
        Openness::Others { owner: found.uid() }
    } else if found.mode() & OTHERS != 0 {
        Openness::Open {
            mode: found.mode() & 0o777,
        }
    } else {
        Openness::Ours
    }
}

/// Parents get the mode that the user's umask gives; the last folder is private from its first
/// moment.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    DirBuilder::new().mode(FOLDER_MODE).create(path)
}

pub(crate) fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.mode(FILE_MODE);
    options
}

/// A pipe that nobody writes to is opened, instead of waited for; no terminal becomes ours.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options.read(true).open(path)
}

pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(crate) fn link(to: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, path)
}

pub(crate) fn close_folder(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
}

pub(crate) fn set_runnable(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(PROGRAM_MODE))
}

pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

pub(crate) fn is_same_file(open: &File, path: &Path) -> bool {
    match (open.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Where a socket goes whose own path is too long: the first where it can be had, else the last.
pub(crate) fn short_folders() -> [Option<PathBuf>; 2] {
    let session = env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute() && folder.is_dir())
        .map(|folder| folder.join("watercooler-short"))
        .filter(|folder| folder.as_os_str().len() < SOCKET_PATH_BYTES_MAX / 2);
    // Not TMPDIR: two programs of one user may disagree on it.
    let shared = PathBuf::from(format!("/tmp/watercooler-{}", geteuid().as_raw()));
    [session, Some(shared)]
}

#[expect(
    unsafe_code,
    reason = "there is no safe way to start a process in a new session"
)]
pub(crate) fn detach(command: &mut Command) {
    // SAFETY: between fork and exec only system calls are made; nothing allocates or locks.
    unsafe {
        command.pre_exec(|| {
            close_files();
            setsid().map(drop).map_err(io::Error::from)
        });
    }
}

pub(crate) fn process_alive(pid: u32) -> bool {
    let Some(pid) = pid_of(pid) else {
        return false;
    };
    match test_kill_process(pid) {
        Ok(()) => !kernel::is_zombie(pid),
        // It is there, and another user's.
        Err(error) => error == rustix::io::Errno::PERM,
    }
}

pub(crate) fn own_user_id() -> io::Result<String> {
    Ok(geteuid().as_raw().to_string())
}

/// A socket tells its peer's uid itself; no process number needs be asked about.
pub(crate) fn is_run_by_us(_pid: u32) -> io::Result<bool> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

pub(crate) fn host_name() -> Option<String> {
    let name = rustix::system::uname();
    Some(name.nodename().to_string_lossy().into_owned())
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Waits until the parent changes, by asking.
fn wait_by_asking(parent: Pid) {
    const STEP: std::time::Duration = std::time::Duration::from_millis(200);
    while getppid() == Some(parent) {
        std::thread::sleep(STEP);
    }
}
