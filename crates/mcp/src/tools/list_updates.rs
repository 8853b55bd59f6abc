//! `watercooler_list_updates`: entries by others, in the order of their arrival.

use protocol::{
    failure::Failure,
    request::{ListUpdates, Request},
    update::{EntryUpdate, Updates},
};

use super::{Call, Definition, Shows};
use crate::{arguments::Arguments, text};

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_list_updates",
    description: "Use to see what others wrote since you last asked, or to wait for an answer.",
    schema: r#"{"type":"object","properties":{
        "since":{"type":"string","description":"cursor, RFC 3339 time or commit; default: where you stopped"},
        "wait_seconds":{"type":"integer","description":"0-45, where there is nothing"},
        "limit":{"type":"integer","description":"default 50"},
        "code_path":{"type":"string"}}}"#,
};

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    let request = Request::ListUpdates(ListUpdates {
        since: arguments.text("since")?,
        wait_seconds: arguments.integer("wait_seconds")?,
        limit: arguments.integer("limit")?,
        unmarked: false,
    });
    Ok(Call::new(request, Shows::Updates))
}

/// The page as an agent reads it.
pub(crate) fn text(updates: &Updates) -> String {
    let mut lines = Vec::new();
    lines.extend(text::stale_line(&updates.freshness));
    lines.push(format!("# Updates: {}", updates.updates.len()));
    if updates.updates.is_empty() {
        lines.push("Nothing new by others.".to_owned());
    }
    lines.extend(updates.updates.iter().map(line));
    let cursor = text::one_line(&updates.cursor);
    let words = if updates.more { "More" } else { "Later" };
    lines.push(format!(
        "{words}: watercooler_list_updates with since=\"{cursor}\""
    ));
    lines.join("\n")
}

fn line(update: &EntryUpdate) -> String {
    let turn = if update.your_turn { " | your turn" } else { "" };
    let mut line = format!(
        "- {} [{}] {} — {}{turn} | Ball: {}",
        text::one_line(&update.topic),
        update.index,
        text::one_line(&update.agent),
        text::one_line(&update.title),
        text::one_line(&update.ball),
    );
    for part in [&update.timestamp, &update.entry_id].into_iter().flatten() {
        line.push_str(" | ");
        line.push_str(&text::one_line(part));
    }
    line
}
