//! What a client gets for a call: a text that is complete, a small structured result, and never
//! more than a result may hold.

use std::{io, sync::Arc};

use protocol::{
    answer::{Answer, Done, Entry, Thread, ThreadSummary, Threads},
    failure::{Failure, FailureCode},
    hits::{Hit, Hits},
    request::{Filter, Request},
    update::{EntryUpdate, Updates},
};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};

use crate::{
    RESULT_BYTES_MAX, fit,
    frame::FrameKeys,
    place, text,
    tools::{self, Call, Format, Reading, Shows},
};

/// What the envelope around a result may take: the JSON-RPC fields, an id, `resultType`.
const ENVELOPE_BYTES_MAX: usize = 500;

/// The most characters of a failure's message, and of its hint.
const FAILURE_CHARS_MAX: usize = 2_000;

/// What came of showing an answer.
pub(crate) enum Shown {
    Whole(CallToolResult),
    /// The list is too long for one result.
    AskForFewer(Fewer),
}

/// A shorter page that will do.
#[derive(Debug)]
pub(crate) struct Fewer {
    limit: i64,
    /// Where the page that was too long began, as a cursor of updates.
    from: Option<String>,
}

/// Shows the answer to a call, and `turn` as its last line.
///
/// # Errors
/// `entry_not_found` where one entry was wanted by name and is not there; `uncertain` where the
/// answer is of another kind than the question.
pub(crate) fn shown(
    call: &Call,
    done: &mut Done,
    turn: Option<&str>,
    keys: &FrameKeys,
) -> Result<Shown, Failure> {
    match call.shows {
        Shows::Threads(filter) => {
            let Answer::Threads(threads) = &done.answer else {
                return Err(of_another_kind());
            };
            Ok(list(threads, filter, done.your_turn.len(), turn))
        }
        Shows::Thread(reading) => {
            let Answer::Thread(thread) = &mut done.answer else {
                return Err(of_another_kind());
            };
            if let Some(entry_id) = &call.entry_id {
                place::check(thread, entry_id)?;
            }
            let key = keys.next();
            Ok(Shown::Whole(page(thread, reading, turn, &key)))
        }
        Shows::Updates => {
            let Answer::Updates(updates) = &done.answer else {
                return Err(of_another_kind());
            };
            Ok(updated(updates, turn))
        }
        Shows::Hits => {
            let Answer::Hits(hits) = &done.answer else {
                return Err(of_another_kind());
            };
            Ok(found(hits, turn))
        }
        shows @ (Shows::Written(_) | Shows::Synced | Shows::Health | Shows::Whoami) => {
            let text = tools::plain_text(shows, done).ok_or_else(of_another_kind)?;
            Ok(Shown::Whole(plain(&text, done.structured(), turn)))
        }
    }
}

/// Whether the answer can say whose turn it is: a text that is JSON has no last line.
pub(crate) fn shows_turn(call: &Call) -> bool {
    !matches!(
        call.shows,
        Shows::Thread(Reading {
            format: Format::Json,
            ..
        })
    )
}

/// What a client gets where a call failed.
pub(crate) fn failed(failure: &Failure) -> CallToolResult {
    let message = text::clipped(&failure.message, FAILURE_CHARS_MAX);
    let hint = failure
        .hint
        .as_deref()
        .map(|hint| text::clipped(hint, FAILURE_CHARS_MAX));
    let mut words = message.clone();
    if let Some(hint) = &hint {
        words.push('\n');
        words.push_str(hint);
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(words)]);
    result.structured_content = Some(json!({
        "error": {"code": failure.code.as_str(), "message": message, "hint": hint}
    }));
    result
}

/// The text of a result.
pub(crate) fn words(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(ContentBlock::as_text);
    let texts = texts.map(|content| content.text.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// Makes the request ask for fewer rows, of the very page that was too long.
pub(crate) fn ask_for_fewer(request: &mut Request, fewer: Fewer) {
    match request {
        Request::ListThreads(list) => list.limit = Some(fewer.limit),
        Request::ListUpdates(list) => {
            list.limit = Some(fewer.limit);
            list.since = fewer.from.or_else(|| list.since.take());
        }
        Request::Search(search) => search.limit = Some(fewer.limit),
        Request::Status
        | Request::ReadThread(_)
        | Request::MarkRead(_)
        | Request::Mute(_)
        | Request::Watch
        | Request::Say(_)
        | Request::Ack(_)
        | Request::Handoff(_)
        | Request::SetStatus(_)
        | Request::Sync(_)
        | Request::Health
        | Request::Whoami
        | Request::RepositoryList
        | Request::RepositoryProbe(_)
        | Request::RepositoryForget(_)
        | Request::CredentialReload
        | Request::CredentialTest
        | Request::SettingsReload
        | Request::Pause(_)
        | Request::Resume
        | Request::Stop => (),
    }
}

fn list(threads: &Threads, filter: Filter, your_turn: usize, turn: Option<&str>) -> Shown {
    let threads = Threads {
        threads: threads.threads.iter().map(clipped_summary).collect(),
        next_cursor: threads.next_cursor.clone(),
        freshness: threads.freshness.clone(),
        ..*threads
    };
    let text = tools::threads_text(&threads, filter, your_turn);
    let len = threads.threads.len();
    let structured = structured(Answer::Threads(threads));
    whole_or_fewer(measured(text, structured, turn), len, None)
}

fn updated(updates: &Updates, turn: Option<&str>) -> Shown {
    let updates = Updates {
        updates: updates.updates.iter().map(clipped_update).collect(),
        cursor: updates.cursor.clone(),
        from: updates.from.clone(),
        freshness: updates.freshness.clone(),
        ..*updates
    };
    let text = tools::updates_text(&updates);
    let (len, from) = (updates.updates.len(), updates.from.clone());
    let structured = structured(Answer::Updates(updates));
    whole_or_fewer(measured(text, structured, turn), len, Some(from))
}

fn found(hits: &Hits, turn: Option<&str>) -> Shown {
    let hits = Hits {
        hits: hits.hits.iter().map(clipped_hit).collect(),
        next_cursor: hits.next_cursor.clone(),
        freshness: hits.freshness.clone(),
        ..*hits
    };
    let text = tools::hits_text(&hits);
    let len = hits.hits.len();
    let structured = structured(Answer::Hits(hits));
    whole_or_fewer(measured(text, structured, turn), len, None)
}

fn whole_or_fewer(
    (shown, bytes): (CallToolResult, usize),
    len: usize,
    from: Option<String>,
) -> Shown {
    if fits(bytes) || len <= 1 {
        return Shown::Whole(shown);
    }
    let fewer = len.saturating_mul(RESULT_BYTES_MAX - ENVELOPE_BYTES_MAX) / bytes;
    let fewer = fewer.clamp(1, len - 1);
    Shown::AskForFewer(Fewer {
        limit: i64::try_from(fewer).unwrap_or(1),
        from,
    })
}

/// A result of a few lines. Only fields that others wrote at any length make it too large.
fn plain(text: &str, mut structured: Value, turn: Option<&str>) -> CallToolResult {
    let (shown, bytes) = measured(text.to_owned(), structured.clone(), turn);
    if fits(bytes) {
        return shown;
    }
    let lines: Vec<String> = text.lines().map(field).collect();
    clip_texts(&mut structured);
    measured(lines.join("\n"), structured, turn).0
}

fn clip_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = field(text),
        Value::Array(items) => items.iter_mut().for_each(clip_texts),
        Value::Object(fields) => fields.values_mut().for_each(clip_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

fn page(thread: &mut Thread, reading: Reading, turn: Option<&str>, key: &str) -> CallToolResult {
    let turn = turn.filter(|_| reading.format != Format::Json);
    let shown = |thread: &Thread| {
        let (text, structured) = tools::show_thread(thread, reading.format, key);
        measured(text, structured, turn)
    };
    clip_thread(thread);
    let (whole, bytes) = shown(thread);
    if fits(bytes) {
        return whole;
    }
    fit::cut(thread, reading.forward, reading.body_offset, |page| {
        fits(shown(page).1)
    });
    shown(thread).0
}

/// The failure where a daemon keeps to no limit.
pub(crate) fn too_long() -> Failure {
    Failure::new(
        FailureCode::TooLarge,
        "The list is too long for one answer.",
        "Call it again with a smaller limit.",
    )
}

fn of_another_kind() -> Failure {
    Failure::new(
        FailureCode::Uncertain,
        "The daemon's answer was of another kind than the question.",
        "Run `watercooler doctor`.",
    )
}

/// A result, and how many bytes it takes as JSON.
fn measured(mut text: String, structured: Value, turn: Option<&str>) -> (CallToolResult, usize) {
    if let Some(turn) = turn {
        text.push('\n');
        text.push_str(turn);
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text("")]);
    result.structured_content = Some(structured);
    let bytes = bytes(&result) + escaped_len(&text);
    result.content = vec![ContentBlock::text(text)];
    (result, bytes)
}

/// How many bytes a text takes within the quotes of JSON, as serde_json writes it. Counted, because
/// writing a long text only to measure it costs as much as to send it.
fn escaped_len(text: &str) -> usize {
    let added = |byte: &u8| {
        let is_short = matches!(*byte, b'\n' | b'\r' | b'\t' | 0x08 | 0x0c | b'"' | b'\\');
        u8::from(is_short) + 5 * u8::from(*byte < b' ' && !is_short)
    };
    // A byte holds the sum of so many, which lets the compiler count them side by side.
    let chunks = text.as_bytes().chunks(32);
    let added = chunks.map(|chunk| usize::from(chunk.iter().map(added).sum::<u8>()));
    text.len() + added.sum::<usize>()
}

fn structured(answer: Answer) -> Value {
    let done = Done {
        repository: None,
        your_turn: Vec::new(),
        answer,
    };
    done.structured()
}

fn bytes(result: &CallToolResult) -> usize {
    let mut counted = Counted(0);
    // What cannot be written is not sent either.
    serde_json::to_writer(&mut counted, result).map_or(usize::MAX, |()| counted.0)
}

/// Counts what is written, and keeps nothing of it.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fits(bytes: usize) -> bool {
    bytes + ENVELOPE_BYTES_MAX < RESULT_BYTES_MAX
}

fn field(value: &str) -> String {
    text::clipped(value, fit::FIELD_CHARS_MAX)
}

fn clipped_summary(thread: &ThreadSummary) -> ThreadSummary {
    ThreadSummary {
        topic: thread.topic.clone(),
        title: field(&thread.title),
        status: field(&thread.status),
        ball: field(&thread.ball),
        updated: thread.updated.as_deref().map(field),
        last_author: thread.last_author.as_deref().map(field),
        ..*thread
    }
}

fn clipped_hit(hit: &Hit) -> Hit {
    Hit {
        topic: hit.topic.clone(),
        entry_id: hit.entry_id.as_deref().map(field),
        agent: field(&hit.agent),
        timestamp: hit.timestamp.as_deref().map(field),
        snippet: field(&hit.snippet),
        ..*hit
    }
}

fn clipped_update(update: &EntryUpdate) -> EntryUpdate {
    EntryUpdate {
        topic: update.topic.clone(),
        entry_id: update.entry_id.as_deref().map(field),
        agent: field(&update.agent),
        title: field(&update.title),
        timestamp: update.timestamp.as_deref().map(field),
        ball: field(&update.ball),
        ..*update
    }
}

fn clip_thread(thread: &mut Thread) {
    let clip = |field: &mut String| text::clip(field, fit::FIELD_CHARS_MAX);
    [&mut thread.title, &mut thread.status, &mut thread.ball]
        .into_iter()
        .for_each(clip);
    for entry in &mut thread.entries {
        // Nearly all are short enough, and are then not copied.
        if may_be_too_long(entry) {
            clip_entry(Arc::make_mut(entry));
        }
    }
}

fn may_be_too_long(entry: &Entry) -> bool {
    let fields = [&entry.agent, &entry.role, &entry.entry_type, &entry.title];
    let named = [&entry.entry_id, &entry.timestamp].into_iter().flatten();
    // A character takes a byte at least.
    let mut all = fields.into_iter().chain(named);
    all.any(|field| field.len() > fit::FIELD_CHARS_MAX) || entry.body.len() > RESULT_BYTES_MAX
}

fn clip_entry(entry: &mut Entry) {
    let clip = |field: &mut String| text::clip(field, fit::FIELD_CHARS_MAX);
    let fields = [
        &mut entry.agent,
        &mut entry.role,
        &mut entry.entry_type,
        &mut entry.title,
    ];
    fields.into_iter().for_each(clip);
    [&mut entry.entry_id, &mut entry.timestamp]
        .into_iter()
        .flatten()
        .for_each(clip);
    // A character takes a byte at least: a body of so many fits in no result, and is cut.
    if entry.body.len() > RESULT_BYTES_MAX
        && let Some((end, _)) = entry.body.char_indices().nth(RESULT_BYTES_MAX)
    {
        entry.body.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_takes_as_many_bytes_as_are_counted() {
        let all: String = (0..=0xff).filter_map(char::from_u32).collect();
        for text in [
            "",
            "plain",
            "two\nlines\t\"q\" \\ \u{1}\u{7f}\u{2028} grün 🦀",
            &all,
        ] {
            for turn in [None, Some("It is \"your\" turn.")] {
                let (result, bytes) = measured(text.to_owned(), json!({"a": [text]}), turn);
                let written = serde_json::to_vec(&result).unwrap();
                assert_eq!(bytes, written.len(), "{text:?}");
            }
        }
    }
}
