//! `watercooler repo remove`: out of the settings; what is on the disk stays there.

use clap::Args;
use protocol::request::Request;
use serde_json::json;

use super::SettingsFile;
use crate::link::Link;
use crate::plain::one_line;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::settings;

/// What `repo remove` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The repository by its name in the settings
    name: String,
}

/// Removes.
///
/// # Errors
/// No such repository, or the settings cannot be edited.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let name = &arguments.name;
    let file = SettingsFile::edit(session)?;
    file.write(&settings::remove(file.text(), name)?)?;
    // Without a daemon there is nobody to tell: one reads the settings when it starts.
    if let Ok(mut link) = Link::to_running(session)
        && let Err(problem) = link.ask(Request::SettingsReload)
    {
        file.put_back()?;
        return Err(problem);
    }
    let tree = session.dirs.repositories.join(name).display().to_string();
    let state = session
        .dirs
        .state
        .join("repositories")
        .join(name)
        .display()
        .to_string();
    let shown = one_line(name);
    let text = format!("`{shown}` is out of the settings. Its files stay:\n  {tree}\n  {state}\n");
    let document = json!({"repository": name, "working_tree": tree, "state": state});
    Ok(Report::new(text, document))
}
