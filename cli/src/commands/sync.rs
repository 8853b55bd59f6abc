//! `watercooler sync`: fetch and push now.

use clap::Args;
use protocol::answer::{Answer, Synced};
use protocol::request::{Request, Sync};

use crate::link::{Link, unexpected};
use crate::problem::{Exit, Problem};
use crate::report::{Report, document};
use crate::session::Session;
use crate::text;

/// How long `--wait` waits, in seconds; source: the outside contract, section 4.
pub(crate) const WAIT_SECONDS: u32 = 60;

/// What `sync` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Wait until it is done, 60 seconds at most; exit 1 if it is not in step then
    #[arg(long)]
    wait: bool,
}

/// Syncs.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let wait_seconds = if arguments.wait { WAIT_SECONDS } else { 0 };
    let done = Link::started(session)?.ask(Request::Sync(Sync { wait_seconds }))?;
    let Answer::Synced(synced) = &done.answer else {
        return Err(unexpected());
    };
    let repository = done.repository.as_deref().unwrap_or_default();
    let text = text::synced::text(synced, repository, session.paint);
    let report = Report::new(text, document(&done));
    if arguments.wait && !text::synced::in_step(synced) {
        let problem = out_of_step(repository, synced);
        return Ok(report.with(problem));
    }
    Ok(report)
}

/// The repository is not in step, and why.
pub(crate) fn out_of_step(repository: &str, synced: &Synced) -> Problem {
    let state = text::freshness::state(synced.state);
    let problem = Problem {
        exit: Exit::Failed,
        code: synced.state.as_str().to_owned(),
        message: format!("`{repository}` is not in step with its remote: {state}"),
        hint: Some("`watercooler status` shows how it goes on.".to_owned()),
    };
    match &synced.trouble {
        Some(trouble) => Problem {
            code: trouble.kind.clone(),
            message: format!("{}: {}", problem.message, trouble.message),
            hint: Some(trouble.hint.clone()),
            ..problem
        },
        None => problem,
    }
}
