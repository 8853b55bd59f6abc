//! `watercoolerd`: keeps every threads repository in step and answers clients on a local socket.

mod alike;
mod arrivals;
mod asked;
mod base;
mod bodies;
mod changes;
mod checkout;
mod clock;
mod condition;
mod credentials;
mod damage;
mod entries;
mod environment;
mod event_loop;
mod handle;
mod headline;
mod joining;
mod journal;
mod logs;
mod long_text;
mod lookout;
mod metrics;
mod mint;
mod mutes;
mod news;
mod open;
mod outbox;
mod outside;
mod pauses;
mod perform;
mod reading_marks;
mod recent_agents;
mod search;
mod server;
mod settings;
mod shared;
mod snapshot;
mod start;
mod supervisor;
mod teller;
mod transfer;
mod vanished;
mod working_tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::start::NotStarted;

/// The per-user background daemon of watercooler: keeps every threads repository fetched, pushes
/// what is written, and answers clients on a local socket. Runs in the foreground; end it with
/// SIGTERM or `watercooler daemon stop`.
#[derive(Debug, Parser)]
#[command(name = "watercoolerd", version = VERSION, after_help = AFTER_HELP)]
#[command(disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
}

/// What this program is besides the daemon.
#[derive(Debug, Subcommand)]
enum Role {
    /// Does one repository's network work for a daemon, which starts it.
    #[command(hide = true)]
    Transfer,
    /// Writes the manual page and the shells' completions below a folder.
    #[command(hide = true)]
    Manual {
        /// The folder, made where it is missing.
        folder: PathBuf,
    },
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (protocol 1)");

const AFTER_HELP: &str = "Environment:
  WATERCOOLER_HOME  one folder for settings, state, working trees and socket
  WATERCOOLER_LOG   what is logged, such as 'debug' or 'watercoolerd=trace'

Exit codes: 0 ended as told, 1 not started, 2 bad usage.";

#[allow(
    clippy::print_stderr,
    reason = "before the log begins there is only stderr"
)]
fn main() -> ExitCode {
    let ended = match Arguments::parse().role {
        Some(Role::Transfer) => return transfer::serve::run(),
        Some(Role::Manual { folder }) => manual::write(&Arguments::command(), &folder)
            .map_err(|error| NotStarted::Failed(error.into())),
        None => start::run(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(NotStarted::Running(taken)) => {
            eprintln!("watercoolerd: {taken}");
            ExitCode::FAILURE
        }
        Err(NotStarted::Failed(error)) => {
            eprintln!("watercoolerd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_names_the_protocol() {
        assert!(VERSION.ends_with(&format!("(protocol {})", protocol::hello::PROTOCOL)));
    }
}
