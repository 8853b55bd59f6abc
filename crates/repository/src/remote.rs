//! Where a repository's threads are kept in common, and how it is reached.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::RemoteUrl;

/// A remote, from the settings of one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Its address.
    pub url: RemoteUrl,
    /// The branch that holds the threads; `None`: the one that the remote's HEAD names.
    pub branch: Option<String>,
    /// A private key file for ssh: it is used alone, without the agent and other keys.
    pub ssh_key: Option<PathBuf>,
    /// The most that a whole exchange (one fetch, one push) may take.
    pub timeout: Duration,
}
