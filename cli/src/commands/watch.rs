//! `watercooler watch`: what becomes known, a line each, until interrupted or until the daemon ends.

use std::io::{self, Write};

use ipc::client::WatchError;
use protocol::failure::FailureCode;

use crate::link::Link;
use crate::problem::Problem;
use crate::session::Session;
use crate::text;

/// Streams.
///
/// # Errors
/// Why the daemon cannot be reached, or why the stream ended.
pub(crate) fn run(session: &Session) -> Result<(), Problem> {
    let mut watch = Link::started(session)?.watch()?;
    let out = &mut io::stdout().lock();
    loop {
        let update = match watch.next() {
            Ok(update) => update,
            Err(WatchError::Ended(failure)) => return Err(failure.into()),
            Err(WatchError::Lost(_)) => return Err(lost()),
        };
        let printed = if session.json {
            serde_json::to_writer(&mut *out, &update)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        } else {
            out.write_all(text::updates::line(&update, session.paint).as_bytes())
        };
        match printed.and_then(|()| out.flush()) {
            Ok(()) => (),
            // Whoever read our output has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Problem::file("standard output takes no more", &error)),
        }
    }
}

fn lost() -> Problem {
    let message = "the daemon ended, and the watch with it";
    Problem::new(FailureCode::DaemonUnavailable, message)
        .hint("Watch again, and see with `watercooler updates` what was missed.")
}
