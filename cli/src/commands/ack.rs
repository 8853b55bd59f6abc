//! `watercooler ack`: an entry that leaves the ball where it is.

use clap::Args;
use protocol::request::{Ack, Request};

use crate::commands::write::{self, Key};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;

/// What `ack` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The thread
    topic: String,
    /// The entry's title; else Ack
    #[arg(long)]
    title: Option<String>,
    /// The entry's body; else ack
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    body: Option<String>,
    #[command(flatten)]
    key: Key,
}

/// Acknowledges.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let ack = Ack {
        topic: arguments.topic,
        title: arguments.title,
        body: arguments.body,
        spec: None,
        delivery: arguments.key.delivering(session, None),
    };
    write::send(session, Request::Ack(ack))
}
