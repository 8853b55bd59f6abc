//! The local socket between our programs: its address, its handshake, the typed client, and with
//! the feature `tokio` the daemon's end of it.
//!
//! The client's side is blocking and needs no runtime. Both sides prove that the other is the same
//! user before they say a word.

pub mod address;
pub mod caller;
pub mod client;
pub mod connection;
pub mod launch;
#[cfg(feature = "tokio")]
pub mod listener;
mod peer;
pub mod stream;

#[cfg(unix)]
#[path = "unix.rs"]
mod os;
#[cfg(windows)]
#[path = "windows.rs"]
mod os;
