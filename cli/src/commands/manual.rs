//! `watercooler manual`: writes the manual pages and completions of this program, for packages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use serde_json::json;

use crate::problem::Problem;
use crate::report::Report;

/// What `manual` takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The folder, made where it is missing
    folder: PathBuf,
}

/// Writes them.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn run(arguments: &Arguments) -> Result<Report, Problem> {
    let folder = &arguments.folder;
    let command = crate::arguments::Arguments::command();
    manual::write(&command, folder).map_err(|error| {
        Problem::file(format!("{} cannot be written", folder.display()), &error)
    })?;
    let text = format!("Written below {}.\n", folder.display());
    Ok(Report::new(text, json!({"folder": folder})))
}
