//! `watercooler handoff`: an entry that passes the ball on.

use clap::Args;
use protocol::request::{Handoff, Request};

use crate::commands::write::{self, Key};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;

/// What `handoff` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The thread
    topic: String,
    /// Who is next: me, team, an agent's name, or NAME (USER); else the other
    #[arg(long, value_name = "WHO")]
    to: Option<String>,
    /// The entry's body
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    note: Option<String>,
    #[command(flatten)]
    key: Key,
}

/// Passes the ball on.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let handoff = Handoff {
        topic: arguments.topic,
        to: arguments.to,
        note: arguments.note,
        spec: None,
        delivery: arguments.key.delivering(session, None),
    };
    write::send(session, Request::Handoff(handoff))
}
