//! What a line is, as far as the bridge must know: parsed shallowly, never written anew. Source:
//! JSON-RPC 2.0, and the Model Context Protocol up to its version 2026-07-28.

use std::borrow::Cow;

use protocol::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The JSON-RPC code of our own failures; `data.code` tells which.
const CODE_FAILED: i32 = -32000;
const CODE_NO_JSON: i32 = -32700;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// Wants an answer.
    Request {
        /// The raw text of its id.
        id: &'a str,
        /// Its method.
        method: &'a str,
        /// The raw text of its parameters.
        params: Option<&'a str>,
    },
    /// Wants none.
    Notification {
        /// Its method.
        method: &'a str,
        /// The raw text of its parameters.
        params: Option<&'a str>,
    },
    /// Answers one.
    Response {
        /// The raw text of its id; absent where that is null.
        id: Option<&'a str>,
        /// The raw text of its result; absent where it is an error.
        result: Option<&'a str>,
    },
}

#[derive(Deserialize)]
struct Shallow<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
}

impl<'a> Shallow<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        // A list would be taken for the fields in their order.
        let is_object = line.trim_ascii_start().starts_with(b"{");
        is_object.then(|| serde_json::from_slice(line).ok())?
    }
}

impl<'a> Message<'a> {
    /// Reads a line; `None` where it is no JSON object in UTF-8.
    pub(crate) fn of(line: &'a [u8]) -> Option<Self> {
        let shallow = Shallow::of(line)?;
        let id = shallow.id.map(RawValue::get);
        let params = shallow.params.map(RawValue::get);
        let Some(method) = shallow.method else {
            let result = shallow.result.map(RawValue::get);
            return Some(Self::Response { id, result });
        };
        // No method of the protocol needs an escape.
        let method = method.get().trim_matches('"');
        Some(match id {
            Some(id) => Self::Request { id, method, params },
            None => Self::Notification { method, params },
        })
    }
}

/// One form for all ways to write an id, so that an answer finds its request.
pub(crate) fn key(raw: &str) -> Box<str> {
    if !raw.contains('\\') {
        return raw.into();
    }
    let text: Result<Cow<'_, str>, _> = serde_json::from_str(raw);
    text.and_then(|text| serde_json::to_string(&text))
        .map_or_else(|_| raw.into(), String::into_boxed_str)
}

/// A string parameter at the top of the parameters.
pub(crate) fn parameter(params: Option<&str>, name: &str) -> Option<String> {
    let fields: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(params?).ok()?;
    Some(fields.get(name)?.get().to_owned())
}

/// The message with another id, else byte for byte as it was; one without an id stays as it is.
pub(crate) fn with_id(line: &[u8], new: &str) -> Vec<u8> {
    let Some(id) = Shallow::of(line).and_then(|shallow| shallow.id) else {
        return line.to_vec();
    };
    // The id is a part of the line itself.
    let at = id.get().as_ptr().addr() - line.as_ptr().addr();
    let end = at + id.get().len();
    [&line[..at], new.as_bytes(), &line[end..]].concat()
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    jsonrpc: &'a str,
    id: &'a RawValue,
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ErrorData<'a>>,
}

#[derive(Serialize)]
struct ErrorData<'a> {
    code: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
}

/// The answer to a request that failed on its way; `id` is raw text, null where it is not known.
/// The words stand in the message too: many clients show nothing else.
pub(crate) fn failed(id: Option<&str>, failure: &Failure) -> Vec<u8> {
    let hint = failure.hint.as_deref();
    let message = match hint {
        Some(hint) => format!("{}. {hint}", failure.message.trim_end_matches('.')),
        None => failure.message.clone(),
    };
    let data = ErrorData {
        code: failure.code.as_str(),
        message: &failure.message,
        hint,
    };
    error_line(id, CODE_FAILED, &message, Some(data))
}

/// The answer to a line that is no message.
pub(crate) fn no_message() -> Vec<u8> {
    error_line(None, CODE_NO_JSON, "this line is no JSON-RPC message", None)
}

fn error_line(id: Option<&str>, code: i32, message: &str, data: Option<ErrorData<'_>>) -> Vec<u8> {
    let id = id.and_then(|id| serde_json::from_str(id).ok());
    let line = ErrorLine {
        jsonrpc: "2.0",
        id: id.unwrap_or(RawValue::NULL),
        error: ErrorObject {
            code,
            message,
            data,
        },
    };
    let mut bytes = serde_json::to_vec(&line).expect("strings and numbers can be written");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use protocol::failure::FailureCode;

    use super::*;

    #[test]
    fn a_line_is_what_its_keys_say() {
        let check = |line: &str, expected: Option<Message<'_>>| {
            assert_eq!(Message::of(line.as_bytes()), expected, "{line}");
        };
        let request = Message::Request {
            id: "1",
            method: "ping",
            params: None,
        };
        check(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Some(request));
        let request = Message::Request {
            id: r#""a""#,
            method: "tools/call",
            params: Some(r#"{"x": [1]}"#),
        };
        check(
            r#" {"method":"tools/call","params":{"x": [1]},"jsonrpc":"2.0","id":"a"} "#,
            Some(request),
        );
        let notification = Message::Notification {
            method: "notifications/initialized",
            params: None,
        };
        check(
            r#"{"method":"notifications/initialized"}"#,
            Some(notification),
        );
        let response = Message::Response {
            id: Some("1"),
            result: Some("{}"),
        };
        check(r#"{"id":1,"result":{}}"#, Some(response));
        let failed = Message::Response {
            id: None,
            result: None,
        };
        check(r#"{"id":null,"error":{"code":1}}"#, Some(failed));
        check("[]", None);
        check("{", None);
        check("word", None);
        assert_eq!(Message::of(b"{\"id\":\"\xff\"}"), None);
    }

    #[test]
    fn an_id_has_one_form() {
        assert_eq!(key("7"), "7".into());
        assert_eq!(key(r#""a\u0062""#), r#""ab""#.into());
        assert_eq!(key(r#""a\/b""#), r#""a/b""#.into());
    }

    #[test]
    fn an_id_is_replaced_in_its_place_alone() {
        let check = |line: &str, expected: &str| {
            let changed = with_id(line.as_bytes(), "\"p\"");
            assert_eq!(String::from_utf8(changed).unwrap(), expected);
        };
        check(
            r#"{"params":{"id":1}, "id" : 1 ,"method":"x"}"#,
            r#"{"params":{"id":1}, "id" : "p" ,"method":"x"}"#,
        );
        check(r#"{"method":"x"}"#, r#"{"method":"x"}"#);
    }

    #[test]
    fn a_failure_says_what_to_do_in_its_message() {
        let failure = Failure::new(FailureCode::Uncertain, "It ended.", "Look.");
        let line = failed(Some("7"), &failure);
        let expected = serde_json::json!({
            "jsonrpc": "2.0", "id": 7,
            "error": {"code": -32000, "message": "It ended. Look.",
                "data": {"code": "uncertain", "message": "It ended.", "hint": "Look."}},
        });
        assert!(line.ends_with(b"\n"));
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&line).unwrap(),
            expected
        );
        let unknown: serde_json::Value = serde_json::from_slice(&no_message()).unwrap();
        assert_eq!(unknown["id"], serde_json::Value::Null);
    }
}
