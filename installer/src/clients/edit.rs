//! Puts our server into a client's file and takes it out, changing nothing else.

use serde_json::Value;

use crate::clients::{json, toml, yaml};

/// How a client writes its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON, with comments and trailing commas as people leave them.
    Json {
        /// The key of the object that holds the servers.
        servers: &'static str,
        /// Whether an entry says `"type": "stdio"`.
        typed: bool,
    },
    /// `[mcp_servers.NAME]`.
    Toml,
    /// `extensions: NAME:`.
    Yaml,
}

/// Why a file is left alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error("it cannot be read as {form}: {reason}")]
    Unreadable { form: &'static str, reason: String },
    #[error("it holds no object")]
    Whole,
    #[error("`{key}` in it is no {wanted}")]
    Shape { key: String, wanted: &'static str },
    #[error("`{name}` in it starts another program: {command}")]
    Another { name: &'static str, command: String },
    #[error("it cannot be changed without changing what is not ours")]
    NotAlone,
}

/// The mark that some editors put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What the file's text becomes with our server starting `command`; `None` where it has that. An
/// absent file and an empty one are alike. What people added to our entry stays.
pub(crate) fn put(
    form: Form,
    text: Option<&str>,
    command: &str,
) -> Result<Option<String>, EditError> {
    let (mark, text) = bare(text.unwrap_or_default());
    let new = match form {
        Form::Json { servers, typed } => json::put(text, servers, typed, command)?,
        Form::Toml => toml::put(text, command)?,
        Form::Yaml => yaml::put(text, command)?,
    };
    finished(form, (mark, text), new, Some(command))
}

/// What the file's text becomes without our server; `None` where it has none.
pub(crate) fn take(form: Form, text: &str) -> Result<Option<String>, EditError> {
    let (mark, text) = bare(text);
    let new = match form {
        Form::Json { servers, .. } => json::take(text, servers)?,
        Form::Toml => toml::take(text)?,
        Form::Yaml => yaml::take(text)?,
    };
    finished(form, (mark, text), new, None)
}

/// The command of our entry as the file has it.
pub(crate) fn command(form: Form, text: &str) -> Result<Option<String>, EditError> {
    let (_, text) = bare(text);
    let value = value(form, text)?;
    Ok(command_in(form, &value).map(str::to_owned))
}

fn command_in(form: Form, value: &Value) -> Option<&str> {
    let key = match form {
        Form::Json { .. } | Form::Toml => "command",
        Form::Yaml => "cmd",
    };
    value[servers(form)][super::SERVER][key].as_str()
}

pub(super) fn bare(text: &str) -> (&str, &str) {
    let rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    text.split_at(text.len() - rest.len())
}

/// The new text, held against the old one: our entry is as wanted, and apart from it they say the
/// same.
fn finished(
    form: Form,
    (mark, old): (&str, &str),
    new: Option<String>,
    wanted: Option<&str>,
) -> Result<Option<String>, EditError> {
    let Some(new) = new else {
        return Ok(None);
    };
    let before = without_ours(form, value(form, old)?);
    let after = value(form, &new).map_err(|_| EditError::NotAlone)?;
    let as_wanted = command_in(form, &after) == wanted;
    if !as_wanted || without_ours(form, after) != before {
        return Err(EditError::NotAlone);
    }
    Ok(Some(format!("{mark}{new}")))
}

fn servers(form: Form) -> &'static str {
    match form {
        Form::Json { servers, .. } => servers,
        Form::Toml => toml::SERVERS,
        Form::Yaml => yaml::SERVERS,
    }
}

fn value(form: Form, text: &str) -> Result<Value, EditError> {
    match form {
        Form::Json { .. } => json::value(text),
        Form::Toml => toml::value(text),
        Form::Yaml => yaml::value(text),
    }
}

/// A table that is empty without us counts as none.
fn without_ours(form: Form, mut value: Value) -> Value {
    if value.is_null() {
        value = Value::Object(serde_json::Map::new());
    }
    let key = servers(form);
    let Some(whole) = value.as_object_mut() else {
        return value;
    };
    let empty = match whole.get_mut(key) {
        Some(Value::Object(servers)) => {
            servers.remove(super::SERVER);
            servers.is_empty()
        }
        Some(Value::Null) => true,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => {
            false
        }
    };
    if empty {
        whole.remove(key);
    }
    value
}
