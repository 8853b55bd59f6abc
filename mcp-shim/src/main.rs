//! `watercooler-mcp`: standard input and output on one side, the daemon's socket on the other.
//!
//! Standard output carries JSON-RPC and nothing else. The bridge decides, the shell performs.

use std::env;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64};

use ipc::caller;
use platform::dirs::Dirs;
use protocol::hello::{Program, Speaks};

use crate::args::{Asked, Flags};
use crate::link::Caller;
use crate::shell::Shell;

mod args;
mod bridge;
mod event;
mod failures;
mod lines;
mod link;
mod message;
mod output;
mod replay;
mod reverse;
mod scan;
mod shell;
mod waiting;

/// Source: the outside contract, section 1.
const EXIT_USAGE: u8 = 2;
const EXIT_UNREACHABLE: u8 = 69;

fn main() -> ExitCode {
    let asked = match args::read(env::args_os().skip(1)) {
        Ok(asked) => asked,
        Err(error) => {
            tell(&format!("{error}; see watercooler-mcp --help"));
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match asked {
        Asked::Help => print(args::HELP),
        Asked::Version => print(&args::version()),
        Asked::Serve(flags) => serve(flags),
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn tell(words: &str) {
    // With nobody to hear it, there is nothing more to do.
    let _ = writeln!(io::stderr(), "watercooler-mcp: {words}");
}

fn serve(flags: Flags) -> ExitCode {
    let dirs = match Dirs::find() {
        Ok(dirs) => dirs,
        Err(error) => {
            tell(&error.to_string());
            return ExitCode::from(EXIT_UNREACHABLE);
        }
    };
    let hello = flags.apply(caller::hello(Program::Shim, Speaks::Mcp));
    let shell = Shell::new(Caller {
        dirs,
        hello,
        number: AtomicU64::new(0),
        told_version: AtomicBool::new(false),
    });
    let started = platform::process::parent_watch(|| process::exit(0)).and_then(|()| shell.begin());
    if let Err(error) = started {
        tell(&format!("no thread could be started: {error}"));
        return ExitCode::FAILURE;
    }
    let (code, words) = shell.run();
    if let Some(words) = words {
        tell(&words);
    }
    code
}
