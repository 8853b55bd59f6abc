//! Sends operations: replayed on the tip, pushed once, judged by what the remote said of the ref.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use git2::{PushOptions, Repository};
use serde::{Deserialize, Serialize};
use threads::entry_id::EntryId;
use threads::operation::Operation;

use crate::bearer;
use crate::classify::{Verdict, plain, verdict};
use crate::clone::{DEFAULT_BRANCH, remote_ref};
use crate::draft::{DRAFTED_OPERATIONS_MIN, Draft};
use crate::exchange::Exchange;
use crate::fetch::{Failure, branch_gone, callbacks, prepare_waits, wanted_branch};
use crate::turn::{self, Came};
use crate::url::Place;
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
}

impl Clone {
    /// Puts the operations on `onto` (`None`: a remote without the branch), one commit each, and
    /// pushes them at once; never by force. The remote must stand exactly at `onto`, which its tip
    /// is compared with before anything is sent and again by the remote itself. Afterwards the tip
    /// here is the pushed one. Waits while another exchange of this clone runs, and at a remote on this
    /// machine for its turn.
    pub fn push(
        &self,
        remote: &Remote,
        onto: Option<&Tip>,
        operations: &[Operation],
        author: &Author,
    ) -> Result<Pushed, PushError> {
        let _moving = self.lock_moving();
        let came = self.come_to_turn(remote);
        // Who had the turn may have pushed nothing: another that tried, or a program that one of
        // ours was starting, which has our lock for that moment.
        let has_waited =
            came == Came::AfterOthers && !self.stands_at(remote, onto) && self.turns().keep();
        if has_waited || came == Came::Late {
            return Err(PushError::Rejected { at_once: true });
        }
        let pushed = self.push_in_turn(remote, onto, operations, author);
        match &pushed {
            // Who keeps it twice would keep it for ever where somebody without turns is faster.
            Err(PushError::Rejected { .. }) if came == Came::AtOnce => {
                let at_once = self.turns().keep();
                Err(PushError::Rejected { at_once })
            }
            Ok(_) | Err(_) => {
                self.turns().end();
                pushed
            }
        }
    }

    fn come_to_turn(&self, remote: &Remote) -> Came {
        match remote.url.place() {
            Place::File(folder) => {
                let wait_max = turn::WAIT_MAX.min(remote.timeout * 2 / 3);
                let begun = Instant::now();
                let came = self.turns().take(folder, wait_max);
                tracing::debug!(?came, waited_ms = begun.elapsed().as_millis(), "Turn");
                came
            }
            Place::Web { .. } | Place::Ssh { .. } => Came::Without,
        }
    }

    /// Whether a remote on this machine still has that tip, as far as a look at its ref tells.
    fn stands_at(&self, remote: &Remote, onto: Option<&Tip>) -> bool {
        let Place::File(folder) = remote.url.place() else {
            return false;
        };
        let branch = remote.branch.as_deref().or(self.configured_branch());
        let name = branch.map_or("HEAD".to_owned(), |branch| format!("refs/heads/{branch}"));
        let found =
            Repository::open_bare(folder).and_then(|repository| repository.refname_to_id(&name));
        match (onto, found) {
            (Some(onto), Ok(found)) => onto.0 == found,
            (None, Err(error)) => error.code() == git2::ErrorCode::NotFound,
            (Some(_), Err(_)) | (None, Ok(_)) => false,
        }
    }

    fn push_in_turn(
        &self,
        remote: &Remote,
        onto: Option<&Tip>,
        operations: &[Operation],
        author: &Author,
    ) -> Result<Pushed, PushError> {
        let failed = |error: CloneError| PushError::Failed(error.into());
        let onto = onto.copied();
        let in_memory = operations.len() >= DRAFTED_OPERATIONS_MIN;
        let repository = if in_memory {
            self.lend_once()
        } else {
            self.lend()
        };
        let repository = repository.map_err(failed)?;
        let odb = repository
            .odb()
            .map_err(|error| failed(self.git("prepare a push", error)))?;
        let draft = in_memory
            .then(|| Draft::begin(self, &repository, &odb, onto))
            .transpose()
            .map_err(failed)?;
        let replayed = self
            .replay(&repository, onto, operations, author, draft.as_ref())
            .map_err(not_made)?;
        let done = operations
            .iter()
            .map(|operation| operation.id.clone())
            .collect();
        let Some(tip) = replayed.tip else {
            return Err(PushError::Rejected { at_once: false });
        };
        if onto == Some(tip) {
            return Ok(Pushed {
                tip,
                done,
                present: replayed.present,
                bytes_sent: 0,
            });
        }

        let exchange = self.exchange(remote);
        let branch = self.branch_to_push(&repository, remote)?;
        let sent = Sent {
            exchange: &exchange,
            branch: &branch,
            onto,
            tip,
        };
        sent.judged(&repository).inspect_err(|error| match error {
            PushError::Unknown(_) | PushError::Failed(_) => self.end_ssh(),
            PushError::Rejected { .. } | PushError::Refused { .. } => (),
        })?;
        if self.configured_branch().is_none() {
            self.remember_branch(&repository, &branch).map_err(failed)?;
        }
        if let Some(draft) = draft {
            // The next fetch brings what is not here.
            draft
                .keep(tip)
                .map_err(|error| PushError::Unknown(error.into()))?;
        }
        if let Err(error) = self.move_ref(&repository, &remote_ref(&branch), onto, tip) {
            // The remote has it: the next fetch puts the ref right.
            tracing::warn!(%error, "The tip here was not where the push began");
        }
        Ok(Pushed {
            tip,
            done,
            present: replayed.present,
            bytes_sent: exchange.sent(),
        })
    }

    fn branch_to_push(
        &self,
        repository: &Repository,
        remote: &Remote,
    ) -> Result<String, PushError> {
        let wanted = wanted_branch(remote, self.configured_branch()).map_err(PushError::Failed)?;
        if let Some(branch) = wanted {
            return Ok(branch.to_owned());
        }
        let known = self.branch_of(repository);
        let known = known.map_err(|error| PushError::Failed(error.into()))?;
        Ok(known.unwrap_or(DEFAULT_BRANCH.into()))
    }
}

/// What cannot be put on a tip is refused; the rest is ours to try again.
fn not_made(error: CloneError) -> PushError {
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

/// One push of one ref.
struct Sent<'a> {
    exchange: &'a Arc<Exchange>,
    branch: &'a str,
    onto: Option<Tip>,
    tip: Tip,
}

impl Sent<'_> {
    /// Success is an exchange without error and the remote's word that it took our ref.
    fn judged(&self, repository: &Repository) -> Result<(), PushError> {
        let report = RefCell::new(Report::default());
        let outcome = self.exchange.run(|| self.sent(repository, &report));
        let report = report.into_inner();
        if report.absent {
            return Err(PushError::Failed(branch_gone(self.exchange, self.branch)));
        }
        if report.elsewhere {
            return Err(PushError::Rejected { at_once: false });
        }
        match (report.status, outcome) {
            // The remote's own word counts, whatever happened to the connection afterwards.
            (Some(None), _) => Ok(()),
            (Some(Some(status)), _) => Err(self.not_taken(&status)),
            (None, Ok(())) => Err(PushError::Unknown(TransferError::new(
                Kind::Offline,
                format!("{} did not say what became of the push", self.exchange.url),
                "it is fetched, and what is missing is sent again",
            ))),
            (None, Err(error)) => {
                let not_unpacked = error
                    .message()
                    .starts_with("unpacking the sent packfile failed");
                let ahead = error.code() == git2::ErrorCode::NotFastForward;
                let trouble = Failure::Git(error).told(self.exchange);
                if ahead {
                    Err(PushError::Rejected { at_once: false })
                } else if not_unpacked || !report.sending || is_certain(trouble.kind) {
                    Err(PushError::Failed(trouble))
                } else {
                    Err(PushError::Unknown(trouble))
                }
            }
        }
    }

    fn sent(&self, repository: &Repository, report: &RefCell<Report>) -> Result<(), git2::Error> {
        match self.sent_once(repository, report) {
            Err(error) if bearer::is_asked_for(self.exchange, &error) => {
                self.sent_once(repository, report)
            }
            sent => sent,
        }
    }

    fn sent_once(
        &self,
        repository: &Repository,
        report: &RefCell<Report>,
    ) -> Result<(), git2::Error> {
        let header = bearer::header(self.exchange).map_err(|trouble| {
            let error = git2::Error::from_str(&trouble.message);
            self.exchange.note(trouble);
            error
        })?;
        let mut remote = repository.remote_anonymous(&self.exchange.url.for_libgit2())?;
        prepare_waits(self.exchange);
        let name = format!("refs/heads/{}", self.branch);
        let mut callbacks = callbacks(self.exchange);
        callbacks.push_negotiation(|updates| {
            let there = updates
                .first()
                .map(|update| update.src())
                .filter(|oid| !oid.is_zero());
            let mut report = report.borrow_mut();
            if there == self.onto.map(|tip| tip.0) {
                report.sending = true;
                return Ok(());
            }
            report.elsewhere = true;
            report.absent = there.is_none();
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
        if let Some(header) = &header {
            header.add_to_push(&mut options);
        }
        remote.push(&[format!("{}:{name}", self.tip)], Some(&mut options))
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
            Verdict::Rejected => PushError::Rejected { at_once: false },
            Verdict::Refused => PushError::Refused { reason },
            Verdict::Failed => PushError::Failed(TransferError::new(
                Kind::Offline,
                format!("{} did not take the push: {reason}", self.exchange.url),
                "it is tried again; if it stays, look at the remote (a left-over lock, its disk)",
            )),
        }
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
