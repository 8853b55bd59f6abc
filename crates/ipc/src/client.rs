//! The typed client: one request, one answer, matched by id, within a limit.

use std::io;
use std::time::{Duration, Instant};

use platform::dirs::Dirs;
use protocol::answer::{Done, Outcome, Reply};
use protocol::failure::{Failure, FailureCode};
use protocol::frame::FrameError;
use protocol::hello::Hello;
use protocol::request::{Ask, Context, Request};
use protocol::update::{Line, Update};

use crate::connection::{ConnectError, Connection, HANDSHAKE_WAIT_MAX};
use crate::launch::{self, LaunchError};

/// A connection that speaks requests.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    asked: u64,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The daemon says why.
    #[error("{0}")]
    Failed(Failure),
    /// The request is too long to be sent.
    #[error("the request is too large to be sent")]
    TooLarge,
    /// No answer came in time. A write may have been carried out all the same.
    #[error("the daemon did not answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The connection ended. A write may have been carried out all the same.
    #[error("the connection to the daemon was lost")]
    Lost(#[source] FrameError),
}

impl AskError {
    /// The failure that a person or a program is told.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Failed(failure) => failure.clone(),
            Self::TooLarge => Failure::new(
                FailureCode::TooLarge,
                self.to_string(),
                "Send less at a time.",
            ),
            Self::Silent(_) | Self::Lost(_) => Failure::new(
                FailureCode::Uncertain,
                self.to_string(),
                "Look whether it was done, or repeat it with the same key.",
            ),
        }
    }
}

impl Client {
    /// Connects to the daemon that runs, if one does.
    ///
    /// # Errors
    /// [`ConnectError`], in words for a person.
    pub fn open(dirs: &Dirs, hello: &Hello) -> Result<Self, ConnectError> {
        Connection::open(dirs, hello, HANDSHAKE_WAIT_MAX).map(Self::over)
    }

    /// Connects to the daemon, which is started if none runs.
    ///
    /// # Errors
    /// [`LaunchError`], in words for a person.
    pub fn open_or_start(dirs: &Dirs, hello: &Hello) -> Result<Self, LaunchError> {
        launch::open(dirs, hello, launch::START_WAIT_MAX).map(Self::over)
    }

    /// A client over a connection that speaks requests.
    #[must_use]
    pub fn over(connection: Connection) -> Self {
        Self {
            connection,
            asked: 0,
        }
    }

    /// The connection, to ask who is at its other end.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Hears from here on what becomes known, and asks nothing any more.
    ///
    /// # Errors
    /// [`AskError::Lost`], and [`AskError::Silent`] where the daemon takes no question.
    pub fn watch(self, context: Context) -> Result<Watch, AskError> {
        let ask = Ask {
            id: self.asked + 1,
            context,
            request: Request::Watch,
        };
        let deadline = Instant::now() + HANDSHAKE_WAIT_MAX;
        let sent = self.connection.send(&ask, deadline);
        sent.map_err(|error| failed(error, HANDSHAKE_WAIT_MAX))?;
        Ok(Watch {
            connection: self.connection,
        })
    }

    /// Asks, and waits for the answer for at most `limit`. After [`AskError::Silent`] the client can
    /// be asked again; the late answer is passed over.
    ///
    /// # Errors
    /// [`AskError`], in words for a person.
    pub fn ask(
        &mut self,
        context: Context,
        request: Request,
        limit: Duration,
    ) -> Result<Done, AskError> {
        let deadline = Instant::now() + limit;
        self.asked += 1;
        let ask = Ask {
            id: self.asked,
            context,
            request,
        };
        let failed = |error| failed(error, limit);
        self.connection.send(&ask, deadline).map_err(failed)?;
        loop {
            let reply: Reply = self.connection.receive(deadline).map_err(failed)?;
            if reply.id != self.asked {
                continue;
            }
            return match reply.outcome {
                Outcome::Done(done) => Ok(*done),
                Outcome::Failed(failure) => Err(AskError::Failed(failure)),
            };
        }
    }
}

/// A connection on which the daemon tells what becomes known.
#[derive(Debug)]
pub struct Watch {
    connection: Connection,
}

/// Why a watch has ended.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The daemon says why.
    #[error("{0}")]
    Ended(Failure),
    /// The connection ended, as when the daemon does.
    #[error("the connection to the daemon was lost")]
    Lost(#[source] FrameError),
}

impl Watch {
    /// The next piece of news; waits for it for as long as it takes. The first is
    /// [`Update::Hello`].
    ///
    /// # Errors
    /// [`WatchError`]; the watch is over then.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not tell why it has ended"
    )]
    pub fn next(&mut self) -> Result<Update, WatchError> {
        match self.connection.receive_whenever() {
            Ok(Line::Update(update)) => Ok(update),
            Ok(Line::Ended(reply)) => Err(match reply.outcome {
                Outcome::Failed(failure) => WatchError::Ended(failure),
                Outcome::Done(_) => {
                    let ended = io::Error::from(io::ErrorKind::UnexpectedEof);
                    WatchError::Lost(ended.into())
                }
            }),
            Err(error) => Err(WatchError::Lost(error)),
        }
    }
}

fn failed(error: FrameError, limit: Duration) -> AskError {
    match error {
        FrameError::TooLong => AskError::TooLarge,
        FrameError::Io(io) if io.kind() == io::ErrorKind::TimedOut => AskError::Silent(limit),
        lost @ (FrameError::Io(_) | FrameError::Malformed(_)) => AskError::Lost(lost),
    }
}
