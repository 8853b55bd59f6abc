//! What Linux alone has: process descriptors, `/proc`, the kernel's boot id.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, getppid, pidfd_open, pidfd_send_signal,
    set_dumpable_behavior,
};

/// `sizeof(sun_path)` less the NUL.
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Names the program that runs, whatever lies at its path.
pub(crate) const RUNNING_PROGRAM: Option<&str> = Some("/proc/self/exe");

pub(super) const BOUNDS_ADDRESS_SPACE: bool = true;

pub(crate) fn machine_id() -> String {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .find_map(line_of)
        .unwrap_or_else(|| super::host_name().unwrap_or_default())
}

/// The same in every container on one kernel, another after each start of it.
pub(crate) fn boot_id() -> String {
    line_of("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Neither a handler of crashes nor another process of this user reads the memory of this one.
pub(super) fn hide_memory() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Source: sd_notify(3).
pub(crate) fn say_ready() -> io::Result<()> {
    sd_notify::notify(&[sd_notify::NotifyState::Ready])
}

/// Since the boot, in clock ticks. Source: proc_pid_stat(5), field 22.
pub(crate) fn process_start(pid: u32) -> Option<u64> {
    field(pid, 22)?.parse().ok()
}

pub(super) fn is_zombie(pid: Pid) -> bool {
    field(pid.as_raw_nonzero().get().unsigned_abs(), 3).is_some_and(|state| state == "Z")
}

pub(crate) fn end_process(pid: u32, started: Option<u64>, forced: bool) -> io::Result<()> {
    let gone = || io::Error::from(io::ErrorKind::NotFound);
    let named = super::pid_of(pid).ok_or_else(gone)?;
    let descriptor = pidfd_open(named, PidfdFlags::empty())?;
    // Asked after the descriptor is held, so that it cannot be another process of that number.
    if started.is_some() && process_start(pid) != started {
        return Err(gone());
    }
    let signal = if forced { Signal::KILL } else { Signal::TERM };
    Ok(pidfd_send_signal(&descriptor, signal)?)
}

/// Source of the numbers: statfs(2).
const REMOTE_KINDS: [(u32, &str); 9] = [
    (0x6969, "nfs"),
    (0x517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "ceph"),
    (0x5346_414f, "afs"),
    (0x0bd0_0bd0, "lustre"),
];

pub(crate) fn remote_kind(path: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(path).ok()?;
    // Its width differs between machines, its lowest 32 bits do not.
    let magic = u32::try_from(found.f_type & 0xffff_ffff).ok()?;
    let known = REMOTE_KINDS.iter().find(|(number, _)| *number == magic);
    known.map(|(_, name)| *name)
}

pub(crate) fn watches_max() -> Option<u64> {
    line_of("/proc/sys/fs/inotify/max_user_watches")?
        .parse()
        .ok()
}

/// Nothing that the caller left open for its children may be held open by ours: whoever waits for
/// the end of such a pipe would wait for the daemon's.
#[expect(unsafe_code, reason = "rustix has no close_range")]
pub(crate) fn close_files() {
    const FIRST_AFTER_STANDARD: libc::c_uint = 3;
    // SAFETY: only marks descriptors to be closed by exec. An old kernel refuses; then none is.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            FIRST_AFTER_STANDARD,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
    }
}

/// The process that started this one.
#[derive(Debug)]
pub(crate) struct Parent {
    pid: Option<Pid>,
    descriptor: Option<OwnedFd>,
}

impl Parent {
    pub(crate) fn now() -> Self {
        let pid = getppid();
        let descriptor = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Self { pid, descriptor }
    }

    /// Whether it died; false where it cannot be seen, as in a process namespace of one's own.
    pub(crate) fn wait(self) -> bool {
        let Some(pid) = self.pid else {
            return false;
        };
        // A descriptor that was opened too late may be of another process.
        if getppid() != Some(pid) {
            return true;
        }
        let Some(descriptor) = self.descriptor else {
            super::wait_by_asking(pid);
            return true;
        };
        loop {
            let mut watched = [PollFd::new(&descriptor, PollFlags::IN)];
            match poll(&mut watched, None) {
                Ok(_) => return true,
                Err(rustix::io::Errno::INTR) => (),
                Err(_) => {
                    super::wait_by_asking(pid);
                    return true;
                }
            }
        }
    }
}

fn line_of(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// A field of `/proc/PID/stat`, counted from 1. The second, the name, may hold anything.
fn field(pid: u32, number: usize) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    after_name
        .split_ascii_whitespace()
        .nth(number.checked_sub(3)?)
        .map(str::to_owned)
}
