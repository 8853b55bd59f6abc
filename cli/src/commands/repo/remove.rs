//! `watercooler repo remove`: out of the settings, or of what clients' environments named; what is
//! on the disk stays there.

use clap::Args;
use protocol::request::{RepositoryForget, Request};
use serde_json::json;

use super::{SettingsFile, environment};
use crate::link::Link;
use crate::plain::one_line;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::settings;

/// What `repo remove` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The repository by its name, as `repo list` shows it
    name: String,
}

/// Removes.
///
/// # Errors
/// No such repository, or the settings cannot be edited.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let name = &arguments.name;
    if environment::kept(session)
        .iter()
        .any(|each| each.name == *name)
    {
        let name = name.clone();
        let forget = Request::RepositoryForget(RepositoryForget { name });
        Link::started(session)?.ask(forget)?;
        return Ok(removed(
            session,
            &arguments.name,
            "kept for clients that name it",
        ));
    }
    let file = SettingsFile::edit(session)?;
    file.write(&settings::remove(file.text(), name)?)?;
    // Without a daemon there is nobody to tell: one reads the settings when it starts.
    if let Ok(mut link) = Link::to_running(session)
        && let Err(problem) = link.ask(Request::SettingsReload)
    {
        file.put_back()?;
        return Err(problem);
    }
    Ok(removed(session, name, "in the settings"))
}

fn removed(session: &Session, name: &str, before: &str) -> Report {
    let tree = session.dirs.repositories.join(name).display().to_string();
    let state = session
        .dirs
        .state
        .join("repositories")
        .join(name)
        .display()
        .to_string();
    let shown = one_line(name);
    let text = format!("`{shown}` is no longer {before}. Its files stay:\n  {tree}\n  {state}\n");
    let document = json!({"repository": name, "working_tree": tree, "state": state});
    Report::new(text, document)
}
