//! Answers the tool calls of one connection: understands, asks, and shows what came of it.

use protocol::{
    answer::{Done, Outcome},
    failure::{Failure, FailureCode},
    request::{Context, Request},
};
use rmcp::model::{CallToolResult, JsonObject};
use tracing::debug;

use crate::{
    aliases::{self, Named},
    arguments::Arguments,
    frame::FrameKeys,
    outcome::{self, Shown},
    place,
    session::Ask,
    tools::{Call, Tool},
    turn_line::Turns,
};

/// How often a list is asked for again with a smaller limit until it fits.
const LIST_ROUNDS_MAX: usize = 8;

/// One connection, whichever tasks its calls run in.
pub(crate) struct Connection {
    ask: Ask,
    read_only: bool,
    keys: FrameKeys,
    turns: Turns,
}

impl Connection {
    pub(crate) fn new(ask: Ask, read_only: bool) -> Self {
        Self {
            ask,
            read_only,
            keys: FrameKeys::new(),
            turns: Turns::default(),
        }
    }

    /// The result of one call; that it failed is a result too.
    pub(crate) async fn call(
        &self,
        named: Named,
        arguments: JsonObject,
        mut facts: Context,
    ) -> CallToolResult {
        let name = named.tool.definition().name;
        let call = match self.understand(named, arguments, &mut facts) {
            Ok(call) => call,
            Err(failure) => {
                debug!(tool = name, code = failure.code.as_str(), "Not understood");
                return outcome::failed(&failure);
            }
        };
        match self.carry_out(call, &facts).await {
            Ok(result) => result,
            Err(failure) => {
                debug!(tool = name, code = failure.code.as_str(), "Failed");
                outcome::failed(&failure)
            }
        }
    }

    fn understand(
        &self,
        named: Named,
        mut arguments: JsonObject,
        facts: &mut Context,
    ) -> Result<Call, Failure> {
        let tool = named.tool;
        if self.read_only && tool.writes() {
            return Err(Failure::new(
                FailureCode::ReadOnly,
                format!(
                    "{} writes, and this connection may only read.",
                    tool.definition().name
                ),
                "Start watercooler-mcp without --read-only to write.",
            ));
        }
        aliases::modernise(named, &mut arguments);
        let arguments = Arguments::new(tool, arguments);
        facts.code_path = arguments.text("code_path")?;
        tool.call(&arguments)
    }

    async fn carry_out(&self, mut call: Call, facts: &Context) -> Result<CallToolResult, Failure> {
        if let Some(entry_id) = &call.entry_id {
            let question = place::question(&call.request, entry_id);
            let done = self.asked(facts, question).await?;
            place::set(&mut call.request, &done);
        }
        // Each round asks for fewer, and one thread of a list always fits.
        for _ in 0..LIST_ROUNDS_MAX {
            let mut done = self.asked(facts, call.request.clone()).await?;
            let turn = self.turns.line(&done);
            match outcome::shown(&call, &mut done, turn.as_deref(), &self.keys)? {
                Shown::Whole(result) => {
                    if outcome::shows_turn(&call) {
                        self.turns.saw(&done);
                    }
                    return Ok(result);
                }
                Shown::AskForFewer(limit) => outcome::ask_for_fewer(&mut call.request, limit),
            }
        }
        Err(outcome::too_long())
    }

    /// The words of an answer, for a resource or a prompt. They say nothing of turns that changed:
    /// that is kept for a call.
    pub(crate) async fn words(&self, mut call: Call, facts: &Context) -> Result<String, Failure> {
        for _ in 0..LIST_ROUNDS_MAX {
            let mut done = self.asked(facts, call.request.clone()).await?;
            match outcome::shown(&call, &mut done, None, &self.keys)? {
                Shown::Whole(result) => return Ok(outcome::words(&result)),
                Shown::AskForFewer(limit) => outcome::ask_for_fewer(&mut call.request, limit),
            }
        }
        Err(outcome::too_long())
    }

    /// What the daemon says to a request.
    pub(crate) async fn asked(&self, facts: &Context, request: Request) -> Result<Done, Failure> {
        match (self.ask)(facts.clone(), request).await {
            Outcome::Done(done) => Ok(*done),
            Outcome::Failed(failure) => Err(failure),
        }
    }
}

/// The result where a call ended in a panic.
pub(crate) fn panicked(tool: Tool) -> CallToolResult {
    let hint = if tool.writes() {
        "Read the thread to see whether it was written, or repeat with the same idempotency_key."
    } else {
        "Try once more; if it fails again, run `watercooler doctor`."
    };
    outcome::failed(&Failure::new(
        FailureCode::Uncertain,
        "The daemon failed while it did this.",
        hint,
    ))
}
