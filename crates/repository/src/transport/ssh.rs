//! A remote behind ssh: the system's `ssh`, with the user's configuration and agent, never asking.

use std::process::Command;
use std::time::Duration;

use super::{Direction, program_missing};
use crate::exchange::Exchange;
use crate::{TransferError, program};

/// The most that connecting may take of an exchange.
const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(15);

/// Where to log in.
pub(super) struct Login<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
}

pub(super) fn command(
    login: &Login<'_>,
    path: &str,
    direction: Direction,
    exchange: &Exchange,
) -> Result<Command, TransferError> {
    let ssh = program::find("ssh").ok_or_else(|| program_missing("ssh"))?;
    let mut command = Command::new(ssh);
    let connect = exchange.timeout.min(CONNECT_TIMEOUT_MAX).as_secs().max(1);
    command
        .args(["-T", "-a", "-x"])
        .args(["-o", "BatchMode=yes"])
        .args(["-o", "StrictHostKeyChecking=yes"])
        // A forward of the user's configuration may be taken already, and would end the connection.
        .args(["-o", "ClearAllForwardings=yes"])
        .args(["-o", &format!("ConnectTimeout={connect}")]);
    if let Some(port) = login.port {
        command.args(["-p", &port.to_string()]);
    }
    if let Some(key) = &exchange.ssh_key {
        command
            .args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i"])
            .arg(key);
    }
    let host = login.host;
    let destination = login
        .user
        .map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
    let service = match direction {
        Direction::Fetch => "git-upload-pack",
        Direction::Push => "git-receive-pack",
    };
    command
        .arg("--")
        .arg(destination)
        .arg(format!("{service} {}", quoted(path)));
    command
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env_remove("SSH_ASKPASS")
        // A SendEnv of the user's configuration would turn on a protocol that libgit2 has not.
        .env_remove("GIT_PROTOCOL")
        .env("LC_ALL", "C")
        .current_dir(&exchange.clone);
    Ok(command)
}

/// One word for the far shell, quoted as git does it (`sq_quote_buf` in git's quote.c).
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''").replace('!', r"'\!'"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::url::Place;
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
        let Place::Ssh {
            user,
            host,
            port,
            path,
        } = url.place()
        else {
            panic!("not ssh")
        };
        let login = Login {
            user: user.as_deref(),
            host,
            port: *port,
        };
        let command = command(&login, path, direction, &exchange).unwrap();
        command
            .get_args()
            .map(|word| word.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn arguments_are_as_promised() {
        let common = "-T -a -x -o BatchMode=yes -o StrictHostKeyChecking=yes \
                      -o ClearAllForwardings=yes -o ConnectTimeout=5";
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
