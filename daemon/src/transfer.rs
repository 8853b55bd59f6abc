//! Network work in a process of its own: what the daemon and its transfer worker say to each other.
//!
//! Invariants: every exchange ends by its deadline, if by the end of the worker; a worker ends with
//! its daemon, and its children with it; a remote's bytes are parsed in the worker alone.

mod frame;
mod given;
mod link;
mod process;
pub(crate) mod serve;
mod sockets;

use std::borrow::Cow;
use std::ffi::OsString;

use repository::{
    Author, CloneConfig, Fetched, Looked, PushError, Pushed, Remote, Tip, TransferError, TriedOut,
};
use serde::{Deserialize, Serialize};
use threads::operation::Operation;

pub(crate) use link::Link;
pub(crate) use sockets::Sockets;

/// The subcommand that makes this program a worker.
const SUBCOMMAND: &str = "transfer";

/// What daemon and worker must have in common; the number grows with every change of a frame.
const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " (transfer 5)");

/// The daemon's first frame.
#[derive(Serialize, Deserialize)]
struct Greeting {
    build: String,
    clone: OsString,
    config: CloneConfig,
    /// A private folder for the sockets of ssh.
    sockets: Option<OsString>,
    /// Files of known hosts that ssh reads besides its own.
    known_hosts: Vec<OsString>,
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
    Look {
        remote: Cow<'a, Remote>,
        /// As in `Fetch`.
        kept: Option<Cow<'a, str>>,
    },
    Fetch {
        remote: Cow<'a, Remote>,
        /// What tells the credential that is kept for it from others.
        kept: Option<Cow<'a, str>>,
    },
    Push {
        remote: Cow<'a, Remote>,
        kept: Option<Cow<'a, str>>,
        onto: Option<Tip>,
        operations: Cow<'a, [Operation]>,
        author: Cow<'a, Author>,
    },
    TryOut {
        remote: Cow<'a, Remote>,
        kept: Option<Cow<'a, str>>,
    },
}

/// What the worker says while it carries out a request: any number of questions, then the answer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// It needs the credential now.
    HandOver,
    Replied(Box<Reply>),
}

/// What the daemon says to [`Said::HandOver`].
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Handed {
    /// The next frame is the credential, and is no JSON.
    Over,
    Not {
        trouble: TransferError,
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
    Looked(Result<Looked, TransferError>),
    Fetched(Result<Fetched, TransferError>),
    Pushed(Result<Pushed, PushError>),
    TriedOut(TriedOut),
}

#[cfg(test)]
mod tests;
