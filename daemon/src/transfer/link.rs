//! The daemon's end of one repository's worker: started when it is needed, replaced when it is in
//! doubt, so that an exchange always ends.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use repository::{
    Author, CloneConfig, Fetched, GREETING_WAIT_MAX, Kind, Looked, PushError, Pushed, Remote, Tip,
    TransferError, TriedOut,
};
use threads::operation::Operation;
use tracing::debug;

use super::process::{Guard, Process};
use super::sockets::{Folder, Sockets};
use super::{Answer, BUILD, Greeted, Greeting, Handed, Reply, Request, Said, frame, given};
use crate::credentials::{Credentials, Freed, Way};

/// What a worker may take beyond the remote's time-out: it ends most exchanges by itself, and its
/// words say more.
const GRACE: Duration = Duration::from_millis(1500);

/// How much of a frame operations may fill, in bytes; those beyond go with the next push.
const OPERATIONS_BYTES_MAX: usize = frame::FRAME_BYTES_MAX / 2;

const HINT_AGAIN: &str = "it is tried again with a new process; see: watercooler logs";

/// One repository's way to its remote.
pub(crate) struct Link {
    repository: String,
    clone: PathBuf,
    config: CloneConfig,
    /// Where ssh keeps its sockets; none where the remote is not reached by ssh.
    sockets: Option<Arc<Sockets>>,
    /// Where the credential for it is kept.
    credentials: Arc<Credentials>,
    /// Told when a keychain that was locked or absent is so no more.
    way_freed: Arc<Freed>,
    /// A credential or a known host was changed since the worker started.
    is_outdated: AtomicBool,
    /// Locked by one exchange from its beginning to its end.
    worker: Mutex<Option<Worker>>,
    /// Locked for a moment: who ends the link does not wait for the exchange that runs.
    running: Mutex<Running>,
}

struct Worker {
    process: Process,
    /// Removed after its end.
    _sockets: Option<Folder>,
}

#[derive(Default)]
struct Running {
    ended: bool,
    guard: Option<Arc<Guard>>,
}

/// An exchange that the worker did not answer.
struct Unanswered {
    trouble: TransferError,
    /// The worker may have begun with it.
    sent: bool,
}

impl Link {
    /// To a clone that is open in this daemon. No process is started yet.
    pub(crate) fn new(
        repository: &str,
        clone: PathBuf,
        config: CloneConfig,
        sockets: Option<Arc<Sockets>>,
        credentials: Arc<Credentials>,
    ) -> Link {
        Link {
            repository: repository.to_owned(),
            clone,
            config,
            sockets,
            credentials,
            way_freed: Arc::default(),
            is_outdated: AtomicBool::new(false),
            worker: Mutex::default(),
            running: Mutex::default(),
        }
    }

    /// [`repository::Clone::look`] in the worker. Blocks as [`Link::fetch`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn look(&self, remote: &Remote) -> Result<Looked, TransferError> {
        let way = self.credentials.way(&self.repository, remote)?;
        let request = Request::Look {
            remote: Cow::Borrowed(remote),
            kept: way.id().map(Cow::Borrowed),
        };
        match self.exchange(remote, &way, &request) {
            Ok(Answer::Looked(result)) => result,
            Ok(Answer::Fetched(_) | Answer::Pushed(_) | Answer::TriedOut(_)) => {
                Err(nonsense(remote))
            }
            Err(unanswered) => Err(unanswered.trouble),
        }
    }

    /// [`repository::Clone::fetch`] in the worker. Blocks until it is done, the remote's time-out and
    /// a moment at most.
    ///
    /// # Errors
    /// As there; `offline` also where the worker did not answer.
    pub(crate) fn fetch(&self, remote: &Remote) -> Result<Fetched, TransferError> {
        let way = self.credentials.way(&self.repository, remote)?;
        let request = Request::Fetch {
            remote: Cow::Borrowed(remote),
            kept: way.id().map(Cow::Borrowed),
        };
        match self.exchange(remote, &way, &request) {
            Ok(Answer::Fetched(result)) => result,
            Ok(Answer::Looked(_) | Answer::Pushed(_) | Answer::TriedOut(_)) => {
                Err(nonsense(remote))
            }
            Err(unanswered) => Err(unanswered.trouble),
        }
    }

    /// [`repository::Clone::push`] in the worker, of as many of the operations as fit a frame, the
    /// first always: which were done is in the result. Blocks as [`Link::fetch`].
    ///
    /// # Errors
    /// As there; `Unknown` also where the worker did not answer.
    pub(crate) fn push(
        &self,
        remote: &Remote,
        onto: Option<&Tip>,
        operations: &[Operation],
        author: &Author,
    ) -> Result<Pushed, PushError> {
        let way = self.credentials.way(&self.repository, remote);
        let way = way.map_err(PushError::Failed)?;
        let fitting = fitting(operations, OPERATIONS_BYTES_MAX);
        let request = Request::Push {
            remote: Cow::Borrowed(remote),
            kept: way.id().map(Cow::Borrowed),
            onto: onto.copied(),
            operations: Cow::Borrowed(&operations[..fitting]),
            author: Cow::Borrowed(author),
        };
        match self.exchange(remote, &way, &request) {
            Ok(Answer::Pushed(result)) => result,
            Ok(Answer::Looked(_) | Answer::Fetched(_) | Answer::TriedOut(_)) => {
                Err(PushError::Unknown(nonsense(remote)))
            }
            Err(Unanswered { trouble, sent }) if sent => Err(PushError::Unknown(trouble)),
            Err(Unanswered { trouble, .. }) => Err(PushError::Failed(trouble)),
        }
    }

    /// [`repository::Clone::try_out`] in the worker. Blocks until it is done, three times the remote's
    /// time-out and [`GREETING_WAIT_MAX`] at most.
    ///
    /// # Errors
    /// Where the worker did not answer, or the list of credentials cannot be read.
    pub(crate) fn try_out(&self, remote: &Remote) -> Result<TriedOut, TransferError> {
        let way = self.credentials.way(&self.repository, remote)?;
        let request = Request::TryOut {
            remote: Cow::Borrowed(remote),
            kept: way.id().map(Cow::Borrowed),
        };
        match self.exchange(&of_trying_out(remote), &way, &request) {
            Ok(Answer::TriedOut(tried)) => Ok(tried),
            Ok(Answer::Looked(_) | Answer::Fetched(_) | Answer::Pushed(_)) => Err(nonsense(remote)),
            Err(unanswered) => Err(unanswered.trouble),
        }
    }

    /// How the remote is gone to, for a person; `None` where there is nothing to say.
    pub(crate) fn way_words(&self, remote: &Remote) -> Option<String> {
        self.credentials.way(&self.repository, remote).ok()?.words()
    }

    /// A way to the same remote for another clone, whose worker is its own.
    pub(crate) fn beside(&self, clone: PathBuf) -> Link {
        Link::new(
            &self.repository,
            clone,
            self.config.clone(),
            self.sockets.clone(),
            Arc::clone(&self.credentials),
        )
    }

    /// A credential or a known host was changed: the next exchange has a new worker, which has logged
    /// in nowhere yet.
    pub(crate) fn renew(&self) {
        self.is_outdated.store(true, Ordering::Release);
    }

    /// Told when a keychain that stood in the way does so no more.
    pub(crate) fn way_freed(&self) -> Arc<Freed> {
        Arc::clone(&self.way_freed)
    }

    /// Ends the worker, when its exchange is over; the next exchange starts another. What it had open
    /// is closed then.
    pub(crate) fn rest(&self) {
        let mut place = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = place.take() {
            worker.process.guard().end();
        }
    }

    /// Ends the worker with its children, also in the middle of an exchange, and starts no other.
    /// Blocks until they are gone.
    pub(crate) fn end(&self) {
        let guard = {
            let mut running = self.running();
            running.ended = true;
            running.guard.take()
        };
        if let Some(guard) = guard {
            guard.end();
        }
    }

    fn exchange(
        &self,
        remote: &Remote,
        way: &Way,
        request: &Request<'_>,
    ) -> Result<Answer, Unanswered> {
        let deadline = Instant::now() + remote.timeout + GRACE;
        let mut place = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_outdated.swap(false, Ordering::AcqRel) {
            *place = None;
        }
        if place
            .as_ref()
            .is_some_and(|worker| worker.process.has_ended())
        {
            debug!(repository = %self.repository, "The worker had ended");
            *place = None;
        }
        let mut worker = match place.take() {
            Some(worker) => worker,
            None => self.started(remote, deadline)?,
        };
        worker.process.set_deadline(deadline);
        let sent = worker.process.send(request);
        let reply = sent.and_then(|()| self.replied(&mut worker.process, way));
        worker.process.clear_deadline();
        match reply {
            Ok(reply) if reply.spent => Ok(reply.answer),
            Ok(reply) => {
                *place = Some(worker);
                Ok(reply.answer)
            }
            Err(error) => Err(Unanswered {
                trouble: self.ended(&worker.process, remote, &error),
                sent: true,
            }),
        }
    }

    /// The worker's answer. What it asks for meanwhile it gets.
    fn replied(&self, process: &mut Process, way: &Way) -> io::Result<Reply> {
        loop {
            match process.receive::<Said>()? {
                Said::Replied(reply) => return Ok(*reply),
                Said::HandOver => match self.credentials.hand_over(way, &self.way_freed) {
                    Ok(credential) => {
                        process.send(&Handed::Over)?;
                        process.send_bytes(&given::to_bytes(&credential))?;
                    }
                    Err(trouble) => process.send(&Handed::Not { trouble })?,
                },
            }
        }
    }

    /// A worker that is ready for requests.
    fn started(&self, remote: &Remote, deadline: Instant) -> Result<Worker, Unanswered> {
        let failed = |trouble| Unanswered {
            trouble,
            sent: false,
        };
        let sockets = self.sockets.as_ref().and_then(|sockets| sockets.folder());
        let process = Process::start(&self.repository);
        let process = process.map_err(|error| failed(not_started(&error)))?;
        {
            let mut running = self.running();
            if running.ended {
                return Err(failed(stopping(remote)));
            }
            running.guard = Some(process.guard());
        }
        let greeting = Greeting {
            build: BUILD.to_owned(),
            clone: self.clone.clone().into_os_string(),
            config: self.config.clone(),
            sockets: sockets.as_ref().map(|folder| folder.path().into()),
            known_hosts: self.credentials.known_hosts_files(),
        };
        let mut worker = Worker {
            process,
            _sockets: sockets,
        };
        worker.process.set_deadline(deadline);
        let greeted = worker
            .process
            .send(&greeting)
            .and_then(|()| worker.process.receive());
        worker.process.clear_deadline();
        match greeted {
            Ok(Greeted::Ready) => Ok(worker),
            Ok(Greeted::OtherBuild { build }) => Err(failed(other_build(&build))),
            Ok(Greeted::NotAttached { trouble }) => Err(failed(trouble)),
            Err(error) => Err(failed(self.ended(&worker.process, remote, &error))),
        }
    }

    /// Ends a worker that did not answer as it should, and says why.
    fn ended(&self, process: &Process, remote: &Remote, error: &io::Error) -> TransferError {
        let guard = process.guard();
        let status = guard.end();
        if guard.is_late() {
            late(remote)
        } else if self.running().ended {
            stopping(remote)
        } else {
            died(remote, status, error)
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Link")
            .field("repository", &self.repository)
            .finish_non_exhaustive()
    }
}

/// How many of the operations fit into so many bytes; at least the first.
fn fitting(operations: &[Operation], bytes_max: usize) -> usize {
    let mut bytes = 0;
    let fit = operations.iter().take_while(|operation| {
        let text = serde_json::to_vec(operation).unwrap_or_default();
        bytes += text.len() + 1;
        bytes <= bytes_max
    });
    fit.count().max(1).min(operations.len())
}

/// The remote with the time of two exchanges, one after the other, and of a greeting.
fn of_trying_out(remote: &Remote) -> Remote {
    Remote {
        timeout: remote.timeout * 2 + GREETING_WAIT_MAX,
        ..remote.clone()
    }
}

fn late(remote: &Remote) -> TransferError {
    let seconds = remote.timeout.as_secs_f64();
    TransferError::new(
        Kind::Offline,
        format!("{} did not answer in {seconds:.1} s", remote.url),
        "it is tried again; raise sync.network_timeout where the link is slow",
    )
}

fn died(remote: &Remote, status: Option<ExitStatus>, error: &io::Error) -> TransferError {
    let how = status.map_or_else(|| "it hangs".to_owned(), |status| status.to_string());
    let message = format!(
        "the process that talks with {} failed: {error} ({how})",
        remote.url
    );
    TransferError::new(Kind::Offline, message, HINT_AGAIN)
}

fn nonsense(remote: &Remote) -> TransferError {
    let message = format!(
        "the process that talks with {} answered wrongly",
        remote.url
    );
    TransferError::new(Kind::Offline, message, HINT_AGAIN)
}

fn stopping(remote: &Remote) -> TransferError {
    let message = format!("the exchange with {} was ended", remote.url);
    TransferError::new(
        Kind::Offline,
        message,
        "it is tried again at the next start",
    )
}

fn not_started(error: &io::Error) -> TransferError {
    TransferError::new(
        Kind::Offline,
        format!("the process for network work could not be started: {error}"),
        "it is tried again; see that this machine is not out of processes or memory",
    )
}

fn other_build(build: &str) -> TransferError {
    TransferError::new(
        Kind::SettingsInvalid,
        format!("watercoolerd was replaced while it ran: this is {BUILD}, the program is {build}"),
        "start it anew: watercooler daemon restart",
    )
}
