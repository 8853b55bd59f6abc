//! Has the command line program do what it is there for, without a terminal.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;

use crate::desk::Event;

const PROGRAM: &str = "watercooler";

/// How much of its words is kept, in characters.
const WORDS_CHARS_MAX: usize = 300;

/// Runs `watercooler` with these arguments; where that fails, its words are told.
pub(crate) fn run(arguments: Vec<String>, events: Sender<Event>) {
    run_for(arguments, move |problem| {
        let _gone = events.send(Event::Problem(problem));
    });
}

/// The same, for whom the words are given to `tell`.
pub(crate) fn run_for(arguments: Vec<String>, tell: impl FnOnce(String) + Send + 'static) {
    thread::spawn(move || {
        let ran = Command::new(program())
            .args(&arguments)
            .stdin(Stdio::null())
            .env_remove("WATERCOOLER_AGENT")
            .output();
        let problem = match ran {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                let words = String::from_utf8_lossy(&output.stderr);
                let first = words.lines().next().unwrap_or_default();
                Some(first.chars().take(WORDS_CHARS_MAX).collect())
            }
            Err(error) => Some(format!("{PROGRAM} cannot be started: {error}")),
        };
        if let Some(problem) = problem {
            tell(problem);
        }
    });
}

/// Beside this program, else by `PATH`.
pub(crate) fn program() -> PathBuf {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe()
        .ok()
        .and_then(|own| Some(own.parent()?.join(&name)));
    beside
        .filter(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}
