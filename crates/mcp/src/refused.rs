//! Failures of requests that are no tool calls: a JSON-RPC error, with the failure's code beside it.

use protocol::failure::{Failure, FailureCode};
use rmcp::ErrorData;
use serde_json::{Value, json};

use crate::text;

/// The most characters of an error's message.
const MESSAGE_CHARS_MAX: usize = 2_000;

/// The error for a failure; `about` stands in its data.
pub(crate) fn error(failure: &Failure, about: &[(&str, &str)]) -> ErrorData {
    let hint = failure.hint.as_deref().unwrap_or_default();
    let words = format!("{} {hint}", failure.message);
    let message = text::clipped(words.trim_end(), MESSAGE_CHARS_MAX);
    let mut data = json!({"code": failure.code.as_str()});
    for (name, value) in about {
        data[*name] = Value::from(*value);
    }
    let data = Some(data);
    match failure.code {
        FailureCode::ThreadNotFound | FailureCode::InvalidTopic => {
            ErrorData::resource_not_found(message, data)
        }
        FailureCode::InvalidArgument
        | FailureCode::CursorExpired
        | FailureCode::EntryNotFound
        | FailureCode::RepositoryNotFound
        | FailureCode::RepositoryAmbiguous
        | FailureCode::TooLarge
        | FailureCode::KeyReused
        | FailureCode::ReadOnly => ErrorData::invalid_params(message, data),
        FailureCode::RateLimited
        | FailureCode::OutboxFull
        | FailureCode::NotDurable
        | FailureCode::Uncertain
        | FailureCode::DaemonUnavailable
        | FailureCode::VersionMismatch => ErrorData::internal_error(message, data),
    }
}
