//! The worker itself: serves one repository's exchanges, one after the other, until its input ends.

use std::io::{self, BufReader};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use platform::worker;
use repository::{Clone as GitClone, Kind, PushError};
use tracing::{error, warn};

use super::{Answer, BUILD, Greeted, Greeting, GreetingBuild, Reply, Request, frame};
use crate::logs;

/// What a worker may use of the address space, in bytes: several times what a remote may send.
pub(super) const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// The longest file that a worker may write, in bytes: a pack is no longer than what a remote may
/// send, and what is added to it to make it whole.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 30;

/// How long children may take to end when they are asked, before they are killed.
const CHILDREN_WAIT: Duration = Duration::from_millis(300);

/// How many frames wait while one is served; the daemon sends one at a time.
const FRAMES_MAX: usize = 1;

/// Serves until the input ends, which is the end of this process and its group.
pub(crate) fn run() -> ExitCode {
    logs::begin_in_worker();
    if let Err(error) = worker::bound(MEMORY_BYTES_MAX, FILE_BYTES_MAX) {
        warn!(%error, "Memory and files are not bounded");
    }
    let (frames, received) = sync_channel(FRAMES_MAX);
    thread::spawn(move || listen(&frames));
    match serve(&received) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = format!("{error:#}"), "Ended");
            ExitCode::FAILURE
        }
    }
}

/// Hears the end of the daemon at once, whatever the other thread waits for.
fn listen(frames: &SyncSender<Vec<u8>>) {
    let mut stdin = BufReader::new(io::stdin());
    while let Ok(Some(frame)) = frame::read(&mut stdin) {
        if frames.send(frame).is_err() {
            break;
        }
    }
    repository::end_children(CHILDREN_WAIT);
    worker::end_own_group();
}

fn serve(frames: &Receiver<Vec<u8>>) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let Ok(first) = frames.recv() else {
        return Ok(());
    };
    let (clone, greeted) = greet(&first)?;
    frame::write(&mut stdout, &greeted).context("answer the greeting")?;
    let Some(clone) = clone else { return Ok(()) };
    while let Ok(request) = frames.recv() {
        let answer = perform(&clone, frame::decode(&request).context("read a request")?);
        let spent = is_spent(&answer);
        frame::write(&mut stdout, &Reply { answer, spent }).context("answer")?;
    }
    Ok(())
}

fn greet(frame: &[u8]) -> anyhow::Result<(Option<GitClone>, Greeted)> {
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
    Ok((Some(clone), Greeted::Ready))
}

fn perform(clone: &GitClone, request: Request<'_>) -> Answer {
    match request {
        Request::Fetch { remote } => Answer::Fetched(clone.fetch(&remote)),
        Request::Push {
            remote,
            onto,
            operations,
            author,
        } => Answer::Pushed(clone.push(&remote, onto.as_ref(), &operations, &author)),
    }
}

/// Whether something of the exchange may still be under way, or have left its mark on this process.
fn is_spent(answer: &Answer) -> bool {
    match answer {
        Answer::Fetched(Ok(_))
        | Answer::Pushed(Ok(_) | Err(PushError::Rejected | PushError::Refused { .. })) => false,
        Answer::Pushed(Err(PushError::Unknown(_))) => true,
        Answer::Fetched(Err(trouble)) | Answer::Pushed(Err(PushError::Failed(trouble))) => {
            leaves_doubt(trouble.kind)
        }
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
