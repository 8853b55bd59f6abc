//! Our server in a YAML file: a block of lines below `extensions:`.
//!
//! Only the plain way in which such files are written is changed; [`crate::clients::edit`] holds
//! the result against what stood there, and another way is left to the person.

use serde_json::Value;

use crate::clients::edit::EditError;
use crate::clients::{SERVER, is_ours};

pub(super) const SERVERS: &str = "extensions";

/// How deep a block stands where no other shows it.
const INDENT: &str = "  ";

pub(super) fn put(text: &str, command: &str) -> Result<Option<String>, EditError> {
    let document = value(text)?;
    let quoted = Value::from(command).to_string();
    let servers = &document[SERVERS];
    if !(servers.is_null() || servers.is_object()) {
        return Err(shape(SERVERS));
    }
    if let Some(entry) = servers.get(SERVER) {
        let old = entry["cmd"].as_str().unwrap_or_default();
        if old == command {
            return Ok(None);
        }
        if !is_ours(old) {
            return Err(EditError::Another {
                name: SERVER,
                command: old.to_owned(),
            });
        }
        return with_command(text, &quoted).map(Some);
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if let Some(last) = lines.last_mut().filter(|line| !line.ends_with('\n')) {
        last.push_str(end);
    }
    let head = lines.iter().position(|line| is_head(line));
    let at = match head {
        Some(at) => {
            // An empty one may be written `{}`.
            lines[at] = format!("{SERVERS}:{}", after_braces(&lines[at]));
            at + 1
        }
        None => {
            lines.push(format!("{SERVERS}:{end}"));
            lines.len()
        }
    };
    let indent = lines[at..].iter().find(|line| !is_loose(line));
    let indent = indent.map(|line| indent_of(line)).unwrap_or_default();
    let indent = if indent.is_empty() { INDENT } else { indent };
    let block: Vec<String> = [
        format!("{indent}{SERVER}:{end}"),
        format!("{indent}{INDENT}name: {SERVER}{end}"),
        format!("{indent}{INDENT}type: stdio{end}"),
        format!("{indent}{INDENT}cmd: {quoted}{end}"),
        format!("{indent}{INDENT}args: []{end}"),
        format!("{indent}{INDENT}envs: {{}}{end}"),
        format!("{indent}{INDENT}enabled: true{end}"),
        format!("{indent}{INDENT}timeout: 300{end}"),
    ]
    .into();
    lines.splice(at..at, block);
    Ok(Some(lines.concat()))
}

pub(super) fn take(text: &str) -> Result<Option<String>, EditError> {
    let document = value(text)?;
    let command = document[SERVERS][SERVER]["cmd"].as_str();
    if !command.is_some_and(is_ours) {
        return Ok(None);
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (begin, end) = block(&lines).ok_or(EditError::NotAlone)?;
    Ok(Some([&lines[..begin], &lines[end..]].concat().concat()))
}

pub(super) fn value(text: &str) -> Result<Value, EditError> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_saphyr::from_str(text).map_err(|error| EditError::Unreadable {
        form: "YAML",
        // The lines after the first show the place.
        reason: error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    })
}

/// Another command in our block.
fn with_command(text: &str, quoted: &str) -> Result<String, EditError> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (begin, end) = block(&lines).ok_or(EditError::NotAlone)?;
    let command = (begin..end).find(|&at| lines[at].trim_start().starts_with("cmd:"));
    let at = command.ok_or(EditError::NotAlone)?;
    let ending = &lines[at][lines[at].trim_end().len()..];
    let line = format!("{}cmd: {quoted}{ending}", indent_of(lines[at]));
    lines[at] = &line;
    Ok(lines.concat())
}

/// Our block: from its name to the last line that stands deeper.
fn block(lines: &[&str]) -> Option<(usize, usize)> {
    let head = lines.iter().position(|line| is_head(line))?;
    let name = format!("{SERVER}:");
    let begin = (head + 1..lines.len()).find(|&at| lines[at].trim() == name)?;
    let depth = indent_of(lines[begin]).len();
    let mut end = begin + 1;
    for (at, line) in lines.iter().enumerate().skip(begin + 1) {
        if is_loose(line) {
            continue;
        }
        if indent_of(line).len() <= depth {
            break;
        }
        end = at + 1;
    }
    Some((begin, end))
}

fn is_head(line: &str) -> bool {
    let rest = line.strip_prefix(SERVERS).and_then(|r| r.strip_prefix(':'));
    rest.is_some_and(|rest| is_loose(after_braces(line)) || is_loose(rest))
}

/// What stands after the key and its empty braces.
fn after_braces(line: &str) -> &str {
    let rest = &line[SERVERS.len() + 1..];
    let braces = rest.trim_start().strip_prefix("{}");
    braces.unwrap_or(rest)
}

/// Blank, or a comment.
fn is_loose(line: &str) -> bool {
    let begun = line.trim_start();
    begun.is_empty() || begun.starts_with('#')
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches(' ').len()]
}

fn shape(key: &str) -> EditError {
    EditError::Shape {
        key: key.to_owned(),
        wanted: "mapping",
    }
}
