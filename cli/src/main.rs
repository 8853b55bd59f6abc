//! `watercooler`: the command for people, scripts and client hooks.

mod arguments;
mod commands;
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

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use crate::arguments::{Arguments, Command};
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let json = arguments.common.json;
    let done = Session::of_process(arguments.common)
        .and_then(|session| commands::run(&session, arguments.command.unwrap_or(Command::Inbox)));
    let exit = match done {
        Ok(Some(report)) => show(&report, json),
        Ok(None) => Exit::Done,
        Err(problem) => fail(&problem, json),
    };
    ExitCode::from(exit.code())
}

/// Help and the version are answers; anything else is bad usage, also where JSON was asked for.
fn misused(error: &clap::Error) -> ExitCode {
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
