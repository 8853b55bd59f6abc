//! How the daemon and its repositories stand, in the fields of `status --json`.
//!
//! Source of the names: the outside contract, section 4.

use serde::{Deserialize, Serialize};

use crate::answer::{Freshness, RepositoryState, Trouble};

/// Of `status --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The daemon; null where none runs.
    pub daemon: Option<DaemonStatus>,
    /// The repositories, in the order of the settings.
    pub repositories: Vec<RepositoryStatus>,
    /// What was counted since the daemon started.
    pub metrics: Metrics,
}

/// The daemon's part of a status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// `X.Y.Z`.
    pub version: String,
    /// [`crate::hello::PROTOCOL`].
    pub protocol: u32,
    /// Its process.
    pub pid: u32,
    /// Since its start.
    pub uptime_seconds: f64,
    /// What stands in its way.
    pub trouble: Option<Trouble>,
    /// Whether credentials are kept in files instead of the keychain.
    #[serde(rename = "_credentials_in_files", default)]
    pub credentials_in_files: bool,
    /// Whose daemon it is: the tag in `Claude (alice)`.
    #[serde(rename = "_user", default)]
    pub user: String,
    /// Which popups are wanted.
    #[serde(rename = "_notify", default)]
    pub notify: Notify,
}

/// `[notify]` of the settings in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// "Your turn".
    pub ball: bool,
    /// New-entry digests.
    pub entries: bool,
    /// When none are shown: the first quiet minute of the day and the first that is not.
    pub quiet: Option<(u16, u16)>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            ball: true,
            entries: true,
            quiet: None,
        }
    }
}

/// One repository's part of a status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepositoryStatus {
    /// Its name in the settings.
    pub name: String,
    /// Its remote, without credentials; null where local only.
    pub url: Option<String>,
    /// The branch that is followed; null where not yet known.
    pub branch: Option<String>,
    /// How it stands.
    pub state: RepositoryState,
    /// The commit that this machine shows.
    pub head: Option<String>,
    /// The remote's tip as last heard.
    pub remote_head: Option<String>,
    /// Operations that wait for the remote.
    pub pending: u64,
    /// Operations that the remote refused.
    pub held: u64,
    /// RFC 3339.
    pub last_fetch: Option<String>,
    /// RFC 3339.
    pub last_push: Option<String>,
    /// With what its remote is gone to, in words.
    #[serde(rename = "_way", default)]
    pub way: Option<String>,
    /// How many threads.
    pub threads: u64,
    /// How many are the asking reader's turn.
    pub your_turn: u64,
    /// How many entries the asking reader has not been shown.
    pub new_entries: u64,
    /// Whether popups about it are not wanted.
    #[serde(rename = "_muted", default)]
    pub muted: bool,
    /// The threads about which popups are not wanted.
    #[serde(rename = "_muted_topics", default)]
    pub muted_topics: Vec<String>,
    /// The folder of its thread files.
    #[serde(rename = "_folder", default)]
    pub folder: Option<String>,
    /// What stands in its way.
    pub trouble: Option<Trouble>,
    /// When its pause ends by itself, RFC 3339; null where it has no end, or there is none.
    #[serde(rename = "_paused_until", default)]
    pub paused_until: Option<String>,
    /// Files of its working tree that are nobody's trouble but a person's to see to.
    #[serde(rename = "_left_alone", default)]
    pub left_alone: Vec<LeftAlone>,
}

/// A file of a working tree that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAlone {
    /// Its name in the folder of the threads.
    pub file: String,
    /// Why, in words that follow the name.
    pub why: String,
}

/// What was counted since the daemon started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Requests that change nothing.
    pub reads: Timings,
    /// Requests that write, to their durable answer.
    pub writes: Timings,
    /// Exchanges with a remote that read.
    pub fetches: Timings,
    /// Exchanges with a remote that write.
    pub pushes: Timings,
    /// Pushes that ended without success.
    pub push_failures: u64,
    /// Pushes that another writer was ahead of.
    pub conflicts: u64,
    /// Exchanges tried again.
    pub retries: u64,
    /// From remotes.
    pub bytes_received: u64,
    /// To remotes.
    pub bytes_sent: u64,
}

/// A count and its percentiles, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// How many.
    pub count: u64,
    /// Median.
    pub p50_us: u64,
    /// 95th percentile.
    pub p95_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
}

/// Of `health`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// The daemon.
    pub daemon: DaemonStatus,
    /// This connection's repository.
    pub repository: RepositoryStatus,
    /// What was counted.
    pub metrics: Metrics,
    /// What of the client's environment does not count, in words.
    #[serde(rename = "_notes", default)]
    pub notes: Vec<String>,
    /// How fresh.
    pub freshness: Freshness,
}
