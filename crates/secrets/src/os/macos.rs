//! macOS: the login keychain.

use std::sync::Arc;

use apple_native_keyring_store::keychain::Store;
use keyring_core::CredentialStore;
use security_framework::os::macos::keychain::SecKeychain;
use security_framework::passwords::get_generic_password;

pub(crate) const HINT_ABSENT: &str = "open Keychain Access and see to the login keychain, or set credentials = \"file\" in config.toml";

/// Whether `ssh-agent` can be started for one login and one key: OpenSSH's has `-a` for its socket.
pub(crate) const HAS_AGENT_FOR_ONE_LOGIN: bool = true;

/// What a look at one entry finds, without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Open,
    Locked,
    Nothing,
}

/// `errSecItemNotFound` of SecBase.h.
const NOT_FOUND: i32 = -25300;

pub(crate) fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

pub(crate) fn look(service: &str, user: &str) -> Result<Look, String> {
    let _unasked = SecKeychain::disable_user_interaction().map_err(|error| error.to_string())?;
    match get_generic_password(service, user) {
        Ok(secret) => {
            crate::credential::wiped(secret);
            Ok(Look::Open)
        }
        Err(error) if error.code() == NOT_FOUND => Ok(Look::Nothing),
        // Reading it would make the keychain ask.
        Err(_) => Ok(Look::Locked),
    }
}

/// What is new is always taken, or asked about by the system itself.
pub(crate) fn is_closed() -> Result<bool, String> {
    Ok(false)
}
