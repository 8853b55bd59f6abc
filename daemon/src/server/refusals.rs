//! The words of what is refused: a write, and a repository that cannot be meant.

use std::path::Path;

use protocol::failure::{Failure, FailureCode};
use threads::check::TextError;

use crate::handle::NotAccepted;
use crate::shared::Setup;

/// The failure of an argument that is not of its form.
pub(crate) fn text(argument: &'static str) -> impl Fn(TextError) -> Failure {
    move |error| {
        let (code, hint) = match &error {
            TextError::Empty { .. } => (
                FailureCode::InvalidArgument,
                format!("Call again with a {argument} of some text."),
            ),
            TextError::TooLong { max, unit, .. } => (
                FailureCode::TooLarge,
                format!("Call again with a {argument} of at most {max} {unit}."),
            ),
            TextError::Nul { .. } => (
                FailureCode::InvalidArgument,
                format!("Call again with a {argument} without it."),
            ),
            TextError::UnknownWord { words, .. } => (
                FailureCode::InvalidArgument,
                format!("Call again with one of: {}.", words.join(", ")),
            ),
            TextError::Form { form, .. } => (
                FailureCode::InvalidArgument,
                format!("Call again with a {argument} of the form {form}."),
            ),
        };
        Failure::new(code, format!("{argument}: {error}."), hint)
    }
}

/// The failure of an operation that was not kept.
pub(crate) fn not_accepted(why: &NotAccepted) -> Failure {
    match why {
        NotAccepted::KeyReused => Failure::new(
            FailureCode::KeyReused,
            "This idempotency_key was used for another call.",
            "Repeat that call with the very same arguments, or choose a new key.",
        ),
        NotAccepted::OutboxFull => Failure::new(
            FailureCode::OutboxFull,
            "The outbox holds as many unsent operations as it may; nothing was written.",
            "See in the status what keeps them from being sent, then write again.",
        ),
        NotAccepted::NotDurable(what) => Failure::new(
            FailureCode::NotDurable,
            format!("The disk refused the entry; nothing was written: {what}"),
            "Make room on the disk of the state folder, then write again.",
        ),
        NotAccepted::Uncertain(what) => Failure::new(
            FailureCode::Uncertain,
            format!("The disk failed, and it is not known whether the entry was kept: {what}"),
            "Read the thread before writing again.",
        ),
        NotAccepted::Stopping => Failure::new(
            FailureCode::Uncertain,
            "The daemon ended before it answered.",
            "Call again with the same idempotency_key; without one, read the thread first.",
        ),
    }
}

/// No repository has that name.
pub(crate) fn no_repository(setup: &Setup, name: &str) -> Failure {
    Failure::new(
        FailureCode::RepositoryNotFound,
        format!("No repository is named '{name}'."),
        format!(
            "Set up are: {}. Add one with: watercooler repo add URL",
            names(setup)
        ),
    )
}

/// Several repositories could be meant, or there is none.
pub(crate) fn ambiguous(setup: &Setup) -> Failure {
    Failure::new(
        FailureCode::RepositoryAmbiguous,
        "It is not clear which repository is meant.",
        format!(
            "Set up are: {}. Name one with --repository, or tell which code belongs to it: \
             watercooler repo add URL --code DIR",
            names(setup)
        ),
    )
}

/// Several repositories name the same code.
pub(crate) fn several_claim(place: &Path, names: &[String]) -> Failure {
    Failure::new(
        FailureCode::RepositoryAmbiguous,
        format!(
            "{} belongs to several repositories: {}.",
            place.display(),
            names.join(", ")
        ),
        "Name one with --repository, or leave that folder in the code of one of them alone.",
    )
}

/// The connection is for another repository.
pub(crate) fn out_of_scope(bound: &str) -> Failure {
    Failure::new(
        FailureCode::RepositoryNotFound,
        format!("This connection is for the repository '{bound}' alone."),
        "Start the client with another --repository to reach another one.",
    )
}

/// The disk does not answer.
pub(crate) fn no_look_at(place: &Path) -> Failure {
    Failure::new(
        FailureCode::RepositoryAmbiguous,
        format!("{} could not be looked at in time.", place.display()),
        "Call again without code_path, or name the repository with --repository.",
    )
}

/// What a client's environment names is no remote. The address is not repeated: it may hold a secret.
pub(crate) fn no_remote(why: &str) -> Failure {
    Failure::new(
        FailureCode::InvalidArgument,
        format!("The remote that this client's environment names is not served: {why}."),
        "Correct WATERCOOLER_GIT_REPO or WATERCOOLER_THREADS_PATTERN in the client's settings.",
    )
}

/// A person took it out while the client was connected.
pub(crate) fn taken_out(name: &str) -> Failure {
    Failure::new(
        FailureCode::RepositoryNotFound,
        format!("The repository '{name}' was taken out with: watercooler repo remove"),
        "Restart the client to use it again, or take the variable that names it out of its settings.",
    )
}

/// It is kept, and cannot be opened.
pub(crate) fn not_opened(name: &str) -> Failure {
    Failure::new(
        FailureCode::RepositoryNotFound,
        format!("The repository '{name}', which this client's environment names, is not open."),
        "See why with: watercooler status",
    )
}

/// `WATERCOOLER_DIR` is no working tree.
pub(crate) fn no_tree() -> Failure {
    Failure::new(
        FailureCode::RepositoryNotFound,
        "WATERCOOLER_DIR is the working tree of no repository that is set up.",
        "Set WATERCOOLER_GIT_REPO to the remote of those threads instead, or take WATERCOOLER_DIR \
         out of the client's settings and run: watercooler repo add URL",
    )
}

/// The daemon answers nothing more.
pub(crate) fn stopping() -> Failure {
    Failure::new(
        FailureCode::DaemonUnavailable,
        "The daemon is ending.",
        "Start it again with: watercooler daemon start",
    )
}

fn names(setup: &Setup) -> String {
    let names: Vec<&str> = setup
        .repositories
        .iter()
        .map(|handle| handle.name.as_str())
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
