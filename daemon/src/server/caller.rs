//! Who calls: the author that a connection writes as and the reader that it reads as. Both are
//! bound to the connection; no argument and no text changes them.

use std::time::Instant;

use protocol::failure::{Failure, FailureCode};
use protocol::hello::Program;
use protocol::request::Context;
use threads::ball::{Ball, Reader};

use crate::server::client::Client;
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
    pub(crate) fn of(shared: &Shared, setup: &Setup, client: &Client, context: &Context) -> Self {
        let hello = &client.hello;
        let own_name = client.name(context);
        let user = setup.settings.identity.user.clone();
        let now = jiff::Timestamp::now().as_second();
        let given = hello
            .agent
            .as_ref()
            .or_else(|| hello.environment.get("WATERCOOLER_AGENT"));
        let name = match (given, hello.program) {
            (Some(name), _) => Some(setup.names.canonical(name)),
            (None, Program::Shim) => Some(setup.names.canonical(own_name.unwrap_or_default())),
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
                    client: own_name.map(str::to_owned),
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
                client: own_name.map(str::to_owned),
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

/// Refuses a write on a connection that may only read, or that wrote as much as it may.
///
/// # Errors
/// `read_only`, `rate_limited`.
pub(crate) fn may_write(
    (shared, setup): (&Shared, &Setup),
    client: &Client,
    caller: &Caller,
    context: &Context,
) -> Result<(), Failure> {
    let hello = &client.hello;
    if hello.read_only {
        return Err(Failure::new(
            FailureCode::ReadOnly,
            "This connection may only read.",
            "Start the client's watercooler-mcp without --read-only to write.",
        ));
    }
    // Each command is a process of its own, and still its caller's next write.
    let who = match hello.program {
        Program::Shim | Program::Tray | Program::Installer => hello.session.clone(),
        Program::Cli => format!("cli {}", caller.author),
    };
    let (call, per_minute) = (&context.resent_as, setup.settings.agents.writes_per_minute);
    shared
        .allowances
        .take(&who, call.as_deref(), per_minute, Instant::now())
}
