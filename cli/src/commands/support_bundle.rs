//! `watercooler support-bundle`: one text file of how this machine stands, for whoever helps; no
//! secret and no entry of a thread is in it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use clap::Args;
use platform::durable;
use serde_json::{Value, json};

use crate::commands::{doctor, status};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::text::redacted::redacted;

/// How much of the end of each log is taken.
const LOG_BYTES_MAX: u64 = 128 << 10;

/// How many logs are taken, the newest.
const LOGS_MAX: usize = 4;

/// The longest settings that are taken.
const SETTINGS_BYTES_MAX: u64 = 1 << 20;

/// What `support-bundle` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file to write; it must not be there yet
    file: PathBuf,
}

/// Writes the file.
///
/// # Errors
/// It is there, or cannot be written.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let path = &arguments.file;
    if fs::symlink_metadata(path).is_ok() {
        let words = format!("{} is there already", path.display());
        return Err(Problem::usage(words).hint("Name a file that is not."));
    }
    let text = redacted(&gathered(session));
    durable::write_durably(path, text.as_bytes())
        .map_err(|error| Problem::file(format!("{} cannot be written", path.display()), &error))?;
    let shown = format!(
        "Written: {}\nRead it before you give it away: what looks like a secret was taken out, names \
         of servers, repositories and threads were not.\n",
        path.display()
    );
    Ok(Report::new(
        shown,
        json!({"file": path.display().to_string(), "bytes": text.len()}),
    ))
}

fn gathered(session: &Session) -> String {
    let mut text = format!(
        "watercooler {} on {} {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let mut section = |name: &str, content: &str| {
        text.push_str(&format!("\n== {name}\n{}\n", content.trim_end()));
    };
    section(
        "doctor",
        &pretty(&doctor::document(&doctor::look(session), &[])),
    );
    match status::run(session) {
        Ok(report) => section("status", &pretty(&report.document)),
        Err(problem) => section("status", &problem.text()),
    }
    section("settings", &tail(&session.dirs.config, SETTINGS_BYTES_MAX));
    for log in logs(&session.dirs.logs()) {
        let name = format!("log {}", log.display());
        section(&name, &tail(&log, LOG_BYTES_MAX));
    }
    text
}

fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).expect("a document of ours is text")
}

/// The newest files of the folder, the newest first.
fn logs(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut dated: Vec<_> = files
        .filter_map(|file| {
            let found = file.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((found.modified().ok()?, file.path()))
        })
        .collect();
    dated.sort_unstable();
    let newest = dated.into_iter().rev().take(LOGS_MAX);
    newest.map(|(_, path)| path).collect()
}

/// The end of a file, from a whole line on; else why it cannot be read.
fn tail(path: &Path, bytes_max: u64) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let skipped = file.metadata()?.len().saturating_sub(bytes_max);
        file.seek(SeekFrom::Start(skipped))?;
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // A line that is cut may hold the half of something that would have been taken out.
        let cut = if skipped > 0 {
            text.find('\n').map_or(text.len(), |at| at + 1)
        } else {
            0
        };
        Ok(text[cut..].to_owned())
    };
    read().unwrap_or_else(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_file_whole_lines_of_the_end_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "first\nsecond\nthird\n").unwrap();
        assert_eq!(tail(&path, 100), "first\nsecond\nthird\n");
        assert_eq!(tail(&path, 10), "third\n");
        assert_eq!(tail(&path, 3), "");
        assert!(tail(&folder.path().join("none"), 9).contains("none"));
    }

    #[test]
    fn the_newest_logs_are_taken_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..LOGS_MAX + 2 {
            fs::write(folder.path().join(format!("{number}.log")), "x").unwrap();
        }
        assert_eq!(logs(folder.path()).len(), LOGS_MAX);
        assert!(logs(&folder.path().join("none")).is_empty());
    }
}
