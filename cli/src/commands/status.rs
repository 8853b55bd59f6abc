//! `watercooler status`: never starts a daemon.

use protocol::answer::Answer;
use protocol::request::Request;
use serde_json::json;

use crate::link::{Link, Why, unexpected};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::text;

/// Shows how things stand.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached though it may be there.
pub(crate) fn run(session: &Session) -> Result<Report, Problem> {
    let mut link = match Link::to_running(session) {
        Ok(link) => link,
        Err(unreached) => {
            return match unreached.why {
                Why::NoDaemon | Why::Ending => Ok(without_daemon(unreached.problem)),
                Why::NotPermitted | Why::NotServed | Why::Other => Err(unreached.problem),
            };
        }
    };
    let done = link.ask(Request::Status)?;
    let Answer::Status(status) = &done.answer else {
        return Err(unexpected());
    };
    let text = text::status::text(status, session.paint);
    Ok(Report::new(text, done.structured()))
}

fn without_daemon(problem: Problem) -> Report {
    // Scripts rely on exactly these keys, so the problem is told on standard error alone.
    let document = json!({"daemon": null, "repositories": []});
    Report {
        problem: Some(problem),
        ..Report::new(String::new(), document)
    }
}
