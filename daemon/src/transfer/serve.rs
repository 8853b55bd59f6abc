//! The worker itself: serves one repository's exchanges, one after the other, until its input ends.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use platform::{process, worker};
use repository::{Clone as GitClone, Given, Kept, Kind, PushError, TransferError, Ways};
use tracing::{error, warn};
use zeroize::Zeroizing;

use super::{
    Answer, BUILD, Greeted, Greeting, GreetingBuild, Handed, Reply, Request, Said, frame, given,
};
use crate::logs;

/// What a worker may use of the address space, in bytes: several times what a remote may send.
pub(super) const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// The longest file that a worker may write, in bytes: a pack is no longer than what a remote may
/// send, and what is added to it to make it whole.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 30;

/// How long children may take to end when they are asked, before they are killed.
const CHILDREN_WAIT: Duration = Duration::from_millis(300);

type Frame = Zeroizing<Vec<u8>>;

/// The pipes to the daemon. Locked for a moment: the one exchange that runs asks for a credential,
/// or what asked for it answers.
struct Daemon {
    frames: Mutex<Receiver<Frame>>,
}

/// How many frames wait while one is served; the daemon sends one at a time.
const FRAMES_MAX: usize = 1;

/// Serves until the input ends, which is the end of this process and its group.
pub(crate) fn run() -> ExitCode {
    logs::begin_in_worker();
    if let Err(error) = process::forbid_dumps() {
        warn!(%error, "Dumps of this process are not forbidden");
    }
    if let Err(error) = worker::bound(MEMORY_BYTES_MAX, FILE_BYTES_MAX) {
        warn!(%error, "Memory and files are not bounded");
    }
    let (frames, received) = sync_channel(FRAMES_MAX);
    thread::spawn(move || listen(&frames));
    let daemon = Arc::new(Daemon {
        frames: Mutex::new(received),
    });
    match serve(&daemon) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = format!("{error:#}"), "Ended");
            ExitCode::FAILURE
        }
    }
}

/// Hears the end of the daemon at once, whatever the other thread waits for.
fn listen(frames: &SyncSender<Frame>) {
    // Without a buffer, in which a credential would stay.
    if let Ok(mut stdin) = worker::own_stdin() {
        while let Ok(Some(frame)) = frame::read(&mut stdin) {
            if frames.send(frame).is_err() {
                break;
            }
        }
    }
    repository::end_children(CHILDREN_WAIT);
    worker::end_own_group();
}

fn serve(daemon: &Arc<Daemon>) -> anyhow::Result<()> {
    let Some(first) = daemon.heard() else {
        return Ok(());
    };
    let (clone, greeted) = greet(&first)?;
    say(&greeted).context("answer the greeting")?;
    let Some((clone, known_hosts)) = clone else {
        return Ok(());
    };
    while let Some(request) = daemon.heard() {
        let request = frame::decode(&request).context("read a request")?;
        let kept = kept(&request).map(|id| daemon.kept(id));
        clone.give(Ways::new(kept, known_hosts.clone()));
        let answer = perform(&clone, request);
        let spent = is_spent(&answer);
        let reply = Box::new(Reply { answer, spent });
        say(&Said::Replied(reply)).context("answer")?;
    }
    Ok(())
}

fn say(what: &impl serde::Serialize) -> io::Result<()> {
    frame::write(&mut io::stdout().lock(), what)
}

fn kept<'a>(request: &'a Request<'_>) -> Option<&'a str> {
    match request {
        Request::Look { kept, .. }
        | Request::Fetch { kept, .. }
        | Request::Push { kept, .. }
        | Request::TryOut { kept, .. } => kept.as_deref(),
    }
}

impl Daemon {
    /// Its next frame; `None` where it is gone.
    fn heard(&self) -> Option<Frame> {
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.recv().ok()
    }

    fn kept(self: &Arc<Self>, id: &str) -> Kept {
        let daemon = Arc::clone(self);
        Kept::new(id.to_owned(), move || daemon.hand_over())
    }

    /// The credential, asked for now.
    fn hand_over(&self) -> Result<Given, TransferError> {
        let lost = || {
            TransferError::new(
                Kind::Offline,
                "the credential did not come from the daemon",
                "it is tried again; see: watercooler logs",
            )
        };
        say(&Said::HandOver).map_err(|_| lost())?;
        let handed = self.heard().ok_or_else(lost)?;
        match frame::decode(&handed).map_err(|_| lost())? {
            Handed::Not { trouble } => Err(trouble),
            Handed::Over => {
                let bytes = self.heard().ok_or_else(lost)?;
                given::of_bytes(&bytes).ok_or_else(lost)
            }
        }
    }
}

/// A clone, and the files of known hosts for its remote.
type Attached = (GitClone, Vec<PathBuf>);

fn greet(frame: &[u8]) -> anyhow::Result<(Option<Attached>, Greeted)> {
    let GreetingBuild { build } = frame::decode(frame).context("read the greeting")?;
    if build != BUILD {
        let build = BUILD.to_owned();
        return Ok((None, Greeted::OtherBuild { build }));
    }
    let greeting: Greeting = frame::decode(frame).context("read the greeting")?;
    let clone = match GitClone::attach(Path::new(&greeting.clone), greeting.config) {
        Ok(clone) => clone,
        Err(error) => {
            let trouble = error.into();
            return Ok((None, Greeted::NotAttached { trouble }));
        }
    };
    let clone = match greeting.sockets {
        Some(folder) => clone.with_ssh_sockets(folder.into()),
        None => clone,
    };
    let known_hosts = greeting.known_hosts.into_iter().map(PathBuf::from);
    Ok((Some((clone, known_hosts.collect())), Greeted::Ready))
}

fn perform(clone: &GitClone, request: Request<'_>) -> Answer {
    match request {
        Request::Fetch { remote, .. } => Answer::Fetched(clone.fetch(&remote)),
        Request::TryOut { remote, .. } => Answer::TriedOut(clone.try_out(&remote)),
        Request::Look { remote, .. } => Answer::Looked(clone.look_at(&remote)),
        Request::Push {
            remote,
            onto,
            operations,
            author,
            ..
        } => Answer::Pushed(clone.push(&remote, onto.as_ref(), &operations, &author)),
    }
}

/// Whether something of the exchange may still be under way, or have left its mark on this process.
fn is_spent(answer: &Answer) -> bool {
    match answer {
        Answer::Looked(Ok(_))
        | Answer::Fetched(Ok(_))
        | Answer::Pushed(Ok(_) | Err(PushError::Rejected { .. } | PushError::Refused { .. })) => {
            false
        }
        // What was tried may have ended a login.
        Answer::Pushed(Err(PushError::Unknown(_))) | Answer::TriedOut(_) => true,
        Answer::Looked(Err(trouble))
        | Answer::Fetched(Err(trouble))
        | Answer::Pushed(Err(PushError::Failed(trouble))) => leaves_doubt(trouble.kind),
    }
}

fn leaves_doubt(kind: Kind) -> bool {
    match kind {
        Kind::Offline | Kind::Damaged | Kind::DiskFull => true,
        Kind::RateLimited
        | Kind::CredentialMissing
        | Kind::CredentialRefused
        | Kind::KeychainLocked
        | Kind::HostKeyUnknown
        | Kind::HostKeyChanged
        | Kind::PushRefused
        | Kind::Rewritten
        | Kind::SettingsInvalid
        | Kind::NotFound
        | Kind::OutboxFull => false,
    }
}
