//! From an address to a served connection: connect, prove the peer, say hello, hear the welcome,
//! all within one deadline. Each way to fail has words of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use platform::dirs::Dirs;
use protocol::failure::{Failure, FailureCode};
use protocol::frame::{self, FRAME_BYTES_MAX, FrameError};
use protocol::hello::{Hello, Welcome};
use serde::de::DeserializeOwned;

use crate::address::{Address, AddressError};
use crate::peer::{self, PeerError};
use crate::stream::{Incoming, Stream};

/// How long a daemon may take from the connection to its welcome.
pub const HANDSHAKE_WAIT_MAX: Duration = Duration::from_secs(2);

const READ_BYTES: usize = 16 << 10;

/// Why no daemon serves us.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// EPERM or EACCES: the operating system, or a sandbox, does not let us.
    #[error("not permitted to reach the daemon at {path:?}; a sandbox may forbid it")]
    NotPermitted {
        /// The address.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// ENOENT: nothing is there.
    #[error("no daemon is running: there is no socket at {path:?}")]
    NotRunning {
        /// The address.
        path: PathBuf,
    },
    /// ECONNREFUSED: a socket is there, and nobody behind it.
    #[error("the daemon has died: nobody listens on its socket {path:?}")]
    Stale {
        /// The address.
        path: PathBuf,
    },
    /// The time ran out.
    #[error("the daemon at {path:?} is there, but did not answer within {} ms", waited.as_millis())]
    Silent {
        /// The address.
        path: PathBuf,
        /// For how long.
        waited: Duration,
    },
    /// Whoever listens there is another user.
    #[error("the process at {path:?} belongs to another user; nothing was said to it")]
    NotOurs {
        /// The address.
        path: PathBuf,
    },
    /// It closed the connection before its welcome, as an ending daemon does.
    #[error("the daemon at {path:?} closed the connection")]
    Ended {
        /// The address.
        path: PathBuf,
        /// Why, where the operating system says so.
        #[source]
        source: Option<io::Error>,
    },
    /// It does not serve us, and says why.
    #[error("{0}")]
    Refused(Failure),
    /// It answered with something that is no welcome.
    #[error("the daemon at {path:?} answered with no welcome")]
    Malformed {
        /// The address.
        path: PathBuf,
        /// What was wrong.
        #[source]
        source: FrameError,
    },
    /// There is no address to connect to.
    #[error(transparent)]
    Address(#[from] AddressError),
}

impl ConnectError {
    /// The exit code of a program that ends on this; source: the outside contract, section 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotPermitted { .. } => 77,
            Self::Address(AddressError::Folder(folder)) if folder.is_not_permitted() => 77,
            Self::NotRunning { .. }
            | Self::Stale { .. }
            | Self::Silent { .. }
            | Self::NotOurs { .. }
            | Self::Ended { .. }
            | Self::Refused(_)
            | Self::Malformed { .. }
            | Self::Address(_) => 69,
        }
    }

    /// The failure that a client is told.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let hint = match self {
            Self::Refused(failure) => return failure.clone(),
            Self::NotPermitted { .. } => {
                "Allow this socket in the sandbox's settings, or run outside the sandbox."
            }
            Self::NotRunning { .. } | Self::Stale { .. } | Self::Ended { .. } => {
                "Start it with `watercooler daemon start`."
            }
            Self::Silent { .. } => "Try again; if it stays silent, `watercooler daemon restart`.",
            Self::NotOurs { .. } | Self::Address(_) => {
                "Remove what stands at that path, or set XDG_RUNTIME_DIR to a folder of your own."
            }
            Self::Malformed { .. } => {
                "Bring all watercooler programs to one version, then `watercooler daemon restart`."
            }
        };
        Failure::new(FailureCode::DaemonUnavailable, self.to_string(), hint)
    }

    /// Whether there is no daemon, so that one may be started.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::NotRunning { .. } | Self::Stale { .. } | Self::Ended { .. } => true,
            Self::NotPermitted { .. }
            | Self::Silent { .. }
            | Self::NotOurs { .. }
            | Self::Refused(_)
            | Self::Malformed { .. }
            | Self::Address(_) => false,
        }
    }

    fn of_io(path: &Path, source: io::Error, waited: Duration) -> Self {
        let path = path.to_owned();
        let kind = source.kind();
        let is_any_of = |kinds: [io::ErrorKind; 2]| kinds.contains(&kind);
        if kind == io::ErrorKind::PermissionDenied {
            Self::NotPermitted { path, source }
        } else if is_any_of([io::ErrorKind::NotFound, io::ErrorKind::NotADirectory]) {
            Self::NotRunning { path }
        } else if kind == io::ErrorKind::ConnectionRefused {
            Self::Stale { path }
        } else if is_any_of([io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock]) {
            Self::Silent { path, waited }
        } else {
            Self::Ended {
                path,
                source: Some(source),
            }
        }
    }
}

/// A served connection.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    path: PathBuf,
    early: Vec<u8>,
    daemon: Daemon,
}

/// The daemon at the other end, as its welcome names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// [`protocol::hello::PROTOCOL`] of its build.
    pub protocol: u32,
    /// `X.Y.Z` of its build.
    pub version: String,
    /// Its process.
    pub pid: u32,
}

impl Connection {
    /// Connects to the daemon that runs, if one does. Takes [`HANDSHAKE_WAIT_MAX`] or `limit` at
    /// most, whichever is less.
    ///
    /// # Errors
    /// [`ConnectError`], in words for a person.
    pub fn open(dirs: &Dirs, hello: &Hello, limit: Duration) -> Result<Self, ConnectError> {
        let limit = limit.min(HANDSHAKE_WAIT_MAX);
        let deadline = Instant::now() + limit;
        let address = Address::of(dirs)?;
        let first = Self::at(address.as_path(), hello, deadline, limit);
        match (first, address.announced(dirs)) {
            (Err(error), Some(elsewhere)) if error.is_absence() => {
                Self::at(elsewhere.as_path(), hello, deadline, limit).map_err(|_| error)
            }
            (first, _) => first,
        }
    }

    /// The daemon at the other end.
    #[must_use]
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// The two directions, for what follows the handshake.
    #[must_use]
    pub fn split(self) -> (Incoming, Stream) {
        let incoming = Incoming {
            stream: self.stream.clone(),
            early: self.early,
        };
        (incoming, self.stream)
    }

    pub(crate) fn send<T: serde::Serialize>(
        &self,
        document: &T,
        deadline: Instant,
    ) -> Result<(), FrameError> {
        send(&self.stream, document, deadline)
    }

    pub(crate) fn receive<T: DeserializeOwned>(
        &mut self,
        deadline: Instant,
    ) -> Result<T, FrameError> {
        receive(&self.stream, &mut self.early, Some(deadline))
    }

    /// As `receive`, for as long as it takes.
    pub(crate) fn receive_whenever<T: DeserializeOwned>(&mut self) -> Result<T, FrameError> {
        receive(&self.stream, &mut self.early, None)
    }

    fn at(
        path: &Path,
        hello: &Hello,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Self, ConnectError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let stream = peer::connect(path, left).map_err(|error| match error {
            PeerError::NotOurs => ConnectError::NotOurs {
                path: path.to_owned(),
            },
            PeerError::Io(source) => ConnectError::of_io(path, source, limit),
        })?;
        let mut early = Vec::new();
        let welcome = send(&stream, hello, deadline)
            .and_then(|()| receive::<Welcome>(&stream, &mut early, Some(deadline)))
            .map_err(|error| match error {
                FrameError::Io(source) => ConnectError::of_io(path, source, limit),
                source @ (FrameError::TooLong | FrameError::Malformed(_)) => {
                    ConnectError::Malformed {
                        path: path.to_owned(),
                        source,
                    }
                }
            })?;
        match welcome {
            Welcome::Served {
                protocol,
                version,
                pid,
            } => Ok(Self {
                stream,
                path: path.to_owned(),
                early,
                daemon: Daemon {
                    protocol,
                    version,
                    pid,
                },
            }),
            Welcome::Refused(failure) => Err(ConnectError::Refused(failure)),
        }
    }

    /// The address that was connected to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn send<T: serde::Serialize>(
    stream: &Stream,
    document: &T,
    deadline: Instant,
) -> Result<(), FrameError> {
    Ok(stream.write_before(&frame::encode(document)?, deadline)?)
}

/// Reads one document; what came behind it stays in `early` for the next.
fn receive<T: DeserializeOwned>(
    stream: &Stream,
    early: &mut Vec<u8>,
    deadline: Option<Instant>,
) -> Result<T, FrameError> {
    let mut searched = 0;
    loop {
        if let Some(at) = early[searched..].iter().position(|byte| *byte == b'\n') {
            let rest = early.split_off(searched + at + 1);
            let line = std::mem::replace(early, rest);
            return frame::decode(&line);
        }
        searched = early.len();
        if searched >= FRAME_BYTES_MAX {
            return Err(FrameError::TooLong);
        }
        let room = READ_BYTES.min(FRAME_BYTES_MAX - searched);
        early.resize(searched + room, 0);
        let read = stream.read_before(&mut early[searched..], deadline);
        early.truncate(searched + *read.as_ref().unwrap_or(&0));
        if read? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}
