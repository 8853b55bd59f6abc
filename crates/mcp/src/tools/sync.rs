//! `watercooler_sync`: fetch and push now.

use protocol::{
    answer::{RepositoryState, Synced},
    failure::Failure,
    request::{Request, Sync},
};

use super::{Call, Definition, Shows};
use crate::{arguments::Arguments, text};

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_sync",
    description: "Use only when the very latest is needed at once; all syncs by itself. Waits up to \
                  10 s.",
    schema: r#"{"type":"object","properties":{
        "code_path":{"type":"string"}}}"#,
};

/// Source: the outside contract, section 5.
const WAIT_SECONDS: u32 = 10;

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    // The Python server's `action` could ask without acting; not to wait comes nearest.
    let only_asks = arguments
        .text("action")
        .is_ok_and(|action| matches!(action.as_deref(), Some("status" | "inspect")));
    let wait_seconds = if only_asks { 0 } else { WAIT_SECONDS };
    Ok(Call::new(
        Request::Sync(Sync { wait_seconds }),
        Shows::Synced,
    ))
}

pub(super) fn text(synced: &Synced) -> String {
    let headline = match synced.state {
        RepositoryState::Synced => "In step with the remote.",
        RepositoryState::Syncing => "Still syncing.",
        RepositoryState::Offline => "Offline: the remote cannot be reached.",
        RepositoryState::Paused => "Paused by the user.",
        RepositoryState::SignedOut => "Signed out: the remote wants a credential.",
        RepositoryState::Attention => "A person is needed.",
        RepositoryState::Local => "This repository is on this machine alone; nothing to sync.",
    };
    let mut lines = vec![headline.to_owned()];
    if let Some(trouble) = &synced.trouble {
        lines.extend(text::trouble_lines(trouble));
    }
    if synced.pending > 0 {
        let entries = text::counted(synced.pending, "entry waits", "entries wait");
        lines.push(format!("{entries} to be sent, saved on this machine."));
    }
    let head = synced.head.as_deref().unwrap_or("none yet");
    lines.push(format!("Head: {}", text::one_line(head)));
    lines.join("\n")
}
