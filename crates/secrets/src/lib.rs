//! Credentials at rest and on their way: the operating system's keychain, keys made in memory, tokens
//! and sign-ins, and which servers are known.
//!
//! Invariants: what is secret has no `Debug` and no `Serialize` and is overwritten when dropped; a
//! credential is found by repository and host together, and given to no other; nothing secret is
//! written to a file unless the settings say so; every call of a keychain ends by its limit, and one
//! that nobody waits in front of never makes it ask.

pub mod credential;
pub mod keychain;
pub mod keys;
pub mod known_hosts;
pub mod server;
pub mod sign_in;
pub mod store;

mod files;
mod forges;
mod listing;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "os/linux.rs"]
mod os;
#[cfg(target_os = "macos")]
#[path = "os/macos.rs"]
mod os;
#[cfg(windows)]
#[path = "os/windows.rs"]
mod os;
mod web;
