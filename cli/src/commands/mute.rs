//! `watercooler mute` and `unmute`: whether popups about a thread, or a repository, are wanted.

use clap::Args;
use protocol::answer::Answer;
use protocol::request::{Mute, Request};

use crate::link::{Link, unexpected};
use crate::plain::one_line;
use crate::problem::Problem;
use crate::report::{Report, document};
use crate::session::Session;

/// What `mute` and `unmute` take.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The thread; none: the repository
    topic: Option<String>,
}

/// Mutes, or unmutes.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments, muted: bool) -> Result<Report, Problem> {
    let what = arguments.topic.clone();
    let request = Request::Mute(Mute {
        topic: arguments.topic,
        muted,
    });
    let done = Link::started(session)?.ask(request)?;
    let Answer::Muted(_) = &done.answer else {
        return Err(unexpected());
    };
    let mut name = one_line(done.repository.as_deref().unwrap_or_default());
    if let Some(topic) = what {
        name = format!("{name}/{}", one_line(&topic));
    }
    let text = if muted {
        format!("{name}: no popups\n")
    } else {
        format!("{name}: popups come again\n")
    };
    Ok(Report::new(text, document(&done)))
}
