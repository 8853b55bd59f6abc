//! A real forward proxy, as a company puts one before the internet: `tinyproxy`.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::served::{Served, free_port, program};
use crate::scratch;

/// Who may use the one with a password.
pub const USER: &str = "alice";

/// With this.
pub const PASSWORD: &str = "proxy-horse-8";

/// A running proxy; it tunnels to any port of this machine.
#[derive(Debug)]
pub struct Proxy {
    folder: TempDir,
    port: u16,
    _served: Served,
}

impl Proxy {
    /// One for everybody.
    #[must_use]
    pub fn start() -> Self {
        Self::with("")
    }

    /// One that wants a user and a password.
    #[must_use]
    pub fn with_password() -> Self {
        Self::with(&format!("BasicAuth {USER} {PASSWORD}\n"))
    }

    fn with(lines: &str) -> Self {
        let folder = scratch::folder();
        let port = free_port();
        let place = folder.path();
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Connect\n\
             LogFile \"{}\"\n{lines}",
            place.join("requests").display()
        );
        fs::write(place.join("tinyproxy.conf"), text).expect("a scratch folder can be written");
        let mut command = Command::new(program("tinyproxy"));
        command
            .args(["-d", "-c"])
            .arg(place.join("tinyproxy.conf"))
            .env("HOME", place);
        let served = Served::at_port(command, &place.join("log"), port);
        Self {
            folder,
            port,
            _served: served,
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its address with the user and the password, as people write it into git's settings.
    #[must_use]
    pub fn url_with_password(&self) -> String {
        format!("http://{USER}:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    /// How often it was asked for a tunnel to that port of this machine.
    #[must_use]
    pub fn tunnels_to(&self, port: u16) -> usize {
        let text = fs::read_to_string(self.folder.path().join("requests")).unwrap_or_default();
        let to = format!(":{port} ");
        text.lines()
            .filter(|line| line.contains("CONNECT ") && line.contains(&to))
            .count()
    }
}
