//! Writes the log to stderr and to files of bounded size under `state/logs/`.

mod rotating;

use std::path::Path;

use anyhow::Context as _;
use ipc::launch::DETACHED_VARIABLE;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::logs::rotating::Rotating;

/// The variable that sets what is logged, in the syntax of `tracing_subscriber::EnvFilter`.
const FILTER: &str = "WATERCOOLER_LOG";

/// Begins to log to stderr, for the daemon that reads it.
pub(crate) fn begin_in_worker() {
    let lines = fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(filter())
        .with(lines)
        .init();
}

/// Begins to log; what waits for the file is written when the guard is dropped.
///
/// # Errors
/// Where the folder cannot be used.
pub(crate) fn begin(folder: &Path) -> anyhow::Result<WorkerGuard> {
    platform::private_folder::ensure(folder).context("make the folder of the logs")?;
    let file = Rotating::open(folder).context("open the log file")?;
    let (file, guard) = tracing_appender::non_blocking(file);
    // A daemon that a client started has a file for its stderr, which says why it did not start.
    let detached = std::env::var_os(DETACHED_VARIABLE).is_some();
    let stderr = (!detached).then(|| fmt::layer().with_ansi(false).with_writer(std::io::stderr));
    tracing_subscriber::registry()
        .with(filter())
        .with(fmt::layer().with_ansi(false).with_writer(file))
        .with(stderr)
        .init();
    Ok(guard)
}

fn filter() -> EnvFilter {
    EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new("info,rmcp=off"))
}
