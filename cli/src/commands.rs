//! A file a command: what it takes, what it asks for, what it shows.

pub(crate) mod ack;
pub(crate) mod credential;
pub(crate) mod daemon;
pub(crate) mod doctor;
pub(crate) mod handoff;
pub(crate) mod hook;
pub(crate) mod inbox;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod manual;
pub(crate) mod mark_read;
pub(crate) mod mute;
pub(crate) mod open;
pub(crate) mod pause;
pub(crate) mod read;
pub(crate) mod repo;
pub(crate) mod say;
pub(crate) mod search;
pub(crate) mod set_status;
pub(crate) mod status;
pub(crate) mod support_bundle;
pub(crate) mod sync;
pub(crate) mod updates;
pub(crate) mod watch;
pub(crate) mod write;

use crate::arguments::Command;
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;

/// How a command ended that did what it could.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With something to show.
    Showing(Report),
    /// It has printed what there was while it ran.
    With(Exit),
}

/// Carries the command out.
///
/// # Errors
/// The [`Problem`] for which there is nothing else to show.
pub(crate) fn run(session: &Session, command: Command) -> Result<Ended, Problem> {
    match command {
        Command::Inbox => inbox::run(session),
        Command::Status => status::run(session),
        Command::List(arguments) => list::run(session, &arguments),
        Command::Read(arguments) => read::run(session, &arguments),
        Command::Say(arguments) => say::run(session, arguments),
        Command::Ack(arguments) => ack::run(session, arguments),
        Command::Handoff(arguments) => handoff::run(session, arguments),
        Command::SetStatus(arguments) => set_status::run(session, arguments),
        Command::Updates(arguments) => updates::run(session, &arguments),
        Command::Search(arguments) => search::run(session, arguments),
        Command::MarkRead(arguments) => mark_read::run(session, arguments),
        Command::Mute(arguments) => mute::run(session, arguments, true),
        Command::Unmute(arguments) => mute::run(session, arguments, false),
        Command::Open(arguments) => open::run(session, arguments),
        Command::Watch => return watch::run(session).map(|()| Ended::With(Exit::Done)),
        Command::Sync(arguments) => sync::run(session, &arguments),
        Command::Pause(arguments) => pause::run(session, &arguments),
        Command::Resume => pause::resume(session),
        Command::Credential(command) => credential::run(session, command),
        Command::Repo(command) => repo::run(session, command),
        Command::Daemon(command) => daemon::run(session, command),
        Command::Doctor(arguments) => doctor::run(session, arguments),
        Command::Manual(arguments) => manual::run(&arguments),
        Command::SupportBundle(arguments) => support_bundle::run(session, &arguments),
        Command::Hook(arguments) => return Ok(Ended::With(hook::run(session, &arguments))),
        Command::Logs(arguments) => {
            return logs::run(session, &arguments).map(|()| Ended::With(Exit::Done));
        }
    }
    .map(Ended::Showing)
}
