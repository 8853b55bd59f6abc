//! `watercooler hook`: what coding agents run at the start of a session, at a prompt and after a
//! turn. It never fails: whatever is wrong, it ends with 0 and says nothing.

use clap::{Args, ValueEnum};

use crate::hook::asking::Asking;
use crate::hook::client::Client;
use crate::hook::{quick, wait};
use crate::problem::Exit;
use crate::session::Session;

/// What `hook` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What happens in the client
    event: Event,
    /// Whose hook it is; else the coding agent that runs the command, else claude-code
    #[arg(long, value_name = "CLIENT")]
    client: Option<Client>,
}

/// What happens in the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Event {
    /// A session begins: say what waits
    SessionStart,
    /// A person speaks: say what is new since
    Prompt,
    /// A turn is over: wait, and wake the agent when it is its turn
    Wait,
}

/// Says what there is to say.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Exit {
    let asking = Asking::new(session, arguments.client);
    match arguments.event {
        Event::SessionStart => quick::session_start(asking),
        Event::Prompt => quick::prompt(asking),
        Event::Wait => return wait::run(asking),
    }
    Exit::Done
}
