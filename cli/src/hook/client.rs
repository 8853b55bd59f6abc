//! The clients whose hooks are known: their names, and the form in which each takes what it is told.

use clap::ValueEnum;
use serde_json::{Value, json};

/// A client with hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// Anthropic's
    ClaudeCode,
    /// OpenAI's
    Codex,
    /// Anysphere's
    Cursor,
}

/// At which moment something is told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A session begins.
    SessionStart,
    /// A person speaks.
    Prompt,
}

impl Client {
    const ALL: [Self; 3] = [Self::ClaudeCode, Self::Codex, Self::Cursor];

    /// The client that runs an agent of that name.
    pub(crate) fn of_agent(agent: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.agent() == agent)
    }

    /// Its agent's name in the canonical table.
    pub(crate) fn agent(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude",
            Self::Codex => "Codex",
            Self::Cursor => "Cursor",
        }
    }

    /// Whether a hook of it may wait beside an idle session, and wake it.
    pub(crate) fn can_be_woken(self) -> bool {
        match self {
            Self::ClaudeCode => true,
            Self::Codex | Self::Cursor => false,
        }
    }

    /// What goes to standard output so that the agent reads the note.
    pub(crate) fn output(self, moment: Moment, note: &str) -> String {
        let event = match moment {
            Moment::SessionStart => "SessionStart",
            Moment::Prompt => "UserPromptSubmit",
        };
        match (self, moment) {
            (Self::ClaudeCode, Moment::SessionStart) => format!("{note}\n"),
            (Self::ClaudeCode, Moment::Prompt) | (Self::Codex, _) => line(&json!({
                "hookSpecificOutput": {"hookEventName": event, "additionalContext": note}
            })),
            (Self::Cursor, Moment::SessionStart) => line(&json!({"additional_context": note})),
            (Self::Cursor, Moment::Prompt) => {
                line(&json!({"continue": true, "additional_context": note}))
            }
        }
    }
}

fn line(document: &Value) -> String {
    format!("{document}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_gets_its_form() {
        fn check(client: Client, moment: Moment, expected: &str) {
            assert_eq!(client.output(moment, "a \"b\"\nc"), format!("{expected}\n"));
        }
        check(Client::ClaudeCode, Moment::SessionStart, "a \"b\"\nc");
        check(
            Client::ClaudeCode,
            Moment::Prompt,
            r#"{"hookSpecificOutput":{"additionalContext":"a \"b\"\nc","hookEventName":"UserPromptSubmit"}}"#,
        );
        check(
            Client::Codex,
            Moment::SessionStart,
            r#"{"hookSpecificOutput":{"additionalContext":"a \"b\"\nc","hookEventName":"SessionStart"}}"#,
        );
        check(
            Client::Cursor,
            Moment::SessionStart,
            r#"{"additional_context":"a \"b\"\nc"}"#,
        );
        check(
            Client::Cursor,
            Moment::Prompt,
            r#"{"additional_context":"a \"b\"\nc","continue":true}"#,
        );
    }
}
