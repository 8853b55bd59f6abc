//! The ways in to remotes: which credential is kept for one, and the secret itself at the moment when
//! its worker needs it.
//!
//! Invariants: nothing secret is remembered here, logged, or part of an error; a repository's
//! credential goes to the host of its own remote alone; no keychain is made to ask.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use platform::dirs::Dirs;
use repository::{Given, Kind, Remote, TransferError};
use secrets::credential::{Credential, Secret, SignedIn};
use secrets::keychain::{Asking, KeychainError};
use secrets::known_hosts::KnownHosts;
use secrets::server::{Reach, Server};
use secrets::sign_in::{self, SignInError};
use secrets::store::{Keep, Listed, Store, StoreError};
use tokio::sync::Notify;
use tracing::{debug, info, warn};

use crate::settings::CredentialStore;

/// How often a keychain that stood in the way is looked at, growing from the first to the second.
const LOOK_PAUSE_MIN: Duration = Duration::from_secs(1);
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(15);

/// How a remote is gone to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// With the credential that is kept for it.
    Kept(Listed),
    /// With the private key file of the settings.
    KeyFile,
    /// With the person's own ssh: agent, configuration, keys.
    OwnSsh,
    /// With git's credential helpers, where the server asks.
    Helpers,
    /// Without any.
    None,
}

/// The credentials of this daemon.
#[derive(Debug)]
pub(crate) struct Credentials {
    store: ArcSwap<Store>,
    dirs: Dirs,
    known_hosts: KnownHosts,
    /// One renewal at a time: a refresh token is good for one.
    renewing: Mutex<()>,
}

/// Tells a repository's loop when a keychain that stood in the way does so no more.
#[derive(Debug, Default)]
pub(crate) struct Freed {
    told: Notify,
    /// Whether a thread looks at the keychain for it.
    is_looked_for: AtomicBool,
}

impl Freed {
    /// Waits until it is told.
    pub(crate) async fn told(&self) {
        self.told.notified().await;
    }
}

impl Way {
    /// What tells the kept credential from others.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Kept(listed) => Some(&listed.id),
            Self::KeyFile | Self::OwnSsh | Self::Helpers | Self::None => None,
        }
    }

    /// For a person, `deploy key SHA256:… from the keychain`.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Kept(listed) => {
                let fingerprint = listed.fingerprint.as_deref().map(|text| format!(" {text}"));
                let fingerprint = fingerprint.unwrap_or_default();
                let (kind, keep) = (listed.kind.words(), keep_words(listed.keep));
                Some(format!("{kind}{fingerprint} from {keep}"))
            }
            Self::KeyFile => Some("the key file of the settings".to_owned()),
            Self::OwnSsh => Some("your own ssh".to_owned()),
            Self::Helpers => Some("git's credential helpers, where the server asks".to_owned()),
            Self::None => None,
        }
    }
}

fn keep_words(keep: Keep) -> &'static str {
    match keep {
        Keep::Keychain => "the keychain",
        Keep::File => "a file",
    }
}

impl Credentials {
    /// Those of the state folder.
    pub(crate) fn open(dirs: &Dirs) -> Credentials {
        let known_hosts = KnownHosts::in_folder(&dirs.state);
        if let Err(error) = known_hosts.publish() {
            warn!(%error, "The keys that forges publish are not known to ssh");
        }
        Credentials {
            store: ArcSwap::from_pointee(Store::new(dirs.state.clone(), Keep::Keychain)),
            dirs: dirs.clone(),
            known_hosts,
            renewing: Mutex::new(()),
        }
    }

    /// From here on credentials are kept where the settings say.
    pub(crate) fn keep_in(&self, place: CredentialStore) {
        let keep = match place {
            CredentialStore::Keychain => Keep::Keychain,
            CredentialStore::File => Keep::File,
        };
        self.store
            .store(Arc::new(Store::new(self.dirs.state.clone(), keep)));
    }

    /// The files of known hosts that ssh reads besides its own.
    pub(crate) fn known_hosts_files(&self) -> Vec<OsString> {
        self.known_hosts.files().map(OsString::from).into()
    }

    /// How that repository's remote is gone to: the first way that there is, in the contract's order.
    ///
    /// # Errors
    /// The list of credentials cannot be read; then no other way is tried.
    pub(crate) fn way(&self, repository: &str, remote: &Remote) -> Result<Way, TransferError> {
        let Some(server) = Server::of(&String::from(remote.url.clone())) else {
            return Ok(Way::None);
        };
        let listed = self
            .store
            .load()
            .find(&server.place(repository))
            .map_err(|error| {
                TransferError::new(Kind::SettingsInvalid, error.to_string(), error.hint())
            })?;
        let listed = listed.filter(|listed| listed.kind.reach() == server.reach);
        Ok(match (listed, server.reach, &remote.ssh_key) {
            (Some(listed), _, _) => Way::Kept(listed),
            (None, Reach::Ssh, Some(_)) => Way::KeyFile,
            (None, Reach::Ssh, None) => Way::OwnSsh,
            (None, Reach::Web, _) => Way::Helpers,
        })
    }

    /// The credential of a way. Blocks, for as long as a keychain may take, or a renewal. Where a
    /// keychain stands in the way, `freed` is told when it does so no more.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn hand_over(&self, way: &Way, freed: &Arc<Freed>) -> Result<Given, TransferError> {
        let Way::Kept(listed) = way else {
            return Err(TransferError::new(
                Kind::CredentialMissing,
                "no credential is kept for this remote",
                "add one: watercooler credential add NAME",
            ));
        };
        let store = self.store.load_full();
        let credential = read(&store, listed).map_err(|error| {
            if may_pass(&error) {
                look_again(Arc::clone(&store), listed.clone(), freed);
            }
            refusal(listed, &error)
        })?;
        debug!(place = %listed.place, kind = listed.kind.as_str(), "Handed over");
        match credential.secret {
            Secret::Key(key) => Ok(Given::Key(key)),
            Secret::Token { user, token } => Ok(Given::Password {
                user,
                password: token,
            }),
            Secret::SignIn(signed) => {
                let signed = self.renewed(&store, listed, signed)?;
                Ok(Given::Password {
                    user: signed.user,
                    password: signed.access,
                })
            }
        }
    }

    /// The token of a sign-in, renewed where it ends soon.
    fn renewed(
        &self,
        store: &Store,
        listed: &Listed,
        signed: SignedIn,
    ) -> Result<SignedIn, TransferError> {
        let now = || Timestamp::now().as_second();
        if !sign_in::is_due(&signed, now()) {
            return Ok(signed);
        }
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        match sign_in::renewed(&signed, now()) {
            Ok(renewed) => {
                let credential = Credential {
                    place: listed.place.clone(),
                    kind: listed.kind,
                    secret: Secret::SignIn(renewed.clone()),
                };
                if let Err(error) = store.renew(listed, &credential, Asking::Nobody) {
                    warn!(place = %listed.place, %error, "A renewed sign-in was not kept");
                } else {
                    info!(place = %listed.place, "Sign-in renewed");
                }
                Ok(renewed)
            }
            Err(error) => {
                let is_over = signed.expires.is_some_and(|expires| expires <= now());
                match &error {
                    SignInError::Unreachable(_) if !is_over => Ok(signed),
                    SignInError::Unreachable(_) => Err(not_renewed(Kind::Offline, &error)),
                    SignInError::Address(_)
                    | SignInError::Nonsense(..)
                    | SignInError::Denied
                    | SignInError::Expired
                    | SignInError::Ended
                    | SignInError::Refused(_) => Err(not_renewed(Kind::CredentialRefused, &error)),
                }
            }
        }
    }
}

/// Looks at the keychain until it is there and open, on a thread that ends then, or with its
/// repository.
fn look_again(store: Arc<Store>, listed: Listed, freed: &Arc<Freed>) {
    if freed.is_looked_for.swap(true, Ordering::AcqRel) {
        return;
    }
    let waiting = Arc::downgrade(freed);
    let looking = move || {
        let mut pause = LOOK_PAUSE_MIN;
        while let Some(freed) = waiting.upgrade() {
            if !store
                .is_readable(&listed)
                .is_err_and(|error| may_pass(&error))
            {
                freed.is_looked_for.store(false, Ordering::Release);
                freed.told.notify_one();
                return;
            }
            drop(freed);
            thread::sleep(pause);
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
        }
    };
    let thread = thread::Builder::new().name("keychain".to_owned());
    if let Err(error) = thread.spawn(looking) {
        freed.is_looked_for.store(false, Ordering::Release);
        warn!(%error, "Nobody looks whether the keychain is unlocked");
    }
}

/// What is kept, also where another was put into its place since it was looked up.
fn read(store: &Store, listed: &Listed) -> Result<Credential, StoreError> {
    let error = match store.read(listed, Asking::Nobody) {
        Err(error @ StoreError::Keychain(KeychainError::NoEntry)) => error,
        read => return read,
    };
    match store.find(&listed.place)? {
        Some(now) if now.id != listed.id => store.read(&now, Asking::Nobody),
        Some(_) | None => Err(error),
    }
}

fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Keychain(error) => error.may_pass(),
        StoreError::File { .. }
        | StoreError::FileNotAllowed
        | StoreError::NotAsListed
        | StoreError::TooLong => false,
    }
}

fn refusal(listed: &Listed, error: &StoreError) -> TransferError {
    use KeychainError::{Absent, Failed, Locked, NoEntry, NotKept, Silent, TooLong};
    let kind = match error {
        StoreError::Keychain(Locked | Silent(_)) => Kind::KeychainLocked,
        StoreError::Keychain(Absent(_) | NoEntry | TooLong(_) | NotKept | Failed(_))
        | StoreError::File { .. }
        | StoreError::FileNotAllowed
        | StoreError::NotAsListed
        | StoreError::TooLong => Kind::CredentialMissing,
    };
    let kind_words = listed.kind.words();
    TransferError::new(
        kind,
        format!("the {kind_words} for {}: {error}", listed.place.host),
        error.hint(),
    )
}

fn not_renewed(kind: Kind, error: &SignInError) -> TransferError {
    TransferError::new(
        kind,
        format!("the sign-in was not renewed: {error}"),
        error.hint(),
    )
}

#[cfg(test)]
mod tests;
