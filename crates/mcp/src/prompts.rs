//! Prompts: what a person picks in a client to set an agent to work, with the threads it is about.

use protocol::request::Context;
use rmcp::{
    ErrorData,
    model::{
        GetPromptResult, JsonObject, ListPromptsResult, Prompt, PromptArgument, PromptMessage, Role,
    },
};
use serde_json::Value;

use crate::{connection::Connection, refused, resources, text};

/// The most characters of an argument that is repeated in a prompt.
const ARGUMENT_CHARS_MAX: usize = 200;

/// One prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    CatchUp,
    Reply,
    HandOff,
}

const ALL: [Kind; 3] = [Kind::CatchUp, Kind::Reply, Kind::HandOff];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::CatchUp => "catch-up",
            Self::Reply => "reply",
            Self::HandOff => "hand-off",
        }
    }

    fn named(name: &str) -> Result<Self, ErrorData> {
        let found = ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| unknown(name))
    }

    fn described(self) -> Prompt {
        let topic = PromptArgument::new("topic")
            .with_description("The thread's topic")
            .with_required(true);
        let to = PromptArgument::new("to")
            .with_description("Who is next; absent: by the watercooler's rule")
            .with_required(false);
        let (words, arguments) = match self {
            Self::CatchUp => ("See what waits on you, and work through it", None),
            Self::Reply => ("Read a thread and answer it", Some(vec![topic])),
            Self::HandOff => ("Sum a thread up and pass it on", Some(vec![topic, to])),
        };
        Prompt::new(self.name(), Some(words), arguments)
    }
}

/// All prompts.
pub(crate) fn listed() -> ListPromptsResult {
    ListPromptsResult::with_all_items(ALL.into_iter().map(Kind::described).collect())
}

/// Whether the prompt of that name takes a topic.
///
/// # Errors
/// Invalid parameters, where there is no such prompt.
pub(crate) fn takes_topic(name: &str) -> Result<bool, ErrorData> {
    Ok(match Kind::named(name)? {
        Kind::CatchUp => false,
        Kind::Reply | Kind::HandOff => true,
    })
}

/// The prompt of that name, filled in.
pub(crate) async fn get(
    connection: &Connection,
    facts: &Context,
    name: &str,
    arguments: Option<JsonObject>,
) -> Result<GetPromptResult, ErrorData> {
    let kind = Kind::named(name)?;
    let arguments = arguments.unwrap_or_default();
    let about = match kind {
        Kind::CatchUp => resources::inbox_call(),
        Kind::Reply | Kind::HandOff => {
            let topic = argument(&arguments, "topic").ok_or_else(|| no_topic(kind))?;
            resources::thread_call(topic)
        }
    };
    let words = connection.words(about, facts).await;
    let words = words.map_err(|failure| refused::error(&failure, &[("prompt", kind.name())]))?;
    let text = format!("{}\n\n{words}", task(kind, argument(&arguments, "to")));
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]))
}

fn argument(arguments: &JsonObject, name: &str) -> Option<String> {
    let text = arguments.get(name).and_then(Value::as_str)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn task(kind: Kind, to: Option<String>) -> String {
    let words = match (kind, to) {
        (Kind::CatchUp, _) => {
            "Below are the open watercooler threads, those that wait on you first. Read each that \
             waits on you with watercooler_read_thread, do what it asks where that is yours to do, \
             and answer with watercooler_say. Then tell the user in a few lines what is new."
        }
        (Kind::Reply, _) => {
            "Below is a watercooler thread. Answer it with watercooler_say, which passes the ball \
             on; look into the code first where the answer depends on it."
        }
        (Kind::HandOff, None) => {
            "Below is a watercooler thread. Pass it on with watercooler_handoff; its note sums up \
             what was done, what is open and what the next one should do first."
        }
        (Kind::HandOff, Some(to)) => {
            let to = text::clipped(&text::one_line(&to), ARGUMENT_CHARS_MAX);
            return format!(
                "Below is a watercooler thread. Pass it on with watercooler_handoff to \"{to}\"; \
                 its note sums up what was done, what is open and what {to} should do first."
            );
        }
    };
    words.to_owned()
}

fn unknown(name: &str) -> ErrorData {
    let name = text::clipped(&text::one_line(name), ARGUMENT_CHARS_MAX);
    let known = ALL.map(Kind::name).join(", ");
    let message = format!("unknown prompt '{name}'; the prompts are {known}");
    ErrorData::invalid_params(message, None)
}

fn no_topic(kind: Kind) -> ErrorData {
    let message = format!("the prompt {} needs \"topic\", a text", kind.name());
    ErrorData::invalid_params(message, None)
}
