//! Our server in a JSON file that people write comments into.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::Value;

use crate::clients::edit::EditError;
use crate::clients::{SERVER, is_ours};

/// As the clients read their files: comments and trailing commas, no more.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn put(
    text: &str,
    servers: &'static str,
    typed: bool,
    command: &str,
) -> Result<Option<String>, EditError> {
    if text.trim().is_empty() {
        return put("{}\n", servers, typed, command);
    }
    let root = parsed(text)?;
    let whole = whole(&root)?;
    let list = match only(&whole, servers)? {
        Some(list) => object(Some(list), servers)?,
        None => {
            let empty = CstInputValue::Object(Vec::new());
            let added = whole.append(servers, empty);
            object(added.value(), servers)?
        }
    };
    if let Some(entry) = only(&list, SERVER)? {
        let entry = object(Some(entry), SERVER)?;
        match command_of(&entry)? {
            Some(old) if old == command => return Ok(None),
            Some(old) if !is_ours(&old) => {
                return Err(EditError::Another {
                    name: SERVER,
                    command: old,
                });
            }
            Some(_) => {
                let property = entry.get("command").ok_or(EditError::NotAlone)?;
                property.set_value(CstInputValue::from(command));
            }
            None => return Err(shape(SERVER, "server that a command starts")),
        }
        return Ok(Some(root.to_string()));
    }
    let mut entry = vec![
        ("command".to_owned(), CstInputValue::from(command)),
        ("args".to_owned(), CstInputValue::Array(Vec::new())),
    ];
    if typed {
        entry.insert(0, ("type".to_owned(), CstInputValue::from("stdio")));
    }
    list.append(SERVER, CstInputValue::Object(entry));
    Ok(Some(root.to_string()))
}

pub(super) fn take(text: &str, servers: &'static str) -> Result<Option<String>, EditError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let root = parsed(text)?;
    let whole = whole(&root)?;
    let Some(list) = only(&whole, servers)? else {
        return Ok(None);
    };
    let list = object(Some(list), servers)?;
    let Some(entry) = only(&list, SERVER)? else {
        return Ok(None);
    };
    let command = entry.as_object().map(|entry| command_of(&entry));
    let command = command.transpose()?.flatten();
    if !command.is_some_and(|command| is_ours(&command)) {
        return Ok(None);
    }
    list.get(SERVER).ok_or(EditError::NotAlone)?.remove();
    Ok(Some(root.to_string()))
}

pub(super) fn value(text: &str) -> Result<Value, EditError> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let value = parsed(text)?.to_serde_value();
    Ok(value.unwrap_or(Value::Null))
}

pub(super) fn parsed(text: &str) -> Result<CstRootNode, EditError> {
    CstRootNode::parse(text, &OPTIONS).map_err(|error| EditError::Unreadable {
        form: "JSON",
        reason: error.to_string(),
    })
}

pub(super) fn whole(root: &CstRootNode) -> Result<CstObject, EditError> {
    let whole = root.value().and_then(|whole| whole.as_object());
    whole.ok_or(EditError::Whole)
}

pub(super) fn object(node: Option<CstNode>, key: &str) -> Result<CstObject, EditError> {
    let found = node.and_then(|node| node.as_object());
    found.ok_or_else(|| shape(key, "object"))
}

/// The value of a key that stands there once: of two, clients read different ones.
pub(super) fn only(object: &CstObject, key: &str) -> Result<Option<CstNode>, EditError> {
    let mut named = object
        .properties()
        .into_iter()
        .filter(|property| property.decoded_name().as_deref() == Some(key));
    let first = named.next();
    if named.next().is_some() {
        return Err(shape(key, "key that stands there once"));
    }
    Ok(first.and_then(|property| property.value()))
}

fn command_of(entry: &CstObject) -> Result<Option<String>, EditError> {
    let command = only(entry, "command")?.and_then(|node| node.as_string_lit());
    Ok(command.and_then(|command| command.decoded_value().ok()))
}

pub(super) fn shape(key: &str, wanted: &'static str) -> EditError {
    EditError::Shape {
        key: key.to_owned(),
        wanted,
    }
}
