//! Unix sockets: their place, their deadlines, and the proof of who is at the other end.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use interprocess::local_socket::{PeerCreds, Stream};
use interprocess::os::unix::uds_local_socket;
use platform::dirs::{self, Dirs, SOCKET_PATH_BYTES_MAX};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, SendFlags, Shutdown, SocketAddrUnix, SocketType, connect as connect_socket,
    send, shutdown, socket,
};

use crate::address::{AddressError, SOCKET_FILE, short_name};

pub(crate) fn place(dirs: &Dirs) -> Result<PathBuf, AddressError> {
    let own = dirs.runtime.join(SOCKET_FILE);
    if own.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return Ok(own);
    }
    let name = format!("{}.sock", short_name(&own));
    Ok(dirs::short_folder()?.join(name))
}

/// Connects within the limit: a daemon that accepts nothing fills its queue, and then the call
/// would wait for ever.
pub(crate) fn connect(path: &Path, limit: Duration) -> io::Result<Stream> {
    let address = SocketAddrUnix::new(path)?;
    let open = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&open, rustix::io::FdFlags::CLOEXEC)?;
    set_socket_timeout(
        &open,
        Timeout::Send,
        Some(limit.max(Duration::from_millis(1))),
    )?;
    loop {
        match connect_socket(&open, &address) {
            Ok(()) => break,
            Err(Errno::INTR) => (),
            Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
    set_socket_timeout(&open, Timeout::Send, None)?;
    Ok(Stream::UdSocket(uds_local_socket::Stream::from(open)))
}

pub(crate) fn read_before(
    stream: &Stream,
    into: &mut [u8],
    deadline: Option<Instant>,
) -> io::Result<usize> {
    if let Some(deadline) = deadline {
        wait_for(descriptor(stream), PollFlags::IN, deadline)?;
    }
    let mut from = stream;
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            done => return done,
        }
    }
}

pub(crate) fn write_before(stream: &Stream, bytes: &[u8], deadline: Instant) -> io::Result<()> {
    let to = descriptor(stream);
    let mut left = bytes;
    while !left.is_empty() {
        // A closed connection is an error and no signal: Rust programs ignore SIGPIPE.
        match send(to, left, SendFlags::DONTWAIT) {
            Ok(sent) => left = &left[sent..],
            Err(Errno::INTR) => (),
            Err(Errno::AGAIN) => wait_for(to, PollFlags::OUT, deadline)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Ends the connection under whoever reads or writes on it.
pub(crate) fn close(stream: &Stream) {
    // It may have ended by itself.
    let _ = shutdown(descriptor(stream), Shutdown::Both);
}

/// Whether the peer runs as our own user; the kernel noted who it was when it connected.
pub(crate) fn is_ours(peer: &PeerCreds) -> io::Result<bool> {
    Ok(peer.euid() == Some(rustix::process::geteuid().as_raw()))
}

fn descriptor(stream: &Stream) -> BorrowedFd<'_> {
    match stream {
        Stream::UdSocket(socket) => socket.as_fd(),
    }
}

fn wait_for(on: BorrowedFd<'_>, events: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let limit = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::new(&on, events)], Some(&limit)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => (),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(feature = "tokio")]
pub(crate) mod listening {
    //! Making and removing the socket, by the owner of the state folder alone.

    use std::fs::{self, Permissions};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    use std::path::Path;

    use interprocess::local_socket::ListenerOptions;
    use interprocess::local_socket::tokio::Listener;
    use interprocess::os::unix::uds_local_socket::tokio as sockets;
    use listenfd::ListenFd;

    const SOCKET_MODE: u32 = 0o600;

    /// Removes the socket that a dead daemon left; anything else that stands there stays.
    pub(crate) fn clear(path: &Path) -> io::Result<()> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path),
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The socket that this process was given by whoever listened before it, such as systemd; it is
    /// the one at `path`. Source: sd_listen_fds(3).
    pub(crate) fn passed(path: &Path) -> io::Result<Option<Listener>> {
        let Some(given) = ListenFd::from_env().take_unix_listener(0)? else {
            return Ok(None);
        };
        let bound = given.local_addr()?;
        let is_here = bound.as_pathname().is_some_and(|bound| {
            bound == path || matches!((mark(bound), mark(path)), (Some(a), Some(b)) if a == b)
        });
        if !is_here {
            let message = format!("the socket that was passed is another one: {bound:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        given.set_nonblocking(true)?;
        let given = sockets::Listener::try_from(OwnedFd::from(given))?;
        Ok(Some(Listener::UdSocket(given)))
    }

    #[expect(clippy::unnecessary_wraps, reason = "Windows makes a descriptor here")]
    pub(crate) fn private(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
        Ok(options)
    }

    /// The folder is private, so that nobody else was let in before this.
    pub(crate) fn settle(path: &Path) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE))
    }

    /// What tells this socket from another that takes its place.
    pub(crate) fn mark(path: &Path) -> Option<(u64, u64)> {
        let found = fs::symlink_metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    }
}
