//! Which credentials there are, without their secrets: a file that tells where each is kept, so that
//! nobody has to ask a keychain what it holds.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credential::Kind;
use crate::files;
use crate::server::Place;

/// How many credentials there may be.
pub(crate) const CREDENTIALS_MAX: usize = 1_000;

/// The longest listing, in bytes.
const LISTING_BYTES_MAX: usize = 1 << 20;

const FORMAT: u32 = 1;
const NAME: &str = "credentials.json";
const LOCK_NAME: &str = "credentials.lock";

/// Where a secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// In the operating system's keychain.
    Keychain,
    /// In a file of mode 0600 under the state folder.
    File,
}

impl Keep {
    /// Its name in `credential list`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::File => "file",
        }
    }
}

/// One credential, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Tells it from every other, also from those that were in its place before.
    pub id: String,
    /// Whose it is.
    #[serde(flatten)]
    pub place: Place,
    /// What kind.
    pub kind: Kind,
    /// Where its secret is kept.
    #[serde(rename = "store")]
    pub keep: Keep,
    /// `SHA256:…` of a key; `None` for what has none.
    pub fingerprint: Option<String>,
    /// When it was added, RFC 3339.
    pub created: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Written {
    format: u32,
    credentials: Vec<Listed>,
}

/// The listing of one state folder.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    path: PathBuf,
    lock: PathBuf,
}

impl Listing {
    pub(crate) fn in_folder(state: &Path) -> Listing {
        Listing {
            path: state.join(NAME),
            lock: state.join(LOCK_NAME),
        }
    }

    /// What is listed. A listing of a later form counts as empty for nobody: it is an error.
    pub(crate) fn read(&self) -> io::Result<Vec<Listed>> {
        let Some(bytes) = files::read(&self.path, LISTING_BYTES_MAX)? else {
            return Ok(Vec::new());
        };
        let written: Written = serde_json::from_slice(&bytes)?;
        if written.format == FORMAT {
            Ok(written.credentials)
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a later version wrote it",
            ))
        }
    }

    /// Changes what is listed, one program at a time.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Vec<Listed>) -> T) -> io::Result<T> {
        if let Some(folder) = self.lock.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.lock)?;
        lock.lock()?;
        let mut credentials = self.read()?;
        let before = credentials.clone();
        let changed = change(&mut credentials);
        if credentials.len() > CREDENTIALS_MAX {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "there are too many credentials",
            ));
        }
        if credentials != before {
            let bytes = serde_json::to_vec_pretty(&Written {
                format: FORMAT,
                credentials,
            })?;
            files::write(&self.path, &bytes)?;
        }
        Ok(changed)
    }
}
