//! The words of what a write is refused for.

use protocol::failure::{Failure, FailureCode};
use threads::check::TextError;

use crate::handle::NotAccepted;

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
