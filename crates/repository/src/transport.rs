//! Our own transports: git's pack protocol spoken with a child process, `git` or `ssh`.

mod child;
mod file;
mod process;
mod ssh;

use std::sync::Arc;

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};

use crate::exchange::Exchange;
use crate::url::Place;
use crate::{Kind, TransferError};

pub(crate) use child::{complaint, run};
pub(crate) use file::{with_users_configuration, without_git_variables};
pub(crate) use process::Group;
pub use process::end_children;
pub(crate) use ssh::{Agent, Masters, forget_settings, greeting};

/// Which way the objects go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Fetch,
    Push,
}

#[derive(Debug)]
struct Subtransport {
    exchange: Arc<Exchange>,
}

/// Makes the transport for the exchange that runs on this thread; libgit2 calls it.
pub(crate) fn for_current_exchange(remote: &git2::Remote<'_>) -> Result<Transport, git2::Error> {
    let exchange = Exchange::current()
        .ok_or_else(|| git2::Error::from_str("no exchange runs on this thread"))?;
    // Not stateless: one child serves the whole exchange.
    Transport::smart(remote, false, Subtransport { exchange })
}

impl SmartSubtransport for Subtransport {
    fn action(
        &self,
        _url: &str,
        service: Service,
    ) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let direction = match service {
            Service::UploadPackLs | Service::UploadPack => Direction::Fetch,
            Service::ReceivePackLs | Service::ReceivePack => Direction::Push,
        };
        let command = match self.exchange.url.place() {
            Place::File(path) => file::command(path, direction, &self.exchange),
            Place::Ssh { path, .. } => {
                let login = ssh::Login::of(&self.exchange).expect("it is a place of ssh's");
                ssh::command(&login, path, direction, &self.exchange)
            }
            Place::Web { .. } => Err(TransferError::new(
                Kind::SettingsInvalid,
                format!("{} is not reached by a program", self.exchange.url),
                "this is an error of ours; please report it",
            )),
        };
        let started = command.and_then(|command| child::converse(command, &self.exchange));
        match started {
            Ok(conversation) => Ok(Box::new(conversation)),
            Err(trouble) => {
                let error = git2::Error::from_str(&trouble.message);
                self.exchange.note(trouble);
                Err(error)
            }
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// What is said where a program is not there.
pub(crate) fn program_missing(name: &str) -> TransferError {
    TransferError::new(
        Kind::SettingsInvalid,
        format!("the program '{name}' is not in PATH, nor where systems usually put it"),
        format!("install {name}, or start the daemon with a PATH that has it"),
    )
}
