//! Linux and its like: the Secret Service on the session's bus (gnome-keyring, KWallet, KeePassXC).

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::CredentialStore;
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use zbus_secret_service_keyring_store::Store;

pub(crate) const HINT_ABSENT: &str = "start a keychain (gnome-keyring, KWallet or KeePassXC), or set credentials = \"file\" in config.toml";

/// Whether `ssh-agent` can be started for one login and one key: OpenSSH's has `-a` for its socket.
pub(crate) const HAS_AGENT_FOR_ONE_LOGIN: bool = true;

/// What a look at one entry finds, without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Open,
    Locked,
    Nothing,
}

pub(crate) fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

pub(crate) fn look(service: &str, user: &str) -> Result<Look, String> {
    let secrets = connected()?;
    let wanted = HashMap::from([("service", service), ("username", user)]);
    let found = secrets
        .search_items(wanted)
        .map_err(|error| error.to_string())?;
    Ok(if !found.unlocked.is_empty() {
        Look::Open
    } else if !found.locked.is_empty() {
        Look::Locked
    } else if is_shut(&secrets) {
        // A keychain that was never opened may not tell what is in it.
        Look::Locked
    } else {
        Look::Nothing
    })
}

/// Whether the keychain that takes what is new is locked.
pub(crate) fn is_closed() -> Result<bool, String> {
    Ok(is_shut(&connected()?))
}

fn is_shut(secrets: &SecretService<'_>) -> bool {
    let collection = secrets.get_default_collection();
    collection.is_ok_and(|collection| collection.is_locked().unwrap_or(false))
}

fn connected() -> Result<SecretService<'static>, String> {
    // Nothing secret crosses here, so that a session key would be for nothing.
    SecretService::connect(EncryptionType::Plain).map_err(|error| error.to_string())
}
