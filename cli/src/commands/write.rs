//! What the commands that write have in common: the key that makes sending twice safe.

use clap::Args;
use protocol::answer::Answer;
use protocol::request::{Delivering, Request};

use crate::link::{Link, unexpected};
use crate::problem::Problem;
use crate::report::{Report, document};
use crate::session::Session;
use crate::text;

/// The key of a write.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Key {
    /// A key of your own: the same write under the same key is made once
    #[arg(long = "key", value_name = "KEY")]
    key: Option<String>,
}

impl Key {
    /// How the write is delivered: under the given key, else under one that no other call has.
    pub(crate) fn delivering(self, session: &Session, wait_seconds: Option<i64>) -> Delivering {
        let key = self
            .key
            .unwrap_or_else(|| format!("cli-{}", session.hello.session));
        Delivering {
            idempotency_key: Some(key),
            wait_seconds,
        }
    }
}

/// Sends the write and shows what came of it.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn send(session: &Session, request: Request) -> Result<Report, Problem> {
    let done = Link::started(session)?.write(session, &request)?;
    let Answer::Written(written) = &done.answer else {
        return Err(unexpected());
    };
    Ok(Report::new(text::written::text(written), document(&done)))
}
