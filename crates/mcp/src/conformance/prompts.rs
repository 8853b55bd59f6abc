//! Prompts of the suite.

use rmcp::{
    ErrorData,
    model::{
        ClientCapabilities, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
        ListPromptsResult,
    },
};
use serde_json::{Value, json};

use super::{
    content,
    rounds::{self, Round},
};

/// Adds the suite's to a list.
pub(super) fn list(listed: &mut ListPromptsResult) {
    let argument = |name: &str| json!({"name": name, "description": name, "required": true});
    for (name, arguments) in [
        ("test_simple_prompt", json!([])),
        (
            "test_prompt_with_arguments",
            json!([argument("arg1"), argument("arg2")]),
        ),
        (
            "test_prompt_with_embedded_resource",
            json!([argument("resourceUri")]),
        ),
        ("test_prompt_with_image", json!([])),
        ("test_input_required_result_prompt", json!([])),
    ] {
        let prompt = json!({"name": name, "description": "A fixture", "arguments": arguments});
        let prompt = serde_json::from_value(prompt);
        listed
            .prompts
            .push(prompt.expect("it is written as the protocol has it"));
    }
}

/// A prompt of the suite's; `None` where it is none.
pub(super) fn get(
    asked: &GetPromptRequestParams,
    client: Option<ClientCapabilities>,
) -> Option<Result<GetPromptResponse, ErrorData>> {
    let said = (
        asked.input_responses.as_ref(),
        asked.request_state.as_deref(),
    );
    if let Some(round) = rounds::next(&asked.name, said, client) {
        return Some(round.map(|round| match round {
            Round::Ask(asked) => GetPromptResponse::InputRequired(asked),
            Round::Done(words) => filled(&[text(&words)]).into(),
        }));
    }
    let argument = |name: &str| {
        let value = asked.arguments.as_ref().and_then(|all| all.get(name));
        value.and_then(Value::as_str).unwrap_or_default()
    };
    let contents = match asked.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => vec![text(&format!(
            "Prompt with arguments: arg1='{}', arg2='{}'",
            argument("arg1"),
            argument("arg2")
        ))],
        "test_prompt_with_embedded_resource" => {
            let words = "Embedded resource content for testing.";
            let resource = content::embedded(argument("resourceUri"), "text/plain", words);
            vec![
                resource,
                text("Please process the embedded resource above."),
            ]
        }
        "test_prompt_with_image" => {
            vec![content::picture(), text("Please analyze the image above.")]
        }
        _ => return None,
    };
    Some(Ok(filled(&contents).into()))
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn filled(contents: &[Value]) -> GetPromptResult {
    let messages = contents.iter().map(|content| {
        let message = json!({"role": "user", "content": content});
        serde_json::from_value(message).expect("it is written as the protocol has it")
    });
    GetPromptResult::new(messages.collect())
}
