//! The daemon's hold on one worker: its pipes, its deadline, its log, its end.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use platform::worker;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{debug, warn};

use super::{SUBCOMMAND, frame};

/// How long a worker whose input was closed may take to end its children, before it is killed with
/// them.
const END_WAIT: Duration = Duration::from_secs(1);

/// How much of a line of a worker's log is kept, in bytes.
const LINE_BYTES_MAX: usize = 4 << 10;

/// Enough for threads that wait and log.
const STACK_BYTES: usize = 256 << 10;

/// A worker; ended when dropped.
pub(super) struct Process {
    stdout: BufReader<ChildStdout>,
    guard: Arc<Guard>,
}

/// Ends a worker at its deadline, or when it is told to; any thread may.
pub(super) struct Guard {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// None after its end.
    child: Option<Child>,
    /// None while a frame is being written, and after the end: to close it tells the worker to end.
    stdin: Option<ChildStdin>,
    /// When the worker has to have answered.
    deadline: Option<Instant>,
    /// When the thread that watches looks again, whatever happens.
    looks_at: Option<Instant>,
    /// It was ended by its deadline.
    late: bool,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts a worker that logs as `repository`'s.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn start(repository: &str) -> io::Result<Process> {
        let mut command = Command::new(worker::own_program()?);
        command
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        worker::lead_group(&mut command);
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
        let stderr = child.stderr.take().expect("stderr was asked for as a pipe");
        let guard = Arc::new(Guard {
            state: Mutex::new(State {
                child: Some(child),
                stdin,
                deadline: None,
                looks_at: None,
                late: false,
                status: None,
            }),
            changed: Condvar::new(),
        });
        // From here on dropping it ends the child.
        let process = Process {
            stdout: BufReader::new(stdout),
            guard: Arc::clone(&guard),
        };
        let repository = repository.to_owned();
        waiting_thread(move || relog(stderr, &repository))?;
        waiting_thread(move || guard.watch())?;
        Ok(process)
    }

    pub(super) fn guard(&self) -> Arc<Guard> {
        Arc::clone(&self.guard)
    }

    /// From here on the worker is ended where it has not answered by then.
    pub(super) fn set_deadline(&self, deadline: Instant) {
        let mut state = self.guard.state();
        state.deadline = Some(deadline);
        // Who looks before that anyway need not be woken: most answers come first.
        if state.looks_at.is_none_or(|at| at > deadline) {
            self.guard.changed.notify_all();
        }
    }

    /// It has answered.
    pub(super) fn clear_deadline(&self) {
        self.guard.state().deadline = None;
    }

    /// # Errors
    /// Those of the pipe, and of the frame.
    pub(super) fn send(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.send_frame(&frame::encode(value)?)
    }

    /// Bytes that are no JSON.
    ///
    /// # Errors
    /// As [`Process::send`].
    pub(super) fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.send_frame(&frame::encode_bytes(bytes)?)
    }

    fn send_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        // Taken out while it is written to: a worker that does not read must not keep its end off.
        let stdin = self.guard.state().stdin.take();
        let mut stdin = stdin.ok_or(ErrorKind::BrokenPipe)?;
        let written = stdin.write_all(frame).and_then(|()| stdin.flush());
        let mut state = self.guard.state();
        if state.child.is_some() {
            state.stdin = Some(stdin);
        }
        written
    }

    /// # Errors
    /// `UnexpectedEof` where the worker has ended; those of the pipe, and of the frame.
    pub(super) fn receive<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let bytes = frame::read(&mut self.stdout)?.ok_or(ErrorKind::UnexpectedEof)?;
        frame::decode(&bytes)
    }

    /// Whether it cannot be asked any more.
    pub(super) fn has_ended(&self) -> bool {
        let mut state = self.guard.state();
        state.child.as_mut().is_none_or(worker::has_ended)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.guard.end();
    }
}

impl Guard {
    /// Ends the worker and everything in its group; returns when they are gone, with how the worker
    /// ended.
    pub(super) fn end(&self) -> Option<ExitStatus> {
        let mut state = self.state();
        state.end();
        self.changed.notify_all();
        state.status
    }

    /// Whether its deadline was its end.
    pub(super) fn is_late(&self) -> bool {
        self.state().late
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) {
        let mut state = self.state();
        while state.child.is_some() {
            let left = state
                .deadline
                .map(|deadline| deadline.saturating_duration_since(Instant::now()));
            state.looks_at = state.deadline;
            state = match left {
                Some(Duration::ZERO) => {
                    state.late = true;
                    state.end();
                    return;
                }
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.changed.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}

impl State {
    fn end(&mut self) {
        self.stdin = None;
        if let Some(child) = self.child.take() {
            self.status = worker::end_group(child, END_WAIT);
        }
    }
}

fn waiting_thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().stack_size(STACK_BYTES);
    thread.name("transfer".to_owned()).spawn(work).map(drop)
}

/// Writes a worker's log lines into ours, until it ends.
fn relog(stderr: ChildStderr, repository: &str) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(true) = next_line(&mut stderr, &mut line) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.starts_with("WARN") || text.starts_with("ERROR") {
            warn!(repository, text, "Transfer");
        } else if !text.is_empty() {
            debug!(repository, text, "Transfer");
        }
    }
}

/// The next line, cut at its limit; false at the end.
fn next_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let taken = from
        .by_ref()
        .take(LINE_BYTES_MAX as u64)
        .read_until(b'\n', line)?;
    if taken == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
        from.skip_until(b'\n')?;
    }
    Ok(taken > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_log_is_bounded() {
        let mut text = vec![b'x'; 3 * LINE_BYTES_MAX];
        text.extend(b"\nnext\nlast");
        let mut from = text.as_slice();
        let mut line = Vec::new();
        let mut lengths = Vec::new();
        while next_line(&mut from, &mut line).unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [LINE_BYTES_MAX, 5, 4]);
    }
}
