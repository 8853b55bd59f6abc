//! What macOS alone has: its own ids of machine and boot, and no process descriptors.

use std::ffi::CStr;
use std::io;
use std::path::Path;
use std::ptr;

use rustix::process::{Pid, Signal, getppid, kill_process};

/// `sizeof(sun_path)` less the NUL.
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 103;

/// The longest value of the kernel that is read: a UUID in words.
const VALUE_BYTES_MAX: usize = 128;

pub(crate) const RUNNING_PROGRAM: Option<&str> = None;

/// Libraries of the system take more than any bound of use.
pub(super) const BOUNDS_ADDRESS_SPACE: bool = false;

pub(crate) fn machine_id() -> String {
    host_uuid().or_else(super::host_name).unwrap_or_default()
}

/// A process that is not debugged hides its memory from others here.
pub(super) fn hide_memory() -> io::Result<()> {
    Ok(())
}

/// launchd takes a process that runs for ready.
pub(crate) fn say_ready() -> io::Result<()> {
    Ok(())
}

pub(crate) fn boot_id() -> String {
    kernel_value(c"kern.bootsessionuuid").unwrap_or_default()
}

pub(crate) fn process_start(_pid: u32) -> Option<u64> {
    None
}

pub(super) fn is_zombie(_pid: Pid) -> bool {
    false
}

pub(crate) fn end_process(pid: u32, _started: Option<u64>, forced: bool) -> io::Result<()> {
    let named = super::pid_of(pid).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let signal = if forced { Signal::KILL } else { Signal::TERM };
    Ok(kill_process(named, signal)?)
}

pub(crate) fn remote_kind(path: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(path).ok()?;
    let local = u32::try_from(libc::MNT_LOCAL).ok()?;
    (found.f_flags & local == 0).then_some("network")
}

/// The system watches trees, not folders.
pub(crate) fn watches_max() -> Option<u64> {
    None
}

/// Every file that the standard library opens is closed by exec; macOS has no call for the rest.
pub(crate) fn close_files() {}

/// The process that started this one.
#[derive(Debug)]
pub(crate) struct Parent {
    pid: Option<Pid>,
}

impl Parent {
    pub(crate) fn now() -> Self {
        Self { pid: getppid() }
    }

    /// Whether it died; false where it cannot be seen.
    pub(crate) fn wait(self) -> bool {
        let Some(pid) = self.pid else {
            return false;
        };
        super::wait_by_asking(pid);
        true
    }
}

#[expect(unsafe_code, reason = "the C library alone tells the machine's UUID")]
fn host_uuid() -> Option<String> {
    let mut id = [0_u8; 16];
    let wait = libc::timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    // SAFETY: both pointers are to memory that outlives the call; a UUID has 16 bytes.
    let code = unsafe { libc::gethostuuid(id.as_mut_ptr(), &raw const wait) };
    (code == 0).then(|| id.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[expect(unsafe_code, reason = "rustix has no sysctl")]
fn kernel_value(name: &CStr) -> Option<String> {
    let mut value = [0_u8; VALUE_BYTES_MAX];
    let mut len = value.len();
    // SAFETY: the pointers are to memory that outlives the call, and `len` is that of `value`.
    let code = unsafe {
        libc::sysctlbyname(
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            &raw mut len,
            ptr::null_mut(),
            0,
        )
    };
    if code != 0 {
        return None;
    }
    let text = CStr::from_bytes_until_nul(&value).ok()?.to_str().ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}
