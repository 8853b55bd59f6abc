//! Network work in a process of its own: what the daemon and its transfer worker say to each other.
//!
//! Invariants: every exchange ends by its deadline, if by the end of the worker; a worker ends with
//! its daemon, and its children with it; a remote's bytes are parsed in the worker alone.

mod frame;
mod link;
mod process;
pub(crate) mod serve;
mod sockets;

use std::borrow::Cow;
use std::ffi::OsString;

use repository::{Author, CloneConfig, Fetched, PushError, Pushed, Remote, Tip, TransferError};
use serde::{Deserialize, Serialize};
use threads::operation::Operation;

pub(crate) use link::Link;
pub(crate) use sockets::Sockets;

/// The subcommand that makes this program a worker.
const SUBCOMMAND: &str = "transfer";

/// What daemon and worker must have in common; the number grows with every change of a frame.
const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " (transfer 1)");

/// The daemon's first frame.
#[derive(Serialize, Deserialize)]
struct Greeting {
    build: String,
    clone: OsString,
    config: CloneConfig,
    /// A private folder for the sockets of ssh.
    sockets: Option<OsString>,
}

/// The one part of a greeting that a worker of any build understands.
#[derive(Deserialize)]
struct GreetingBuild {
    build: String,
}

/// The answer to a greeting.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Greeted {
    Ready,
    OtherBuild { build: String },
    NotAttached { trouble: TransferError },
}

/// What follows the greeting, one after the other.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request<'a> {
    Fetch {
        remote: Cow<'a, Remote>,
    },
    Push {
        remote: Cow<'a, Remote>,
        onto: Option<Tip>,
        operations: Cow<'a, [Operation]>,
        author: Cow<'a, Author>,
    },
}

/// The answer to a request.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reply {
    answer: Answer,
    /// The worker is in doubt and wants to be ended.
    spent: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Fetched(Result<Fetched, TransferError>),
    Pushed(Result<Pushed, PushError>),
}

#[cfg(test)]
mod tests;
