//! The first line of every connection: who calls, from where, and which protocol is spoken.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The protocol number that this build speaks; `--version` prints it.
pub const PROTOCOL: u32 = 1;

/// The variables of existing MCP client settings that a client forwards; it forwards no others.
///
/// Source: the outside contract, section 3. `CLAUDE_PROJECT_DIR` names a code checkout.
pub const FORWARDED_VARIABLES: [&str; 8] = [
    "WATERCOOLER_AGENT",
    "WATERCOOLER_DIR",
    "WATERCOOLER_GIT_REPO",
    "WATERCOOLER_GIT_SSH_KEY",
    "WATERCOOLER_GIT_AUTHOR",
    "WATERCOOLER_GIT_EMAIL",
    "WATERCOOLER_THREADS_PATTERN",
    "CLAUDE_PROJECT_DIR",
];

/// Which of our programs calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// `watercooler`.
    Cli,
    /// `watercooler-mcp`.
    Shim,
    /// `watercooler-tray`.
    Tray,
    /// `watercooler-installer`.
    Installer,
}

/// What follows the handshake on this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaks {
    /// `Ask` lines from the client, `Reply` lines from the daemon.
    Requests,
    /// JSON-RPC lines of the Model Context Protocol, in both directions.
    Mcp,
}

/// The client's first line. It is sent again, unchanged, on each reconnection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the client's build.
    pub protocol: u32,
    /// `X.Y.Z` of the client's build.
    pub version: String,
    /// Which program calls.
    pub program: Program,
    /// The client's process.
    pub pid: u32,
    /// What follows.
    pub speaks: Speaks,
    /// A random name of the client's process, the same over all its reconnections; with the
    /// JSON-RPC id it makes the key under which a resent call is recognised.
    pub session: String,
    /// `--agent`, or the coding agent that a marker in the environment names.
    #[serde(default)]
    pub agent: Option<String>,
    /// `--repository`.
    #[serde(default)]
    pub repository: Option<String>,
    /// `--code`: an absolute path.
    #[serde(default)]
    pub code: Option<String>,
    /// The client's working folder: an absolute path.
    #[serde(default)]
    pub folder: Option<String>,
    /// Those of [`FORWARDED_VARIABLES`] that are set and not empty.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// `--read-only`: nothing on this connection may write.
    #[serde(default)]
    pub read_only: bool,
}

/// The daemon's first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Welcome {
    /// The connection is served. Life of a daemon is proved by this line alone.
    Served {
        /// [`PROTOCOL`] of the daemon's build.
        protocol: u32,
        /// `X.Y.Z` of the daemon's build.
        version: String,
        /// The daemon's process.
        pid: u32,
    },
    /// The connection is not served, and is closed after this line.
    Refused(Failure),
}
