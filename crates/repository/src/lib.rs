//! Git: a private bare clone, its fetch, replay and push; the one crate that knows git.
//!
//! Invariants: nothing is force-pushed; nothing is ever checked out; no configuration but our own
//! is read; every exchange with a remote ends by its deadline; every child is reaped, and in a
//! process group of its own, or in ours where a process does one clone's network work alone.

mod author;
mod backup;
mod bearer;
mod classify;
mod clone;
mod credential;
mod draft;
mod error;
mod exchange;
mod fetch;
mod greeting;
mod hold;
mod host_key;
mod housekeeping;
mod id;
mod libgit2;
mod look;
mod program;
mod push;
mod read;
mod remote;
mod renew;
mod replay;
mod ssh_key;
mod transport;
mod try_out;
mod turn;
#[cfg(unix)]
mod unix;
mod url;
mod ways;
mod web_settings;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;

pub use author::Author;
pub use backup::BACKUPS_MAX;
pub use clone::{Clone, CloneConfig};
pub use error::{CloneError, Kind, PushError, TransferError};
pub use exchange::RECEIVED_BYTES_MAX;
pub use fetch::Fetched;
pub use housekeeping::{
    CLUTTER_BYTES_MIN, Clutter, LOOSE_MAX, PACKS_MAX, STALE_AGE, Tidied, Way, git,
};
pub use id::{BlobId, Tip};
pub use look::Looked;
pub use push::Pushed;
pub use read::{BLOB_BYTES_MAX, Changed, File, Skipped};
pub use remote::Remote;
pub use renew::{FetchInto, Renewed, discard};
pub use replay::HISTORY_COMMITS_MAX;
pub use transport::end_children;
pub use try_out::{GREETING_WAIT_MAX, TriedOut};
pub use url::{RemoteUrl, UrlError};
pub use ways::{Given, Kept, Ways};
