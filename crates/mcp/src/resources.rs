//! Resources: the inbox, the instructions, and each thread, as a client lists and reads them.

use protocol::{
    answer::{Answer, ThreadSummary},
    failure::Failure,
    request::{Context, Filter, ListThreads, ReadThread, Request},
};
use rmcp::{
    ErrorData,
    model::{
        ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource,
        ResourceContents, ResourceTemplate,
    },
};
use serde_json::json;

use crate::{
    RESULT_BYTES_MAX,
    address::{Address, THREAD_TEMPLATE},
    connection::Connection,
    instructions::INSTRUCTIONS,
    refused, text,
    tools::{Call, Format, Reading, Shows},
};

/// Threads of one page.
const PAGE_LEN: i64 = 50;

/// What a page may take beside its resources: the envelope and a cursor.
const PAGE_ENVELOPE_BYTES: usize = 2_000;

/// The most characters of a field that others wrote.
const FIELD_CHARS_MAX: usize = 200;

/// The most characters of a thread's bodies: with the words around them they fit in a result.
const BODY_CHARS: i64 = 40_000;

/// A text in the form that threads are written in.
const MARKDOWN: &str = "text/markdown";

/// The inbox and the instructions, then the open threads, page by page. Where no repository can be
/// told, the first two are there all the same: clients list at once, and nobody is there to answer.
pub(crate) async fn list(
    connection: &Connection,
    facts: &Context,
    cursor: Option<String>,
) -> Result<ListResourcesResult, ErrorData> {
    let is_first = cursor.is_none();
    let listed = match page(connection, facts, cursor).await {
        Ok(listed) => listed,
        Err(_) if is_first => ListResourcesResult::default(),
        Err(failure) => return Err(refused::error(&failure, &[])),
    };
    if !is_first {
        return Ok(listed);
    }
    let mut resources = vec![inbox(), instructions()];
    resources.extend(listed.resources);
    Ok(ListResourcesResult {
        resources,
        ..listed
    })
}

/// A page of threads that fits in a result.
async fn page(
    connection: &Connection,
    facts: &Context,
    cursor: Option<String>,
) -> Result<ListResourcesResult, Failure> {
    let mut limit = PAGE_LEN;
    loop {
        let request = Request::ListThreads(ListThreads {
            filter: Filter::Open,
            limit: Some(limit),
            cursor: cursor.clone(),
        });
        let done = connection.asked(facts, request).await?;
        let Answer::Threads(threads) = done.answer else {
            return Ok(ListResourcesResult::default());
        };
        let resources: Vec<Resource> = threads.threads.iter().map(thread).collect();
        let bytes = serde_json::to_vec(&resources).map_or(0, |bytes| bytes.len());
        if bytes + PAGE_ENVELOPE_BYTES <= RESULT_BYTES_MAX || limit == 1 {
            return Ok(ListResourcesResult {
                next_cursor: threads.next_cursor,
                resources,
                ..ListResourcesResult::default()
            });
        }
        limit /= 2;
    }
}

fn inbox() -> Resource {
    Resource::new(Address::Inbox.uri(), "inbox")
        .with_title("Watercooler inbox")
        .with_description("Open threads; those that wait on you first")
        .with_mime_type(MARKDOWN)
}

fn instructions() -> Resource {
    Resource::new(Address::Instructions.uri(), "instructions")
        .with_title("How to use the watercooler")
        .with_description("What an agent needs to know of the threads and the tools")
        .with_mime_type(MARKDOWN)
}

fn thread(thread: &ThreadSummary) -> Resource {
    let field = |value: &str| text::clipped(&text::one_line(value), FIELD_CHARS_MAX);
    let turn = if thread.your_turn { ", your turn" } else { "" };
    let description = format!(
        "{}, ball: {}{turn}, {}",
        field(&thread.status),
        field(&thread.ball),
        text::counted(thread.entries, "entry", "entries"),
    );
    Resource::new(
        Address::Thread(thread.topic.clone()).uri(),
        field(&thread.topic),
    )
    .with_title(field(&thread.title))
    .with_description(description)
    .with_mime_type(MARKDOWN)
}

/// The one template: a thread by its topic, also a closed one.
pub(crate) fn templates() -> ListResourceTemplatesResult {
    let thread = ResourceTemplate::new(THREAD_TEMPLATE, "thread")
        .with_title("A watercooler thread")
        .with_description("The newest entries of the thread with that topic")
        .with_mime_type(MARKDOWN);
    ListResourceTemplatesResult::with_all_items(vec![thread])
}

/// What stands at an address. The reader does not count as shown what stands there: clients read
/// ahead of anybody's asking.
pub(crate) async fn read(
    connection: &Connection,
    facts: &Context,
    uri: &str,
) -> Result<ReadResourceResult, ErrorData> {
    let words = match Address::parse(uri) {
        Some(Address::Instructions) => Ok(INSTRUCTIONS.to_owned()),
        Some(Address::Inbox) => connection.words(inbox_call(), facts).await,
        Some(Address::Thread(topic)) => connection.words(thread_call(topic), facts).await,
        None => return Err(not_found(uri)),
    };
    let words = words.map_err(|failure| refused::error(&failure, &[("uri", uri)]))?;
    let contents = ResourceContents::text(words, uri).with_mime_type(MARKDOWN);
    Ok(ReadResourceResult::new(vec![contents]))
}

/// The open threads, as words.
pub(crate) fn inbox_call() -> Call {
    let request = Request::ListThreads(ListThreads::default());
    Call::new(request, Shows::Threads(Filter::Open))
}

/// A thread's newest entries, as words.
pub(crate) fn thread_call(topic: String) -> Call {
    let request = Request::ReadThread(ReadThread {
        topic,
        max_chars: Some(BODY_CHARS),
        unmarked: true,
        ..ReadThread::default()
    });
    let reading = Reading {
        format: Format::Markdown,
        forward: false,
        body_offset: 0,
    };
    Call::new(request, Shows::Thread(reading))
}

/// The error for an address that names nothing of ours.
pub(crate) fn not_found(uri: &str) -> ErrorData {
    let shown = text::clipped(uri, FIELD_CHARS_MAX);
    ErrorData::resource_not_found(
        format!(
            "There is no resource '{}'. There are {}, {} and {THREAD_TEMPLATE}.",
            text::one_line(&shown),
            Address::Inbox.uri(),
            Address::Instructions.uri()
        ),
        Some(json!({"uri": shown})),
    )
}
