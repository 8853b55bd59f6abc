//! A remote behind ssh: the system's `ssh`, with the user's configuration and agent, never asking.

mod agent;
mod master;
mod settings;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::PoisonError;
use std::time::Duration;

use super::child::words;
use super::{Direction, program_missing};
use crate::exchange::Exchange;
use crate::url::Place;
use crate::{TransferError, program};

pub(crate) use agent::Agent;
pub(crate) use master::Masters;
pub(crate) use settings::forget as forget_settings;

/// The most that connecting may take of an exchange.
const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(15);

/// The most that is read of a greeting, in bytes.
const GREETING_BYTES_MAX: u64 = 4 << 10;

/// Where to log in, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) identity: Identity,
}

/// With what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Whatever the person's own ssh has.
    Own,
    /// A private key file, alone.
    File(PathBuf),
    /// The key that is kept for the remote, alone, by what tells it from others.
    Kept(String),
}

impl Login {
    /// That of the exchange's remote; `None` where it is not behind ssh.
    pub(super) fn of(exchange: &Exchange) -> Option<Login> {
        let Place::Ssh {
            user, host, port, ..
        } = exchange.url.place()
        else {
            return None;
        };
        Some(Login {
            user: user.clone(),
            host: host.clone(),
            port: *port,
            identity: Identity::of(exchange),
        })
    }
}

impl Identity {
    pub(super) fn of(exchange: &Exchange) -> Identity {
        match (&exchange.ways.kept, &exchange.ssh_key) {
            (Some(kept), _) => Identity::Kept(kept.id().to_owned()),
            (None, Some(key)) => Identity::File(key.clone()),
            (None, None) => Identity::Own,
        }
    }
}

pub(super) fn command(
    login: &Login,
    path: &str,
    direction: Direction,
    exchange: &Exchange,
) -> Result<Command, TransferError> {
    let mut command = logged_in(login, exchange)?;
    let service = match direction {
        Direction::Fetch => "git-upload-pack",
        Direction::Push => "git-receive-pack",
    };
    command.arg(format!("{service} {}", quoted(path)));
    Ok(command)
}

/// What the server says to a login that asks for no service; `None` where the remote is not behind
/// ssh, or nobody is let in.
pub(crate) fn greeting(exchange: &Exchange) -> Option<String> {
    let command = logged_in(&Login::of(exchange)?, exchange).ok()?;
    let limit = exchange.remaining();
    words(command, limit, GREETING_BYTES_MAX, exchange.group).ok()
}

/// ssh, logged in by the login that is kept or by itself, and nothing asked for yet.
fn logged_in(login: &Login, exchange: &Exchange) -> Result<Command, TransferError> {
    let through = match &exchange.masters {
        Some(masters) => masters.through(login, exchange)?,
        None => None,
    };
    let mut command = common(exchange)?;
    // A master that the user's configuration asks for would outlive the exchange; one that runs
    // already is joined, unless there is one of ours.
    command.args(["-o", "ControlMaster=no"]);
    match (through, &login.identity) {
        (Some(socket), _) => {
            command.arg("-S").arg(as_control_path(&socket));
        }
        (None, Identity::Kept(_)) => {
            // The person's own login is with another key.
            command.args(["-o", "ControlPath=none"]);
            let agent = Agent::with_kept_key(exchange)?;
            agent.add_to(&mut command);
            *exchange
                .agent
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(agent);
        }
        (None, Identity::Own | Identity::File(_)) => (),
    }
    settings::add_known_hosts(&mut command, login, exchange);
    add_destination(&mut command, login);
    Ok(command)
}

/// ssh, never asking, with the limits of an exchange.
fn common(exchange: &Exchange) -> Result<Command, TransferError> {
    let ssh = program::find("ssh").ok_or_else(|| program_missing("ssh"))?;
    let mut command = Command::new(ssh);
    // Where the exchange's own deadline is shorter, that is what ends it.
    let connect = exchange.timeout + Duration::from_secs(1);
    let connect = connect.min(CONNECT_TIMEOUT_MAX).as_secs();
    command
        .args(["-T", "-a", "-x"])
        .args(["-o", "BatchMode=yes"])
        .args(["-o", "StrictHostKeyChecking=yes"])
        // A forward of the user's configuration may be taken already, and would end the connection.
        .args(["-o", "ClearAllForwardings=yes"])
        .args(["-o", &format!("ConnectTimeout={connect}")]);
    command
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env_remove("SSH_ASKPASS")
        // A SendEnv of the user's configuration would turn on a protocol that libgit2 has not.
        .env_remove("GIT_PROTOCOL")
        .env("LC_ALL", "C")
        .current_dir(&exchange.clone);
    Ok(command)
}

fn add_destination(command: &mut Command, login: &Login) {
    if let Some(port) = login.port {
        command.args(["-p", &port.to_string()]);
    }
    match &login.identity {
        Identity::File(key) => {
            command
                .args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i"])
                .arg(key);
        }
        // The agent's are added where a login is made.
        Identity::Own | Identity::Kept(_) => (),
    }
    let host = &login.host;
    let destination = match &login.user {
        Some(user) => format!("{user}@{host}"),
        None => host.clone(),
    };
    command.arg("--").arg(destination);
}

/// ssh replaces what follows a percent sign (ssh_config(5), TOKENS).
fn as_control_path(socket: &Path) -> String {
    socket.to_string_lossy().replace('%', "%%")
}

/// One word for the far shell, quoted as git does it (`sq_quote_buf` in git's quote.c).
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''").replace('!', r"'\!'"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{Remote, RemoteUrl};

    fn arguments(url: &str, ssh_key: Option<&str>, direction: Direction) -> Vec<String> {
        let url = RemoteUrl::parse(url).unwrap();
        let remote = Remote {
            url: url.clone(),
            branch: None,
            ssh_key: ssh_key.map(PathBuf::from),
            timeout: Duration::from_secs(5),
        };
        let exchange = Exchange::new(&remote, PathBuf::from("/"));
        let Place::Ssh { path, .. } = url.place() else {
            panic!("not ssh")
        };
        let login = Login::of(&exchange).unwrap();
        let command = command(&login, path, direction, &exchange).unwrap();
        command
            .get_args()
            .map(|word| word.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn arguments_are_as_promised() {
        let common = "-T -a -x -o BatchMode=yes -o StrictHostKeyChecking=yes \
                      -o ClearAllForwardings=yes -o ConnectTimeout=6 -o ControlMaster=no";
        assert_eq!(
            arguments("git@h.example:a/b.git", None, Direction::Fetch).join(" "),
            format!("{common} -- git@h.example git-upload-pack 'a/b.git'"),
        );
        assert_eq!(
            arguments("ssh://[::1]:2222/a%20b", Some("/k"), Direction::Push).join(" "),
            format!(
                "{common} -p 2222 -o IdentitiesOnly=yes -o IdentityAgent=none -i /k \
                 -- ::1 git-receive-pack '/a b'"
            ),
        );
    }

    #[test]
    fn no_path_leaves_its_quotes() {
        assert_eq!(quoted("a'; id; '!"), r"'a'\''; id; '\'''\!''");
    }
}
