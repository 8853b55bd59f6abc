//! A real `git daemon` on loopback: git's own protocol, without any encryption or login.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::served::{Served, free_port};
use crate::scratch;

/// Serves the repositories of one folder until it is dropped.
#[derive(Debug)]
pub struct GitDaemon {
    folder: TempDir,
    root: PathBuf,
    arguments: &'static [&'static str],
    port: u16,
    served: Option<Served>,
}

impl GitDaemon {
    /// Serves what lies in `root`, for reading and for writing.
    #[must_use]
    pub fn start(root: &Path) -> Self {
        Self::with(root, &["--enable=receive-pack"])
    }

    /// Serves what lies in `root`, for reading alone, as most such servers do.
    #[must_use]
    pub fn read_only(root: &Path) -> Self {
        Self::with(root, &[])
    }

    fn with(root: &Path, arguments: &'static [&'static str]) -> Self {
        let mut server = Self {
            folder: scratch::folder(),
            root: root.to_owned(),
            arguments,
            port: free_port(),
            served: None,
        };
        server.start_again();
        server
    }

    /// Ends it, with all its connections.
    pub fn stop(&mut self) {
        self.served = None;
    }

    /// Starts it, at the same port as before.
    pub fn start_again(&mut self) {
        let mut command = Command::new("git");
        command
            .arg("daemon")
            .args(["--listen=127.0.0.1", "--reuseaddr", "--export-all"])
            .args(["--verbose", "--informative-errors"])
            .arg(format!("--port={}", self.port))
            .arg(format!("--base-path={}", self.root.display()))
            .args(self.arguments)
            .env("HOME", self.folder.path());
        let log = self.folder.path().join("log");
        self.served = Some(Served::at_port(command, &log, self.port));
    }

    /// The repository with that name in the folder.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}", self.port)
    }

    /// What it logged: each request.
    #[must_use]
    pub fn log(&self) -> String {
        self.served
            .as_ref()
            .map(Served::log_text)
            .unwrap_or_default()
    }
}
