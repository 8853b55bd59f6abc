//! Runs `watercooler` on a machine and reads what it printed.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a finished command left.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The command line, for messages.
    pub line: String,
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Ran {
    /// Runs a prepared command to its end, with `input` on standard input.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn run(command: &mut Command, input: &str) -> Self {
        let line = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{line} does not start: {error}"));
        let mut stdin = child.stdin.take().expect("it was asked for");
        // A command that does not read its input may be gone already.
        let _unread = stdin.write_all(input.as_bytes());
        drop(stdin);
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().expect("a child can be waited for");
        Self {
            line,
            code: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Insists on exit code 0.
    ///
    /// # Panics
    /// On any other.
    #[must_use]
    pub fn done(self) -> Self {
        self.exited(0)
    }

    /// Insists on an exit code.
    ///
    /// # Panics
    /// On any other.
    #[must_use]
    pub fn exited(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\nstdout: {}\nstderr: {}",
            self.line,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Standard output as its one JSON document.
    ///
    /// # Panics
    /// Where it is anything else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "{}: standard output is not one JSON document ({error}): {:?}\nstderr: {}",
                self.line, self.stdout, self.stderr
            )
        })
    }
}
