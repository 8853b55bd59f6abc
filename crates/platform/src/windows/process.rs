//! Processes by number: whether one runs, when it started, its end, and our parent.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{FILETIME, INVALID_HANDLE_VALUE, STILL_ACTIVE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, GetProcessTimes, INFINITE, OpenProcess, PROCESS_ACCESS_RIGHTS,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, TerminateProcess,
    WaitForSingleObject,
};

/// What a process that was ended from outside exits with.
const EXIT_ENDED: u32 = 1;

#[expect(
    unsafe_code,
    reason = "the standard library opens no process by its number"
)]
pub(super) fn open(pid: u32, rights: PROCESS_ACCESS_RIGHTS) -> io::Result<OwnedHandle> {
    // SAFETY: it takes plain values; a handle that it gives is ours to close.
    let handle = unsafe { OpenProcess(rights, 0, pid) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

#[expect(
    unsafe_code,
    reason = "the standard library asks no process by its number"
)]
pub(crate) fn process_alive(pid: u32) -> bool {
    let Ok(process) = open(pid, PROCESS_QUERY_LIMITED_INFORMATION) else {
        return false;
    };
    let mut code = 0;
    // SAFETY: the handle is open, and `code` outlives the call.
    let known = unsafe { GetExitCodeProcess(process.as_raw_handle(), &raw mut code) };
    known != 0 && i32::try_from(code) == Ok(STILL_ACTIVE)
}

/// In units of 100 ns since 1601.
pub(crate) fn process_start(pid: u32) -> Option<u64> {
    start_of(&open(pid, PROCESS_QUERY_LIMITED_INFORMATION).ok()?)
}

/// There is no asking here: a daemon that is asked hears it on its socket.
#[expect(
    unsafe_code,
    reason = "the standard library ends no process by its number"
)]
pub(crate) fn end_process(pid: u32, started: Option<u64>, _forced: bool) -> io::Result<()> {
    let process = open(pid, PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION)?;
    // Asked of the open process, so that it cannot be another of that number.
    if started.is_some() && start_of(&process) != started {
        return Err(io::ErrorKind::NotFound.into());
    }
    // SAFETY: the handle is open and has the right.
    if unsafe { TerminateProcess(process.as_raw_handle(), EXIT_ENDED) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The process that started this one.
#[derive(Debug)]
pub(crate) struct Parent {
    process: Option<OwnedHandle>,
}

impl Parent {
    pub(crate) fn now() -> Self {
        let rights = PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION;
        let ours = process_start(std::process::id());
        let process = parent_pid()
            .and_then(|pid| open(pid, rights).ok())
            // The number may have gone to a younger process since.
            .filter(|parent| start_of(parent) <= ours);
        Self { process }
    }

    /// Whether it died; false where it cannot be seen, or was dead before: its input's end tells.
    #[expect(unsafe_code, reason = "the standard library waits for children alone")]
    pub(crate) fn wait(self) -> bool {
        let Some(process) = self.process else {
            return false;
        };
        // SAFETY: the handle is open and has the right.
        unsafe { WaitForSingleObject(process.as_raw_handle(), INFINITE) == WAIT_OBJECT_0 }
    }
}

#[expect(
    unsafe_code,
    reason = "the standard library asks no process for its times"
)]
fn start_of(process: &OwnedHandle) -> Option<u64> {
    const NEVER: FILETIME = FILETIME {
        dwLowDateTime: 0,
        dwHighDateTime: 0,
    };
    let (mut start, mut end, mut kernel, mut user) = (NEVER, NEVER, NEVER, NEVER);
    // SAFETY: the handle is open, and each time outlives the call.
    let known = unsafe {
        GetProcessTimes(
            process.as_raw_handle(),
            &raw mut start,
            &raw mut end,
            &raw mut kernel,
            &raw mut user,
        )
    };
    (known != 0).then(|| (u64::from(start.dwHighDateTime) << 32) | u64::from(start.dwLowDateTime))
}

#[expect(
    unsafe_code,
    reason = "the standard library does not tell the parent's number"
)]
fn parent_pid() -> Option<u32> {
    // SAFETY: it takes plain values.
    let handle = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    if handle == INVALID_HANDLE_VALUE {
        return None;
    }
    // SAFETY: it is open, and nobody else has it.
    let list = unsafe { OwnedHandle::from_raw_handle(handle) };
    // SAFETY: every field of it is a number or an array of them.
    let mut entry: PROCESSENTRY32W = unsafe { std::mem::zeroed() };
    entry.dwSize = u32::try_from(size_of::<PROCESSENTRY32W>()).ok()?;
    // SAFETY: the list is open, and `entry` outlives the call and says its own size.
    let mut found = unsafe { Process32FirstW(list.as_raw_handle(), &raw mut entry) };
    while found != 0 {
        if entry.th32ProcessID == std::process::id() {
            return Some(entry.th32ParentProcessID);
        }
        // SAFETY: as before.
        found = unsafe { Process32NextW(list.as_raw_handle(), &raw mut entry) };
    }
    None
}
