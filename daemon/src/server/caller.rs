//! Who calls: the author that a connection writes as and the reader that it reads as. Both are
//! bound to the connection; no argument and no text changes them.

use protocol::failure::{Failure, FailureCode};
use protocol::hello::{Hello, Program};
use protocol::request::Context;
use threads::ball::{Ball, Reader};

use crate::shared::{Setup, Shared};

/// The name that a person's own commands write under.
const PERSON: &str = "Human";

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// `Claude (alice)`, as it is written.
    pub(crate) author: Ball,
    /// Whose turn is looked for.
    pub(crate) reader: Reader,
    /// The client's own name, where it gave one.
    pub(crate) client: Option<String>,
}

impl Caller {
    /// Who the connection is, under the settings in force.
    pub(crate) fn of(shared: &Shared, setup: &Setup, hello: &Hello, context: &Context) -> Self {
        let user = setup.settings.identity.user.clone();
        let now = jiff::Timestamp::now().as_second();
        let given = hello
            .agent
            .as_ref()
            .or_else(|| hello.environment.get("WATERCOOLER_AGENT"));
        let name = match (given, hello.program) {
            (Some(name), _) => Some(setup.names.canonical(name)),
            (None, Program::Shim) => Some(
                setup
                    .names
                    .canonical(context.client.as_deref().unwrap_or_default()),
            ),
            (None, Program::Cli | Program::Tray | Program::Installer) => None,
        };
        match name {
            Some(name) => {
                shared.recent_agents.saw(&name, now);
                Self {
                    author: Ball {
                        name: name.clone(),
                        tag: Some(user.clone()),
                    },
                    reader: Reader::Agent { name, user },
                    client: context.client.clone(),
                }
            }
            None => Self {
                author: Ball {
                    name: PERSON.to_owned(),
                    tag: Some(user.clone()),
                },
                reader: Reader::Person {
                    user,
                    agents: shared.recent_agents.names(now),
                },
                client: context.client.clone(),
            },
        }
    }

    /// Whether it is the person, and no agent.
    pub(crate) fn is_person(&self) -> bool {
        match self.reader {
            Reader::Person { .. } => true,
            Reader::Agent { .. } => false,
        }
    }

    /// The key of this reader's marks.
    pub(crate) fn reader_key(&self) -> String {
        self.author.to_string()
    }
}

/// Refuses a write on a connection that may only read.
///
/// # Errors
/// `read_only`.
pub(crate) fn may_write(hello: &Hello) -> Result<(), Failure> {
    if !hello.read_only {
        return Ok(());
    }
    Err(Failure::new(
        FailureCode::ReadOnly,
        "This connection may only read.",
        "Start the client's watercooler-mcp without --read-only to write.",
    ))
}
