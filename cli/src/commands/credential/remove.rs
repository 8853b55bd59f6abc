//! `watercooler credential remove`: out of the keychain, and the daemon goes in another way at once.

use clap::Args;
use secrets::keychain::Asking;
use serde_json::json;

use super::{document, not_kept, settings_text, store, tell_daemon};
use crate::plain::one_line;
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;

/// What `credential remove` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The repository by its name
    name: String,
}

/// Removes.
///
/// # Errors
/// There is none, or the keychain does not let go of it.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let name = &arguments.name;
    let settings = settings_text(session)?;
    let store = store(session, &settings)?;
    let listed = store.list().map_err(|error| not_kept(&error))?;
    let wanted: Vec<_> = listed
        .into_iter()
        .filter(|each| each.place.repository == *name)
        .collect();
    if wanted.is_empty() {
        return Err(Problem {
            exit: Exit::Failed,
            code: "credential_missing".to_owned(),
            message: format!("no credential is kept for `{name}`"),
            hint: Some("`watercooler credential list` shows those that are.".to_owned()),
        });
    }
    let mut text = String::new();
    for each in &wanted {
        let removed = store.remove(&each.place, Asking::APerson);
        removed.map_err(|error| not_kept(&error))?;
        let (kind, host) = (each.kind.words(), one_line(&each.place.host));
        text.push_str(&format!(
            "The {kind} for `{}` at {host} is gone from here.\n",
            one_line(name)
        ));
    }
    text.push_str("What the forge knows of it is to be removed there.\n");
    tell_daemon(session, Some(name));
    let removed: Vec<_> = wanted.iter().map(document).collect();
    Ok(Report::new(
        text,
        json!({"repository": name, "removed": removed}),
    ))
}
