//! Named pipes: their name, their deadlines, and the proof of who is at the other end.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use interprocess::ConnectWaitMode;
use interprocess::local_socket::traits::Stream as _;
use interprocess::local_socket::{ConnectOptions, GenericFilePath, PeerCreds, Stream, ToFsName};
use platform::dirs::Dirs;
use platform::process;

use crate::address::{AddressError, short_name};

/// Pipes have no deadlines of their own; they are asked this often.
const ASK_STEP: Duration = Duration::from_millis(2);

pub(crate) fn place(dirs: &Dirs) -> Result<PathBuf, AddressError> {
    let user = process::own_user_id().map_err(AddressError::User)?;
    let name = match &dirs.home {
        Some(home) => format!(r"\\.\pipe\watercooler-{user}-{}", short_name(home)),
        None => format!(r"\\.\pipe\watercooler-{user}"),
    };
    Ok(PathBuf::from(name))
}

pub(crate) fn connect(path: &Path, limit: Duration) -> io::Result<Stream> {
    ConnectOptions::new()
        .name(path.to_fs_name::<GenericFilePath>()?)
        .wait_mode(ConnectWaitMode::Timeout(limit))
        .connect_sync()
}

pub(crate) fn read_before(
    stream: &Stream,
    into: &mut [u8],
    deadline: Option<Instant>,
) -> io::Result<usize> {
    let mut from = stream;
    let Some(deadline) = deadline else {
        return from.read(into);
    };
    stream.set_nonblocking(true)?;
    let read = loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if Instant::now() >= deadline {
                    break Err(io::ErrorKind::TimedOut.into());
                }
                thread::sleep(ASK_STEP);
            }
            done => break done,
        }
    };
    stream.set_nonblocking(false)?;
    read
}

/// A pipe's write ends when its reader has room; whoever must not wait for that ends the program.
pub(crate) fn write_before(stream: &Stream, bytes: &[u8], _deadline: Instant) -> io::Result<()> {
    let mut to = stream;
    to.write_all(bytes)
}

/// A pipe ends with its last handle; whoever reads on it is passed over until then.
pub(crate) fn close(_stream: &Stream) {}

/// Whether the peer's process runs as our own user.
pub(crate) fn is_ours(peer: &PeerCreds) -> io::Result<bool> {
    peer.pid().map_or(Ok(false), process::is_run_by_us)
}

#[cfg(feature = "tokio")]
pub(crate) mod listening {
    //! Making the pipe, by the owner of the state folder alone.

    use std::io;
    use std::path::Path;

    use interprocess::local_socket::ListenerOptions;
    use interprocess::local_socket::tokio::Listener;
    use interprocess::os::windows::local_socket::ListenerOptionsExt;
    use interprocess::os::windows::security_descriptor::SecurityDescriptor;
    use widestring::u16cstr;

    /// A pipe ends with its process; there is nothing to remove.
    pub(crate) fn clear(_path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Nobody listens before us here.
    pub(crate) fn passed(_path: &Path) -> io::Result<Option<Listener>> {
        Ok(None)
    }

    /// Nobody from the network; the owner alone.
    pub(crate) fn private(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
        let owner = SecurityDescriptor::deserialize(u16cstr!("D:P(D;;GA;;;NU)(A;;GA;;;OW)"))?;
        Ok(options.security_descriptor(owner))
    }

    pub(crate) fn settle(_path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Nobody can take its place while it lives.
    pub(crate) fn mark(_path: &Path) -> Option<(u64, u64)> {
        None
    }
}
