//! Both ends prove that the other is the same user's before a word is said.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::stream::Stream;

/// Why no proved connection came about.
#[derive(Debug)]
pub(crate) enum PeerError {
    /// Whoever listens there is another user.
    NotOurs,
    /// The operating system's.
    Io(io::Error),
}

/// Connects, and proves whom to.
pub(crate) fn connect(path: &Path, limit: Duration) -> Result<Stream, PeerError> {
    let stream = Stream::connect(path, limit).map_err(PeerError::Io)?;
    match stream.is_ours() {
        Ok(true) => Ok(stream),
        Ok(false) => Err(PeerError::NotOurs),
        Err(error) => Err(PeerError::Io(error)),
    }
}
