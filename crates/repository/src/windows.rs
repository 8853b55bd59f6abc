//! What differs on Windows: process groups, programs, owners and free space.

use std::fs::Metadata;
use std::io;
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

/// Where systems usually put git and ssh.
pub(crate) const PROGRAM_FOLDERS: [&str; 5] = [
    r"C:\Program Files\Git\cmd",
    r"C:\Program Files (x86)\Git\cmd",
    r"C:\Windows\System32\OpenSSH",
    r"C:\Program Files\OpenSSH",
    r"C:\Program Files\Git\usr\bin",
];

/// Whether one login to a server can serve several exchanges.
pub(crate) const SSH_KEEPS_LOGINS: bool = false;

/// A file that is always empty.
pub(crate) const NULL_DEVICE: &str = "NUL";

/// No console window, and console signals of ours do not reach the child
/// (`CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP`).
const APART: u32 = 0x0800_0000 | 0x0000_0200;

pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file()
}

pub(crate) fn set_apart(command: &mut Command) {
    command.creation_flags(APART);
}

pub(crate) fn lift_bounds(_child: &Child) {}

pub(crate) fn ask_to_end(_pid: u32) -> bool {
    false
}

pub(crate) fn ask_group_to_end(_child: &Child) -> bool {
    false
}

pub(crate) fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// Ends the child; its own children end when their pipes close.
pub(crate) fn kill_group(child: &mut Child) {
    // Fails only where the child is gone, which is what is wanted.
    let _ = child.kill();
}

pub(crate) fn is_ours(_path: &Path) -> bool {
    true
}

/// There is no such call; two renames do it.
pub(crate) fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A rename is in the file system's journal.
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn disk_bytes(file: &Metadata) -> u64 {
    file.len()
}

pub(crate) fn yielding(program: &Path) -> Command {
    Command::new(program)
}

pub(crate) fn free_bytes(_path: &Path) -> Option<u64> {
    None
}
