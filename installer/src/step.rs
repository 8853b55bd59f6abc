//! The steps of an installation, as data: what each does and how it is undone, in words.

use std::path::PathBuf;

use serde_json::{Value, json};

/// One step. Each may be done again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A program, replaced in one piece; a running one goes on with its old file.
    Copy { from: PathBuf, to: PathBuf },
    /// A file of text; what stood there is kept aside.
    Write {
        path: PathBuf,
        text: String,
        /// `the systemd unit`, `Cursor's servers`.
        what: String,
        /// The client whose file it is.
        client: Option<&'static str>,
    },
    /// A file of which our part goes; it is no longer ours then.
    Without {
        path: PathBuf,
        text: String,
        what: String,
    },
    /// A link in place of a file.
    Link { path: PathBuf, to: PathBuf },
    /// Another's program: a vendor's, or the system's.
    Run {
        program: PathBuf,
        arguments: Vec<String>,
        what: String,
        /// Where it fails: the rest goes on, and this is shown.
        instead: String,
        /// The client that is registered by it from then on, or no longer.
        registers: Option<(String, bool)>,
    },
    /// The daemon is started with the program that is installed now.
    Start { program: PathBuf },
    /// The daemon is stopped.
    Stop { program: PathBuf },
    /// A remote for the threads.
    Remote { program: PathBuf, url: String },
    /// A first thread, where there is none of its name, and how it is read back.
    FirstThread { program: PathBuf },
    /// The MCP server is asked as an agent asks it.
    Greet { shim: PathBuf },
    /// What stood there before comes back; where nothing did, the file goes.
    Restore {
        path: PathBuf,
        /// Whether something stood there.
        stood: bool,
    },
    /// A folder with everything in it.
    Purge { path: PathBuf, what: String },
    /// Folders that we made and that hold nothing any more, the deepest first.
    Tidy { folders: Vec<PathBuf> },
    /// Nothing is done; a person is told.
    Tell { words: String },
}

impl Step {
    /// What it does.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Copy { to, .. } => format!("Copy the program {}", to.display()),
            Self::Write { path, what, .. } => format!("Write {what}: {}", path.display()),
            Self::Without { path, what, .. } => {
                format!("Take ours out of {what}: {}", path.display())
            }
            Self::Link { path, .. } => format!("Start it at login: {}", path.display()),
            Self::Run { what, .. } => what.clone(),
            Self::Start { .. } => "Start the daemon".to_owned(),
            Self::Stop { .. } => "Stop the daemon".to_owned(),
            // What was meant as a URL may hold a password.
            Self::Remote { .. } => "Add the remote of the threads".to_owned(),
            Self::FirstThread { .. } => "A first thread, as it is read back".to_owned(),
            Self::Greet { .. } => "Ask the MCP server as an agent does".to_owned(),
            Self::Restore { path, stood: true } => {
                format!("Put back what stood at {}", path.display())
            }
            Self::Restore { path, stood: false } => format!("Remove {}", path.display()),
            Self::Purge { path, what } => format!("Remove {what}: {}", path.display()),
            Self::Tidy { .. } => "Remove the folders that are empty now".to_owned(),
            Self::Tell { words } => words.clone(),
        }
    }

    /// How it is undone; `None` where there is nothing to undo.
    pub(crate) fn undoing(&self) -> Option<String> {
        match self {
            Self::Copy { .. } | Self::Link { .. } => Some("uninstall removes it".to_owned()),
            Self::Write { .. } => Some("uninstall puts back what stood there".to_owned()),
            Self::Run { registers, .. } => registers
                .as_ref()
                .map(|_| "uninstall takes it out in the same way".to_owned()),
            Self::Start { .. } => Some("watercooler daemon stop".to_owned()),
            Self::Stop { .. } => Some("watercooler daemon start".to_owned()),
            Self::Remote { .. } => Some("watercooler repo remove NAME".to_owned()),
            Self::Without { .. } | Self::Restore { .. } | Self::Tidy { .. } => {
                Some("install".to_owned())
            }
            Self::Purge { .. } => Some("this cannot be undone".to_owned()),
            Self::FirstThread { .. } | Self::Greet { .. } | Self::Tell { .. } => None,
        }
    }

    /// For `--json`.
    pub(crate) fn document(&self) -> Value {
        json!({"step": self.words(), "undone_by": self.undoing(), "client": self.client()})
    }

    /// The client that it registers, or takes out.
    fn client(&self) -> Option<&str> {
        match self {
            Self::Write { client, .. } => *client,
            Self::Run { registers, .. } => registers.as_ref().map(|(client, _)| client.as_str()),
            Self::Copy { .. }
            | Self::Without { .. }
            | Self::Link { .. }
            | Self::Start { .. }
            | Self::Stop { .. }
            | Self::Remote { .. }
            | Self::FirstThread { .. }
            | Self::Greet { .. }
            | Self::Restore { .. }
            | Self::Purge { .. }
            | Self::Tidy { .. }
            | Self::Tell { .. } => None,
        }
    }
}
