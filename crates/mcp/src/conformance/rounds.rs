//! Tools and a prompt that ask the client in rounds (`InputRequiredResult`, 2026-07-28).

use rmcp::{
    ErrorData,
    model::{
        ClientCapabilities, InputRequiredResult, InputResponses, ResultType, SamplingCapability,
    },
};
use serde_json::{Map, Value, json};

use super::seal;

/// What one name asks, round after round.
struct Asking {
    rounds: Vec<Value>,
    /// Whether the client hands a state back.
    keeps_state: bool,
}

/// What came of a round.
pub(super) enum Round {
    /// The client is asked.
    Ask(InputRequiredResult),
    /// The client has said all; these are its words.
    Done(String),
}

/// What the client said, and what it hands back.
pub(super) type Said<'a> = (Option<&'a InputResponses>, Option<&'a str>);

fn form(message: &str, name: &str, kind: &str) -> Value {
    json!({"method": "elicitation/create", "params": {
        "message": message,
        "requestedSchema": {
            "type": "object", "properties": {name: {"type": kind}}, "required": [name],
        },
    }})
}

fn sample(text: &str, tokens_max: u32) -> Value {
    json!({"method": "sampling/createMessage", "params": {
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
        "maxTokens": tokens_max,
    }})
}

fn roots() -> Value {
    json!({"method": "roots/list"})
}

fn asking(name: &str) -> Option<Asking> {
    let your_name = || form("What is your name?", "name", "string");
    let confirm = || form("Please confirm", "ok", "boolean");
    let (keeps_state, rounds) = match name {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => {
            (false, vec![json!({"user_name": your_name()})])
        }
        "test_input_required_result_sampling" => {
            let question = sample("What is the capital of France?", 100);
            (false, vec![json!({"capital_question": question})])
        }
        "test_input_required_result_list_roots" => (false, vec![json!({"client_roots": roots()})]),
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => {
            (true, vec![json!({"confirm": confirm()})])
        }
        "test_input_required_result_multiple_inputs" => {
            let greeting = sample("Generate a greeting", 50);
            let all = json!({
                "user_name": your_name(), "greeting": greeting, "client_roots": roots(),
            });
            (true, vec![all])
        }
        "test_input_required_result_multi_round" => {
            let first = form("Step 1: What is your name?", "name", "string");
            let second = form("Step 2: What is your favorite color?", "color", "string");
            (
                true,
                vec![json!({"step1": first}), json!({"step2": second})],
            )
        }
        "test_input_required_result_capabilities" => {
            let greeting = sample("Generate a greeting", 50);
            (
                false,
                vec![json!({"user_name": your_name(), "greeting": greeting})],
            )
        }
        "test_input_required_result_prompt" => {
            let context = form("What context should the prompt use?", "context", "string");
            (false, vec![json!({"user_context": context})])
        }
        _ => return None,
    };
    Some(Asking {
        rounds,
        keeps_state,
    })
}

/// The tools that ask so.
pub(super) const TOOLS: [&str; 9] = [
    "test_input_required_result_elicitation",
    "test_streaming_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_capabilities",
];

/// The next round; `None` where the name asks nothing.
pub(super) fn next(
    name: &str,
    (said, state): Said<'_>,
    client: Option<ClientCapabilities>,
) -> Option<Result<Round, ErrorData>> {
    let asking = asking(name)?;
    Some(asking.next(said, state, &client.unwrap_or_default()))
}

impl Asking {
    fn next(
        &self,
        said: Option<&InputResponses>,
        state: Option<&str>,
        client: &ClientCapabilities,
    ) -> Result<Round, ErrorData> {
        let at = match state {
            None => 0,
            Some(state) => seal::opened(state)
                .and_then(|at| at.parse().ok())
                .filter(|at| *at < self.rounds.len())
                .ok_or_else(|| {
                    ErrorData::invalid_params("the state is not as it was given", None)
                })?,
        };
        let wanted = possible(&self.rounds[at], client)?;
        let is_said = |name: &String| {
            said.and_then(|said| said.get(name))
                .is_some_and(Value::is_object)
        };
        if !wanted.keys().all(is_said) || (self.keeps_state && state.is_none()) {
            return self.ask(at, wanted);
        }
        if at + 1 < self.rounds.len() {
            return self.ask(at + 1, possible(&self.rounds[at + 1], client)?);
        }
        Ok(Round::Done(format!("state-ok {}", json!(said))))
    }

    fn ask(&self, at: usize, wanted: Map<String, Value>) -> Result<Round, ErrorData> {
        let mut asked = json!({"resultType": ResultType::INPUT_REQUIRED, "inputRequests": wanted});
        if self.keeps_state {
            asked["requestState"] = json!(seal::sealed(&at.to_string()));
        }
        let asked = serde_json::from_value(asked);
        let asked = asked.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(Round::Ask(asked))
    }
}

/// Those requests of a round that the client can answer.
fn possible(round: &Value, client: &ClientCapabilities) -> Result<Map<String, Value>, ErrorData> {
    let can = |request: &Value| match request["method"].as_str() {
        Some("elicitation/create") => client.elicitation.is_some(),
        Some("sampling/createMessage") => client.sampling.is_some(),
        Some("roots/list") => client.roots.is_some(),
        Some(_) | None => false,
    };
    let all = round.as_object().into_iter().flatten();
    let possible: Map<String, Value> = all
        .filter(|(_, request)| can(request))
        .map(|(name, request)| (name.clone(), request.clone()))
        .collect();
    if possible.is_empty() {
        return Err(needs_sampling());
    }
    Ok(possible)
}

/// The error for a client that cannot be asked.
pub(super) fn needs_sampling() -> ErrorData {
    let mut needed = ClientCapabilities::default();
    needed.sampling = Some(SamplingCapability::default());
    ErrorData::missing_required_client_capability(needed)
}
