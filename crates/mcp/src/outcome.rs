//! What a client gets for a call: a text that is complete, a small structured result, and never
//! more than a result may hold.

use protocol::{
    answer::{Answer, Done, Thread, ThreadSummary, Threads},
    failure::{Failure, FailureCode},
    request::{Filter, Request},
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
    /// The list is too long for one result; this many threads will do.
    AskForFewer(i64),
}

/// Shows the answer to a call, and `turn` as its last line.
///
/// # Errors
/// `entry_not_found` where one entry was wanted by name and is not there; `uncertain` where the
/// answer is of another kind than the question.
pub(crate) fn shown(
    call: &Call,
    done: &Done,
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
            let Answer::Thread(thread) = &done.answer else {
                return Err(of_another_kind());
            };
            if let Some(entry_id) = &call.entry_id {
                place::check(thread, entry_id)?;
            }
            let key = keys.next();
            Ok(Shown::Whole(page(thread, reading, turn, &key)))
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

/// Makes the request ask for fewer threads.
pub(crate) fn ask_for_fewer(request: &mut Request, limit: i64) {
    if let Request::ListThreads(list) = request {
        list.limit = Some(limit);
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
    let shown = result(text, structured, turn);
    let bytes = bytes(&shown);
    if fits(bytes) || len <= 1 {
        return Shown::Whole(shown);
    }
    let fewer = len.saturating_mul(RESULT_BYTES_MAX - ENVELOPE_BYTES_MAX) / bytes;
    let fewer = fewer.clamp(1, len - 1);
    Shown::AskForFewer(i64::try_from(fewer).unwrap_or(1))
}

/// A result of a few lines. Only fields that others wrote at any length make it too large.
fn plain(text: &str, mut structured: Value, turn: Option<&str>) -> CallToolResult {
    let shown = result(text.to_owned(), structured.clone(), turn);
    if fits(bytes(&shown)) {
        return shown;
    }
    let lines: Vec<String> = text.lines().map(field).collect();
    clip_texts(&mut structured);
    result(lines.join("\n"), structured, turn)
}

fn clip_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = field(text),
        Value::Array(items) => items.iter_mut().for_each(clip_texts),
        Value::Object(fields) => fields.values_mut().for_each(clip_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

fn page(thread: &Thread, reading: Reading, turn: Option<&str>, key: &str) -> CallToolResult {
    let turn = turn.filter(|_| reading.format != Format::Json);
    let shown = |thread: &Thread| {
        let (text, structured) = tools::show_thread(thread, reading.format, key);
        result(text, structured, turn)
    };
    let mut thread = clipped_thread(thread);
    let whole = shown(&thread);
    if fits(bytes(&whole)) {
        return whole;
    }
    fit::cut(&mut thread, reading.forward, reading.body_offset, |page| {
        fits(bytes(&shown(page)))
    });
    shown(&thread)
}

/// The failure where a daemon keeps to no limit.
pub(crate) fn too_long() -> Failure {
    Failure::new(
        FailureCode::TooLarge,
        "The list is too long for one answer.",
        "Call watercooler_list_threads with a smaller limit.",
    )
}

fn of_another_kind() -> Failure {
    Failure::new(
        FailureCode::Uncertain,
        "The daemon's answer was of another kind than the question.",
        "Run `watercooler doctor`.",
    )
}

fn result(mut text: String, structured: Value, turn: Option<&str>) -> CallToolResult {
    if let Some(turn) = turn {
        text.push('\n');
        text.push_str(turn);
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(structured);
    result
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
    // What cannot be written is not sent either.
    serde_json::to_vec(result).map_or(usize::MAX, |json| json.len())
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

fn clipped_thread(thread: &Thread) -> Thread {
    let mut thread = thread.clone();
    for own in [&mut thread.title, &mut thread.status, &mut thread.ball] {
        *own = field(own);
    }
    for entry in &mut thread.entries {
        let fields = [
            &mut entry.agent,
            &mut entry.role,
            &mut entry.entry_type,
            &mut entry.title,
        ];
        // A character takes a byte at least: a body of so many fits in no result, and is cut.
        if let Some((end, _)) = entry.body.char_indices().nth(RESULT_BYTES_MAX) {
            entry.body.truncate(end);
        }
        for own in fields {
            *own = field(own);
        }
        for own in [&mut entry.entry_id, &mut entry.timestamp]
            .into_iter()
            .flatten()
        {
            *own = field(own);
        }
    }
    thread
}
