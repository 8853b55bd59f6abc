//! What was put on this machine and what stood there before, so that it can be taken off again.
//!
//! It is written before each step that it names: an interrupted run leaves at most a line for a
//! file that is still as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file of a receipt, under the state folder.
pub(crate) const RECEIPT: &str = "installed.json";

/// Everything that was put on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    /// `X.Y.Z` of the installer that wrote it last.
    pub(crate) version: String,
    /// Files that we wrote, by their paths.
    pub(crate) files: BTreeMap<PathBuf, Made>,
    /// Folders that we made, in the order of their making.
    pub(crate) folders: Vec<PathBuf>,
    /// Clients whose own program registered us.
    pub(crate) registered: Vec<String>,
}

/// One file that we wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// SHA-256 of what we wrote, in hex.
    pub(crate) digest: String,
    /// What stood there before the first time; null where nothing did.
    pub(crate) before: Option<Before>,
}

/// What stood at a place before us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Before {
    /// SHA-256 of it, in hex.
    pub(crate) digest: String,
    /// Where it is kept, byte for byte.
    pub(crate) kept: PathBuf,
}

impl Receipt {
    /// The receipt of a state folder; a new one where there is none.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub(crate) fn load(state: &Path) -> anyhow::Result<Self> {
        use anyhow::Context;
        let path = state.join(RECEIPT);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
        };
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is damaged; move it away to begin anew, then what was put on is not known",
                path.display()
            )
        })
    }
}
