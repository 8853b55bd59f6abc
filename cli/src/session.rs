//! What every command knows of the process that it runs in.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;

use platform::dirs::Dirs;
use protocol::failure::FailureCode;
use protocol::hello::{Hello, Program, Speaks};

use crate::arguments::Common;
use crate::identity;
use crate::problem::Problem;
use crate::text::paint::Paint;

/// The flags, the environment and the places, read once.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Where everything lives.
    pub(crate) dirs: Dirs,
    /// The first line of every connection that this process makes.
    pub(crate) hello: Hello,
    /// The agent that the flag or the variable names.
    pub(crate) named_agent: Option<String>,
    /// `--repository`.
    pub(crate) repository: Option<String>,
    /// Whether one JSON document is wanted.
    pub(crate) json: bool,
    /// Whether colours are wanted.
    pub(crate) paint: Paint,
    /// The variables that are text.
    pub(crate) environment: BTreeMap<String, String>,
}

impl Session {
    /// Reads the process.
    ///
    /// # Errors
    /// A [`Problem`] where no folder can be told, as without `HOME`.
    pub(crate) fn of_process(common: Common) -> Result<Self, Problem> {
        let variables = std::env::vars_os();
        let environment: BTreeMap<String, String> = variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let dirs = Dirs::find().map_err(|error| {
            Problem::new(FailureCode::DaemonUnavailable, error.to_string())
                .hint("Set HOME, or WATERCOOLER_HOME to a folder of yours.")
        })?;
        let no_colour = environment
            .get("NO_COLOR")
            .is_some_and(|value| !value.is_empty());
        let dumb = environment.get("TERM").is_some_and(|value| value == "dumb");
        Ok(Self {
            named_agent: identity::named(common.agent.as_deref(), &environment),
            dirs,
            hello: Hello {
                agent: identity::agent(common.agent.as_deref(), &environment),
                repository: common.repository.clone(),
                ..ipc::caller::hello(Program::Cli, Speaks::Requests)
            },
            repository: common.repository,
            json: common.json,
            paint: Paint::new(std::io::stdout().is_terminal() && !no_colour && !dumb),
            environment,
        })
    }

    /// The same for a command that is about all repositories, whichever one was named.
    pub(crate) fn of_no_repository(&self) -> Self {
        Self {
            hello: Hello {
                repository: None,
                ..self.hello.clone()
            },
            repository: None,
            ..self.clone()
        }
    }

    /// The working folder, where it can be told.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.hello.folder.as_deref().map(Path::new)
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }
}
