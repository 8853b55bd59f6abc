//! `watercooler credential trust`: shows the key of an ssh server, and keeps it once a person, or the
//! fingerprint that was given, says that it is the right one.

use std::io::{self, Write};

use clap::Args;
use protocol::failure::FailureCode;
use secrets::known_hosts::{self, ScanError, Shown};
use serde_json::json;

use super::{ask, known_hosts as store, tell_daemon};
use crate::plain::one_line;
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;

/// What `credential trust` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The server, HOST or HOST:PORT, or an alias of your ssh configuration
    host: String,
    /// Confirm it without a question, where this is its fingerprint (SHA256:…)
    #[arg(long, value_name = "F")]
    fingerprint: Option<String>,
}

/// Trusts.
///
/// # Errors
/// The server does not show a key, it is another one than was named, or nobody confirms it.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let store = store(session)?;
    let shown = known_hosts::scan(&arguments.host).map_err(|error| not_shown(&error))?;
    let known = store
        .fingerprints(&shown.name)
        .map_err(|error| Problem::file("the known hosts cannot be read", &error))?;
    let is_known = known.contains(&shown.fingerprint);
    if !is_known {
        confirmed(session, &shown, &known, arguments.fingerprint.as_deref())?;
        store
            .trust(&shown)
            .map_err(|error| Problem::file("the known hosts cannot be written", &error))?;
        tell_daemon(session, None);
    } else if let Some(wanted) = &arguments.fingerprint {
        same(wanted, &shown)?;
    }
    let name = one_line(&shown.name);
    let text = format!(
        "{name} is known by its key {} ({}).\n",
        shown.fingerprint, shown.kind
    );
    let document = json!({
        "host": shown.name,
        "kind": shown.kind,
        "fingerprint": shown.fingerprint,
        "known_before": known,
        "trusted": true,
    });
    Ok(Report::new(text, document))
}

fn confirmed(
    session: &Session,
    shown: &Shown,
    known: &[String],
    wanted: Option<&str>,
) -> Result<(), Problem> {
    if let Some(wanted) = wanted {
        return same(wanted, shown);
    }
    if session.json || !ask::can_answer() {
        return Err(not_confirmed(shown, known));
    }
    if person_says_yes(&words(shown, known)) {
        Ok(())
    } else {
        Err(not_confirmed(shown, known))
    }
}

#[allow(clippy::print_stderr, reason = "a question, which is no result")]
fn person_says_yes(words: &str) -> bool {
    eprintln!("{words}");
    eprint!("Is this the fingerprint that the server's owner gives? Type yes: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

fn words(shown: &Shown, known: &[String]) -> String {
    let (name, kind, fingerprint) = (one_line(&shown.name), &shown.kind, &shown.fingerprint);
    let mut words = format!("{name} shows the key {fingerprint} ({kind})");
    if !known.is_empty() {
        words.push_str(&format!("; known here is {}", known.join(", ")));
    }
    words
}

fn same(wanted: &str, shown: &Shown) -> Result<(), Problem> {
    if wanted == shown.fingerprint {
        return Ok(());
    }
    let message = format!(
        "{} shows the key {}, not {wanted}",
        shown.name, shown.fingerprint
    );
    Err(problem("host_key_changed", message).hint("Ask who runs the server; nothing was changed."))
}

fn not_confirmed(shown: &Shown, known: &[String]) -> Problem {
    let code = if known.is_empty() {
        "host_key_unknown"
    } else {
        "host_key_changed"
    };
    let hint = format!(
        "Compare it with what the server's owner gives, then add: --fingerprint {}",
        shown.fingerprint
    );
    problem(code, words(shown, known)).hint(hint)
}

fn not_shown(error: &ScanError) -> Problem {
    match error {
        ScanError::NoHost(_) => Problem::usage(error.to_string()),
        ScanError::NotRun(_) => Problem::new(FailureCode::NotDurable, error.to_string())
            .hint("Install ssh, or see that it is in PATH."),
        ScanError::NotReached(_) => problem("offline", error.to_string())
            .hint("See that the server can be reached: ssh HOST"),
    }
}

fn problem(code: &str, message: String) -> Problem {
    Problem {
        exit: Exit::Failed,
        code: code.to_owned(),
        message,
        hint: None,
    }
}
