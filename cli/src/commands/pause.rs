//! `watercooler pause` and `resume`: exchange nothing with remotes for a while, and again.

use std::time::Duration;

use clap::Args;
use protocol::answer::{Answer, RepositoryPaused};
use protocol::request::{Pause, PauseLength, Request};
use serde_json::json;

use crate::link::{Link, unexpected};
use crate::plain::one_line;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;

/// What `pause` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// For how long: 30m, 2h, or tomorrow for 8 in the morning; else until `resume`
    #[arg(value_name = "30m|2h|tomorrow", value_parser = length)]
    length: Option<PauseLength>,
}

/// `tomorrow`, or a number of seconds, minutes, hours or days.
fn length(text: &str) -> Result<PauseLength, String> {
    if text == "tomorrow" {
        return Ok(PauseLength::Tomorrow);
    }
    let unit = text.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3600),
        'd' => Some(24 * 3600),
        _ => None,
    });
    let number = text.get(..text.len().saturating_sub(1));
    let number: Option<u64> = number.and_then(|number| number.parse().ok());
    let seconds = number.filter(|number| *number > 0).zip(unit);
    let seconds = seconds.and_then(|(number, unit)| number.checked_mul(unit));
    let whole = seconds.map(|seconds| Duration::from_secs(seconds).as_secs());
    whole
        .map(PauseLength::Seconds)
        .ok_or_else(|| "write it as 30m, 2h or 3d, or say tomorrow".to_owned())
}

/// Pauses.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let length = arguments.length.unwrap_or(PauseLength::UntilResumed);
    ask(session, Request::Pause(Pause { length }))
}

/// Resumes.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn resume(session: &Session) -> Result<Report, Problem> {
    ask(session, Request::Resume)
}

fn ask(session: &Session, request: Request) -> Result<Report, Problem> {
    let done = Link::started(session)?.ask(request)?;
    let Answer::Paused(rows) = &done.answer else {
        return Err(unexpected());
    };
    Ok(Report::new(text(rows), json!({"repositories": rows})))
}

fn text(rows: &[RepositoryPaused]) -> String {
    if rows.is_empty() {
        return "No repository has a remote; there is nothing to pause.\n".to_owned();
    }
    let line = |row: &RepositoryPaused| {
        let name = one_line(&row.name);
        match (&row.until, row.paused) {
            (Some(until), _) => format!("{name}: paused until {}\n", one_line(until)),
            (None, true) => format!("{name}: paused until it is resumed\n"),
            (None, false) => format!("{name}: exchanges again\n"),
        }
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read() {
        let check = |text: &str, expected: Option<PauseLength>| {
            assert_eq!(length(text).ok(), expected, "{text}");
        };
        check("30m", Some(PauseLength::Seconds(1800)));
        check("2h", Some(PauseLength::Seconds(7200)));
        check("45s", Some(PauseLength::Seconds(45)));
        check("3d", Some(PauseLength::Seconds(259_200)));
        check("tomorrow", Some(PauseLength::Tomorrow));
        for wrong in [
            "",
            "h",
            "0m",
            "-1h",
            "1.5h",
            "2",
            "soon",
            "99999999999999999999h",
            "2ü",
        ] {
            check(wrong, None);
        }
        check(&format!("{}d", u64::MAX), None);
    }

    #[test]
    fn each_repository_has_a_line() {
        let row = |paused, until: Option<&str>| RepositoryPaused {
            name: "acme".to_owned(),
            paused,
            until: until.map(str::to_owned),
        };
        let rows = [
            row(true, None),
            row(true, Some("2026-01-05T09:00:00Z")),
            row(false, None),
        ];
        let expected = "acme: paused until it is resumed\n\
                        acme: paused until 2026-01-05T09:00:00Z\nacme: exchanges again\n";
        assert_eq!(text(&rows), expected);
    }
}
