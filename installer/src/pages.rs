//! The manual pages and completions of all programs beside this one, as a package holds them.

use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};

use crate::arguments::Arguments;
use crate::programs;

/// How each program beside this one is asked to write its own.
const WRITERS: [(&str, &str); 3] = [
    ("watercooler", "manual"),
    ("watercoolerd", "manual"),
    ("watercooler-tray", "--manual"),
];

/// It knows no more of its command line than what `--help` prints.
const TELLS_ONLY_HELP: &str = "watercooler-mcp";

/// Writes them below a folder, as they lie below `share/`.
///
/// # Errors
/// The folder cannot be written, or a program is missing or fails.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    let own = std::env::current_exe().context("the installer's own place is not known")?;
    let beside = |name: &str| own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    for (name, flag) in WRITERS {
        programs::run(&beside(name), &[flag.as_ref(), folder.as_os_str()])?
            .succeeded()
            .with_context(|| format!("{name} {flag}"))?;
    }
    let help = programs::run(&beside(TELLS_ONLY_HELP), &["--help"])?.succeeded()?;
    let version = env!("CARGO_PKG_VERSION");
    let told: Command = manual::command_of_help(&help).version(version);
    for command in [told, Arguments::command()] {
        manual::write(&command, folder)
            .with_context(|| format!("write below {}", folder.display()))?;
    }
    Ok(())
}
