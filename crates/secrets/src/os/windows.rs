//! Windows: the Credential Manager, which is open while its user is logged in.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error};
use windows_native_keyring_store::Store;

pub(crate) const HINT_ABSENT: &str =
    "see that the Credential Manager service runs, or set credentials = \"file\" in config.toml";

/// `ssh-agent` is a service for the whole session here, which keeps what it is given.
pub(crate) const HAS_AGENT_FOR_ONE_LOGIN: bool = false;

/// What a look at one entry finds, without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Open,
    #[allow(dead_code, reason = "never, where it is open with the session")]
    Locked,
    Nothing,
}

pub(crate) fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

pub(crate) fn look(service: &str, user: &str) -> Result<Look, String> {
    let entry = store().and_then(|store| store.build(service, user, None));
    match entry.and_then(|entry| entry.get_attributes()) {
        Ok(_) => Ok(Look::Open),
        Err(Error::NoEntry) => Ok(Look::Nothing),
        Err(error) => Err(error.to_string()),
    }
}

/// It never is.
pub(crate) fn is_closed() -> Result<bool, String> {
    Ok(false)
}
