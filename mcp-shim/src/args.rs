//! The command line. Source: the outside contract, sections 1 and 4.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};
use protocol::hello::{Hello, PROTOCOL};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
watercooler-mcp - the Model Context Protocol server of watercooler, for clients that start a command

Usage: watercooler-mcp [--agent NAME] [--repository NAME] [--code DIR] [--read-only]

It speaks MCP on standard input and output, and hands everything on to watercoolerd, which it starts
if none is running. It is not for use by hand: name it as a stdio server in the client's settings.

Options:
  --agent NAME       Write as this agent. Default: WATERCOOLER_AGENT, else the client's own name
  --repository NAME  Use this repository of the settings
  --code DIR         The code checkout that the client works in. Default: the client's own hints,
                     else the working folder
  --read-only        Offer only the tools that change nothing
  --help             Print this
  --version          Print the version

Environment:
  WATERCOOLER_HOME    Keep everything under this folder
  WATERCOOLER_DAEMON  Start this program as the daemon
  Forwarded to the daemon: WATERCOOLER_AGENT, WATERCOOLER_DIR, WATERCOOLER_GIT_REPO,
  WATERCOOLER_GIT_SSH_KEY, WATERCOOLER_GIT_AUTHOR, WATERCOOLER_GIT_EMAIL,
  WATERCOOLER_THREADS_PATTERN, CLAUDE_PROJECT_DIR

Exit codes: 0 the client ended, 2 bad usage, 69 the daemon cannot be reached, 77 not permitted
";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Serve.
    Serve(Flags),
    /// `--help`.
    Help,
    /// `--version`.
    Version,
}

/// What the flags say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    agent: Option<String>,
    repository: Option<String>,
    code: Option<String>,
    read_only: bool,
}

impl Flags {
    /// The hello, with what the flags say.
    pub(crate) fn apply(self, hello: Hello) -> Hello {
        Hello {
            agent: self.agent,
            repository: self.repository,
            code: self.code,
            read_only: self.read_only,
            ..hello
        }
    }
}

/// What `--version` prints.
pub(crate) fn version() -> String {
    format!(
        "watercooler-mcp {} (protocol {PROTOCOL})\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// Bad usage, in words for a person.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, lexopt::Error> {
    let mut flags = Flags::default();
    let mut from = Parser::from_args(arguments);
    while let Some(argument) = from.next()? {
        match argument {
            Arg::Long("agent") => flags.agent = Some(text(&mut from, "--agent")?),
            Arg::Long("repository") => flags.repository = Some(text(&mut from, "--repository")?),
            Arg::Long("code") => flags.code = Some(folder(&mut from)?),
            Arg::Long("read-only") => flags.read_only = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Asked::Version),
            Arg::Long(_) | Arg::Short(_) | Arg::Value(_) => return Err(argument.unexpected()),
        }
    }
    Ok(Asked::Serve(flags))
}

fn text(from: &mut Parser, flag: &str) -> Result<String, lexopt::Error> {
    let value = from.value()?.into_string()?;
    if value.trim().is_empty() {
        return Err(format!("{flag} must not be empty").into());
    }
    Ok(value)
}

fn folder(from: &mut Parser) -> Result<String, lexopt::Error> {
    let value = PathBuf::from(text(from, "--code")?);
    let absolute = std::path::absolute(value)
        .map_err(|error| format!("--code cannot be made absolute: {error}"))?;
    Ok(absolute.into_os_string().into_string()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<Asked, &str>) {
        let read = read(line.split_whitespace().map(OsString::from));
        match (read, expected) {
            (Ok(asked), Ok(expected)) => assert_eq!(asked, expected, "{line}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{line}: {error}"),
            (read, expected) => panic!("{line}: {read:?}, not {expected:?}"),
        }
    }

    #[test]
    fn flags_are_read() {
        let serve = |agent: Option<&str>, code: Option<&str>, read_only| {
            Asked::Serve(Flags {
                agent: agent.map(str::to_owned),
                repository: None,
                code: code.map(str::to_owned),
                read_only,
            })
        };
        check("", Ok(serve(None, None, false)));
        check("--agent Claude", Ok(serve(Some("Claude"), None, false)));
        check(
            "--agent=Claude --read-only",
            Ok(serve(Some("Claude"), None, true)),
        );
        check(
            "--code /src/acme",
            Ok(serve(None, Some("/src/acme"), false)),
        );
        check("--help --wrong", Ok(Asked::Help));
        check("--version", Ok(Asked::Version));
        check("--wrong", Err("--wrong"));
        check("word", Err("word"));
        check("--agent", Err("agent"));
        check("--agent=", Err("must not be empty"));
        check("--read-only=yes", Err("read-only"));
    }

    #[test]
    fn help_names_every_flag_and_forwarded_variable() {
        let flags = [
            "--agent NAME",
            "--repository NAME",
            "--code DIR",
            "--read-only",
        ];
        for named in flags.iter().chain(&protocol::hello::FORWARDED_VARIABLES) {
            assert!(HELP.contains(named), "{named}");
        }
    }
}
