//! What Windows has.

use std::env;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
};
use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS,
};

mod exchange;
mod group;
mod machine;
mod power;
mod process;
mod user;
mod volume;

pub(crate) use exchange::{exchange, rename_to_new};
pub(crate) use group::{
    ask_group_to_end, bound, forbid_dumps, has_ended, has_succeeded, kill_group, kill_own_group,
    lead_group, own_stdin,
};
pub(crate) use machine::{boot_id, machine_id};
pub(crate) use power::{is_metered, on_battery};
pub(crate) use process::{Parent, end_process, process_alive, process_start};
pub(crate) use user::{is_run_by_us, own_user_id};
pub(crate) use volume::{free_bytes, remote_kind, watches_max};

/// Pipes have names of their own; this bounds the paths of sockets on other systems.
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 256;

pub(crate) const RUNNING_PROGRAM: Option<&str> = None;

/// Nobody asks here.
pub(crate) fn say_ready() -> io::Result<()> {
    Ok(())
}

/// A locked file cannot be read by others here, so that its owner's name stands beside it.
pub(crate) const OWNER_FILE: &str = "daemon.owner";

/// Handles have no limit that a process could meet.
pub(crate) fn lift_files_max(_wanted: u64) -> u64 {
    u64::MAX
}

/// Who can reach into a folder.
#[derive(Debug)]
pub(crate) enum Openness {
    /// This user alone, by what the profile's folder passes on.
    Ours,
    /// Another user owns it.
    #[expect(dead_code, reason = "the profile's access list decides here")]
    Others { owner: u32 },
    /// Others may reach in.
    #[expect(dead_code, reason = "the profile's access list decides here")]
    Open { mode: u32 },
}

/// Folders under the user's profile are closed to others by what they inherit from it.
pub(crate) fn openness(_found: &Metadata) -> Openness {
    Openness::Ours
}

pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::create_dir(path)
}

pub(crate) fn private_file() -> OpenOptions {
    let mut options = File::options();
    // A new file must be able to take the place of one that somebody reads.
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);
    options
}

/// No pipe stands in a folder here.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    private_file().read(true).open(path)
}

/// The file system writes names in its own journal; a folder cannot be flushed by itself.
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn link(to: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(to, path)
}

/// What the profile's folder passes on decides.
pub(crate) fn close_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn set_runnable(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn is_same_file(open: &File, path: &Path) -> bool {
    // A file that is open and locked cannot be replaced here; it can only be gone.
    match (open.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => open.creation_time() == named.creation_time(),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// No path of a pipe is too long.
pub(crate) fn short_folders() -> [Option<PathBuf>; 2] {
    [None, Some(env::temp_dir().join("watercooler"))]
}

pub(crate) fn detach(command: &mut Command) {
    // Many clients put what they start into a job that ends with them.
    command.creation_flags(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | CREATE_BREAKAWAY_FROM_JOB);
}

pub(crate) fn own_user_name() -> Option<String> {
    env::var("USERNAME").ok()
}

pub(crate) fn host_name() -> Option<String> {
    env::var("COMPUTERNAME").ok()
}
