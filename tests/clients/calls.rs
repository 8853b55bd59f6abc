//! The calls that every client makes, from `calls.json`, and what must come back.

use serde_json::Value;

/// The calls as the scripts of the clients read them.
pub(crate) const TEXT: &str = include_str!("calls.json");

/// All calls, in an order in which each does as it says.
pub(crate) fn all() -> Vec<Value> {
    serde_json::from_str(TEXT).expect("calls.json is a list")
}

/// The listed name of a call's tool.
pub(crate) fn tool(call: &Value) -> String {
    format!("watercooler_{}", call["tool"].as_str().expect("a name"))
}

/// Holds an answer, as the client understood it, against what its call wants.
///
/// # Panics
/// Where it is another.
pub(crate) fn check(call: &Value, answer: &Value) {
    let content = answer["content"].as_array().map(Vec::as_slice);
    let texts = content.unwrap_or_default().iter();
    let text: String = texts.filter_map(|part| part["text"].as_str()).collect();
    assert!(
        !text.trim().is_empty(),
        "{call}: the text is complete alone"
    );
    let structured = &answer["structuredContent"];
    if let Some(code) = call["refused"].as_str() {
        assert_eq!(answer["isError"], true, "{call}: {text}");
        assert_eq!(structured["error"]["code"], code, "{call}: {text}");
        return;
    }
    assert_ne!(answer["isError"], true, "{call}: {text}");
    let wanted = call["wanted"].as_object();
    for (key, value) in wanted.expect("what is not refused is wanted") {
        assert_eq!(&structured[key], value, "{call}: {key} of {structured}");
    }
}
