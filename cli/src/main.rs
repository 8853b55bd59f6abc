//! `watercooler`: the command for people, scripts and client hooks.

mod arguments;
mod clipboard;
mod commands;
mod hook;
mod identity;
mod link;
mod plain;
mod problem;
mod remote_url;
mod report;
mod session;
mod settings;
mod text;
mod working_tree;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use crate::arguments::{Arguments, Command};
use crate::commands::Ended;
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let json = arguments.common.json;
    let session = Session::of_process(arguments.common);
    let command = arguments.command.unwrap_or(Command::Inbox);
    if session.is_err() && matches!(command, Command::Hook(_)) {
        return ExitCode::from(Exit::Done.code());
    }
    let done = session.and_then(|session| commands::run(&session, command));
    let exit = match done {
        Ok(Ended::Showing(report)) => show(&report, json),
        Ok(Ended::With(exit)) => exit,
        Err(problem) => fail(&problem, json),
    };
    ExitCode::from(exit.code())
}

/// Help and the version are answers; anything else is bad usage, also where JSON was asked for.
fn misused(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && is_hook(std::env::args_os().skip(1)) {
        return ExitCode::from(Exit::Done.code());
    }
    let asked_for_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && asked_for_json {
        let words = error.to_string();
        let words = words.trim().split("\n\n").next().unwrap_or_default();
        let words = words.strip_prefix("error: ").unwrap_or(words);
        let problem = Problem::usage(words).hint("`watercooler --help` shows the commands.");
        return ExitCode::from(fail(&problem, true).code());
    }
    // Where even this cannot be printed there is nobody to tell.
    let _ = error.print();
    let exit = if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    };
    ExitCode::from(exit.code())
}

/// Whether it is a client's hook that was misused: a client takes its failure, and 2 above all, for
/// more than it is.
fn is_hook(mut arguments: impl Iterator<Item = OsString>) -> bool {
    while let Some(argument) = arguments.next() {
        if argument == "--repository" || argument == "--agent" {
            arguments.next();
        } else if !argument.to_string_lossy().starts_with("--") {
            return argument == "hook";
        }
    }
    false
}

fn show(report: &Report, json: bool) -> Exit {
    let shown = if json {
        print(&mut io::stdout().lock(), &format!("{}\n", report.document))
    } else {
        print(&mut io::stdout().lock(), &report.text)
    };
    match (&report.problem, shown) {
        (Some(problem), _) => {
            let _ = print(&mut io::stderr().lock(), &problem.text());
            problem.exit
        }
        (None, Ok(())) => Exit::Done,
        (None, Err(error)) => fail(
            &Problem::file("standard output takes no more", &error),
            false,
        ),
    }
}

fn fail(problem: &Problem, json: bool) -> Exit {
    // Where even this cannot be printed there is nobody to tell.
    let _ = if json {
        let document = json!({"error": problem.document()});
        print(&mut io::stdout().lock(), &format!("{document}\n"))
    } else {
        print(&mut io::stderr().lock(), &problem.text())
    };
    problem.exit
}

/// A reader that has seen enough and closed its end, as `head` does, is no failure of ours.
fn print(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misused_hook_is_known_from_other_commands() {
        fn check(line: &str, expected: bool) {
            let words = line.split_whitespace().map(OsString::from);
            assert_eq!(is_hook(words), expected, "{line}");
        }
        check("hook", true);
        check("hook no-such --json", true);
        check("--json --repository acme --agent=Codex hook prompt", true);
        check("--repository hook", false);
        check("say topic --title hook", false);
        check("", false);
    }
}
