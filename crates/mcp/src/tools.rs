//! The tools: their names, words and schemas as clients see them, and which file answers which.

mod ack;
mod handoff;
mod health;
mod list_threads;
mod list_updates;
mod read_thread;
mod say;
mod search;
mod set_status;
mod sync;
mod whoami;
mod written;

use std::sync::{Arc, LazyLock};

use protocol::{
    answer::{Answer, Done},
    failure::Failure,
    request::{Filter, Request},
};
use rmcp::model::{JsonObject, ToolAnnotations};

use crate::arguments::Arguments;

pub(crate) use list_threads::text as threads_text;
pub(crate) use list_updates::text as updates_text;
pub(crate) use read_thread::{Format, Reading, show as show_thread};
pub(crate) use search::text as hits_text;
pub(crate) use written::Wrote;

/// One tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    ListThreads,
    ReadThread,
    Say,
    Ack,
    Handoff,
    SetStatus,
    ListUpdates,
    Search,
    Sync,
    Health,
    Whoami,
}

/// What clients see of a tool.
#[derive(Debug)]
pub(crate) struct Definition {
    /// `watercooler_…`.
    pub(crate) name: &'static str,
    /// Opens with when to use it: clients choose tools by name and first sentence.
    pub(crate) description: &'static str,
    /// A JSON Schema, written by hand: no null types, no `uint` formats, no defaults.
    pub(crate) schema: &'static str,
}

/// A tool call that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// What the daemon is asked.
    pub(crate) request: Request,
    /// How the answer is shown.
    pub(crate) shows: Shows,
    /// The one entry that is wanted, where only its name is known.
    pub(crate) entry_id: Option<String>,
}

/// How an answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    Threads(Filter),
    Thread(Reading),
    Written(Wrote),
    Updates,
    Hits,
    Synced,
    Health,
    Whoami,
}

impl Call {
    pub(crate) fn new(request: Request, shows: Shows) -> Self {
        Self {
            request,
            shows,
            entry_id: None,
        }
    }
}

impl Tool {
    /// In the order of `tools/list`.
    pub(crate) const ALL: [Self; 11] = [
        Self::ListThreads,
        Self::ReadThread,
        Self::Say,
        Self::Ack,
        Self::Handoff,
        Self::SetStatus,
        Self::ListUpdates,
        Self::Search,
        Self::Sync,
        Self::Health,
        Self::Whoami,
    ];

    pub(crate) fn definition(self) -> &'static Definition {
        match self {
            Self::ListThreads => &list_threads::DEFINITION,
            Self::ReadThread => &read_thread::DEFINITION,
            Self::Say => &say::DEFINITION,
            Self::Ack => &ack::DEFINITION,
            Self::Handoff => &handoff::DEFINITION,
            Self::SetStatus => &set_status::DEFINITION,
            Self::ListUpdates => &list_updates::DEFINITION,
            Self::Search => &search::DEFINITION,
            Self::Sync => &sync::DEFINITION,
            Self::Health => &health::DEFINITION,
            Self::Whoami => &whoami::DEFINITION,
        }
    }

    /// Whether it is withheld from a connection that may only read.
    pub(crate) fn writes(self) -> bool {
        match self {
            Self::Say | Self::Ack | Self::Handoff | Self::SetStatus => true,
            Self::ListThreads
            | Self::ReadThread
            | Self::ListUpdates
            | Self::Search
            | Self::Sync
            | Self::Health
            | Self::Whoami => false,
        }
    }

    /// The request that a call makes.
    ///
    /// # Errors
    /// `invalid_argument`, which says what is expected.
    pub(crate) fn call(self, arguments: &Arguments) -> Result<Call, Failure> {
        match self {
            Self::ListThreads => list_threads::call(arguments),
            Self::ReadThread => read_thread::call(arguments),
            Self::Say => say::call(arguments),
            Self::Ack => ack::call(arguments),
            Self::Handoff => handoff::call(arguments),
            Self::SetStatus => set_status::call(arguments),
            Self::ListUpdates => list_updates::call(arguments),
            Self::Search => search::call(arguments),
            Self::Sync => sync::call(arguments),
            Self::Health => Ok(Call::new(Request::Health, Shows::Health)),
            Self::Whoami => Ok(Call::new(Request::Whoami, Shows::Whoami)),
        }
    }
}

/// The words of those answers that need no paging; `None` where the answer is of another kind.
pub(crate) fn plain_text(shows: Shows, done: &Done) -> Option<String> {
    match (&done.answer, shows) {
        (Answer::Written(written), Shows::Written(wrote)) => Some(written::text(written, wrote)),
        (Answer::Synced(synced), Shows::Synced) => Some(sync::text(synced)),
        (Answer::Health(health), Shows::Health) => Some(health::text(health)),
        (Answer::Whoami(whoami), Shows::Whoami) => Some(whoami::text(whoami)),
        (
            Answer::Status(_)
            | Answer::Threads(_)
            | Answer::Thread(_)
            | Answer::Written(_)
            | Answer::Updates(_)
            | Answer::Hits(_)
            | Answer::Marked(_)
            | Answer::Muted(_)
            | Answer::Synced(_)
            | Answer::Health(_)
            | Answer::Whoami(_)
            | Answer::Repositories(_)
            | Answer::Tested(_)
            | Answer::Probed(_)
            | Answer::Paused(_)
            | Answer::Accepted,
            Shows::Threads(_)
            | Shows::Thread(_)
            | Shows::Written(_)
            | Shows::Updates
            | Shows::Hits
            | Shows::Synced
            | Shows::Health
            | Shows::Whoami,
        ) => None,
    }
}

static LISTED: LazyLock<Vec<(Tool, rmcp::model::Tool)>> = LazyLock::new(|| {
    let listed = |tool: Tool| (tool, described(tool));
    Tool::ALL.into_iter().map(listed).collect()
});

/// The tools that a connection is offered, as `tools/list` shows them.
pub(crate) fn listed(read_only: bool) -> Vec<rmcp::model::Tool> {
    LISTED
        .iter()
        .filter(|(tool, _)| !(read_only && tool.writes()))
        .map(|(_, described)| described.clone())
        .collect()
}

fn described(tool: Tool) -> rmcp::model::Tool {
    let definition = tool.definition();
    let schema: JsonObject =
        serde_json::from_str(definition.schema).expect("a test parses every schema");
    // `destructiveHint` counts only where something is written, `idempotentHint` is true of none:
    // a repeated write is another entry unless it carries a key.
    let hints = if tool.writes() {
        ToolAnnotations::new().read_only(false).destructive(false)
    } else {
        ToolAnnotations::new().read_only(true)
    };
    rmcp::model::Tool::new(definition.name, definition.description, Arc::new(schema))
        .with_annotations(hints.open_world(false))
}
