//! Finds where an entry stands of which only the name is known: requests read by place.

use protocol::{
    answer::{Answer, Done, Thread},
    failure::{Failure, FailureCode},
    request::{ReadThread, Request},
};

/// Asks where an entry stands, by what follows it: the entries come without bodies.
pub(crate) fn question(request: &Request, entry_id: &str) -> Request {
    let wanted = reading_of(request);
    Request::ReadThread(ReadThread {
        topic: wanted.map(|read| read.topic.clone()).unwrap_or_default(),
        since_entry: Some(entry_id.to_owned()),
        without_bodies: true,
        fresh: wanted.is_some_and(|read| read.fresh),
        ..ReadThread::default()
    })
}

fn reading_of(request: &Request) -> Option<&ReadThread> {
    if let Request::ReadThread(read) = request {
        Some(read)
    } else {
        None
    }
}

/// Makes the request read the one entry before the first of `following`.
pub(crate) fn set(request: &mut Request, following: &Done) {
    let (Request::ReadThread(read), Answer::Thread(thread)) = (request, &following.answer) else {
        return;
    };
    let next = thread.entries.first().map(|entry| entry.index);
    let index = next.unwrap_or(thread.total_entries).saturating_sub(1);
    read.from_entry = i64::try_from(index).ok();
    read.since_entry = None;
    read.limit = Some(1);
}

/// Whether the wanted entry is what was read; it may have moved in between.
///
/// # Errors
/// `entry_not_found`.
pub(crate) fn check(thread: &Thread, entry_id: &str) -> Result<(), Failure> {
    let found = thread.entries.first();
    if found.and_then(|entry| entry.entry_id.as_deref()) == Some(entry_id) {
        return Ok(());
    }
    Err(Failure::new(
        FailureCode::EntryNotFound,
        format!("'{}' has no entry {entry_id}.", thread.topic),
        "Call watercooler_read_thread with format=summary to see its entries.",
    ))
}
