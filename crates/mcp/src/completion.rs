//! Completes topics, wherever a client fills one in: those that begin so first, then those that
//! hold it; the reader's turn and the newest first in each.

use protocol::{
    answer::Answer,
    failure::Failure,
    request::{Context, Filter, ListThreads, Request},
};
use rmcp::{
    ErrorData,
    model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference},
};

use crate::{address::THREAD_TEMPLATE, connection::Connection, prompts, refused, resources};

/// Threads of one question to the daemon, and the most questions: further threads are not looked at.
const PAGE_LEN: i64 = 1_000;
const PAGES_MAX: usize = 10;

/// The values for the argument that is being filled in.
pub(crate) async fn complete(
    connection: &Connection,
    facts: &Context,
    asked: &CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let takes_topic = takes_topic(&asked.r#ref)?;
    if !takes_topic || asked.argument.name != "topic" {
        return Ok(CompleteResult::default());
    }
    let found = topics(connection, facts, &asked.argument.value).await;
    let found = found.map_err(|failure| refused::error(&failure, &[]))?;
    Ok(CompleteResult::new(info(found)))
}

fn takes_topic(reference: &Reference) -> Result<bool, ErrorData> {
    if let Some(name) = reference.as_prompt_name() {
        return prompts::takes_topic(name);
    }
    match reference.as_resource_uri() {
        Some(THREAD_TEMPLATE) => Ok(true),
        other => Err(resources::not_found(other.unwrap_or_default())),
    }
}

fn info(mut found: Vec<String>) -> CompletionInfo {
    let mut info = CompletionInfo::default();
    info.total = u32::try_from(found.len()).ok();
    info.has_more = Some(found.len() > CompletionInfo::MAX_VALUES);
    found.truncate(CompletionInfo::MAX_VALUES);
    info.values = found;
    info
}

async fn topics(
    connection: &Connection,
    facts: &Context,
    begun: &str,
) -> Result<Vec<String>, Failure> {
    let begun = begun.trim().to_lowercase();
    let (mut beginning, mut holding) = (Vec::new(), Vec::new());
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let request = Request::ListThreads(ListThreads {
            filter: Filter::All,
            limit: Some(PAGE_LEN),
            cursor: cursor.take(),
        });
        let done = connection.asked(facts, request).await?;
        let Answer::Threads(threads) = done.answer else {
            break;
        };
        for thread in threads.threads {
            let topic = thread.topic.to_lowercase();
            if topic.starts_with(&begun) {
                beginning.push(thread.topic);
            } else if topic.contains(&begun) {
                holding.push(thread.topic);
            }
        }
        cursor = threads.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    beginning.append(&mut holding);
    Ok(beginning)
}
