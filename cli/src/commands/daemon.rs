//! `watercooler daemon`: start, stop and restart; each returns when it is so.

use std::thread;
use std::time::{Duration, Instant};

use clap::Subcommand;
use platform::process::process_alive;
use platform::single_instance::{self, EndError, Ending};
use protocol::answer::Answer;
use protocol::failure::FailureCode;
use protocol::request::Request;
use protocol::status::DaemonStatus;
use serde_json::json;

use crate::link::{Link, Why, unexpected};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::text;

/// How long a daemon may take to end; the contract gives it 5 seconds.
const END_WAIT: Duration = Duration::from_secs(10);

/// Between two looks at whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What `daemon` does.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the daemon, and wait until it answers
    Start,
    /// Stop the daemon, and wait until it has ended
    Stop,
    /// Stop the daemon if it runs, and start it
    Restart,
}

/// Does it.
///
/// # Errors
/// The daemon does not start or does not end, or why it cannot be reached.
pub(crate) fn run(session: &Session, command: Command) -> Result<Report, Problem> {
    match command {
        Command::Start => start(session),
        Command::Stop => {
            let text = match stop(session)? {
                Some(pid) => format!("The daemon, process {pid}, has ended.\n"),
                None => "No daemon runs.\n".to_owned(),
            };
            Ok(Report::new(text, json!({"daemon": null})))
        }
        Command::Restart => {
            stop(session)?;
            start(session)
        }
    }
}

fn start(session: &Session) -> Result<Report, Problem> {
    let daemon = status(&mut Link::started(session)?)?;
    let text = text::status::daemon_text(&daemon, session.paint);
    Ok(Report::new(text, json!({"daemon": daemon})))
}

/// Ends the daemon that runs; the process that has ended, or none where none ran.
fn stop(session: &Session) -> Result<Option<u32>, Problem> {
    let pid = match Link::to_running(session) {
        Ok(link) => {
            let pid = link.daemon_pid();
            link.stop()?;
            Some(pid)
        }
        Err(unreached) => match unreached.why {
            Why::NoDaemon => None,
            Why::Ending => owner(session).filter(|&pid| process_alive(pid)),
            Why::NotServed => end_unserved(session, unreached.problem)?,
            Why::NotPermitted | Why::Other => return Err(unreached.problem),
        },
    };
    pid.map_or(Ok(()), wait_for_end)?;
    Ok(pid)
}

/// Ends the daemon that holds the lock and does not answer, or speaks another protocol.
fn end_unserved(session: &Session, problem: Problem) -> Result<Option<u32>, Problem> {
    let pid = owner(session);
    match single_instance::end_owner(&session.dirs.state, Ending::Asked) {
        Ok(()) => Ok(pid),
        Err(EndError::NotOwned) => Ok(None),
        Err(error @ (EndError::NotProved(_) | EndError::Io { .. })) => {
            Err(problem.hint(error.to_string()))
        }
    }
}

fn owner(session: &Session) -> Option<u32> {
    single_instance::owner(&session.dirs.state).map(|owner| owner.pid)
}

fn wait_for_end(pid: u32) -> Result<(), Problem> {
    let end = Instant::now() + END_WAIT;
    while process_alive(pid) {
        if Instant::now() >= end {
            let seconds = END_WAIT.as_secs();
            let message = format!("the daemon, process {pid}, has not ended within {seconds} s");
            let hint = "`watercooler logs` shows what it does.";
            return Err(Problem::new(FailureCode::Uncertain, message).hint(hint));
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

fn status(link: &mut Link) -> Result<DaemonStatus, Problem> {
    let Answer::Status(status) = link.ask(Request::Status)?.answer else {
        return Err(unexpected());
    };
    status.daemon.ok_or_else(unexpected)
}
