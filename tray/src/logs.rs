//! Writes the tray's log, a file a day, in a folder of its own beside what it remembers.

use std::path::Path;

use anyhow::Context as _;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// How many files are kept.
const FILES_MAX: usize = 5;

/// The variable that sets what is logged, in the syntax of `tracing_subscriber::EnvFilter`.
const FILTER: &str = "WATERCOOLER_LOG";

/// Begins to log; what waits for the file is written when the guard is dropped.
///
/// # Errors
/// Where the folder cannot be used.
pub(crate) fn begin(folder: &Path) -> anyhow::Result<WorkerGuard> {
    platform::private_folder::ensure(folder).context("make the folder of the logs")?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("watercooler-tray")
        .filename_suffix("log")
        .max_log_files(FILES_MAX)
        .build(folder)
        .context("open the log file")?;
    let (file, guard) = tracing_appender::non_blocking(file);
    let filter =
        EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new("info,zbus=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(file)
        .init();
    Ok(guard)
}
