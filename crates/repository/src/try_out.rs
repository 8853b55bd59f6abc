//! Asks a remote what we may do there: both of its services are begun, nothing is fetched or pushed.

use std::cell::Cell;
use std::time::Duration;

use git2::{PushOptions, Repository};
use serde::{Deserialize, Serialize};

use crate::exchange::Exchange;
use crate::fetch::{Failure, callbacks, connected, prepare_waits};
use crate::{Clone, Kind, Remote, TransferError, bearer, greeting, transport, web_settings};

/// The most that asking an ssh server for its greeting may take.
pub const GREETING_WAIT_MAX: Duration = Duration::from_secs(10);

/// What a remote lets us do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedOut {
    /// Whether it lets us read, else why not.
    pub read: Result<(), TransferError>,
    /// Whether it lets us write, as far as it tells before anything is pushed, else why not.
    pub write: Result<(), TransferError>,
    /// As whom the server greets us; `None` where it does not, or is not behind ssh.
    pub who: Option<String>,
}

impl Clone {
    /// Begins to fetch, then to push, and stops before anything is sent; then asks whom an ssh server
    /// greets. Two exchanges, each within the remote's time-out, and one within
    /// [`GREETING_WAIT_MAX`]. Waits while another exchange of this clone runs.
    #[must_use]
    pub fn try_out(&self, remote: &Remote) -> TriedOut {
        let _moving = self.lock_moving();
        let repository = match self.lend() {
            Ok(repository) => repository,
            Err(error) => {
                let trouble = TransferError::from(error);
                return TriedOut {
                    read: Err(trouble.clone()),
                    write: Err(trouble),
                    who: None,
                };
            }
        };
        let read = self.tried(remote, |exchange| reads(&repository, exchange));
        let write = match &read {
            // Who does not answer would only be waited for once more.
            Err(trouble) if trouble.kind == Kind::Offline => Err(trouble.clone()),
            Ok(()) | Err(_) => self.tried(remote, |exchange| writes(&repository, exchange)),
        };
        let who = is_known_there(&read)
            .then(|| self.greeted(remote))
            .flatten();
        TriedOut { read, write, who }
    }

    fn greeted(&self, remote: &Remote) -> Option<String> {
        let timeout = remote.timeout.min(GREETING_WAIT_MAX);
        let remote = Remote {
            timeout,
            ..remote.clone()
        };
        greeting::who(&transport::greeting(&self.exchange(&remote))?)
    }

    fn tried(
        &self,
        remote: &Remote,
        work: impl Fn(&std::sync::Arc<Exchange>) -> Result<(), Failure>,
    ) -> Result<(), TransferError> {
        let exchange = self.exchange(remote);
        exchange.run(|| work(&exchange)).map_err(|failure| {
            let trouble = failure.told(&exchange);
            self.end_ssh();
            trouble
        })
    }
}

/// Whether we were logged in, so that who was refused a repository learns as whom.
fn is_known_there(read: &Result<(), TransferError>) -> bool {
    match read.as_ref().err().map(|trouble| trouble.kind) {
        None | Some(Kind::NotFound) => true,
        Some(
            Kind::Offline
            | Kind::RateLimited
            | Kind::CredentialMissing
            | Kind::CredentialRefused
            | Kind::KeychainLocked
            | Kind::HostKeyUnknown
            | Kind::HostKeyChanged
            | Kind::PushRefused
            | Kind::Rewritten
            | Kind::DiskFull
            | Kind::SettingsInvalid
            | Kind::OutboxFull
            | Kind::Damaged,
        ) => false,
    }
}

fn reads(repository: &Repository, exchange: &std::sync::Arc<Exchange>) -> Result<(), Failure> {
    connected(repository, exchange, |remote, _| {
        remote.list()?;
        Ok(())
    })
}

/// A push of nothing, which is given up when `receive-pack` has told what it has.
fn writes(repository: &Repository, exchange: &std::sync::Arc<Exchange>) -> Result<(), Failure> {
    let is_let_in = Cell::new(false);
    let attempt = || -> Result<(), Failure> {
        let header = bearer::header(exchange).map_err(Failure::Told)?;
        prepare_waits(exchange);
        let mut remote = repository.remote_anonymous(&exchange.url.for_libgit2())?;
        let mut callbacks = callbacks(exchange);
        callbacks.push_negotiation(|_| {
            is_let_in.set(true);
            Err(git2::Error::from_str("that was all to be known"))
        });
        let mut options = PushOptions::new();
        options
            .remote_callbacks(callbacks)
            .proxy_options(web_settings::proxy(exchange)?);
        if let Some(header) = &header {
            header.add_to_push(&mut options);
        }
        Ok(remote.push::<&str>(&[], Some(&mut options))?)
    };
    let tried = match attempt() {
        Err(Failure::Git(error)) if bearer::is_asked_for(exchange, &error) => attempt(),
        tried => tried,
    };
    if is_let_in.get() { Ok(()) } else { tried }
}
