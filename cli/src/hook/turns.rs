//! The questions that hooks put to the daemon. None of them counts as reading.

use std::time::Instant;

use ipc::client::AskError;
use protocol::answer::{Answer, Threads};
use protocol::failure::FailureCode;
use protocol::request::{Filter, ListThreads, ListUpdates, Request};
use protocol::update::Updates;

use super::asking::Daemon;

/// How many threads are looked at.
const THREADS_MAX: i64 = 200;

/// How many updates are asked for at once.
const UPDATES_MAX: i64 = 200;

/// The threads of a repository.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) repository: String,
    pub(super) threads: Threads,
}

/// What arrived.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) repository: String,
    pub(super) updates: Updates,
}

/// The threads that the filter lets through; none where the daemon says no, or something else.
pub(super) fn threads(daemon: &mut Daemon, filter: Filter, deadline: Instant) -> Option<Listed> {
    let request = Request::ListThreads(ListThreads {
        filter,
        limit: Some(THREADS_MAX),
        cursor: None,
    });
    let done = daemon.ask(request, deadline).ok()?;
    let repository = done.repository.unwrap_or_default();
    if let Answer::Threads(threads) = done.answer {
        Some(Listed {
            repository,
            threads,
        })
    } else {
        None
    }
}

/// What arrived since a cursor; without one, or where it is too old, since now. The agent's own place
/// stays where it is.
///
/// # Errors
/// [`AskError`].
pub(super) fn updates(
    daemon: &mut Daemon,
    since: Option<&str>,
    wait_seconds: i64,
    deadline: Instant,
) -> Result<Option<Arrived>, AskError> {
    let request = |since: String| {
        Request::ListUpdates(ListUpdates {
            since: Some(since),
            wait_seconds: Some(wait_seconds),
            limit: Some(UPDATES_MAX),
            unmarked: true,
        })
    };
    let now = || jiff::Timestamp::now().to_string();
    let asked = daemon.ask(request(since.map_or_else(now, str::to_owned)), deadline);
    let done = match asked {
        Err(AskError::Failed(failure)) if failure.code == FailureCode::CursorExpired => {
            daemon.ask(request(now()), deadline)?
        }
        asked => asked?,
    };
    let repository = done.repository.unwrap_or_default();
    Ok(if let Answer::Updates(updates) = done.answer {
        Some(Arrived {
            repository,
            updates,
        })
    } else {
        None
    })
}
