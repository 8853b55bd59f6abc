//! Who wins where two writers changed a thread's status or ball (contract §7.4).

use crate::entry::Entry;
use crate::lines::one_line;
use crate::operation::Operation;
use crate::thread::Thread;
use crate::timestamp::Timestamp;

/// What becomes of one field that a write may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The write leaves it.
    Unasked,
    /// It gets this value.
    Set(String),
    /// Another writer's value stays.
    Lost,
}

/// What becomes of a thread's fields when an operation is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The ball.
    pub ball: Change,
    /// The status.
    pub status: Change,
}

/// Judges an operation against the thread as it stands.
///
/// A change is made where the field still has the value that the writer saw. Else a header edited
/// without a new entry wins; else the later entry time does, ties by the greater Entry-ID.
pub fn resolve(operation: &Operation, thread: &Thread) -> Resolution {
    let wins = || has_news(operation, thread) && is_latest(operation, thread);
    let seen = &operation.seen;
    let ball = operation
        .ball
        .as_deref()
        .map(one_line)
        .filter(|ball| !ball.is_empty());
    let status = operation.status.as_deref().map(normal_status);
    let status = status.filter(|status| !status.is_empty());
    let seen_ball = seen.ball.as_deref().map(one_line).unwrap_or_default();
    let seen_status = seen
        .status
        .as_deref()
        .map(normal_status)
        .unwrap_or_default();
    Resolution {
        ball: change(ball, &thread.ball(), &seen_ball, wins),
        status: change(status, &thread.status(), &seen_status, wins),
    }
}

fn change(wanted: Option<String>, current: &str, seen: &str, wins: impl Fn() -> bool) -> Change {
    match wanted {
        None => Change::Unasked,
        Some(wanted) if wanted == current || current == seen || wins() => Change::Set(wanted),
        Some(_) => Change::Lost,
    }
}

/// Whether the thread has entries that the writer had not seen.
fn has_news(operation: &Operation, thread: &Thread) -> bool {
    thread.entries().len() as u64 > operation.seen.entries_len
}

/// Whether the operation is later than every entry of the thread.
fn is_latest(operation: &Operation, thread: &Thread) -> bool {
    let ours = (Some(operation.timestamp), operation.id.as_str());
    thread.entries().iter().all(|entry| rank(entry) < ours)
}

fn rank(entry: &Entry) -> (Option<Timestamp>, &str) {
    let id = entry.id.as_ref();
    (entry.timestamp, id.map_or("", |id| id.as_str()))
}

fn normal_status(status: &str) -> String {
    one_line(status).to_uppercase()
}
