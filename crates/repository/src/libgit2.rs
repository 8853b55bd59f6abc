//! Sets libgit2 up, once for the process: no foreign configuration, our own transports, limits.
#![allow(
    unsafe_code,
    reason = "libgit2 keeps its settings in globals; each is set once, behind a lock"
)]

use std::path::Path;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use git2::{ConfigLevel, opts};

use crate::transport;

mod tcp;

/// The schemes that our own transports serve. libgit2's own for `file` overwrites what others
/// pushed meanwhile and runs no hooks; for `ssh` it has none in our builds.
const OWN_SCHEMES: [&str; 2] = ["file", "ssh"];

/// How much of packs is mapped at a time, and in pieces of which size, in bytes: within the memory
/// that a worker may use.
const MAPPED_BYTES_MAX: usize = 512 << 20;
const PIECE_BYTES: usize = 32 << 20;

/// How much of unpacked objects is remembered, in bytes.
const CACHE_BYTES_MAX: isize = 64 << 20;

static PREPARED: Mutex<bool> = Mutex::new(false);
static SERVER_LIMITS: Once = Once::new();

/// Must have run before anything else of git2 is used; does its work once.
pub(crate) fn prepare() -> Result<(), git2::Error> {
    let mut prepared = PREPARED.lock().unwrap_or_else(PoisonError::into_inner);
    if *prepared {
        return Ok(());
    }
    for level in [
        ConfigLevel::ProgramData,
        ConfigLevel::System,
        ConfigLevel::XDG,
        ConfigLevel::Global,
    ] {
        // SAFETY: every use of git2 in this crate comes after this function, whose lock we hold, so
        // that nobody reads the search paths while they are set.
        unsafe { opts::set_search_path(level, "") }?;
    }
    for scheme in OWN_SCHEMES {
        // SAFETY: as above; no transport is made before this function has returned.
        unsafe { git2::transport::register(scheme, transport::for_current_exchange) }?;
    }
    tcp::register()?;
    *prepared = true;
    Ok(())
}

/// Keeps what libgit2 maps and remembers small; what it allocates is for the process to bound.
pub(crate) fn bound_memory() -> Result<(), git2::Error> {
    // SAFETY: a worker calls it once, before it opens its clone and starts a thread that uses git2.
    unsafe {
        opts::set_mwindow_size(PIECE_BYTES)?;
        opts::set_mwindow_mapped_limit(MAPPED_BYTES_MAX)?;
        opts::set_cache_max_size(CACHE_BYTES_MAX)
    }
}

/// Bounds each single wait of libgit2's own transports (https) by the first remote's time-out; the
/// whole exchange is bounded where bytes arrive.
pub(crate) fn limit_waits(timeout: Duration) {
    SERVER_LIMITS.call_once(|| {
        let ms = i32::try_from(timeout.as_millis())
            .unwrap_or(i32::MAX)
            .max(1);
        // SAFETY: set once, before the first connection of libgit2's own transports, which are made
        // only after a call of this function.
        let set = unsafe {
            opts::set_server_connect_timeout_in_milliseconds(ms)
                .and_then(|()| opts::set_server_timeout_in_milliseconds(ms))
        };
        tcp::limit_waits(ms);
        if let Err(error) = set {
            tracing::warn!(%error, "Network time-outs could not be set");
        }
    });
}

/// What libgit2 says where the system's own store of authorities is the only one (macOS, Windows).
const SYSTEM_STORE_ALONE: &str = "TLS backend doesn't support certificate locations";

/// Adds the authorities of a PEM file to those of the system, for the whole process.
pub(crate) fn trust_authorities_file(file: &Path) -> Result<(), git2::Error> {
    // SAFETY: callers hold the lock of `web_settings`, so that nobody else adds meanwhile; OpenSSL
    // guards its store against connections that read it.
    unless_alone(unsafe { opts::set_ssl_cert_file(file) })
}

/// The same for a folder of them.
pub(crate) fn trust_authorities_folder(folder: &Path) -> Result<(), git2::Error> {
    // SAFETY: as above.
    unless_alone(unsafe { opts::set_ssl_cert_dir(folder) })
}

fn unless_alone(trusted: Result<(), git2::Error>) -> Result<(), git2::Error> {
    match trusted {
        Err(error) if error.message().contains(SYSTEM_STORE_ALONE) => {
            tracing::warn!("Authorities are taken from the system's own store alone");
            Ok(())
        }
        Ok(()) | Err(_) => trusted,
    }
}
