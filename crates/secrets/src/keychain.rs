//! The operating system's keychain, by keyring-core: each call on a thread of its own with a limit,
//! and a store that is opened anew each time, so that one that came late, or was started again, is
//! found.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use keyring_core::Error as KeyringError;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::credential::wiped;
use crate::os;

/// The service under which everything of ours is kept.
pub const SERVICE: &str = "watercooler";

/// The most that a call may take where nobody is asked.
pub const UNASKED_WAIT_MAX: Duration = Duration::from_secs(5);

/// The most where a person may have to unlock the keychain first.
pub const ASKED_WAIT_MAX: Duration = Duration::from_secs(120);

/// How many calls may hang at once; beyond, the keychain counts as silent at once.
const HANGING_MAX: usize = 4;

static HANGING: AtomicUsize = AtomicUsize::new(0);

/// Whether a person sits in front, who may be asked to unlock the keychain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Nobody does: a locked keychain is an error, and no window opens.
    Nobody,
    /// Somebody started this by hand.
    APerson,
}

/// Why a keychain did not do what it should.
#[derive(Debug, Error)]
pub enum KeychainError {
    /// There is none, or none yet.
    #[error("no keychain answers here ({0})")]
    Absent(String),
    /// It waits for its owner.
    #[error("the keychain is locked")]
    Locked,
    /// It gave no answer in time.
    #[error("the keychain gave no answer in {} s", .0.as_secs())]
    Silent(Duration),
    /// It does not have what was asked for.
    #[error("the keychain does not hold it")]
    NoEntry,
    /// It does not take secrets as long as this one.
    #[error("the secret is longer than this keychain takes ({0} bytes)")]
    TooLong(u32),
    /// What it gave back is not what it was given.
    #[error("the keychain did not keep what it was given")]
    NotKept,
    /// Anything else, in its own words.
    #[error("the keychain failed: {0}")]
    Failed(String),
}

impl KeychainError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Absent(_) => os::HINT_ABSENT,
            Self::Locked => "unlock the keychain; it is tried again by itself then",
            Self::Silent(_) => "see whether the keychain waits for an answer, or restart it",
            Self::NoEntry => "add the credential again: watercooler credential add",
            Self::TooLong(_) => "use a shorter key, such as an ed25519 one",
            Self::NotKept | Self::Failed(_) => "see whether the keychain works with other programs",
        }
    }

    /// Whether it may be otherwise in a moment without anybody changing a credential.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Absent(_) | Self::Locked | Self::Silent(_) => true,
            Self::NoEntry | Self::TooLong(_) | Self::NotKept | Self::Failed(_) => false,
        }
    }
}

/// What is kept under that name.
///
/// # Errors
/// [`KeychainError`].
pub fn read(name: &str, asking: Asking) -> Result<Zeroizing<Vec<u8>>, KeychainError> {
    let name = name.to_owned();
    limited(asking, move || {
        unlocked(&name, asking)?;
        let secret = entry(&name)?.get_secret().map_err(failed)?;
        Ok(Zeroizing::new(secret))
    })
}

/// Whether a read under that name would find something without asking anybody.
///
/// # Errors
/// Why it would not.
pub fn look(name: &str) -> Result<(), KeychainError> {
    let name = name.to_owned();
    limited(Asking::Nobody, move || unlocked(&name, Asking::Nobody))
}

/// Keeps the secret under that name, in the place of another one, and reads it back.
///
/// # Errors
/// [`KeychainError`].
pub fn write(name: &str, secret: Zeroizing<Vec<u8>>, asking: Asking) -> Result<(), KeychainError> {
    let name = name.to_owned();
    limited(asking, move || {
        if asking == Asking::Nobody && os::is_closed().map_err(absent)? {
            return Err(KeychainError::Locked);
        }
        let entry = entry(&name)?;
        entry.set_secret(&secret).map_err(failed)?;
        let kept = Zeroizing::new(entry.get_secret().map_err(failed)?);
        if *kept == *secret {
            Ok(())
        } else {
            Err(KeychainError::NotKept)
        }
    })
}

/// Removes what is kept under that name; where nothing is, that is well.
///
/// # Errors
/// [`KeychainError`].
pub fn remove(name: &str, asking: Asking) -> Result<(), KeychainError> {
    let name = name.to_owned();
    limited(asking, move || {
        match unlocked(&name, asking) {
            Err(KeychainError::NoEntry) => return Ok(()),
            looked => looked?,
        }
        match entry(&name)?.delete_credential() {
            Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    })
}

fn entry(name: &str) -> Result<keyring_core::Entry, KeychainError> {
    let store: Arc<keyring_core::CredentialStore> =
        os::store().map_err(|error| absent(error.to_string()))?;
    store.build(SERVICE, name, None).map_err(failed)
}

/// Looks before a read that would make a locked keychain ask.
fn unlocked(name: &str, asking: Asking) -> Result<(), KeychainError> {
    match (asking, os::look(SERVICE, name).map_err(absent)?) {
        (_, os::Look::Nothing) => Err(KeychainError::NoEntry),
        (Asking::Nobody, os::Look::Locked) => Err(KeychainError::Locked),
        (Asking::APerson, os::Look::Locked) | (_, os::Look::Open) => Ok(()),
    }
}

fn absent(why: String) -> KeychainError {
    KeychainError::Absent(why)
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the enum is not exhaustive")]
fn failed(error: KeyringError) -> KeychainError {
    match error {
        KeyringError::NoEntry => KeychainError::NoEntry,
        KeyringError::NoStorageAccess(_) => KeychainError::Locked,
        KeyringError::TooLong(_, bytes_max) => KeychainError::TooLong(bytes_max),
        KeyringError::NoDefaultStore => KeychainError::Absent("no store".to_owned()),
        // These two give away what they could not read.
        KeyringError::BadEncoding(bytes) | KeyringError::BadDataFormat(bytes, _) => {
            wiped(bytes);
            KeychainError::NotKept
        }
        KeyringError::PlatformFailure(_)
        | KeyringError::BadStoreFormat(_)
        | KeyringError::Invalid(..)
        | KeyringError::NotSupportedByStore(_) => KeychainError::Failed(error.to_string()),
        KeyringError::Ambiguous(_) => {
            KeychainError::Failed("it holds several of that name".to_owned())
        }
        // keyring-core may come to tell more apart.
        _ => KeychainError::Failed("it failed".to_owned()),
    }
}

/// Runs `work` on a thread and waits for it no longer than it may take.
fn limited<T: Send + 'static>(
    asking: Asking,
    work: impl FnOnce() -> Result<T, KeychainError> + Send + 'static,
) -> Result<T, KeychainError> {
    let limit = match asking {
        Asking::Nobody => UNASKED_WAIT_MAX,
        Asking::APerson => ASKED_WAIT_MAX,
    };
    within(limit, &HANGING, work)
}

fn within<T: Send + 'static>(
    limit: Duration,
    hanging: &'static AtomicUsize,
    work: impl FnOnce() -> Result<T, KeychainError> + Send + 'static,
) -> Result<T, KeychainError> {
    if hanging.fetch_add(1, Ordering::AcqRel) >= HANGING_MAX {
        hanging.fetch_sub(1, Ordering::AcqRel);
        return Err(KeychainError::Silent(limit));
    }
    let (done, finished) = sync_channel(1);
    let started = thread::Builder::new()
        .name("keychain".to_owned())
        .spawn(move || {
            let result = work();
            hanging.fetch_sub(1, Ordering::AcqRel);
            // Whoever asked may have stopped waiting.
            let _ = done.send(result);
        });
    if let Err(error) = started {
        hanging.fetch_sub(1, Ordering::AcqRel);
        return Err(KeychainError::Failed(error.to_string()));
    }
    match finished.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(KeychainError::Silent(limit)),
        Err(RecvTimeoutError::Disconnected) => {
            // The thread panicked, and left its count.
            hanging.fetch_sub(1, Ordering::AcqRel);
            Err(KeychainError::Failed("it broke off".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_call_that_hangs_is_not_waited_for_and_only_so_many_hang() {
        static HERE: AtomicUsize = AtomicUsize::new(0);
        let limit = Duration::from_millis(1);
        let mut release = Vec::new();
        for _ in 0..HANGING_MAX {
            let (hold, held) = channel::<()>();
            release.push(hold);
            let result = within(limit, &HERE, move || {
                let _ = held.recv();
                Ok(())
            });
            assert!(matches!(result, Err(KeychainError::Silent(_))));
        }
        let refused = within(Duration::MAX, &HERE, || Ok(()));
        assert!(matches!(refused, Err(KeychainError::Silent(_))));
        drop(release);
        let patience = Duration::from_secs(60);
        let start = std::time::Instant::now();
        while within(patience, &HERE, || Ok(())).is_err() {
            assert!(start.elapsed() < patience, "the calls that hung have ended");
            thread::park_timeout(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_call_that_breaks_off_is_an_error() {
        static HERE: AtomicUsize = AtomicUsize::new(0);
        let broken = within(
            Duration::from_secs(60),
            &HERE,
            || -> Result<(), KeychainError> { panic!("as planned") },
        );
        assert!(matches!(broken, Err(KeychainError::Failed(_))));
        assert_eq!(HERE.load(Ordering::Acquire), 0);
    }
}
