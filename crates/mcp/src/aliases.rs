//! Understands the names and arguments of the Python server and its first design, which are not
//! listed. What has no meaning here is ignored; nothing old is an error.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::tools::Tool;

const PREFIX: &str = "watercooler_";
const OLD_PREFIX: &str = "v1_";

/// What the name in a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) tool: Tool,
    old: Option<Old>,
}

/// The tools of the Python server that are forms of one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Old {
    ListThreadEntries,
    GetThreadEntry,
    GetThreadEntryRange,
    Reindex,
}

/// The tool that a name means: one of ours, with an old prefix or none, or one of the old names.
pub(crate) fn named(name: &str) -> Option<Named> {
    let bare = name.strip_prefix(PREFIX).unwrap_or(name);
    let bare = bare.strip_prefix(OLD_PREFIX).unwrap_or(bare);
    let ours = |tool: &Tool| tool.definition().name.strip_prefix(PREFIX) == Some(bare);
    if let Some(tool) = Tool::ALL.into_iter().find(ours) {
        return Some(Named { tool, old: None });
    }
    let (tool, old) = match bare {
        "list_thread_entries" => (Tool::ReadThread, Old::ListThreadEntries),
        "get_thread_entry" => (Tool::ReadThread, Old::GetThreadEntry),
        "get_thread_entry_range" => (Tool::ReadThread, Old::GetThreadEntryRange),
        "reindex" => (Tool::ListThreads, Old::Reindex),
        _ => return None,
    };
    let old = Some(old);
    Some(Named { tool, old })
}

/// Puts what an old name and old arguments mean into today's arguments; a present one wins.
pub(crate) fn modernise(named: Named, arguments: &mut JsonObject) {
    arguments.retain(|_, value| !value.is_null());
    match named.old {
        Some(Old::ListThreadEntries) => {
            set(arguments, "from_entry", json!(0), &["offset"]);
            // Its entries were without bodies, in either of its formats.
            arguments.insert("format".to_owned(), json!("summary"));
        }
        Some(Old::GetThreadEntryRange) => {
            set(arguments, "from_entry", json!(0), &["start_index"]);
        }
        Some(Old::Reindex) => set(arguments, "filter", json!("all"), &["open_only"]),
        Some(Old::GetThreadEntry) | None => (),
    }
    if let Some(open_only) = flag(arguments, "open_only") {
        let filter = if open_only { "open" } else { "all" };
        set(arguments, "filter", json!(filter), &[]);
    }
    if flag(arguments, "summary_only") == Some(true) {
        set(arguments, "format", json!("summary"), &[]);
    }
    if let Some(target) = arguments.remove("target_agent").filter(Value::is_string) {
        set(arguments, "to", target, &[]);
    }
    entries(arguments);
}

/// `offset`, `start_index`, `end_index` (inclusive), `index` and `entry_id`.
fn entries(arguments: &mut JsonObject) {
    let start = number(arguments, "start_index");
    let offset = number(arguments, "offset");
    let end = number(arguments, "end_index");
    let index = number(arguments, "index");
    if let Some(from) = index.or(start).or(offset) {
        set(arguments, "from_entry", json!(from), &[]);
    }
    if let Some(end) = end {
        let from = arguments.get("from_entry").and_then(Value::as_i64);
        let entries_len = end.saturating_sub(from.unwrap_or(0)).saturating_add(1);
        set(arguments, "limit", json!(entries_len.max(1)), &[]);
    }
    let names_one = arguments.get("entry_id").is_some_and(Value::is_string);
    if index.is_some() {
        arguments.remove("entry_id");
    }
    if index.is_some() || names_one {
        arguments.insert("limit".to_owned(), json!(1));
    }
}

/// Sets an argument that is not there, unless one of others stands for it.
fn set(arguments: &mut JsonObject, name: &str, value: Value, unless: &[&str]) {
    let taken = unless.iter().any(|other| arguments.contains_key(*other));
    if !taken && !arguments.contains_key(name) {
        arguments.insert(name.to_owned(), value);
    }
}

fn number(arguments: &mut JsonObject, name: &str) -> Option<i64> {
    let value = arguments.remove(name)?;
    let number = match &value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number| *number >= 0)
}

fn flag(arguments: &mut JsonObject, name: &str) -> Option<bool> {
    match arguments.remove(name)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
