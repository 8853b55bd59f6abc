//! The client's end of a connection: reads and writes that end at a deadline.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use interprocess::local_socket::traits::StreamCommon;

use crate::os;

/// A connection to a process that is proved to be our own user's.
#[derive(Clone, Debug)]
pub struct Stream(Arc<interprocess::local_socket::Stream>);

impl Stream {
    pub(crate) fn connect(path: &Path, limit: Duration) -> io::Result<Self> {
        os::connect(path, limit).map(|stream| Self(Arc::new(stream)))
    }

    pub(crate) fn is_ours(&self) -> io::Result<bool> {
        os::is_ours(&self.0.peer_creds()?)
    }

    /// Reads what is there, at least one byte but at the end; waits for it until the deadline, or
    /// for as long as it takes.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] at the deadline; else the operating system's.
    pub fn read_before(&self, into: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        os::read_before(&self.0, into, deadline)
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] at the deadline, with a part of it written: the connection is
    /// then of no more use. Else the operating system's.
    pub fn write_before(&self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        os::write_before(&self.0, bytes, deadline)
    }

    /// Ends the connection for both directions and for every clone of this.
    pub fn close(&self) {
        os::close(&self.0);
    }
}

/// The receiving direction after the handshake.
#[derive(Debug)]
pub struct Incoming {
    pub(crate) stream: Stream,
    /// What came right behind the handshake.
    pub(crate) early: Vec<u8>,
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.early.is_empty() {
            return self.stream.read_before(into, None);
        }
        let len = self.early.len().min(into.len());
        into[..len].copy_from_slice(&self.early[..len]);
        self.early.drain(..len);
        Ok(len)
    }
}
