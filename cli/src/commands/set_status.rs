//! `watercooler set-status`: an entry that changes the status.

use clap::Args;
use protocol::request::{Request, SetStatus};

use crate::commands::write::{self, Key};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;

/// What `set-status` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The thread
    topic: String,
    /// The new status; DONE, CLOSED, MERGED, RESOLVED, ABANDONED and OBSOLETE close the thread
    status: String,
    #[command(flatten)]
    key: Key,
}

/// Changes the status.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let set_status = SetStatus {
        topic: arguments.topic,
        status: arguments.status,
        spec: None,
        delivery: arguments.key.delivering(session, None),
    };
    write::send(session, Request::SetStatus(set_status))
}
