//! The repositories that clients' environments named, as the daemon keeps them in its state folder.

use serde::{Deserialize, Serialize};

/// The file, in the state folder: a JSON list of [`EnvironmentRepository`].
pub const ENVIRONMENT_FILE: &str = "environment.json";

/// One that a client named, by `WATERCOOLER_GIT_REPO` or `WATERCOOLER_THREADS_PATTERN`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRepository {
    /// Made of its address; always the same for the same one.
    pub name: String,
    /// Its remote, without a password.
    pub url: String,
    /// `WATERCOOLER_GIT_SSH_KEY`: an absolute path.
    #[serde(default)]
    pub ssh_key: Option<String>,
    /// `WATERCOOLER_GIT_AUTHOR`.
    #[serde(default)]
    pub author: Option<String>,
    /// `WATERCOOLER_GIT_EMAIL`.
    #[serde(default)]
    pub email: Option<String>,
    /// When a client last named it, in Unix seconds.
    #[serde(default)]
    pub used: i64,
}
