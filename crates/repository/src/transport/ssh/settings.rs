//! What the person's own ssh configuration says of a login, asked of ssh itself and remembered until an
//! exchange fails.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Identity, Login, add_destination, common};
use crate::exchange::Exchange;
use crate::transport::child::run;

/// The most that reading the configuration may take and say.
const SETTINGS_WAIT_MAX: Duration = Duration::from_secs(5);
const SETTINGS_BYTES_MAX: u64 = 256 << 10;

/// The last login asked about. A worker has one remote.
static REMEMBERED: Mutex<Option<(Login, String)>> = Mutex::new(None);

/// The person may have changed the configuration.
pub(crate) fn forget() {
    *remembered() = None;
}

/// Makes ssh read our files of known hosts, besides those that the configuration names.
pub(super) fn add_known_hosts(command: &mut Command, login: &Login, exchange: &Exchange) {
    if exchange.ways.known_hosts.is_empty() {
        return;
    }
    let Some(settings) = of(login, exchange) else {
        return;
    };
    let own = value(&settings, "globalknownhostsfile").unwrap_or_default();
    let ours = exchange.ways.known_hosts.iter().map(|path| quoted(path));
    let files: Vec<String> = own
        .split_whitespace()
        .filter(|path| *path != "none")
        .map(str::to_owned)
        .chain(ours)
        .collect();
    command
        .arg("-o")
        .arg(format!("GlobalKnownHostsFile={}", files.join(" ")));
}

/// Whether the configuration names a master that runs: who logs in by hand, with a second factor
/// perhaps, keeps one for all that follows.
pub(super) fn has_master(login: &Login, exchange: &Exchange) -> bool {
    // With a key that is kept, nobody has logged in by hand.
    if matches!(login.identity, Identity::Kept(_)) {
        return false;
    }
    let settings = of(login, exchange).unwrap_or_default();
    let path = value(&settings, "controlpath");
    path.is_some_and(|path| path != "none" && Path::new(path).exists())
}

/// What `ssh -G` says; `None` where the configuration has an error, which the login tells.
fn of(login: &Login, exchange: &Exchange) -> Option<String> {
    if let Some((_, settings)) = remembered().as_ref().filter(|(known, _)| known == login) {
        return Some(settings.clone());
    }
    let mut command = common(exchange).ok()?;
    command.arg("-G");
    add_destination(&mut command, login);
    let limit = exchange.remaining().min(SETTINGS_WAIT_MAX);
    let ran = run(command, b"", limit, SETTINGS_BYTES_MAX, exchange.group).ok()?;
    let settings = String::from_utf8_lossy(&ran.stdout).into_owned();
    if ran.status.success() {
        *remembered() = Some((login.clone(), settings.clone()));
    }
    Some(settings)
}

fn value<'a>(settings: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = settings.lines().filter_map(|line| line.split_once(' '));
    lines
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// One word of ssh's configuration, which replaces what follows a percent sign.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('%', "%%"))
}

fn remembered() -> MutexGuard<'static, Option<(Login, String)>> {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner)
}
