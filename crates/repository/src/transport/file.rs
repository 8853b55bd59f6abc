//! A remote that is a folder of this machine: `git upload-pack` and `git receive-pack` serve it.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Direction, program_missing, run};
use crate::exchange::Exchange;
use crate::{Kind, TransferError, os, program};

/// The most that reading one setting of git may take.
const SETTING_TIMEOUT_MAX: Duration = Duration::from_secs(5);
const SETTING_BYTES_MAX: u64 = 64 << 10;

pub(super) fn command(
    path: &Path,
    direction: Direction,
    exchange: &Exchange,
) -> Result<Command, TransferError> {
    match path.metadata() {
        Ok(_) => (),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(TransferError::new(
                Kind::Offline,
                format!("{} is not there", path.display()),
                "it is tried again; attach the disk, or correct the repository's url",
            ));
        }
        Err(error) => {
            return Err(TransferError::new(
                Kind::Offline,
                format!("{}: {error}", path.display()),
                "it is tried again; see that this user may read that folder",
            ));
        }
    }
    let git = program::find("git").ok_or_else(|| program_missing("git"))?;
    let mut command = Command::new(&git);
    without_git_variables(&mut command);
    // The remote's own configuration and hooks count, as on a server; this user's do not.
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", os::NULL_DEVICE)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .current_dir(&exchange.clone);
    if !os::is_ours(path) {
        for folder in safe_folders(&git, exchange) {
            command.arg("-c").arg(format!("safe.directory={folder}"));
        }
    }
    if direction == Direction::Push {
        // A pack is kept as it comes: making loose files of it costs the remote more than the rest.
        command.args(["-c", "receive.unpackLimit=1"]);
    }
    command.arg(match direction {
        Direction::Fetch => "upload-pack",
        Direction::Push => "receive-pack",
    });
    command.arg(path);
    Ok(command)
}

/// A child git must not take a repository, a protocol or a tracing from whoever started us.
pub(crate) fn without_git_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_git = name.to_str().is_some_and(|name| name.starts_with("GIT_"));
        if is_git && name != "GIT_EXEC_PATH" {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").env_remove("LANGUAGE");
}

/// For a child that is to follow the user's own configuration, wherever that is said to be.
pub(crate) fn with_users_configuration(command: &mut Command) {
    for (name, value) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("GIT_CONFIG"))
        {
            command.env(name, value);
        }
    }
}

/// Git serves no folder of another owner unless this user's own configuration allows it; that
/// decision is carried over, since the rest of that configuration is hidden from the child.
fn safe_folders(git: &Path, exchange: &Exchange) -> Vec<String> {
    let mut command = Command::new(git);
    without_git_variables(&mut command);
    with_users_configuration(&mut command);
    command.args(["config", "--null", "--get-all", "safe.directory"]);
    command.current_dir(&exchange.clone);
    let limit = exchange.remaining().min(SETTING_TIMEOUT_MAX);
    match run(command, b"", limit, SETTING_BYTES_MAX, exchange.group) {
        Ok(finished) => String::from_utf8_lossy(&finished.stdout)
            .split('\0')
            .filter(|folder| !folder.is_empty())
            .map(str::to_owned)
            .collect(),
        Err(error) => {
            tracing::warn!(%error, "safe.directory could not be read");
            Vec::new()
        }
    }
}
