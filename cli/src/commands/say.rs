//! `watercooler say`: an entry, with its body from the command line, a file or standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use protocol::failure::FailureCode;
use protocol::request::{Request, Say};

use crate::commands::write::{self, Key};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;

/// The longest body that is read; source: the outside contract, section 5, "Writing".
const BODY_BYTES_MAX: u64 = 1 << 20;

/// How long `--wait` waits for the push, in seconds; source: the same.
const WAIT_SECONDS: i64 = 10;

/// What `say` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The thread; it is made where there is none
    topic: String,
    /// The entry's title, one line
    #[arg(long)]
    title: String,
    #[command(flatten)]
    body: Body,
    /// planner, critic, implementer, tester, pm or scribe; else implementer
    #[arg(long)]
    role: Option<String>,
    /// Note, Plan, Decision, PR or Closure; else Note
    #[arg(long = "type", value_name = "TYPE")]
    entry_type: Option<String>,
    /// Whose turn is next: me, team, an agent's name, or NAME (USER); else the other's
    #[arg(long)]
    ball: Option<String>,
    /// The thread's new status
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    key: Key,
    /// Wait until the entry is on the remote, 10 seconds at most
    #[arg(long)]
    wait: bool,
}

/// Where the body comes from.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
struct Body {
    /// The entry's body; `-` reads standard input
    #[arg(long = "body", value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<String>,
    /// A file that holds the body; `-` reads standard input
    #[arg(long = "body-file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// `-` reads the body from standard input
    #[arg(value_name = "-", value_parser = ["-"])]
    standard_input: Option<String>,
}

impl Body {
    fn read(self) -> Result<String, Problem> {
        match (self.text, self.file, self.standard_input) {
            (Some(text), _, _) if text != "-" => Ok(text),
            (_, Some(file), _) if file != Path::new("-") => {
                let name = file.display().to_string();
                let opened = File::open(&file).map_err(|error| unreadable(&name, &error))?;
                bounded(opened, &name)
            }
            (None, None, None) => Ok(String::new()),
            (_, _, _) => bounded(io::stdin().lock(), "standard input"),
        }
    }
}

/// Says it.
///
/// # Errors
/// A body that cannot be read, the daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let wait_seconds = arguments.wait.then_some(WAIT_SECONDS);
    let say = Say {
        topic: arguments.topic,
        title: arguments.title,
        body: arguments.body.read()?,
        role: arguments.role,
        entry_type: arguments.entry_type,
        ball: arguments.ball,
        status: arguments.status,
        spec: None,
        delivery: arguments.key.delivering(session, wait_seconds),
    };
    write::send(session, Request::Say(say))
}

fn bounded(from: impl Read, name: &str) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    from.take(BODY_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > BODY_BYTES_MAX {
        let message = format!("the body in {name} is longer than {BODY_BYTES_MAX} bytes");
        let hint = "Put it into the code repository and say where, or split it.";
        return Err(Problem::new(FailureCode::TooLarge, message).hint(hint));
    }
    String::from_utf8(bytes).map_err(|_| {
        Problem::usage(format!("the body in {name} is no UTF-8 text")).hint("Convert it first.")
    })
}

fn unreadable(name: &str, error: &io::Error) -> Problem {
    Problem::usage(format!("the body in {name} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_to_its_limit() {
        let limit = usize::try_from(BODY_BYTES_MAX).unwrap();
        assert_eq!(bounded("a\nü".as_bytes(), "f").unwrap(), "a\nü");
        let full = "x".repeat(limit);
        assert_eq!(bounded(full.as_bytes(), "f").unwrap().len(), limit);
        let over = "x".repeat(limit + 1);
        assert_eq!(bounded(over.as_bytes(), "f").unwrap_err().code, "too_large");
        assert_eq!(bounded(&b"\xff"[..], "f").unwrap_err().exit.code(), 2);
    }

    #[test]
    fn a_body_comes_from_one_place() {
        let text = |text: &str| Body {
            text: Some(text.into()),
            ..Body::default()
        };
        assert_eq!(Body::default().read().unwrap(), "");
        assert_eq!(text("- a list").read().unwrap(), "- a list");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body.md");
        let from = |path: &Path| Body {
            file: Some(path.into()),
            ..Body::default()
        };
        assert_eq!(from(&path).read().unwrap_err().exit.code(), 2);
        std::fs::write(&path, "from a file\n").unwrap();
        assert_eq!(from(&path).read().unwrap(), "from a file\n");
    }
}
