//! Children with a deadline: talked with or run to their end, killed with their group when it
//! passes, always reaped.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::process::{Group, Process};
use crate::exchange::{Exchange, LAST_WORDS_WAIT};
use crate::{Kind, TransferError};

/// The pipes of a child that speaks git's pack protocol. Dropping it closes them; the child then has
/// until the exchange's deadline to end.
#[derive(Debug)]
pub(super) struct Conversation {
    exchange: Arc<Exchange>,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// Dropped last: tells the warden that the child should end.
    _finish: Sender<()>,
}

/// A child that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How.
    pub(crate) status: ExitStatus,
    /// What it wrote to stdout, up to the limit.
    pub(crate) stdout: Vec<u8>,
}

/// Starts a child to talk with.
pub(super) fn converse(
    command: Command,
    exchange: &Arc<Exchange>,
) -> Result<Conversation, TransferError> {
    let pipes = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
    let mut child =
        Process::start(command, pipes, exchange.group).map_err(|error| not_started(&error))?;
    let (stdin, stdout) = (child.take_stdin(), child.take_stdout());
    let mut stderr = child.take_stderr();
    let (finish, finished) = channel();

    // Counted twice: its end and its last words come separately.
    exchange.child_started();
    exchange.child_started();
    let listener = Arc::clone(exchange);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stderr.read(&mut buffer) {
            listener.hear_stderr(&buffer[..count]);
        }
        listener.child_ended();
    });
    let warden = Arc::clone(exchange);
    thread::spawn(move || {
        if guarded(child, &finished, warden.deadline).is_none() {
            warden.note(warden.timed_out());
        }
        warden.child_ended();
    });
    Ok(Conversation {
        exchange: Arc::clone(exchange),
        stdin,
        stdout,
        _finish: finish,
    })
}

/// Runs a child to its end with `input` on its stdin and its stderr left out. Fails with
/// `TimedOut` after `limit`, and with `FileTooLarge` where it says more than `stdout_bytes_max`.
pub(crate) fn run(
    command: Command,
    input: &[u8],
    limit: Duration,
    stdout_bytes_max: u64,
    group: Group,
) -> io::Result<Finished> {
    let deadline = Instant::now() + limit;
    let pipes = [Stdio::piped(), Stdio::piped(), Stdio::null()];
    let mut child = Process::start(command, pipes, group)?;
    let (mut stdin, stdout) = (child.take_stdin(), child.take_stdout());
    let (finish, finished) = channel();
    let warden = thread::spawn(move || guarded(child, &finished, deadline));

    // A child that wants no input closes its end; what it answers counts.
    let _ = stdin.write_all(input);
    drop(stdin);
    let mut said = Vec::new();
    let read = stdout.take(stdout_bytes_max + 1).read_to_end(&mut said);
    drop(finish);
    let status = warden.join().expect("the warden does not panic");
    read?;
    if said.len() as u64 > stdout_bytes_max {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let status = status.ok_or(ErrorKind::TimedOut)?;
    Ok(Finished {
        status,
        stdout: said,
    })
}

/// Runs a child to its end without any input and returns what it wrote to stderr, up to
/// `bytes_max`. Fails with `TimedOut` after `limit`.
pub(crate) fn complaint(
    command: Command,
    limit: Duration,
    bytes_max: u64,
    group: Group,
) -> io::Result<String> {
    let deadline = Instant::now() + limit;
    let pipes = [Stdio::null(), Stdio::null(), Stdio::piped()];
    let mut child = Process::start(command, pipes, group)?;
    let stderr = child.take_stderr();
    let (finish, finished) = channel();
    let warden = thread::spawn(move || guarded(child, &finished, deadline));
    let mut said = Vec::new();
    let read = stderr.take(bytes_max).read_to_end(&mut said);
    drop(finish);
    let status = warden.join().expect("the warden does not panic");
    read?;
    status.ok_or(ErrorKind::TimedOut)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Runs a child without any input and returns what it wrote to stdout and stderr, in its order, up to
/// `bytes_max`. A child that does not end within `limit` is ended; what it wrote counts.
pub(super) fn words(
    command: Command,
    limit: Duration,
    bytes_max: u64,
    group: Group,
) -> io::Result<String> {
    let deadline = Instant::now() + limit;
    let (stdout, says) = io::pipe()?;
    let pipes = [Stdio::null(), says.try_clone()?.into(), says.into()];
    let child = Process::start(command, pipes, group)?;
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut stdout = stdout.take(bytes_max);
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = stdout.read(&mut buffer) {
            // Whoever asked may have stopped waiting.
            if tell.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    let (finish, finished) = channel();
    drop(finish);
    guarded(child, &finished, deadline);
    let mut said = Vec::new();
    // A program that the child started may hold the pipe for longer.
    while let Ok(part) = told.recv_timeout(LAST_WORDS_WAIT) {
        said.extend(part);
    }
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Waits for a child's end, ends it at the deadline, and reaps it. `None`: it had to be ended.
fn guarded(mut child: Process, finished: &Receiver<()>, deadline: Instant) -> Option<ExitStatus> {
    let remaining = deadline.saturating_duration_since(Instant::now());
    let status = match finished.recv_timeout(remaining) {
        Ok(()) | Err(RecvTimeoutError::Disconnected) => child.ended_by(deadline),
        Err(RecvTimeoutError::Timeout) => None,
    };
    child.end();
    status
}

pub(super) fn not_started(error: &io::Error) -> TransferError {
    TransferError::new(
        Kind::Offline,
        format!("a program could not be started: {error}"),
        "it is tried again; see that this machine is not out of processes or memory",
    )
}

impl Read for Conversation {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stdout.read(buffer)?;
        self.exchange.add_received(count as u64);
        if self.exchange.may_go_on() {
            Ok(count)
        } else {
            Err(ErrorKind::QuotaExceeded.into())
        }
    }
}

impl Write for Conversation {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.stdin.write(buffer)?;
        self.exchange.add_sent(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.flush()
    }
}

#[cfg(test)]
mod tests;
