//! `watercooler_list_threads`: the threads of a repository, a line each, the reader's turn first.

use protocol::{
    answer::{ThreadSummary, Threads},
    failure::Failure,
    request::{Filter, ListThreads, Request},
};

use super::{Call, Definition, Shows};
use crate::{arguments::Arguments, text};

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_list_threads",
    description: "Use first, and to see what waits on you: threads with status, ball (whose turn) and \
                  newest entry, your turn first.",
    schema: r#"{"type":"object","properties":{
        "filter":{"type":"string","enum":["open","mine","new","closed","all"],
            "description":"default open; mine: your turn; new: unread"},
        "limit":{"type":"integer","description":"default 50"},
        "cursor":{"type":"string","description":"next_cursor"},
        "code_path":{"type":"string"}}}"#,
};

const FILTERS: [(&str, Filter); 5] = [
    ("open", Filter::Open),
    ("mine", Filter::Mine),
    ("new", Filter::New),
    ("closed", Filter::Closed),
    ("all", Filter::All),
];

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    let filter = arguments.choice("filter", &FILTERS)?.unwrap_or_default();
    let request = Request::ListThreads(ListThreads {
        filter,
        limit: arguments.integer("limit")?,
        cursor: arguments.text("cursor")?,
    });
    Ok(Call::new(request, Shows::Threads(filter)))
}

/// The page as an agent reads it; `your_turn` counts over all pages.
pub(crate) fn text(threads: &Threads, filter: Filter, your_turn: usize) -> String {
    let mut lines = Vec::new();
    lines.extend(text::stale_line(&threads.freshness));
    let shown = threads.threads.len();
    lines.push(format!(
        "# Threads ({}): {shown} of {} | Your turn: {your_turn}",
        filter_name(filter),
        threads.total,
    ));
    if threads.threads.is_empty() {
        lines.push(nothing(filter).to_owned());
    }
    lines.extend(threads.threads.iter().map(line));
    if let Some(cursor) = &threads.next_cursor {
        lines.push(format!(
            "More: watercooler_list_threads with cursor=\"{cursor}\""
        ));
    }
    lines.join("\n")
}

fn line(thread: &ThreadSummary) -> String {
    let marks = match (thread.your_turn, thread.is_new) {
        (true, true) => " | your turn, new",
        (true, false) => " | your turn",
        (false, true) => " | new",
        (false, false) => "",
    };
    let mut line = format!(
        "- {} — {}{marks} | {} | Ball: {} | {}",
        text::one_line(&thread.topic),
        text::one_line(&thread.title),
        text::one_line(&thread.status),
        text::one_line(&thread.ball),
        text::counted(thread.entries, "entry", "entries"),
    );
    if let Some(updated) = &thread.updated {
        line.push_str(" | ");
        line.push_str(&text::one_line(updated));
    }
    if let Some(author) = &thread.last_author {
        line.push_str(" by ");
        line.push_str(&text::one_line(author));
    }
    line
}

fn filter_name(filter: Filter) -> &'static str {
    FILTERS
        .iter()
        .find(|(_, known)| *known == filter)
        .map_or("open", |(name, _)| name)
}

fn nothing(filter: Filter) -> &'static str {
    match filter {
        Filter::Open => "No open threads. watercooler_say starts one.",
        Filter::Mine => "No thread waits on you.",
        Filter::New => "Nothing new.",
        Filter::Closed => "No closed threads.",
        Filter::All => "No threads yet. watercooler_say starts one.",
    }
}
