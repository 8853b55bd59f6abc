//! Our server in a TOML file: a table of its own at the end, taken out by its place in the text.

use serde_json::Value;
use toml_edit::{Document, Item, TableLike};

use crate::clients::edit::EditError;
use crate::clients::{SERVER, is_ours};

pub(super) const SERVERS: &str = "mcp_servers";

pub(super) fn put(text: &str, command: &str) -> Result<Option<String>, EditError> {
    let document = parsed(text)?;
    let quoted = toml_edit::Value::from(command).to_string();
    if let Some(entry) = entry(&document)? {
        let item = entry.get("command");
        let old = item.and_then(Item::as_str).unwrap_or_default();
        if old == command {
            return Ok(None);
        }
        if !is_ours(old) {
            return Err(EditError::Another {
                name: SERVER,
                command: old.to_owned(),
            });
        }
        let at = item.and_then(Item::span).ok_or(EditError::NotAlone)?;
        let mut new = text.to_owned();
        new.replace_range(at, &quoted);
        return Ok(Some(new));
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut new = text.to_owned();
    if !new.is_empty() && !new.ends_with('\n') {
        new.push_str(end);
    }
    if !new.is_empty() {
        new.push_str(end);
    }
    for line in [
        &format!("[{SERVERS}.{SERVER}]"),
        &format!("command = {quoted}"),
        "args = []",
    ] {
        new.push_str(line);
        new.push_str(end);
    }
    Ok(Some(new))
}

pub(super) fn take(text: &str) -> Result<Option<String>, EditError> {
    let document = parsed(text)?;
    let Some(found) = entry(&document)? else {
        return Ok(None);
    };
    let command = found.get("command").and_then(Item::as_str);
    if !command.is_some_and(is_ours) {
        return Ok(None);
    }
    let header = format!("[{SERVERS}.{SERVER}]");
    let below = format!("[{SERVERS}.{SERVER}.");
    let mut new = String::with_capacity(text.len());
    let (mut ours, mut loose) = (false, String::new());
    for line in text.split_inclusive('\n') {
        let begun = line.trim_start();
        if begun.starts_with('[') {
            ours = begun.starts_with(&header) || begun.starts_with(&below);
        }
        if !ours {
            new.push_str(&std::mem::take(&mut loose));
            new.push_str(line);
        } else if begun.is_empty() || begun.starts_with('#') {
            // At our end they belong to what follows.
            loose.push_str(line);
        } else {
            loose.clear();
        }
    }
    new.push_str(&loose);
    // The blank line that we put before ours.
    if ours && loose.is_empty() {
        for end in ["\r\n", "\n"] {
            if new.ends_with(&end.repeat(2)) {
                new.truncate(new.len() - end.len());
                break;
            }
        }
    }
    Ok(Some(new))
}

pub(super) fn value(text: &str) -> Result<Value, EditError> {
    let document = parsed(text)?;
    let table = toml_edit::Value::InlineTable(document.as_table().clone().into_inline_table());
    Ok(as_json(&table))
}

fn parsed(text: &str) -> Result<Document<&str>, EditError> {
    Document::parse(text).map_err(|error| EditError::Unreadable {
        form: "TOML",
        reason: error.message().to_owned(),
    })
}

fn entry<'a>(document: &'a Document<&str>) -> Result<Option<&'a dyn TableLike>, EditError> {
    let table = |item: &'a Item, key: &str| {
        item.as_table_like().ok_or_else(|| EditError::Shape {
            key: key.to_owned(),
            wanted: "table",
        })
    };
    let Some(servers) = document.as_table().get(SERVERS) else {
        return Ok(None);
    };
    let entry = table(servers, SERVERS)?.get(SERVER);
    entry.map(|entry| table(entry, SERVER)).transpose()
}

/// As JSON, to be compared; dates and infinities as their words.
fn as_json(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Integer(number) => Value::from(*number.value()),
        toml_edit::Value::Boolean(flag) => Value::from(*flag.value()),
        toml_edit::Value::Float(number) => Value::from(number.value().to_string()),
        toml_edit::Value::Datetime(time) => Value::from(time.value().to_string()),
        toml_edit::Value::Array(items) => items.iter().map(as_json).collect(),
        toml_edit::Value::InlineTable(table) => {
            let fields = table.iter();
            fields
                .map(|(key, value)| (key.to_owned(), as_json(value)))
                .collect()
        }
    }
}
