//! Starts the daemon: ownership of the state folder first, then the socket, then everything else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use ipc::listener::Listener;
use platform::dirs::Dirs;
use platform::single_instance::{Ownership, TakeError};
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::bodies::Bodies;
use crate::checkout::{Codeless, Looking};
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::logs;
use crate::lookout::Lookout;
use crate::metrics::Metrics;
use crate::mint::Mint;
use crate::news::News;
use crate::open::Surroundings;
use crate::outside;
use crate::recent_agents::RecentAgents;
use crate::server::allowance::Allowances;
use crate::server::probe;
use crate::server::searches::SEARCHES_MAX;
use crate::server::serving::Serving;
use crate::settings::watching::SettingsWatch;
use crate::shared::Shared;
use crate::supervisor::Supervisor;
use crate::transfer::Sockets;

/// How many orders wait for the supervisor at most.
const ORDERS_MAX: usize = 16;

/// How long blocking work may go on after everything else has ended; the outbox is safe on disk.
const SHUTDOWN: Duration = Duration::from_millis(500);

/// How often it is looked whether lock and socket are still ours.
const PROOF: Duration = Duration::from_secs(10);

/// How the daemon ended before it served anybody.
#[derive(Debug)]
pub(crate) enum NotStarted {
    /// Another daemon owns the state folder.
    Running(TakeError),
    /// Something else.
    Failed(anyhow::Error),
}

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// Where it cannot start.
pub(crate) fn run() -> Result<(), NotStarted> {
    let dirs = Dirs::find()
        .context("find the folders")
        .map_err(NotStarted::Failed)?;
    prepare(&dirs).map_err(NotStarted::Failed)?;
    let ownership = Ownership::take(&dirs.state).map_err(|error| match error {
        TakeError::Taken(_) => NotStarted::Running(error),
        TakeError::Folder(_) | TakeError::Io { .. } => NotStarted::Failed(error.into()),
    })?;
    let _log = logs::begin(&dirs.logs()).map_err(NotStarted::Failed)?;
    if let Err(error) = platform::process::forbid_dumps() {
        warn!(%error, "Dumps of this process are not forbidden");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("watercoolerd")
        .enable_all()
        .build()
        .context("start the runtime")
        .map_err(NotStarted::Failed)?;
    let outcome = runtime
        .block_on(serve(dirs, &ownership))
        .map_err(NotStarted::Failed);
    runtime.shutdown_timeout(SHUTDOWN);
    info!("Ended");
    outcome
}

fn prepare(dirs: &Dirs) -> anyhow::Result<()> {
    std::fs::create_dir_all(&dirs.repositories)
        .with_context(|| format!("make the folder {}", dirs.repositories.display()))
}

async fn serve(dirs: Dirs, ownership: &Ownership) -> anyhow::Result<()> {
    let listener = Arc::new(Listener::bind(&dirs, ownership).context("bind the socket")?);
    let stop = stop_signal().context("listen to signals")?;
    let metrics = Arc::new(Metrics::default());
    let surroundings = Surroundings {
        dirs: dirs.clone(),
        clock: Clock::start(),
        bodies: Bodies::new(dirs.state.clone()),
        metrics: Arc::clone(&metrics),
        sockets: Arc::new(Sockets::begin(&dirs)),
        news: News::new(),
        credentials: Arc::new(Credentials::open(&dirs)),
        outside: outside::begin(),
        lookout: Lookout::begin(),
        mint: Arc::new(Mint::new()),
    };
    // Of a daemon that was killed; where there is none, nothing needs be removed.
    let _ = std::fs::remove_dir_all(dirs.state.join(probe::FOLDER));
    let watch = SettingsWatch::begin(&dirs.config);
    let mut supervisor = Supervisor::new(surroundings.clone());
    let setup = supervisor.set_up(None).await;
    let (orders, received) = mpsc::channel(ORDERS_MAX);
    let shared = Arc::new(Shared {
        setup: ArcSwap::from_pointee(setup),
        bodies: surroundings.bodies,
        news: surroundings.news,
        metrics,
        mint: surroundings.mint,
        recent_agents: RecentAgents::open(dirs.state.join("agents.json")),
        searches: Arc::new(Semaphore::new(SEARCHES_MAX)),
        allowances: Allowances::default(),
        looking: Looking::new(),
        codeless: Codeless::default(),
        probing: probe::places(),
        trees: dirs.repositories.clone(),
        credentials: surroundings.credentials,
        probes: dirs.state.join(probe::FOLDER),
        started: Instant::now(),
        orders,
    });
    info!(
        version = env!("CARGO_PKG_VERSION"),
        pid = std::process::id(),
        "Serving"
    );
    let serving = Serving::begin(Arc::clone(&listener), Arc::clone(&shared))
        .context("start the thread that serves connections")?;
    if let Err(error) = platform::readiness::say_ready() {
        warn!(%error, "Whoever started this daemon was not told that it serves");
    }
    let ended = async {
        tokio::select! {
            () = stop => (),
            () = lost(ownership, &listener) => {
                warn!("The lock or the socket was taken from under this daemon; it makes way");
            }
        }
    };
    supervisor.run(shared, (received, watch), ended).await;
    serving.end().await;
    match Arc::into_inner(listener) {
        Some(listener) => listener.close(ownership).context("remove the socket"),
        None => Ok(()),
    }
}

/// Ends when the state folder is no longer ours or no client finds the socket any more; until then
/// it tells other machines that we are alive.
async fn lost(ownership: &Ownership, listener: &Listener) {
    let mut tick = tokio::time::interval(PROOF);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let ours = ownership.refresh().unwrap_or_else(|error| {
            warn!(%error, "The lock was not refreshed");
            true
        });
        if !ours || !listener.is_in_place() {
            return;
        }
    }
}

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    })
}

#[cfg(windows)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut stop = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        stop.recv().await;
    })
}
