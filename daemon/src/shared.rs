//! What all connections share: who is served, from which repositories, under which settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use protocol::answer::Trouble;
use protocol::environment::EnvironmentRepository;
use protocol::failure::Failure;
use threads::names::Names;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::bodies::Bodies;
use crate::checkout::{Codeless, Looking};
use crate::credentials::Credentials;
use crate::handle::Handle;
use crate::metrics::Metrics;
use crate::mint::Mint;
use crate::news::News;
use crate::pauses::Pause;
use crate::recent_agents::RecentAgents;
use crate::server::allowance::Allowances;
use crate::server::places::Code;
use crate::settings::Settings;

/// What all connections share. Fields only: what is done with them stands in `server/`.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The settings in force, and the repositories that they name.
    pub(crate) setup: ArcSwap<Setup>,
    /// The text of threads.
    pub(crate) bodies: Bodies,
    /// What is new in the repositories.
    pub(crate) news: News,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Entry-IDs.
    pub(crate) mint: Arc<Mint>,
    /// Which agents count as the person's.
    pub(crate) recent_agents: RecentAgents,
    /// How many searches may begin.
    pub(crate) searches: Arc<Semaphore>,
    /// How much each client wrote.
    pub(crate) allowances: Allowances,
    /// At code checkouts.
    pub(crate) looking: Looking,
    /// Where there are none.
    pub(crate) codeless: Codeless,
    /// At remotes that are to be set up.
    pub(crate) probing: Looking,
    /// Where working trees are.
    pub(crate) trees: PathBuf,
    /// What leads into remotes.
    pub(crate) credentials: Arc<Credentials>,
    /// Where the clones of probes are.
    pub(crate) probes: PathBuf,
    /// When the daemon started.
    pub(crate) started: Instant,
    /// To the supervisor.
    pub(crate) orders: mpsc::Sender<Order>,
}

/// Settings and what was made of them, swapped together.
#[derive(Debug)]
pub(crate) struct Setup {
    /// In force.
    pub(crate) settings: Settings,
    /// What is wrong with `config.toml`, where the last good settings are in force instead.
    pub(crate) trouble: Option<Trouble>,
    /// Agents' names.
    pub(crate) names: Names,
    /// In the order of the settings, then those that clients' environments named.
    pub(crate) repositories: Vec<Arc<Handle>>,
    /// Their code, all of it.
    pub(crate) codes: Arc<Vec<Code>>,
}

/// What a connection asks of the supervisor.
#[derive(Debug)]
pub(crate) enum Order {
    /// Read `config.toml` again; answers with its trouble.
    Reload(oneshot::Sender<Option<Trouble>>),
    /// Keep what a client's environment names, and open it.
    Keep(
        Box<EnvironmentRepository>,
        oneshot::Sender<Result<(), Failure>>,
    ),
    /// Keep it no longer; answers whether it was kept.
    Forget(String, oneshot::Sender<Result<bool, Failure>>),
    /// Pause these for so long, or resume them.
    Pause(
        Vec<String>,
        Option<Pause>,
        oneshot::Sender<Result<(), Failure>>,
    ),
    /// End, cleanly.
    Stop,
}

impl Setup {
    /// The repository of that name.
    pub(crate) fn repository(&self, name: &str) -> Option<&Arc<Handle>> {
        self.repositories.iter().find(|handle| handle.name == name)
    }
}
