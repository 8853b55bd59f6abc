//! The connection to the daemon: how it is reached, why it is not, and how a write survives a lost
//! answer.

use std::time::Duration;

use ipc::client::{AskError, Client, Watch};
use ipc::connection::ConnectError;
use ipc::launch::LaunchError;
use protocol::answer::Done;
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Context, Delivering, Request};

use crate::problem::{Exit, Problem};
use crate::session::Session;

/// How long an answer may take, over what the request itself waits for.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);

/// What trying a way in out takes besides: after an exchange that may be under way, two of its own,
/// each with the settings' usual `network_timeout`, and the server's greeting.
const TRY_OUT_WAIT_MAX: Duration = Duration::from_secs(100);

/// Why the daemon is not reached, as far as a command goes on differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// A sandbox, or the rights of the socket, forbid it.
    NotPermitted,
    /// None runs: there is no socket, or nobody behind it.
    NoDaemon,
    /// It is ending.
    Ending,
    /// One is there, and does not answer or does not serve us.
    NotServed,
    /// Anything else.
    Other,
}

/// The daemon is not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreached {
    /// Why.
    pub(crate) why: Why,
    /// The words for it.
    pub(crate) problem: Problem,
}

impl From<Unreached> for Problem {
    fn from(unreached: Unreached) -> Self {
        unreached.problem
    }
}

impl From<ConnectError> for Unreached {
    fn from(error: ConnectError) -> Self {
        let why = match &error {
            ConnectError::NotPermitted { .. } => Why::NotPermitted,
            ConnectError::NotRunning { .. } | ConnectError::Stale { .. } => Why::NoDaemon,
            ConnectError::Ended { .. } => Why::Ending,
            ConnectError::Silent { .. }
            | ConnectError::Refused(_)
            | ConnectError::Malformed { .. } => Why::NotServed,
            ConnectError::NotOurs { .. } | ConnectError::Address(_) => Why::Other,
        };
        Self::ending(why, error.failure(), error.exit_code())
    }
}

impl From<LaunchError> for Unreached {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::Connect(error) => error.into(),
            LaunchError::Folder(_)
            | LaunchError::NoProgram
            | LaunchError::Start { .. }
            | LaunchError::NoAnswer { .. } => {
                Self::ending(Why::Other, error.failure(), error.exit_code())
            }
        }
    }
}

impl Unreached {
    fn ending(why: Why, failure: Failure, exit_code: u8) -> Self {
        let is_forbidden = exit_code == Exit::NotPermitted.code();
        let (why, exit) = if is_forbidden {
            (Why::NotPermitted, Exit::NotPermitted)
        } else {
            (why, Exit::Unavailable)
        };
        Self {
            why,
            problem: Problem::from(failure).exit(exit),
        }
    }
}

/// A connection whose `Hello` was answered.
#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    context: Context,
    /// How many questions can be recognised where they are sent again.
    asked_again: u64,
}

impl Link {
    /// Reaches the daemon that runs.
    ///
    /// # Errors
    /// [`Unreached`].
    pub(crate) fn to_running(session: &Session) -> Result<Self, Unreached> {
        let client = Client::open(&session.dirs, &session.hello)?;
        Ok(Self::over(client, session))
    }

    /// Reaches the daemon, and starts it where none runs.
    ///
    /// # Errors
    /// [`Unreached`].
    pub(crate) fn started(session: &Session) -> Result<Self, Unreached> {
        let client = Client::open_or_start(&session.dirs, &session.hello)?;
        Ok(Self::over(client, session))
    }

    fn over(client: Client, session: &Session) -> Self {
        let context = Context {
            repository: session.repository.clone(),
            ..Context::default()
        };
        Self {
            client,
            context,
            asked_again: 0,
        }
    }

    /// The daemon's process.
    pub(crate) fn daemon_pid(&self) -> u32 {
        self.client.connection().daemon().pid
    }

    /// Asks once.
    ///
    /// # Errors
    /// The daemon's failure, or that no answer came.
    pub(crate) fn ask(&mut self, request: Request) -> Result<Done, Problem> {
        self.sent(self.context.clone(), request).map_err(problem)
    }

    /// Asks once, of that repository.
    ///
    /// # Errors
    /// As [`Link::ask`].
    pub(crate) fn ask_in(&mut self, repository: &str, request: Request) -> Result<Done, Problem> {
        let context = Context {
            repository: Some(repository.to_owned()),
            ..self.context.clone()
        };
        self.sent(context, request).map_err(problem)
    }

    /// Asks for updates; where the connection is lost, once more on a new one. The very same question
    /// begins at the same place.
    ///
    /// # Errors
    /// As [`Link::ask`].
    pub(crate) fn ask_again(
        &mut self,
        session: &Session,
        request: &Request,
    ) -> Result<Done, Problem> {
        self.asked_again += 1;
        let context = Context {
            resent_as: Some(format!("{}:{}", session.hello.session, self.asked_again)),
            ..self.context.clone()
        };
        let mut sent = self.sent(context.clone(), request.clone());
        if let Err(AskError::Lost(_)) = &sent {
            let asked_again = self.asked_again;
            *self = Self::started(session)?;
            self.asked_again = asked_again;
            sent = self.sent(context, request.clone());
        }
        sent.map_err(problem)
    }

    /// Watches, instead of all else.
    ///
    /// # Errors
    /// That the connection is lost.
    pub(crate) fn watch(self) -> Result<Watch, Problem> {
        self.client.watch(self.context).map_err(problem)
    }

    /// Sends a write; where the connection is lost, once more on a new one. The key in the write
    /// keeps it from being made twice.
    ///
    /// # Errors
    /// The daemon's failure, or `uncertain` with the key under which it can be sent again.
    pub(crate) fn write(mut self, session: &Session, request: &Request) -> Result<Done, Problem> {
        let mut sent = self.sent(self.context.clone(), request.clone());
        if let Err(AskError::Lost(_)) = &sent {
            let mut again = Self::started(session).map_err(|_| uncertain(request))?;
            sent = again.sent(self.context, request.clone());
        }
        sent.map_err(|error| match error {
            AskError::Lost(_) | AskError::Silent(_) => uncertain(request),
            AskError::Failed(_) | AskError::TooLarge => problem(error),
        })
    }

    /// Tells the daemon to end. One that is gone before its answer has done as it was told.
    ///
    /// # Errors
    /// The daemon's failure.
    pub(crate) fn stop(mut self) -> Result<(), Problem> {
        match self.sent(Context::default(), Request::Stop) {
            Ok(_) | Err(AskError::Lost(_) | AskError::Silent(_)) => Ok(()),
            Err(error @ (AskError::Failed(_) | AskError::TooLarge)) => Err(problem(error)),
        }
    }

    fn sent(&mut self, context: Context, request: Request) -> Result<Done, AskError> {
        let seconds = match &request {
            Request::Sync(sync) => sync.wait_seconds.into(),
            Request::ListUpdates(list) => list.wait_seconds.unwrap_or(0).unsigned_abs(),
            Request::CredentialTest => TRY_OUT_WAIT_MAX.as_secs(),
            Request::Status
            | Request::ListThreads(_)
            | Request::ReadThread(_)
            | Request::Search(_)
            | Request::MarkRead(_)
            | Request::Mute(_)
            | Request::Watch
            | Request::Say(_)
            | Request::Ack(_)
            | Request::Handoff(_)
            | Request::SetStatus(_)
            | Request::Health
            | Request::Whoami
            | Request::RepositoryList
            | Request::RepositoryProbe(_)
            | Request::RepositoryForget(_)
            | Request::CredentialReload
            | Request::SettingsReload
            | Request::Pause(_)
            | Request::Resume
            | Request::Stop => 0,
        };
        let limit = ANSWER_WAIT_MAX + Duration::from_secs(seconds);
        self.client.ask(context, request, limit)
    }
}

fn problem(error: AskError) -> Problem {
    error.failure().into()
}

/// The daemon answered something that was not asked for.
pub(crate) fn unexpected() -> Problem {
    let message = "the daemon answered something else than what was asked";
    Problem::new(FailureCode::VersionMismatch, message)
        .hint("`watercooler daemon restart` starts the daemon that belongs to this command.")
}

fn uncertain(request: &Request) -> Problem {
    let message = "no answer came: it is not known whether the entry was written";
    let problem = Problem::new(FailureCode::Uncertain, message);
    match delivering(request).and_then(|delivering| delivering.idempotency_key.as_deref()) {
        Some(key) => problem.hint(format!(
            "Run the same command with --key {key}: an entry that was written is not written again."
        )),
        None => problem,
    }
}

fn delivering(request: &Request) -> Option<&Delivering> {
    match request {
        Request::Say(say) => Some(&say.delivery),
        Request::Ack(ack) => Some(&ack.delivery),
        Request::Handoff(handoff) => Some(&handoff.delivery),
        Request::SetStatus(set_status) => Some(&set_status.delivery),
        Request::Status
        | Request::ListThreads(_)
        | Request::ReadThread(_)
        | Request::ListUpdates(_)
        | Request::Search(_)
        | Request::MarkRead(_)
        | Request::Mute(_)
        | Request::Watch
        | Request::Sync(_)
        | Request::Health
        | Request::Whoami
        | Request::RepositoryList
        | Request::CredentialReload
        | Request::CredentialTest
        | Request::RepositoryProbe(_)
        | Request::RepositoryForget(_)
        | Request::SettingsReload
        | Request::Pause(_)
        | Request::Resume
        | Request::Stop => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::io;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn each_way_not_to_reach_the_daemon_has_words_of_its_own() {
        let path = PathBuf::from("/run/daemon.sock");
        let errors = [
            ConnectError::NotPermitted {
                path: path.clone(),
                source: io::Error::from(io::ErrorKind::PermissionDenied),
            },
            ConnectError::NotRunning { path: path.clone() },
            ConnectError::Stale { path: path.clone() },
            ConnectError::Silent {
                path,
                waited: Duration::from_secs(2),
            },
        ];
        let unreached = errors.map(Unreached::from);
        let words: HashSet<_> = unreached.iter().map(|each| &each.problem.message).collect();
        assert_eq!(words.len(), 4);
        let ends = unreached.map(|each| (each.why, each.problem.exit.code()));
        let expected = [
            (Why::NotPermitted, 77),
            (Why::NoDaemon, 69),
            (Why::NoDaemon, 69),
            (Why::NotServed, 69),
        ];
        assert_eq!(ends, expected);
    }

    #[test]
    fn a_daemon_that_turns_us_away_says_why() {
        let failure = Failure::new(FailureCode::VersionMismatch, "older", "restart it");
        let unreached = Unreached::from(ConnectError::Refused(failure));
        assert_eq!(unreached.why, Why::NotServed);
        assert_eq!(unreached.problem.exit, Exit::Unavailable);
        assert_eq!(unreached.problem.code, "version_mismatch");
    }
}
