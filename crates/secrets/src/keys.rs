//! Private ssh keys: made in memory, or taken from a file of the person's with its passphrase.

use std::path::Path;

use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::credential::SECRET_BYTES_MAX;
use crate::{files, os};

/// Whether ssh can be given a key from the keychain on this system, in memory and for one login.
pub const CAN_BE_HANDED_OVER: bool = os::HAS_AGENT_FOR_ONE_LOGIN;

/// A private key without a passphrase, with what may be shown of it.
#[allow(missing_debug_implementations, reason = "it holds a secret")]
pub struct Key {
    /// The private half, in text form.
    pub private: Zeroizing<String>,
    /// The public half as one line, as forges take it; `None` where the text form hides it.
    pub public: Option<String>,
    /// `SHA256:…`.
    pub fingerprint: Option<String>,
}

/// Why a key cannot be taken.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(std::io::Error),
    /// It opens with a passphrase alone.
    #[error("the key opens with a passphrase alone")]
    Locked,
    /// The passphrase is another one.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// It is in the old form with a passphrase, which is not read here.
    #[error("the key is locked in the old PEM form")]
    LockedPem,
    /// It only points to a device.
    #[error("the private half of this key stays in a device")]
    InDevice,
    /// It is a public key, or nothing of the kind.
    #[error("it is no private key")]
    NoKey,
}

impl KeyError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "name a private key file that you may read",
            Self::Locked => "run the command on a terminal, where it asks for the passphrase",
            Self::WrongPassphrase => "try again",
            Self::LockedPem => "bring it into the new form first: ssh-keygen -p -f FILE",
            Self::InDevice => "keep it in your own ssh configuration; it is used from there",
            Self::NoKey => "name the private key file, without .pub",
        }
    }
}

/// A new ed25519 key. It stands in no file.
#[must_use]
pub fn made(comment: &str) -> Key {
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519)
        .expect("ed25519 is compiled in, and the system has randomness");
    key.set_comment(comment);
    shown(&key).expect("a new key can be written")
}

/// The key in a file; `passphrase` is asked for where it is locked with one.
///
/// # Errors
/// [`KeyError`]; [`KeyError::Locked`] where `passphrase` has none to give.
pub fn taken(
    path: &Path,
    passphrase: impl FnOnce() -> Option<Zeroizing<String>>,
) -> Result<Key, KeyError> {
    let bytes = files::read(path, SECRET_BYTES_MAX).map_err(KeyError::Unreadable)?;
    let bytes = bytes.ok_or_else(|| KeyError::Unreadable(std::io::ErrorKind::NotFound.into()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::NoKey)?;
    let Ok(key) = PrivateKey::from_openssh(text) else {
        return pem(text);
    };
    let key = if key.is_encrypted() {
        let passphrase = passphrase().ok_or(KeyError::Locked)?;
        key.decrypt(passphrase.as_bytes())
            .map_err(|_| KeyError::WrongPassphrase)?
    } else {
        key
    };
    shown(&key)
}

/// The `SHA256:…` fingerprint of a public key's line; `None` where it is none.
#[must_use]
pub fn fingerprint(public: &str) -> Option<String> {
    let key = PublicKey::from_openssh(public).ok()?;
    Some(key.fingerprint(HashAlg::Sha256).to_string())
}

fn shown(key: &PrivateKey) -> Result<Key, KeyError> {
    if matches!(
        key.algorithm(),
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256
    ) {
        return Err(KeyError::InDevice);
    }
    let public = key.public_key().to_openssh().map_err(|_| KeyError::NoKey)?;
    Ok(Key {
        private: key
            .to_openssh(LineEnding::LF)
            .map_err(|_| KeyError::NoKey)?,
        public: Some(public),
        fingerprint: Some(key.fingerprint(HashAlg::Sha256).to_string()),
    })
}

/// A key in one of OpenSSL's text forms, which ssh reads as it is.
fn pem(text: &str) -> Result<Key, KeyError> {
    let is_private = text.trim_start().starts_with("-----BEGIN ")
        && text
            .lines()
            .next()
            .is_some_and(|line| line.contains("PRIVATE KEY-----"));
    let is_locked = text.contains("ENCRYPTED");
    match (is_private, is_locked) {
        (true, true) => Err(KeyError::LockedPem),
        (true, false) if !text.contains("OPENSSH PRIVATE KEY") => Ok(Key {
            private: Zeroizing::new(text.to_owned()),
            public: None,
            fingerprint: None,
        }),
        (true | false, _) => Err(KeyError::NoKey),
    }
}

#[cfg(test)]
mod tests;
