//! Says whether a line of the shim's standard output is a JSON-RPC message; source: the JSON-RPC 2.0
//! specification, as MCP narrows it (no batches; a result is an object).

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

/// A line that is no message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJsonRpc {
    /// What is wrong with it.
    pub why: &'static str,
    /// The line, with what is not UTF-8 replaced.
    pub line: String,
}

impl Display for NotJsonRpc {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {:?}", self.why, self.line)
    }
}

impl std::error::Error for NotJsonRpc {}

/// Reads one line, with its line end.
///
/// # Errors
/// It is anything but one message and a line feed.
pub fn message(line: &[u8]) -> Result<Value, NotJsonRpc> {
    let wrong = |why| NotJsonRpc {
        why,
        line: String::from_utf8_lossy(line).into_owned(),
    };
    let text = line
        .strip_suffix(b"\n")
        .ok_or_else(|| wrong("no line end"))?;
    let message: Value = serde_json::from_slice(text).map_err(|_| wrong("not JSON"))?;
    match fault(&message) {
        Some(why) => Err(wrong(why)),
        None => Ok(message),
    }
}

/// Reads everything that a shim wrote from its start to its own end.
///
/// # Panics
/// On the first byte that belongs to no message.
#[must_use]
pub fn messages(bytes: &[u8]) -> Vec<Value> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| message(line).unwrap_or_else(|wrong| panic!("not JSON-RPC: {wrong}")))
        .collect()
}

fn fault(message: &Value) -> Option<&'static str> {
    if !message.is_object() {
        return Some("not an object");
    }
    if message["jsonrpc"] != "2.0" {
        return Some("not of version 2.0");
    }
    let id = message.get("id");
    let is_named = id.is_none_or(|id| id.is_string() || id.is_i64() || id.is_u64());
    let (result, error) = (message.get("result"), message.get("error"));
    match (message.get("method"), result, error) {
        (Some(method), None, None) => {
            (!(method.is_string() && is_named)).then_some("not a request or a notification")
        }
        (None, Some(result), None) => {
            let is_whole = id.is_some() && is_named && result.is_object();
            (!is_whole).then_some("not a result")
        }
        (None, None, Some(error)) => {
            let is_known = is_named || id.is_some_and(Value::is_null);
            let is_whole = is_known && error["code"].is_i64() && error["message"].is_string();
            (!is_whole).then_some("not an error")
        }
        (_, _, _) => Some("not one of a call, a result and an error"),
    }
}

#[cfg(test)]
mod tests {
    use super::{message, messages};

    #[test]
    fn only_whole_messages_are_let_through() {
        for right in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"m","data":{}}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}"#,
        ] {
            let read = message(format!("{right}\n").as_bytes());
            assert!(read.is_ok(), "{read:?}");
            let cut = message(right.as_bytes()).expect_err("a cut line");
            assert_eq!(cut.why, "no line end");
        }
        for (wrong, why) in [
            ("", "not JSON"),
            ("watercooler-mcp: ready", "not JSON"),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}} x", "not JSON"),
            ("[]", "not an object"),
            ("1", "not an object"),
            (r#"{"id":1,"result":{}}"#, "not of version 2.0"),
            (
                r#"{"jsonrpc":"2.0"}"#,
                "not one of a call, a result and an error",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
                "not one of a call, a result and an error",
            ),
            (r#"{"jsonrpc":"2.0","id":1,"result":7}"#, "not a result"),
            (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "not a result"),
            (r#"{"jsonrpc":"2.0","result":{}}"#, "not a result"),
            (
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#,
                "not an error",
            ),
            (
                r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
                "not a request or a notification",
            ),
        ] {
            let read = message(format!("{wrong}\n").as_bytes());
            assert_eq!(read.map_err(|wrong| wrong.why), Err(why), "{wrong}");
        }
        assert!(message(b"\xff\n").is_err());
        assert!(messages(b"").is_empty());
    }

    #[test]
    #[should_panic(expected = "no line end")]
    fn a_cut_end_is_seen() {
        let _read = messages(b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\n{");
    }
}
