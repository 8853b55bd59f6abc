//! Who asks for a hook, from where, and the daemon that is asked: only one that runs, and only for as
//! long as there is time.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ipc::client::{AskError, Client as ToDaemon};
use ipc::connection::Connection;
use platform::dirs::Dirs;
use protocol::answer::Done;
use protocol::hello::Hello;
use protocol::request::{Context, Request};

use super::client::Client;
use super::input::Input;
use crate::session::Session;

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(super) client: Client,
    pub(super) hello: Hello,
    pub(super) dirs: Dirs,
    /// What tells this session from others; without one it is the folder.
    pub(super) session: String,
    context: Context,
}

/// A daemon that is asked.
#[derive(Debug)]
pub(super) struct Daemon {
    client: ToDaemon,
    context: Context,
}

impl Asking {
    /// As the flags, the environment and the working folder say.
    pub(crate) fn new(session: &Session, client: Option<Client>) -> Self {
        let named = session.named_agent.clone();
        let agent = client.map_or_else(
            || session.hello.agent.clone(),
            |client| Some(client.agent().to_owned()),
        );
        let agent = agent.unwrap_or_else(|| Client::ClaudeCode.agent().to_owned());
        let client = client.or_else(|| Client::of_agent(&agent));
        Self {
            client: client.unwrap_or(Client::ClaudeCode),
            hello: Hello {
                agent: named.or(Some(agent)),
                ..session.hello.clone()
            },
            dirs: session.dirs.clone(),
            session: session.hello.folder.clone().unwrap_or_default(),
            context: Context {
                repository: session.repository.clone(),
                ..Context::default()
            },
        }
    }

    /// The same with what the client says on standard input.
    pub(super) fn told(mut self) -> Self {
        let input = Input::read(std::io::stdin());
        if let Some(folder) = input.folder {
            self.hello.folder = Some(folder.clone());
            self.session = folder;
        }
        if let Some(session) = input.session {
            self.session = session;
        }
        self
    }

    /// The folder of what is remembered of sessions.
    pub(super) fn memory(&self) -> PathBuf {
        self.dirs.state.join("hooks")
    }

    /// Reaches the daemon, where one runs.
    pub(super) fn daemon(&self, limit: Duration) -> Option<Daemon> {
        let connection = Connection::open(&self.dirs, &self.hello, limit).ok()?;
        Some(Daemon {
            client: ToDaemon::over(connection),
            context: self.context.clone(),
        })
    }
}

impl Daemon {
    /// Asks, until the deadline.
    ///
    /// # Errors
    /// [`AskError`].
    pub(super) fn ask(&mut self, request: Request, deadline: Instant) -> Result<Done, AskError> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.client.ask(self.context.clone(), request, left)
    }
}
