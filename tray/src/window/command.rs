//! Has `watercooler credential` do what the person asks for in a window: one implementation, with the
//! same words. A secret goes through a pipe, never in an argument or the environment.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::programs;

/// How much of the program's words is read, in bytes; it says less.
const WORDS_BYTES_MAX: u64 = 1 << 20;

/// What a command has to say.
#[derive(Debug)]
pub(super) enum Told {
    /// While it works.
    Line(String),
    /// At its end.
    Ended(Ended),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    /// Its document.
    pub(super) document: Value,
    /// Why it did not do what it should.
    pub(super) problem: Option<Problem>,
}

/// In words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The stable kind.
    pub(super) code: String,
    /// What failed.
    pub(super) message: String,
    /// What to do.
    pub(super) hint: String,
}

/// A command under way; it is ended with this.
#[derive(Debug)]
pub(super) struct Running {
    // Locked for as long as a signal takes; the thread that waits locks it when the output has ended.
    child: Arc<Mutex<Option<Child>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(child) = child.as_mut() {
            // One that has ended is nobody's to kill.
            let _gone = child.kill();
        }
    }
}

/// Starts `watercooler` with these arguments and `--json`; `secret` is its standard input.
pub(super) fn start<T: Copy + Send + Sync + 'static>(
    arguments: &[&str],
    secret: Option<Zeroizing<String>>,
    about: T,
    tell: Sender<(T, Told)>,
    wake: egui::Context,
) -> Option<Running> {
    let tell = move |told| {
        let _closed = tell.send((about, told));
        wake.request_repaint();
    };
    let child = Command::new(programs::program())
        .args(arguments)
        .arg("--json")
        .env_remove("WATERCOOLER_AGENT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let message = format!("the program watercooler cannot be started: {error}");
            tell(Told::Ended(failed(&message)));
            return None;
        }
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let child = Arc::new(Mutex::new(Some(child)));
    let running = Running {
        child: Arc::clone(&child),
    };
    thread::spawn(move || {
        if let (Some(mut stdin), Some(secret)) = (stdin, secret) {
            // A command that needs no secret reads none.
            let _unread = stdin
                .write_all(secret.as_bytes())
                .and_then(|()| stdin.write_all(b"\n"));
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                let lines =
                    stderr.map(|stderr| BufReader::new(stderr.take(WORDS_BYTES_MAX)).lines());
                for line in lines.into_iter().flatten().map_while(Result::ok) {
                    tell(Told::Line(line));
                }
            });
            let mut words = Vec::new();
            if let Some(stdout) = stdout {
                // What was read until then is judged.
                let _cut = stdout.take(WORDS_BYTES_MAX).read_to_end(&mut words);
            }
            let child = child.lock().unwrap_or_else(PoisonError::into_inner).take();
            let is_well =
                child.is_some_and(|mut child| child.wait().is_ok_and(|status| status.success()));
            tell(Told::Ended(judged(is_well, &words)));
        });
    });
    Some(running)
}

fn judged(is_well: bool, words: &[u8]) -> Ended {
    let Ok(document) = serde_json::from_slice::<Value>(words) else {
        return failed("the program watercooler ended without an answer");
    };
    let problem = document.get("error").map(|error| {
        let of = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        Problem {
            code: of("code"),
            message: of("message"),
            hint: of("hint"),
        }
    });
    if problem.is_none() && !is_well {
        return failed("the program watercooler ended without success");
    }
    Ended { document, problem }
}

fn failed(message: &str) -> Ended {
    Ended {
        document: json!({}),
        problem: Some(Problem {
            code: String::new(),
            message: message.to_owned(),
            hint: "See that watercooler is installed whole: watercooler doctor".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_judged_by_its_document() {
        let check = |is_well, words: &str, expected: Option<&str>| {
            let problem = judged(is_well, words.as_bytes()).problem;
            assert_eq!(problem.map(|it| it.message).as_deref(), expected, "{words}");
        };
        check(true, "{\"a\": 1}", None);
        check(true, "[]", None);
        check(
            false,
            "{\"error\": {\"code\": \"c\", \"message\": \"m\", \"hint\": null}}",
            Some("m"),
        );
        check(
            false,
            "{}",
            Some("the program watercooler ended without success"),
        );
        check(
            true,
            "",
            Some("the program watercooler ended without an answer"),
        );
    }
}
