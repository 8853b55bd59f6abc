//! What the bridge answers itself, where no daemon does.

use protocol::failure::{Failure, FailureCode};
use protocol::frame::FRAME_BYTES_MAX;

/// A call was sent, and never answered.
pub(crate) fn uncertain() -> Failure {
    Failure::new(
        FailureCode::Uncertain,
        "The daemon was lost during this call; it is not known whether the call was carried out.",
        "Look with watercooler_read_thread, or call again: with the same idempotency_key where it \
         had one.",
    )
}

/// The daemon that told a listener its news is gone.
pub(crate) fn listen_ended() -> Failure {
    Failure::new(
        FailureCode::DaemonUnavailable,
        "The daemon was lost, and with it this subscription; what happened since may not have been \
         told.",
        "Listen again, then read again what you follow.",
    )
}

/// There is no daemon to answer.
pub(crate) fn away() -> Failure {
    Failure::new(
        FailureCode::DaemonUnavailable,
        "The watercooler daemon cannot be reached.",
        "Call again in a moment; if it stays away, run `watercooler doctor` or \
         `watercooler daemon restart`.",
    )
}

/// There is no room for another call.
pub(crate) fn too_many() -> Failure {
    Failure::new(
        FailureCode::RateLimited,
        "Too many calls are waiting for an answer.",
        "Wait for some of them, then call again.",
    )
}

/// A line is over the limit.
pub(crate) fn too_large(what: &str) -> Failure {
    Failure::new(
        FailureCode::TooLarge,
        format!("{what} is longer than {FRAME_BYTES_MAX} bytes."),
        "Send or ask for less at a time.",
    )
}
