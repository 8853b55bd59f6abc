//! Puts an operation into a thread's bytes: the one way that a write gets into a file.

mod by_hand;
mod many;

use crate::conflict::{Change, resolve};
use crate::entry::FENCE_CLOSED;
use crate::fence::Fence;
use crate::hand_edit::HandEdit;
use crate::header::{HeaderForm, Key, text_start};
use crate::header_edit::{line_break, with_fields};
use crate::id_comment::holds_id;
use crate::lines::{is_blank, one_line, plain_line_before};
use crate::operation::Operation;
use crate::parse::parse;
use crate::print::{NewHeader, print_entry};
use crate::thread::{BALL_DEFAULT, STATUS_DEFAULT, Thread};
use crate::timestamp::Timestamp;

use by_hand::{by_hand, joined};
pub use many::{Growth, apply_all};

/// How far ahead the newest entry of a thread may be for a new one to take its time.
pub const AHEAD_SECONDS_MAX: i64 = 5 * 60;

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Its entry stands in the file already.
    Present,
    /// The file's new bytes.
    Changed(Vec<u8>),
}

/// Puts an operation into the bytes of its thread's file; `None` where there is no file.
///
/// The entry is put at the end in any case, and what stands from the first entry on stays byte for
/// byte in front of it. In the header only Status and Ball change, as [`resolve`] says; one that is
/// missing is put in. The time written is the operation's, or the newest entry's where that is less
/// than [`AHEAD_SECONDS_MAX`] ahead.
///
/// An edit by hand changes the fields and entries that it names, where they still are as the person
/// saw them. A field that is another keeps its value; an entry that is another stays, and the
/// person's is put at the end with the same ID.
///
/// The entry has the line ends of the file's first line: a CRLF file stays one in an editor, and
/// the readers, ours and both Pythons, turn CRLF into LF before they look at anything.
pub fn apply(operation: &Operation, file: Option<&[u8]>) -> Applied {
    if let Some(edit) = &operation.edit {
        return edited(edit, file);
    }
    let bytes = file.unwrap_or_default();
    if holds_id(bytes, &operation.id) {
        return Applied::Present;
    }
    let (thread, _) = parse(bytes);
    let written = time_written(operation, &thread);
    let mut changed = if thread.is_thread() {
        with_changes(operation, &thread, bytes)
    } else {
        with_header(operation, bytes, written)
    };
    append(
        &mut changed,
        thread.fence,
        &print_entry(operation, written),
        line_break(bytes),
    );
    Applied::Changed(changed)
}

/// An edit by hand is there where it changes nothing.
fn edited(edit: &HandEdit, file: Option<&[u8]>) -> Applied {
    let changed = by_hand(edit, file);
    if changed == file.unwrap_or_default() {
        Applied::Present
    } else {
        Applied::Changed(changed)
    }
}

fn time_written(operation: &Operation, thread: &Thread) -> Timestamp {
    let asked = operation.timestamp;
    let newest = thread
        .entries()
        .iter()
        .filter_map(|entry| entry.timestamp)
        .max();
    let newest = newest
        .map(Timestamp::rounded_up)
        .filter(|newest| newest.as_unix_seconds() - asked.as_unix_seconds() < AHEAD_SECONDS_MAX);
    newest.map_or(asked, |newest| newest.max(asked))
}

/// A thread's bytes with its header's fields as the operation leaves them.
fn with_changes(operation: &Operation, thread: &Thread, bytes: &[u8]) -> Vec<u8> {
    let resolution = resolve(operation, thread);
    let wanted_ball = operation
        .ball
        .as_deref()
        .map(one_line)
        .filter(|ball| !ball.is_empty());
    let ball = match resolution.ball {
        Change::Set(ball) => ball,
        Change::Unasked | Change::Lost => thread.ball(),
    };
    let status = match resolution.status {
        Change::Set(status) => Some(status),
        Change::Unasked | Change::Lost => None,
    };
    // The status is shown in capitals; what stands there stays as it is where nothing changes it.
    let status = status
        .filter(|status| *status != thread.status())
        .or_else(|| thread.header.value(bytes, Key::Status));
    let ball = if ball.is_empty() {
        wanted_ball.unwrap_or_else(|| BALL_DEFAULT.to_owned())
    } else {
        ball
    };
    let status = status.unwrap_or_else(|| STATUS_DEFAULT.to_owned());
    with_fields(
        bytes,
        &thread.header,
        operation.topic.as_str(),
        &status,
        &ball,
    )
}

/// A new header, and below it what stood in a file that was no thread.
fn with_header(operation: &Operation, bytes: &[u8], written: Timestamp) -> Vec<u8> {
    let new = operation.creates.as_ref();
    let line = |text: &str| Some(one_line(text)).filter(|text| !text.is_empty());
    let title = new.and_then(|new| line(&new.title));
    let ball = operation.ball.as_deref().and_then(line);
    let status = operation.status.as_deref().and_then(line);
    let header = NewHeader {
        form: new.map_or(HeaderForm::FrontMatter, |new| new.form),
        topic: operation.topic.as_str(),
        title: title.as_deref().unwrap_or(operation.topic.as_str()),
        status: &status
            .or_else(|| new.and_then(|new| line(&new.status)))
            .unwrap_or_else(|| STATUS_DEFAULT.to_owned())
            .to_uppercase(),
        ball: &ball
            .or_else(|| new.and_then(|new| line(&new.ball)))
            .unwrap_or_else(|| BALL_DEFAULT.to_owned()),
        created: written,
    };
    let end = line_break(bytes);
    let (mark, text) = bytes.split_at(text_start(bytes));
    let mut changed = mark.to_vec();
    changed.extend_from_slice(header.print().replace('\n', end).as_bytes());
    if !is_blank(text) {
        changed.extend_from_slice(end.as_bytes());
        changed.extend_from_slice(text);
    }
    changed
}

/// Puts an entry at the end of a file, behind one blank line; a fence left open is closed first.
fn append(bytes: &mut Vec<u8>, fence: Option<Fence>, entry: &str, end: &str) {
    if !bytes.ends_with(b"\n") {
        bytes.extend_from_slice(end.as_bytes());
    }
    if let Some(fence) = fence {
        bytes.extend_from_slice(format!("{}{end}{FENCE_CLOSED}{end}", fence.closer()).as_bytes());
    }
    let last = plain_line_before(bytes, bytes.len(), 0);
    if !is_blank(&bytes[last..]) {
        bytes.extend_from_slice(end.as_bytes());
    }
    bytes.extend_from_slice(entry.replace('\n', end).as_bytes());
}
