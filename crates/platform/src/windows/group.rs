//! The nearest to process groups that the standard library offers: children end when their pipes
//! close.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};

use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW};

pub(crate) fn lead_group(command: &mut Command) {
    command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
}

pub(crate) fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// Whether it has ended, and well.
pub(crate) fn has_succeeded(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(Some(status)) if status.success())
}

/// A process without a window cannot be asked.
pub(crate) fn ask_group_to_end(_child: &Child) -> bool {
    false
}

pub(crate) fn kill_group(child: &mut Child) {
    // Fails only where the child is gone, which is what is wanted.
    let _ = child.kill();
}

pub(crate) fn kill_own_group() {}

/// Nothing is written of a crash unless an administrator has asked for it.
pub(crate) fn forbid_dumps() -> io::Result<()> {
    Ok(())
}

/// Standard input without a buffer before it.
pub(crate) fn own_stdin() -> io::Result<File> {
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// A process cannot bound itself here without a job of its own.
pub(crate) fn bound(_memory_bytes_max: u64, _file_bytes_max: u64) -> io::Result<()> {
    Ok(())
}
