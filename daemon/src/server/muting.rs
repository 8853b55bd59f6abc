//! Ends popups about a thread or a repository, and tells the tray what it could not see otherwise.

use protocol::answer::Answer;
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Mute, Request};

use crate::handle::Handle;
use crate::mutes::NotKept;
use crate::news::{Piece, What};
use crate::server::caller::Caller;
use crate::server::reads;
use crate::shared::Shared;

/// `mute` and `unmute`. A thread that is gone can still be unmuted.
///
/// # Errors
/// `thread_not_found`, `too_large` where more is muted than is kept, `not_durable`.
pub(crate) fn mute(handle: &Handle, asked: &Mute) -> Result<Answer, Failure> {
    let configured = handle.settings.muted;
    let changed = match &asked.topic {
        None => handle.mutes.repository(asked.muted, configured),
        Some(name) => match (reads::find(&handle.shown(), name), asked.muted) {
            (Ok((topic, _)), muted) => handle.mutes.thread(topic.as_str(), muted),
            (Err(_), false) => handle.mutes.thread(name, false),
            (Err(failure), true) => return Err(failure),
        },
    };
    changed.map_err(|error| refused(&error))?;
    Ok(Answer::Muted(handle.mutes.shown(configured)))
}

/// Tells the tray of a person that what they were shown, or have muted, is another.
pub(crate) fn tell(shared: &Shared, handle: &Handle, caller: &Caller, request: &Request) {
    let concerns = match request {
        Request::MarkRead(_) | Request::Mute(_) => true,
        Request::ReadThread(asked) => !asked.unmarked,
        Request::Status
        | Request::ListThreads(_)
        | Request::ListUpdates(_)
        | Request::Search(_)
        | Request::Say(_)
        | Request::Ack(_)
        | Request::Handoff(_)
        | Request::SetStatus(_)
        | Request::Watch
        | Request::Sync(_)
        | Request::Pause(_)
        | Request::Resume
        | Request::Health
        | Request::Whoami
        | Request::RepositoryList
        | Request::RepositoryProbe(_)
        | Request::RepositoryForget(_)
        | Request::CredentialReload
        | Request::CredentialTest
        | Request::SettingsReload
        | Request::Stop => false,
    };
    if concerns && caller.is_person() {
        shared.news.tell(Piece {
            repository: handle.name.clone(),
            what: What::Counts,
        });
    }
}

fn refused(error: &NotKept) -> Failure {
    let (code, hint) = match error {
        NotKept::TooMany => (
            FailureCode::TooLarge,
            "Unmute some, or mute the repository.",
        ),
        NotKept::Io(_) => (
            FailureCode::NotDurable,
            "Make room on the disk, then try again.",
        ),
    };
    Failure::new(code, error.to_string(), hint)
}
