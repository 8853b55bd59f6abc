//! The daemon's end: listens under the ownership lock, lets in its own user alone, and speaks lines.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use interprocess::local_socket::tokio::{Listener as Socket, Stream as Inner};
use interprocess::local_socket::traits::StreamCommon;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName};
use platform::dirs::Dirs;
use platform::private_folder::{self, FolderError};
use platform::single_instance::Ownership;
use protocol::frame::{self, FRAME_BYTES_MAX, FrameError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
    ReadBuf,
};

use crate::address::{Address, AddressError};
use crate::os;

/// How long a client may take to say hello.
pub const HELLO_WAIT_MAX: Duration = Duration::from_secs(5);

/// Why the daemon cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// There is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The runtime folder is not ours alone.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The socket cannot be made.
    #[error("cannot listen at {path:?}")]
    Io {
        /// The address.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The socket that clients connect to.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    path: PathBuf,
    mark: Option<(u64, u64)>,
    /// Whose it is to remove.
    is_passed: bool,
}

impl Listener {
    /// Listens on the socket that was passed to this process, as systemd does, or else in place of
    /// whatever socket a dead daemon left: the ownership proves that it is dead. To be called once,
    /// and within a tokio runtime.
    ///
    /// # Errors
    /// [`BindError`], in words for a person.
    pub fn bind(dirs: &Dirs, ownership: &Ownership) -> Result<Self, BindError> {
        private_folder::ensure(&dirs.runtime)?;
        let path = Address::of(dirs)?.as_path().to_owned();
        let failed = |source| BindError::Io {
            path: path.clone(),
            source,
        };
        let passed = os::listening::passed(&path).map_err(failed)?;
        let is_passed = passed.is_some();
        let socket = match passed {
            Some(socket) => socket,
            None => {
                os::listening::clear(&path).map_err(failed)?;
                listen(&path).map_err(failed)?
            }
        };
        os::listening::settle(&path).map_err(failed)?;
        ownership.announce(&path).map_err(failed)?;
        let mark = os::listening::mark(&path);
        Ok(Self {
            socket,
            path,
            mark,
            is_passed,
        })
    }

    /// The next client of our own user; others are closed without a word.
    ///
    /// # Errors
    /// The operating system's; it may pass, as where too many files are open.
    pub async fn accept(&self) -> io::Result<Stream> {
        loop {
            let inner = self.socket.accept().await?;
            let ours = inner.peer_creds().and_then(|peer| {
                let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
                os::is_ours(&peer).map(|ours| ours.then_some(pid))
            });
            if let Ok(Some(pid)) = ours {
                return Ok(Stream {
                    inner: BufReader::new(inner),
                    pid,
                });
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the socket still stands at its path. Where somebody removed it no new client finds
    /// the daemon, which should then bind anew.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        os::listening::mark(&self.path) == self.mark
    }

    /// Stops listening and removes the socket, but for one that was passed: whoever passed it
    /// listens there still, for the next daemon.
    ///
    /// # Errors
    /// The operating system's; the next daemon removes what stays.
    pub fn close(self, _ownership: &Ownership) -> io::Result<()> {
        if !self.is_passed && self.is_in_place() {
            os::listening::clear(&self.path)?;
        }
        Ok(())
    }
}

fn listen(path: &Path) -> io::Result<Socket> {
    let options = ListenerOptions::new()
        .name(path.to_fs_name::<GenericFilePath>()?)
        // Its removal is for the owner alone, and a drop does not prove ownership.
        .reclaim_name(false);
    os::listening::private(options)?.create_tokio()
}

/// A connection from a client of our own user: lines by [`Stream::receive`] and [`Stream::send`],
/// or bytes as any other stream.
#[derive(Debug)]
pub struct Stream {
    inner: BufReader<Inner>,
    pid: Option<u32>,
}

impl Stream {
    /// The client's process, where the operating system tells it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Reads one document; `None` at a clean end. To be awaited to its end: a read that is dropped
    /// loses what it had of its line.
    ///
    /// # Errors
    /// [`FrameError`]; [`io::ErrorKind::TimedOut`] where the limit ran out.
    pub async fn receive_within<T: DeserializeOwned>(
        &mut self,
        limit: Duration,
    ) -> Result<Option<T>, FrameError> {
        tokio::time::timeout(limit, self.receive())
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }

    /// As [`Stream::receive_within`], without a limit.
    ///
    /// # Errors
    /// [`FrameError`].
    pub async fn receive<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let mut line = Vec::new();
        let limit = u64::try_from(FRAME_BYTES_MAX).unwrap_or(u64::MAX);
        (&mut self.inner)
            .take(limit)
            .read_until(b'\n', &mut line)
            .await?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => frame::decode(&line).map(Some),
            Some(_) if line.len() >= FRAME_BYTES_MAX => Err(FrameError::TooLong),
            Some(_) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }

    /// Waits until the client has left. Where it said more instead, it is there, and this waits for
    /// ever.
    pub async fn left(&mut self) {
        match self.inner.fill_buf().await {
            Ok([]) | Err(_) => (),
            Ok(_) => std::future::pending().await,
        }
    }

    /// Writes one document.
    ///
    /// # Errors
    /// [`FrameError`].
    pub async fn send<T: Serialize + Sync>(&mut self, document: &T) -> Result<(), FrameError> {
        let line = frame::encode(document)?;
        self.inner.write_all(&line).await?;
        Ok(self.inner.flush().await?)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(task, into)
    }
}

impl AsyncBufRead for Stream {
    fn poll_fill_buf(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().inner).poll_fill_buf(task)
    }

    fn consume(mut self: Pin<&mut Self>, len: usize) {
        Pin::new(&mut self.inner).consume(len);
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(task)
    }
}
