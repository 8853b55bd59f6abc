//! One child process: known by its number while it runs, asked to end before it is killed, always
//! reaped.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::os;

/// How long a child that was asked to end may take: git removes its locks in that time.
const ASKED_WAIT: Duration = Duration::from_millis(300);

/// How often a child that should end is looked at, growing from the first to the second.
const PAUSE_MIN: Duration = Duration::from_micros(500);
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// The children that run. None is reaped while this is locked, so that a number in it is theirs.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Where a child goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Into a process group of its own, which is ended with it.
    Own,
    /// Into ours, which whoever watches over this process ends as a whole.
    Ours,
}

/// A child that is ended when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Group,
    reaped: bool,
}

/// Asks every child of this process to end and waits, `limit` at most, until all were reaped. For a
/// process that is about to end its whole group.
pub fn end_children(limit: Duration) {
    // Starting a program may itself be what is stuck, so the lock is not waited for without end.
    let deadline = Instant::now() + limit;
    let mut asked = false;
    until(deadline, || match RUNNING.try_lock() {
        Ok(running) if asked => running.is_empty(),
        Ok(running) => {
            asked = true;
            running.iter().filter(|pid| os::ask_to_end(**pid)).count() == 0
        }
        Err(_) => false,
    });
}

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks until the condition holds; false where it does not by the deadline.
pub(super) fn until(deadline: Instant, mut condition: impl FnMut() -> bool) -> bool {
    let mut pause = PAUSE_MIN;
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
    true
}

impl Process {
    pub(super) fn start(
        mut command: Command,
        [stdin, stdout, stderr]: [Stdio; 3],
        group: Group,
    ) -> io::Result<Process> {
        if group == Group::Own {
            os::set_apart(&mut command);
        }
        let mut running = running();
        let child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn()?;
        running.push(child.id());
        // What this process bounds is what it takes in itself; a remote's own git may need more.
        os::lift_bounds(&child);
        Ok(Process {
            child,
            group,
            reaped: false,
        })
    }

    pub(super) fn take_stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("asked for as a pipe")
    }

    pub(super) fn take_stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("asked for as a pipe")
    }

    pub(super) fn take_stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("asked for as a pipe")
    }

    /// Its status, where it has ended.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let mut running = running();
        let status = self.child.try_wait().ok().flatten()?;
        running.retain(|pid| *pid != self.child.id());
        self.reaped = true;
        Some(status)
    }

    /// Waits for its end by itself; `None`: it runs on at the deadline.
    pub(super) fn ended_by(&mut self, deadline: Instant) -> Option<ExitStatus> {
        let mut status = None;
        until(deadline, || {
            status = self.ended();
            status.is_some()
        });
        status
    }

    /// Asks it to end, kills it where it does not, and reaps it.
    pub(super) fn end(&mut self) {
        if self.reaped {
            return;
        }
        let asked = match self.group {
            Group::Own => os::ask_group_to_end(&self.child),
            Group::Ours => os::ask_to_end(self.child.id()),
        };
        if asked {
            // Its number must not be free before its group is killed.
            until(Instant::now() + ASKED_WAIT, || {
                os::has_ended(&mut self.child)
            });
        }
        match self.group {
            Group::Own => os::kill_group(&mut self.child),
            // Fails only where it is gone, which is what is wanted.
            Group::Ours => drop(self.child.kill()),
        }
        // One that not even this ends waits for a device; it is left to whoever reaps us.
        if until(Instant::now() + ASKED_WAIT, || {
            os::has_ended(&mut self.child)
        }) {
            let mut running = running();
            // Fails only for a child that was reaped, which is done here and in `ended` alone.
            drop(self.child.wait());
            running.retain(|pid| *pid != self.child.id());
        }
        self.reaped = true;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
