//! Keeps credentials: adds, finds, reads and removes them, each by its place.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::credential::{Credential, SECRET_BYTES_MAX};
use crate::files;
use crate::keychain::{self, Asking, KeychainError};
pub use crate::listing::Keep;
pub use crate::listing::Listed;
use crate::listing::Listing;
use crate::server::Place;

/// The folder of secrets that are kept in files, below the state folder.
const FOLDER: &str = "credentials";

/// The longest file of one, in bytes: the secret and what stands above it.
const FILE_BYTES_MAX: usize = SECRET_BYTES_MAX + (4 << 10);

/// The credentials of one state folder.
#[derive(Clone, Debug)]
pub struct Store {
    listing: Listing,
    folder: PathBuf,
    keep: Keep,
}

/// Why a credential was not kept, read or removed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The keychain.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// A file of ours.
    #[error("{what}: {source}")]
    File {
        /// What was being done.
        what: &'static str,
        /// The operating system's words.
        source: io::Error,
    },
    /// It lies in a file, and the settings do not say that this may be.
    #[error("the credential is kept in a file, which the settings do not allow")]
    FileNotAllowed,
    /// What is kept is not what the listing says.
    #[error("what is kept is another credential than the one that is listed")]
    NotAsListed,
    /// It is longer than what is kept.
    #[error("the secret is longer than {SECRET_BYTES_MAX} bytes")]
    TooLong,
}

impl StoreError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Keychain(error) => error.hint(),
            Self::File { .. } => "see that the state folder can be written, and has room",
            Self::FileNotAllowed => "add it again, or set credentials = \"file\" in config.toml",
            Self::NotAsListed => "add the credential again: watercooler credential add",
            Self::TooLong => "use a shorter key, such as an ed25519 one",
        }
    }
}

/// What adding did.
#[derive(Debug)]
pub struct Added {
    /// The credential.
    pub listed: Listed,
    /// Why the secret that was in its place before could not be removed from where it was kept.
    pub left_behind: Option<StoreError>,
}

impl Store {
    /// The credentials below the state folder `state`; new ones are kept where `keep` says.
    #[must_use]
    pub fn new(state: PathBuf, keep: Keep) -> Store {
        Store {
            listing: Listing::in_folder(&state),
            folder: state.join(FOLDER),
            keep,
        }
    }

    /// Where new ones are kept.
    #[must_use]
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// Every credential, in the order of their places.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let mut all = self.listing.read().map_err(|source| StoreError::File {
            what: "the list of credentials cannot be read",
            source,
        })?;
        all.sort_by(|one, other| {
            let key =
                |listed: &Listed| (listed.place.repository.clone(), listed.place.host.clone());
            key(one).cmp(&key(other))
        });
        Ok(all)
    }

    /// The credential of that place: of its repository and its host both.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn find(&self, place: &Place) -> Result<Option<Listed>, StoreError> {
        Ok(self
            .list()?
            .into_iter()
            .find(|listed| listed.place == *place))
    }

    /// Keeps a credential in the place of the one that was there; `created` is RFC 3339.
    ///
    /// # Errors
    /// [`StoreError`]; then the earlier one stays.
    pub fn add(
        &self,
        credential: &Credential,
        fingerprint: Option<String>,
        created: String,
        asking: Asking,
    ) -> Result<Added, StoreError> {
        let listed = Listed {
            id: format!("{:016x}", fastrand::u64(..)),
            place: credential.place.clone(),
            kind: credential.kind,
            keep: self.keep,
            fingerprint,
            created,
        };
        self.write(&listed, credential, asking)?;
        let changed = self.listing.change(|credentials| {
            let before = credentials
                .iter()
                .position(|known| known.place == listed.place);
            let before = before.map(|index| credentials.remove(index));
            credentials.push(listed.clone());
            before
        });
        let before = match changed {
            Ok(before) => before,
            Err(source) => {
                // Nobody would find it again.
                let _ = self.discard(&listed, asking);
                return Err(not_listed(source));
            }
        };
        let left_behind = before.and_then(|before| self.discard(&before, asking).err());
        Ok(Added {
            listed,
            left_behind,
        })
    }

    /// Replaces what is kept of a credential that stays the same one, as when its token is renewed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn renew(
        &self,
        listed: &Listed,
        credential: &Credential,
        asking: Asking,
    ) -> Result<(), StoreError> {
        if credential.place != listed.place {
            return Err(StoreError::NotAsListed);
        }
        self.write(listed, credential, asking)
    }

    /// A credential with its secret.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(&self, listed: &Listed, asking: Asking) -> Result<Credential, StoreError> {
        let bytes = match listed.keep {
            Keep::Keychain => keychain::read(&name(listed), asking)?,
            Keep::File if self.keep != Keep::File => return Err(StoreError::FileNotAllowed),
            Keep::File => files::read(&self.path(listed), FILE_BYTES_MAX)
                .map_err(|source| StoreError::File {
                    what: "the credential's file cannot be read",
                    source,
                })?
                .ok_or(KeychainError::NoEntry)?,
        };
        Credential::parse(&bytes)
            // A listing that was tampered with leads no secret to another host.
            .filter(|credential| credential.place == listed.place && credential.kind == listed.kind)
            .ok_or(StoreError::NotAsListed)
    }

    /// Whether a read would succeed now, without reading and without asking anybody.
    ///
    /// # Errors
    /// Why it would not.
    pub fn is_readable(&self, listed: &Listed) -> Result<(), StoreError> {
        match listed.keep {
            Keep::Keychain => Ok(keychain::look(&name(listed))?),
            Keep::File => self.read(listed, Asking::Nobody).map(drop),
        }
    }

    /// Removes the credential of that place; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`]; then it is still listed.
    pub fn remove(&self, place: &Place, asking: Asking) -> Result<Option<Listed>, StoreError> {
        let Some(listed) = self.find(place)? else {
            return Ok(None);
        };
        self.discard(&listed, asking)?;
        self.listing
            .change(|credentials| credentials.retain(|known| known.id != listed.id))
            .map_err(not_listed)?;
        Ok(Some(listed))
    }

    fn write(
        &self,
        listed: &Listed,
        credential: &Credential,
        asking: Asking,
    ) -> Result<(), StoreError> {
        let bytes: Zeroizing<Vec<u8>> = credential.to_bytes();
        if bytes.len() > FILE_BYTES_MAX {
            return Err(StoreError::TooLong);
        }
        match listed.keep {
            Keep::Keychain => Ok(keychain::write(&name(listed), bytes, asking)?),
            Keep::File => {
                files::write(&self.path(listed), &bytes).map_err(|source| StoreError::File {
                    what: "the credential's file cannot be written",
                    source,
                })
            }
        }
    }

    fn discard(&self, listed: &Listed, asking: Asking) -> Result<(), StoreError> {
        match listed.keep {
            Keep::Keychain => Ok(keychain::remove(&name(listed), asking)?),
            Keep::File => files::remove(&self.path(listed)).map_err(|source| StoreError::File {
                what: "the credential's file cannot be removed",
                source,
            }),
        }
    }

    fn path(&self, listed: &Listed) -> PathBuf {
        // An id that was tampered with names no other place.
        let plain: String = listed
            .id
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        self.folder.join(plain)
    }
}

/// What the keychain calls it; people see it there.
fn name(listed: &Listed) -> String {
    format!("{} {}", listed.place, listed.id)
}

fn not_listed(source: io::Error) -> StoreError {
    StoreError::File {
        what: "the list of credentials cannot be written",
        source,
    }
}

#[cfg(test)]
mod tests;
