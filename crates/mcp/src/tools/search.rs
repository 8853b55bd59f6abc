//! `watercooler_search`: entries that hold some words, a line each.

use protocol::{
    failure::Failure,
    hits::{Hit, Hits},
    request::{Request, Search},
};

use super::{Call, Definition, Shows};
use crate::{arguments::Arguments, text};

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_search",
    description: "Use to find what was said about something: entries that hold all words, title hits \
                  first, then newest.",
    schema: r#"{"type":"object","properties":{
        "query":{"type":"string","description":"words, or a \"phrase\""},
        "limit":{"type":"integer","description":"default 20"},
        "cursor":{"type":"string","description":"next_cursor"},
        "code_path":{"type":"string"}},"required":["query"]}"#,
};

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    let request = Request::Search(Search {
        query: arguments.required("query")?,
        limit: arguments.integer("limit")?,
        cursor: arguments.text("cursor")?,
    });
    Ok(Call::new(request, Shows::Hits))
}

/// The page as an agent reads it.
pub(crate) fn text(hits: &Hits) -> String {
    let mut lines = Vec::new();
    lines.extend(text::stale_line(&hits.freshness));
    lines.push(format!("# Hits: {}", hits.hits.len()));
    if hits.hits.is_empty() {
        lines.push("No entry with all these words.".to_owned());
    }
    lines.extend(hits.hits.iter().map(line));
    if hits.unsearched > 0 {
        let threads = text::counted(hits.unsearched, "older thread", "older threads");
        lines.push(format!("Not searched in the time there is: {threads}."));
    }
    if let Some(cursor) = &hits.next_cursor {
        let cursor = text::one_line(cursor);
        lines.push(format!(
            "More: watercooler_search with the same query and cursor=\"{cursor}\""
        ));
    }
    lines.join("\n")
}

fn line(hit: &Hit) -> String {
    let mut line = format!(
        "- {} [{}] {}",
        text::one_line(&hit.topic),
        hit.index,
        text::one_line(&hit.agent),
    );
    for part in [&hit.timestamp, &hit.entry_id].into_iter().flatten() {
        line.push_str(" | ");
        line.push_str(&text::one_line(part));
    }
    line.push_str(" | ");
    line.push_str(&text::one_line(&hit.snippet));
    line
}
