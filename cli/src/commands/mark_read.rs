//! `watercooler mark-read`: what stands in these threads counts as read.

use clap::Args;
use protocol::answer::Answer;
use protocol::request::{MarkRead, Request};

use crate::link::{Link, unexpected};
use crate::plain::one_line;
use crate::problem::Problem;
use crate::report::{Report, document};
use crate::session::Session;
use crate::text::table::counted;

/// What `mark-read` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The threads
    #[arg(required_unless_present = "all")]
    topics: Vec<String>,
    /// Every thread of the repository
    #[arg(long, conflicts_with = "topics")]
    all: bool,
}

/// Marks.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let request = Request::MarkRead(MarkRead {
        topics: arguments.topics,
        all: arguments.all,
    });
    let done = Link::started(session)?.ask(request)?;
    let Answer::Marked(marked) = &done.answer else {
        return Err(unexpected());
    };
    let repository = one_line(done.repository.as_deref().unwrap_or_default());
    let text = match (marked.entries, marked.threads) {
        (0, _) => format!("{repository}: nothing was new\n"),
        (entries, threads) => format!(
            "{repository}: {} in {} marked as read\n",
            counted(entries, "entry"),
            counted(threads, "thread")
        ),
    };
    Ok(Report::new(text, document(&done)))
}
