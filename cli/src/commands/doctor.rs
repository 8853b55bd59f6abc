//! `watercooler doctor`: looks at everything that has to be right, a line each, with what to do.

mod checks;
mod desktop;
mod programs;

use clap::Args;
use protocol::failure::FailureCode;
use serde_json::{Value, json};

use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;
use crate::text::doctor as text;

/// What `doctor` takes.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Arguments {
    /// Mend what can be mended without a question: permissions, a daemon that does not run
    #[arg(long)]
    fix: bool,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// As it should be.
    Well,
    /// It works, and could be better.
    Note,
    /// Something does not work for that.
    Problem,
}

impl Standing {
    /// As `--json` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Note => "warn",
            Self::Problem => "error",
        }
    }
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at: `daemon`, `disk`, `repository acme`.
    pub(crate) name: String,
    /// How it stands.
    pub(crate) standing: Standing,
    /// What was found, in one line.
    pub(crate) words: String,
    /// What to do; empty where nothing is to be done.
    pub(crate) hint: String,
}

impl Finding {
    fn well(name: &str, words: impl Into<String>) -> Self {
        Self::of(name, Standing::Well, words, "")
    }

    fn note(name: &str, words: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::of(name, Standing::Note, words, hint)
    }

    fn problem(name: &str, words: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::of(name, Standing::Problem, words, hint)
    }

    fn of(
        name: &str,
        standing: Standing,
        words: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            standing,
            words: words.into(),
            hint: hint.into(),
        }
    }
}

/// Looks at everything, and changes nothing.
pub(crate) fn look(session: &Session) -> Vec<Finding> {
    let mut findings = programs::look(session);
    findings.extend(checks::look(session));
    findings.extend(desktop::look(session));
    findings.extend(programs::clients());
    findings
}

/// What was found, as one document. Source: the outside contract, section 4; `fixed` is ours.
pub(crate) fn document(findings: &[Finding], fixed: &[String]) -> Value {
    let is_well = |found: &Finding| found.standing != Standing::Problem;
    json!({
        "ok": findings.iter().all(is_well),
        "checks": findings.iter().map(|found| json!({
            "id": found.name.to_lowercase().replace(' ', "_"),
            "ok": is_well(found),
            "level": found.standing.name(),
            "message": found.words,
            "hint": (!found.hint.is_empty()).then_some(&found.hint),
        })).collect::<Vec<_>>(),
        "fixed": fixed,
    })
}

/// Looks at everything; ends with 1 where something does not work.
///
/// # Errors
/// None but of what `--fix` starts.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let mut fixed = Vec::new();
    if arguments.fix {
        fixed = checks::fix(session)?;
    }
    let findings = look(session);
    let document = document(&findings, &fixed);
    let report = Report::new(text::text(&findings, &fixed, session.paint), document);
    let bad = findings
        .iter()
        .filter(|found| found.standing == Standing::Problem)
        .count();
    if bad == 0 {
        return Ok(report);
    }
    let words = format!("{bad} of {} checks found a problem", findings.len());
    let problem = Problem::new(FailureCode::DaemonUnavailable, words).exit(Exit::Failed);
    Ok(report.with(problem.hint("Do what the lines marked with ✗ say.")))
}
