//! Which ssh servers are known: our own store, in the form of a `known_hosts` file, and the keys that
//! forges publish. Nothing comes in but by a person's confirmation.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

pub use crate::forges::DeployKeyPage;
use crate::server::Server;
use crate::{files, forges, keys};

/// The longest store, in bytes.
const STORE_BYTES_MAX: usize = 4 << 20;

/// How long connecting to a server for its key may take, in seconds.
const CONNECT_SECONDS: u32 = 15;

const OURS: &str = "known_hosts";
const FORGES: &str = "known_hosts.forges";

/// The store of one state folder.
#[derive(Clone, Debug)]
pub struct KnownHosts {
    ours: PathBuf,
    forges: PathBuf,
}

/// A server's key, as it shows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The name under which ssh looks it up, such as `[h.example]:2222`.
    pub name: String,
    /// The key's kind, `ssh-ed25519`.
    pub kind: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    line: String,
}

/// Why a server's key is not known.
#[derive(Debug, Error)]
pub enum ScanError {
    /// What was given is no name of a host.
    #[error("'{0}' is no name of a host, nor HOST:PORT")]
    NoHost(String),
    /// There is no `ssh`, or no place for what it says.
    #[error("ssh could not be run: {0}")]
    NotRun(#[from] io::Error),
    /// It was not reached; ssh's words.
    #[error("the server did not show its key: {0}")]
    NotReached(String),
}

impl KnownHosts {
    /// The store below the state folder.
    #[must_use]
    pub fn in_folder(state: &Path) -> KnownHosts {
        KnownHosts {
            ours: state.join(OURS),
            forges: state.join(FORGES),
        }
    }

    /// The files that ssh is to read besides the person's own.
    #[must_use]
    pub fn files(&self) -> [PathBuf; 2] {
        [self.ours.clone(), self.forges.clone()]
    }

    /// Writes the forges' keys where ssh finds them.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish(&self) -> io::Result<()> {
        let written = files::read(&self.forges, STORE_BYTES_MAX).ok().flatten();
        if written.is_some_and(|written| *written == forges::PUBLISHED.as_bytes()) {
            return Ok(());
        }
        files::write(&self.forges, forges::PUBLISHED.as_bytes())
    }

    /// The fingerprints that are known here for that name, the forges' among them.
    ///
    /// # Errors
    /// The operating system's.
    pub fn fingerprints(&self, name: &str) -> io::Result<Vec<String>> {
        let ours = self.text()?;
        let lines = ours.lines().chain(forges::PUBLISHED.lines());
        Ok(lines
            .filter(|line| names(line).any(|known| known == name))
            .filter_map(|line| keys::fingerprint(line.split_once(' ')?.1))
            .collect())
    }

    /// Keeps that key for its server, in the place of those of ours that were kept for it. Lines with
    /// a marker (`@revoked`, `@cert-authority`) stay.
    ///
    /// # Errors
    /// The operating system's.
    pub fn trust(&self, shown: &Shown) -> io::Result<()> {
        let mut text = String::new();
        for line in self.text()?.lines() {
            if !names(line).any(|known| known == shown.name) {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.push_str(&shown.line);
        text.push('\n');
        files::write(&self.ours, text.as_bytes())
    }

    fn text(&self) -> io::Result<String> {
        let bytes = files::read(&self.ours, STORE_BYTES_MAX)?;
        Ok(bytes
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default())
    }
}

/// Connects to a server, by the person's own ssh configuration, for the key that it shows; nothing is
/// sent there that could log in. `host` is a name, an alias of that configuration, or `HOST:PORT`.
///
/// # Errors
/// [`ScanError`].
pub fn scan(host: &str) -> Result<Shown, ScanError> {
    let server = Server::of(&format!("ssh://{host}/"))
        .filter(|server| server.user.is_none() && server.path == "/" && !host.starts_with('-'))
        .ok_or_else(|| ScanError::NoHost(host.to_owned()))?;
    let folder = tempfile::Builder::new().prefix("watercooler").tempdir()?;
    let learnt = folder.path().join("shown");
    let mut command = Command::new("ssh");
    command
        .args(["-T", "-a", "-x"])
        .args([
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=accept-new",
        ])
        .args([
            "-o",
            &format!("UserKnownHostsFile=\"{}\"", learnt.display()),
        ])
        .args([
            "-o",
            &format!(
                "GlobalKnownHostsFile=\"{}\"",
                folder.path().join("none").display()
            ),
        ])
        .args([
            "-o",
            "HashKnownHosts=no",
            "-o",
            "UpdateHostKeys=no",
            "-o",
            "VerifyHostKeyDNS=no",
        ])
        .args([
            "-o",
            "PreferredAuthentications=none",
            "-o",
            "PubkeyAuthentication=no",
        ])
        .args(["-o", "ControlMaster=no", "-o", "ControlPath=none"])
        .args(["-o", "ClearAllForwardings=yes"])
        .args(["-o", &format!("ConnectTimeout={CONNECT_SECONDS}")]);
    if let Some((_, port)) = server
        .host
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
    {
        command.args(["-p", port]);
    }
    let ran = command
        .arg("--")
        .arg(server.name())
        .arg("true")
        .env_remove("SSH_ASKPASS")
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()?;
    let lines = fs::read_to_string(&learnt).unwrap_or_default();
    // Through a jump host there are two; the last is the one that was asked for.
    lines.lines().rev().find_map(parsed).ok_or_else(|| {
        let words = String::from_utf8_lossy(&ran.stderr);
        let words: String = words
            .chars()
            .filter(|c| !c.is_control() || *c == '\n')
            .collect();
        ScanError::NotReached(words.trim().replace('\n', "; "))
    })
}

/// The page on which a forge takes a deploy key for that repository.
#[must_use]
pub fn deploy_key_page(server: &Server) -> Option<DeployKeyPage> {
    forges::deploy_key_page(&server.host, &server.path)
}

fn parsed(line: &str) -> Option<Shown> {
    let (name, key) = line.split_once(' ')?;
    let kind = key.split(' ').next()?.to_owned();
    // ssh writes the address beside the name, which may be another server's tomorrow.
    let name = name.split(',').next()?.to_owned();
    let fingerprint = keys::fingerprint(key)?;
    Some(Shown {
        line: format!("{name} {key}"),
        name,
        kind,
        fingerprint,
    })
}

/// The names of a line without a marker.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let names = line.split(' ').next().unwrap_or_default();
    let names = if names.starts_with(['@', '#']) {
        ""
    } else {
        names
    };
    names.split(',').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> Shown {
        let key = keys::made("test").public.unwrap();
        parsed(&format!("{name},192.0.2.1 {key}")).unwrap()
    }

    #[test]
    fn a_trusted_key_takes_the_place_of_the_last_one_and_of_no_marker() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownHosts::in_folder(folder.path());
        let (one, other) = (shown("h.example"), shown("[h.example]:2222"));
        let marked = format!("@revoked {}\n", one.line);
        fs::write(&known.ours, &marked).unwrap();
        for shown in [&one, &other] {
            known.trust(shown).unwrap();
            assert_eq!(
                known.fingerprints(&shown.name).unwrap(),
                std::slice::from_ref(&shown.fingerprint)
            );
        }
        let next = shown("h.example");
        known.trust(&next).unwrap();
        assert_eq!(known.fingerprints("h.example").unwrap(), [next.fingerprint]);
        assert_eq!(
            known.fingerprints("[h.example]:2222").unwrap(),
            [other.fingerprint]
        );
        assert!(known.fingerprints("192.0.2.1").unwrap().is_empty());
        assert!(
            fs::read_to_string(&known.ours)
                .unwrap()
                .starts_with(&marked)
        );
    }

    #[test]
    fn what_forges_publish_is_known_and_written_for_ssh() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownHosts::in_folder(folder.path());
        known.publish().unwrap();
        known.publish().unwrap();
        assert_eq!(known.fingerprints("github.com").unwrap().len(), 2);
        let [ours, forges] = known.files();
        assert!(!ours.exists());
        let found = Command::new("ssh-keygen")
            .args(["-F", "[ssh.github.com]:443", "-f"])
            .arg(&forges)
            .output();
        assert!(found.unwrap().status.success(), "ssh reads what is written");
    }

    #[test]
    fn what_is_no_host_is_not_scanned() {
        for host in ["", "-oProxyCommand=x", "a b", "user@h.example", "h/x:y z"] {
            assert!(matches!(scan(host), Err(ScanError::NoHost(_))), "{host}");
        }
    }
}
