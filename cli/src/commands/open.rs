//! `watercooler open`: a thread's file, in the person's editor or the program of their desktop.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use protocol::answer::{Answer, Done};
use protocol::failure::FailureCode;
use protocol::request::{MarkRead, ReadThread, Request};
use serde_json::json;

use crate::link::{Link, unexpected};
use crate::plain::one_line;
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;

/// What `open` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The thread
    topic: String,
}

/// Opens the file, and counts the thread as read.
///
/// # Errors
/// The daemon's failure, there is no such file, or nothing opens it.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let mut link = Link::started(session)?;
    let done = link.ask(Request::ReadThread(ReadThread {
        topic: arguments.topic,
        limit: Some(1),
        without_bodies: true,
        unmarked: true,
        ..ReadThread::default()
    }))?;
    let Answer::Thread(thread) = &done.answer else {
        return Err(unexpected());
    };
    let repository = done.repository.clone().unwrap_or_default();
    let file = folder(&mut link, &repository)?.join(format!("{}.md", thread.topic));
    if !file.is_file() {
        return Err(unopened(format!("{} is not there", file.display())));
    }
    show(session, &file)?;
    let topics = vec![thread.topic.clone()];
    link.ask_in(
        &repository,
        Request::MarkRead(MarkRead { topics, all: false }),
    )?;
    let path = file.display().to_string();
    let document = json!({"repository": repository, "topic": thread.topic, "file": path});
    Ok(Report::new(format!("{}\n", one_line(&path)), document))
}

fn folder(link: &mut Link, repository: &str) -> Result<PathBuf, Problem> {
    let Done {
        answer: Answer::Status(status),
        ..
    } = link.ask(Request::Status)?
    else {
        return Err(unexpected());
    };
    let mut all = status.repositories.into_iter();
    let folder = all.find(|one| one.name == repository);
    let folder = folder.and_then(|one| one.folder).ok_or_else(unexpected)?;
    Ok(PathBuf::from(folder))
}

fn show(session: &Session, file: &Path) -> Result<(), Problem> {
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| session.variable(name));
    let Some(editor) = editor.filter(|_| on_terminal && !session.json) else {
        return platform::opener::open(file)
            .map_err(|error| unopened(format!("nothing opens it: {error}")));
    };
    // The variable may hold arguments, as in `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = Command::new(program).args(words).arg(file).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(unopened(format!("`{editor}` ended with {status}"))),
        Err(error) => Err(unopened(format!("`{editor}` cannot be started: {error}"))),
    }
}

fn unopened(message: String) -> Problem {
    Problem::new(FailureCode::ThreadNotFound, message)
        .exit(Exit::Failed)
        .hint("`watercooler read` shows the thread on the terminal.")
}
