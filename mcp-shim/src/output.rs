//! What the bridge wants done.

use std::sync::Arc;
use std::time::Duration;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Write to the client.
    ToClient(Vec<u8>),
    /// Write to the daemon.
    ToDaemon(Arc<Vec<u8>>),
    /// Drop the connection, or the attempt at one, and after the pause make another.
    Relink {
        /// How long to wait first.
        pause: Duration,
        /// Who starts a daemon where none runs.
        start: Start,
    },
    /// Ask the daemon, on another connection, whether it is alive.
    Probe,
    /// End the program.
    End {
        /// Its exit code.
        code: u8,
        /// What to tell a person.
        words: Option<String>,
    },
}

/// Who starts a daemon where none runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// We do: somebody waits for it.
    Always,
    /// We do where the last one died. One that was stopped in good order is not wanted, until
    /// somebody asks for something.
    AfterDeath,
}
