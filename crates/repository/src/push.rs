//! Sends operations: replayed on the tip, pushed once, judged by what the remote said of the ref.

use std::cell::RefCell;
use std::sync::Arc;

use git2::{Direction, Oid, PushOptions, Repository};
use serde::{Deserialize, Serialize};
use threads::entry_id::EntryId;
use threads::operation::Operation;

use crate::classify::{Verdict, plain, verdict};
use crate::clone::{DEFAULT_BRANCH, remote_ref};
use crate::exchange::Exchange;
use crate::fetch::{Failure, branch_gone, callbacks, prepare_waits, wanted_branch};
use crate::replay::Replayed;
use crate::{Author, Clone, CloneError, Kind, PushError, Remote, Tip, TransferError, web_settings};

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The remote's tip now, and ours.
    pub tip: Tip,
    /// The operations that stand in it: all that were given.
    pub done: Vec<EntryId>,
    /// Those of `done` that stood there before.
    pub present: Vec<EntryId>,
    /// What was sent, in bytes; 0 where nothing had to be.
    pub bytes_sent: u64,
}

/// What was heard of our ref while pushing.
#[derive(Debug, Default)]
struct Report {
    /// The remote's ref was not where we took it to be.
    elsewhere: bool,
    /// It was not there at all.
    absent: bool,
    /// Sending has begun.
    sending: bool,
    /// The remote's word on our ref: `None` in it means that it was taken.
    status: Option<Option<String>>,
    /// What was put on the remote's tip.
    replayed: Replayed,
}

/// Why nothing came back of a push.
enum NotSent {
    Git(git2::Error),
    NotReplayed(CloneError),
}

impl From<git2::Error> for NotSent {
    fn from(error: git2::Error) -> NotSent {
        NotSent::Git(error)
    }
}

impl Clone {
    /// Puts the operations on `onto` (`None`: a remote without the branch), one commit each, and
    /// pushes them at once; never by force. The remote must stand exactly at `onto`, which its tip
    /// is compared with before anything is made, before anything is sent, and again by the remote
    /// itself. Afterwards the tip here is the pushed one. Waits while another exchange of this clone
    /// runs.
    pub fn push(
        &self,
        remote: &Remote,
        onto: Option<&Tip>,
        operations: &[Operation],
        author: &Author,
    ) -> Result<Pushed, PushError> {
        let _moving = self.lock_moving();
        let failed = |error: CloneError| PushError::Failed(error.into());
        let repository = self.lend().map_err(failed)?;
        let onto = onto.copied();
        let exchange = self.exchange(remote);
        let branch =
            match wanted_branch(remote, self.configured_branch()).map_err(PushError::Failed)? {
                Some(branch) => branch.to_owned(),
                None => self
                    .branch_of(&repository)
                    .map_err(failed)?
                    .unwrap_or(DEFAULT_BRANCH.into()),
            };
        let sending = Sending {
            clone: self,
            exchange: &exchange,
            branch: &branch,
            onto,
            operations,
            author,
        };
        let replayed = sending
            .judged(&repository)
            .inspect_err(|error| match error {
                PushError::Unknown(_) | PushError::Failed(_) => self.end_ssh(),
                PushError::Rejected | PushError::Refused { .. } => (),
            })?;
        let Some(tip) = replayed.tip else {
            return Err(PushError::Rejected);
        };
        let done = operations
            .iter()
            .map(|operation| operation.id.clone())
            .collect();
        if self.configured_branch().is_none() {
            self.remember_branch(&repository, &branch).map_err(failed)?;
        }
        if onto != Some(tip)
            && let Err(error) = self.move_ref(&repository, &remote_ref(&branch), onto, tip)
        {
            // The remote has it: the next fetch puts the ref right.
            tracing::warn!(%error, "The tip here was not where the push began");
        }
        Ok(Pushed {
            tip,
            done,
            present: replayed.present,
            // A goodbye is sent where nothing else is.
            bytes_sent: if onto == Some(tip) {
                0
            } else {
                exchange.sent()
            },
        })
    }
}

/// One push of one ref.
struct Sending<'a> {
    clone: &'a Clone,
    exchange: &'a Arc<Exchange>,
    branch: &'a str,
    onto: Option<Tip>,
    operations: &'a [Operation],
    author: &'a Author,
}

impl Sending<'_> {
    /// Success is an exchange without error and the remote's word that it took our ref, where it did
    /// not hold all before.
    fn judged(&self, repository: &Repository) -> Result<Replayed, PushError> {
        let report = RefCell::new(Report::default());
        let outcome = self.exchange.run(|| self.sent(repository, &report));
        let report = report.into_inner();
        if report.absent {
            return Err(PushError::Failed(branch_gone(self.exchange, self.branch)));
        }
        if report.elsewhere {
            return Err(PushError::Rejected);
        }
        match (report.status, outcome) {
            // The remote's own word counts, whatever happened to the connection afterwards.
            (Some(None), _) => Ok(report.replayed),
            (Some(Some(status)), _) => Err(self.not_taken(&status)),
            (None, Ok(())) if report.replayed.tip == self.onto => Ok(report.replayed),
            (None, Err(NotSent::NotReplayed(error))) => Err(not_replayed(error)),
            (None, Ok(())) => Err(PushError::Unknown(TransferError::new(
                Kind::Offline,
                format!("{} did not say what became of the push", self.exchange.url),
                "it is fetched, and what is missing is sent again",
            ))),
            (None, Err(NotSent::Git(error))) => {
                let not_unpacked = error
                    .message()
                    .starts_with("unpacking the sent packfile failed");
                let ahead = error.code() == git2::ErrorCode::NotFastForward;
                let trouble = Failure::Git(error).told(self.exchange);
                if ahead {
                    Err(PushError::Rejected)
                } else if not_unpacked || !report.sending || is_certain(trouble.kind) {
                    Err(PushError::Failed(trouble))
                } else {
                    Err(PushError::Unknown(trouble))
                }
            }
        }
    }

    /// A lost race shows in what the remote advertises: nothing is made before that is known, since
    /// making commits is most of the work.
    fn sent(&self, repository: &Repository, report: &RefCell<Report>) -> Result<(), NotSent> {
        let mut remote = repository.remote_anonymous(&self.exchange.url.for_libgit2())?;
        prepare_waits(self.exchange);
        let mut connection = remote.connect_auth(
            Direction::Push,
            Some(callbacks(self.exchange)),
            Some(web_settings::proxy(self.exchange)?),
        )?;
        let name = format!("refs/heads/{}", self.branch);
        let advertised = connection.list()?;
        let there = advertised.iter().find(|head| head.name() == name);
        if !self.is_where_we_begin(there.map(|head| head.oid()), report) {
            return Ok(());
        }
        let replayed = self
            .clone
            .replay(repository, self.onto, self.operations, self.author)
            .map_err(NotSent::NotReplayed)?;
        let tip = replayed.tip;
        report.borrow_mut().replayed = replayed;
        let Some(tip) = tip.filter(|tip| Some(*tip) != self.onto) else {
            return Ok(());
        };
        let mut callbacks = callbacks(self.exchange);
        callbacks.push_negotiation(|updates| {
            let there = updates.first().map(|update| update.src());
            if self.is_where_we_begin(there.filter(|oid| !oid.is_zero()), report) {
                report.borrow_mut().sending = true;
                return Ok(());
            }
            Err(git2::Error::from_str(
                "the remote is not where the push began",
            ))
        });
        callbacks.push_update_reference(|pushed, status| {
            if pushed == name {
                report.borrow_mut().status = Some(status.map(str::to_owned));
            }
            Ok(())
        });
        callbacks.push_transfer_progress(|_, _, bytes| {
            self.exchange.set_sent(bytes as u64);
        });
        let mut options = PushOptions::new();
        options
            .remote_callbacks(callbacks)
            .proxy_options(web_settings::proxy(self.exchange)?);
        let refspec = format!("{tip}:{name}");
        connection.remote().push(&[refspec], Some(&mut options))?;
        Ok(())
    }

    /// Whether the remote's branch, `there`, is what the operations are put on; notes where not.
    fn is_where_we_begin(&self, there: Option<Oid>, report: &RefCell<Report>) -> bool {
        let is_there = there == self.onto.map(|tip| tip.0);
        if !is_there {
            let mut report = report.borrow_mut();
            report.elsewhere = true;
            report.absent = there.is_none();
        }
        is_there
    }

    fn not_taken(&self, status: &str) -> PushError {
        let sideband = self.exchange.sideband();
        let words = plain(&sideband);
        let reason = if words.is_empty() {
            plain(status)
        } else {
            format!("{}: {words}", plain(status))
        };
        match verdict(status, &sideband) {
            Verdict::Rejected => PushError::Rejected,
            Verdict::Refused => PushError::Refused { reason },
            Verdict::Failed => PushError::Failed(TransferError::new(
                Kind::Offline,
                format!("{} did not take the push: {reason}", self.exchange.url),
                "it is tried again; if it stays, look at the remote (a left-over lock, its disk)",
            )),
        }
    }
}

fn not_replayed(error: CloneError) -> PushError {
    match &error {
        CloneError::Blocked { .. } | CloneError::TooLarge { .. } => PushError::Refused {
            reason: error.to_string(),
        },
        CloneError::Branch { .. }
        | CloneError::Directory { .. }
        | CloneError::InUse { .. }
        | CloneError::Io { .. }
        | CloneError::DiskFull { .. }
        | CloneError::Damaged { .. }
        | CloneError::Raced
        | CloneError::Git { .. } => PushError::Failed(error.into()),
    }
}

/// Kinds that only arise before a remote has taken anything.
fn is_certain(kind: Kind) -> bool {
    match kind {
        Kind::CredentialMissing
        | Kind::CredentialRefused
        | Kind::KeychainLocked
        | Kind::HostKeyUnknown
        | Kind::HostKeyChanged
        | Kind::NotFound
        | Kind::RateLimited => true,
        Kind::Offline
        | Kind::PushRefused
        | Kind::Rewritten
        | Kind::DiskFull
        | Kind::SettingsInvalid
        | Kind::OutboxFull
        | Kind::Damaged => false,
    }
}
