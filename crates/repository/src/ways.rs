//! What an exchange is given besides its remote: the credential that is kept for it, handed over at the
//! moment it is needed, and the files that name known servers.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use crate::TransferError;

/// A credential, in the form in which it is used.
///
/// ```compile_fail
/// fn shown(given: &repository::Given) -> String { format!("{given:?}") }
/// ```
#[allow(missing_debug_implementations, reason = "a secret")]
pub enum Given {
    /// A private key without a passphrase, in text form.
    Key(Zeroizing<String>),
    /// A user and a password or token.
    Password {
        /// The user.
        user: String,
        /// The password or token.
        password: Zeroizing<String>,
    },
}

type HandOver = dyn Fn() -> Result<Given, TransferError> + Send + Sync;

/// A credential that is kept for one remote. It alone is used there.
#[derive(Clone)]
pub struct Kept {
    id: String,
    hand_over: Arc<HandOver>,
}

/// What an exchange is given besides its remote.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// The credential that is kept for it.
    pub(crate) kept: Option<Kept>,
    /// Files of known hosts that ssh reads besides its own.
    pub(crate) known_hosts: Vec<PathBuf>,
    /// Whether the server takes its token as a bearer's; learnt by asking it.
    pub(crate) is_bearer: Bearer,
}

/// Whether tokens go to the server as a bearer's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bearer(Arc<AtomicBool>);

impl Ways {
    /// The credential that is kept for the remote, if any, and files of known hosts that ssh reads
    /// besides its own.
    pub fn new(kept: Option<Kept>, known_hosts: Vec<PathBuf>) -> Ways {
        Ways {
            kept,
            known_hosts,
            is_bearer: Bearer::default(),
        }
    }
}

impl Kept {
    /// A credential that `id` tells from every other. `hand_over` is called whenever it is needed, on
    /// the thread of the exchange, and ends within the exchange's time.
    pub fn new(
        id: String,
        hand_over: impl Fn() -> Result<Given, TransferError> + Send + Sync + 'static,
    ) -> Kept {
        Kept {
            id,
            hand_over: Arc::new(hand_over),
        }
    }

    /// What tells it from every other.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The credential itself.
    pub(crate) fn hand_over(&self) -> Result<Given, TransferError> {
        (self.hand_over)()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Kept")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Bearer {
    pub(crate) fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn learn(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
