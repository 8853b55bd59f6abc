//! Counts threads as read by whoever asks for it.

use jiff::Timestamp;
use protocol::answer::{Answer, Marked};
use protocol::failure::{Failure, FailureCode};
use protocol::request::MarkRead;
use threads::topic::Topic;

use crate::handle::Handle;
use crate::server::caller::Caller;
use crate::server::reads;
use crate::snapshot::Snapshot;

/// `mark-read`: all of what these threads show now, or of every thread.
///
/// # Errors
/// `thread_not_found`, before anything is marked; `invalid_argument` where nothing is named.
pub(crate) fn mark(handle: &Handle, caller: &Caller, asked: &MarkRead) -> Result<Answer, Failure> {
    let snapshot = handle.shown();
    let topics = topics(&snapshot, asked)?;
    let reader = caller.reader_key();
    let now = Timestamp::now().as_second();
    let mut marked = Marked {
        threads: 0,
        entries: 0,
    };
    for topic in topics {
        let Some(thread) = snapshot.thread(&topic) else {
            continue;
        };
        let summary = &thread.summary;
        let unread = handle
            .marks
            .unread(&reader, &reader, topic.as_str(), summary);
        marked.threads += u64::from(unread > 0);
        marked.entries += unread;
        let len = summary.entries.len();
        handle.marks.shown((&reader, now), &topic, &snapshot, len);
    }
    Ok(Answer::Marked(marked))
}

fn topics(snapshot: &Snapshot, asked: &MarkRead) -> Result<Vec<Topic>, Failure> {
    if asked.all {
        return Ok(snapshot.threads().map(|(topic, _)| topic.clone()).collect());
    }
    if asked.topics.is_empty() {
        return Err(Failure::new(
            FailureCode::InvalidArgument,
            "No thread is named.",
            "Name threads, or ask for all.",
        ));
    }
    let found = asked.topics.iter().map(|name| reads::find(snapshot, name));
    found.map(|found| found.map(|(topic, _)| topic)).collect()
}
