//! Tools of the suite.

use std::{sync::Arc, time::Duration};

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
        LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ServerRequest,
        Tool,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    content,
    handler::{Change, tell},
    rounds::{self, Round},
};

/// Between the steps of a tool that takes its time, as the suite wants it.
const STEP: Duration = Duration::from_millis(50);

const PLAIN: [&str; 15] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_error_handling",
    "test_tool_with_progress",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_reconnection",
    "test_missing_capability",
    "test_logging_tool",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
];

/// The suite's tools.
pub(super) fn listed() -> Vec<Tool> {
    let named = PLAIN.into_iter().chain(rounds::TOOLS);
    let mut tools: Vec<Tool> = named
        .map(|name| tool(name, json!({"type": "object"})))
        .collect();
    let one = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}, "required": [name]});
    tools.push(tool("test_sampling", one("prompt")));
    tools.push(tool("test_elicitation", one("message")));
    tools.push(tool("json_schema_2020_12_tool", schema_2020_12()));
    tools
}

fn tool(name: &'static str, schema: Value) -> Tool {
    let schema: JsonObject = serde_json::from_value(schema).expect("a schema is an object");
    Tool::new(name, "A fixture of the conformance suite", Arc::new(schema))
}

fn schema_2020_12() -> Value {
    let needs = |name: &str| json!({"required": [name]});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [needs("phone"), needs("email")]}],
        "if": {
            "properties": {"contactMethod": {"const": "phone"}},
            "required": ["contactMethod"],
        },
        "then": needs("phone"),
        "else": needs("email"),
        "additionalProperties": false,
    })
}

/// Carries out a tool of the suite's; `None` where it is none.
pub(super) async fn call(
    asked: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let said = (
        asked.input_responses.as_ref(),
        asked.request_state.as_deref(),
    );
    if let Some(round) = rounds::next(&asked.name, said, context.client_capabilities()) {
        return Some(round.map(|round| match round {
            Round::Ask(asked) => CallToolResponse::InputRequired(asked),
            Round::Done(words) => text(words).into(),
        }));
    }
    if let Some(shown) = shown(&asked.name) {
        return Some(Ok(shown.into()));
    }
    let argument = |name: &str| {
        let value = asked.arguments.as_ref().and_then(|all| all.get(name));
        value.cloned().unwrap_or_default()
    };
    let result = match asked.name.as_ref() {
        "test_tool_with_logging" => log(context).await,
        "test_tool_with_progress" => progress(context).await,
        "test_missing_capability" => missing_capability(context),
        "test_trigger_tool_change" => Ok(change(Change::Tools)),
        "test_trigger_prompt_change" => Ok(change(Change::Prompts)),
        "test_sampling" => sample(context, &argument("prompt")).await,
        "test_elicitation" => elicit(context, &argument("message"), free_form()).await,
        "test_elicitation_sep1034_defaults" => {
            elicit(context, &json!("Please look"), with_defaults()).await
        }
        "test_elicitation_sep1330_enums" => {
            elicit(context, &json!("Please choose"), with_choices()).await
        }
        _ => return None,
    };
    Some(result.map(CallToolResponse::from))
}

/// What is shown without further ado.
fn shown(name: &str) -> Option<CallToolResult> {
    let words = |words: &str| json!({"type": "text", "text": words});
    let blocks = match name {
        "test_simple_text" => json!([words("This is a simple text response for testing.")]),
        "test_image_content" => json!([content::picture()]),
        "test_audio_content" => {
            json!([{"type": "audio", "data": content::SOUND, "mimeType": "audio/wav"}])
        }
        "test_embedded_resource" => json!([content::embedded(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content."
        )]),
        "test_multiple_content_types" => json!([
            words("Multiple content types test:"),
            content::picture(),
            content::embedded(
                "test://mixed-content-resource",
                "application/json",
                "{\"test\":\"data\",\"value\":123}"
            ),
        ]),
        "test_error_handling" => {
            let words = "This tool intentionally returns an error for testing";
            return Some(CallToolResult::error(vec![ContentBlock::text(words)]));
        }
        "test_reconnection" | "test_logging_tool" | "json_schema_2020_12_tool" => {
            json!([words("Done.")])
        }
        _ => return None,
    };
    let blocks = serde_json::from_value(blocks);
    Some(CallToolResult::success(
        blocks.expect("it is written as the protocol has it"),
    ))
}

fn text(words: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(words)])
}

fn change(change: Change) -> CallToolResult {
    tell(change);
    text("Changed.")
}

async fn log(context: &RequestContext<RoleServer>) -> Result<CallToolResult, ErrorData> {
    for words in ["started", "processing data", "completed"] {
        let words = json!(format!("Tool {words}"));
        let logged = LoggingMessageNotificationParam::new(LoggingLevel::Info, words);
        sent(context.peer.notify_logging_message(logged).await)?;
        sleep(STEP).await;
    }
    Ok(text("Logged."))
}

async fn progress(context: &RequestContext<RoleServer>) -> Result<CallToolResult, ErrorData> {
    for done in [0.0, 50.0, 100.0] {
        if let Some(token) = context.meta.get_progress_token() {
            let progress = ProgressNotificationParam::new(token, done).with_total(100.0);
            sent(context.peer.notify_progress(progress).await)?;
        }
        sleep(STEP).await;
    }
    Ok(text("Done."))
}

fn missing_capability(context: &RequestContext<RoleServer>) -> Result<CallToolResult, ErrorData> {
    let client = context.client_capabilities();
    if client.is_some_and(|client| client.sampling.is_some()) {
        return Ok(text("The client can sample."));
    }
    Err(rounds::needs_sampling())
}

async fn sample(
    context: &RequestContext<RoleServer>,
    prompt: &Value,
) -> Result<CallToolResult, ErrorData> {
    let said = ask(
        context,
        json!({
            "method": "sampling/createMessage",
            "params": {
                "messages": [{"role": "user", "content": {"type": "text", "text": prompt}}],
                "maxTokens": 100,
            },
        }),
    )
    .await?;
    Ok(text(format!("LLM response: {said}")))
}

async fn elicit(
    context: &RequestContext<RoleServer>,
    message: &Value,
    schema: Value,
) -> Result<CallToolResult, ErrorData> {
    let said = ask(
        context,
        json!({
            "method": "elicitation/create",
            "params": {"message": message, "requestedSchema": schema},
        }),
    )
    .await?;
    Ok(text(format!("User response: {said}")))
}

/// Asks the client, as sessions allow it.
async fn ask(context: &RequestContext<RoleServer>, request: Value) -> Result<Value, ErrorData> {
    let request: ServerRequest =
        serde_json::from_value(request).expect("it is written as the protocol has it");
    let said = sent(context.peer.send_request(request).await)?;
    Ok(json!(said))
}

fn sent<T>(sent: Result<T, rmcp::ServiceError>) -> Result<T, ErrorData> {
    sent.map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

fn free_form() -> Value {
    json!({
        "type": "object",
        "properties": {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        },
        "required": ["username", "email"],
    })
}

fn with_defaults() -> Value {
    json!({"type": "object", "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {
            "type": "string", "enum": ["active", "inactive", "pending"], "default": "active",
        },
        "verified": {"type": "boolean", "default": true},
    }})
}

fn with_choices() -> Value {
    let options = json!(["option1", "option2", "option3"]);
    let titled = json!([
        {"const": "value1", "title": "First Option"},
        {"const": "value2", "title": "Second Option"},
        {"const": "value3", "title": "Third Option"},
    ]);
    json!({"type": "object", "properties": {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }})
}
