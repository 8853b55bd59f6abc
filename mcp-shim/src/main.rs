//! `watercooler-mcp`: standard input and output on one side, the daemon's socket on the other.
//!
//! Standard output carries JSON-RPC and nothing else. The bridge decides; this file performs.

use std::env;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use ipc::caller;
use ipc::stream::Stream;
use platform::dirs::Dirs;
use protocol::hello::{Program, Speaks};

use crate::args::{Asked, Flags};
use crate::bridge::Bridge;
use crate::event::Event;
use crate::link::{Caller, Heard};
use crate::output::{Output, Start};

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
mod waiting;

/// Source: the outside contract, section 1.
const EXIT_USAGE: u8 = 2;
const EXIT_UNREACHABLE: u8 = 69;

/// How many lines wait between the threads.
const HEARD_LEN_MAX: usize = 16;

/// How long the daemon may leave a line unread.
const SEND_WAIT_MAX: Duration = Duration::from_millis(1_500);

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
    let (to, heard) = mpsc::sync_channel(HEARD_LEN_MAX);
    let mut shell = Shell {
        bridge: Bridge::new(),
        caller: Arc::new(Caller {
            dirs,
            hello,
            number: AtomicU64::new(0),
        }),
        stream: None,
        to,
    };
    let started = platform::process::parent_watch(|| process::exit(0))
        .and_then(|()| shell.relink(Duration::ZERO, Start::Always))
        .and_then(|()| link::read_client(shell.to.clone()));
    match started {
        Ok(()) => shell.run(&heard),
        Err(error) => {
            tell(&format!("no thread could be started: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Performs what the bridge decides.
#[derive(Debug)]
struct Shell {
    bridge: Bridge,
    caller: Arc<Caller>,
    stream: Option<Stream>,
    to: SyncSender<Heard>,
}

impl Shell {
    fn run(mut self, heard: &Receiver<Heard>) -> ExitCode {
        loop {
            let next = match self.bridge.poll_timeout() {
                Some(at) => heard.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(heard) => self.take(heard),
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => return ExitCode::SUCCESS,
            }
            self.bridge.handle_timeout(Instant::now());
            while let Some(output) = self.bridge.poll_output() {
                if let Some(code) = self.perform(output) {
                    return code;
                }
            }
        }
    }

    fn take(&mut self, heard: Heard) {
        let event = match heard {
            Heard::Client(event) => event,
            Heard::Linked(number, stream) => {
                if number != self.number() {
                    return stream.close();
                }
                self.stream = Some(stream);
                Event::Linked
            }
            Heard::Link(number, event) if number == self.number() => event,
            Heard::Link(..) => return,
        };
        self.bridge.handle(event, Instant::now());
    }

    /// Performs one output; gives the exit code where it is the last.
    fn perform(&mut self, output: Output) -> Option<ExitCode> {
        match output {
            Output::ToClient(line) => {
                let mut client = io::stdout().lock();
                let written = client.write_all(&line).and_then(|()| client.flush());
                // Nobody reads any more.
                written.err().map(|_| ExitCode::SUCCESS)
            }
            Output::ToDaemon(line) => {
                if let Some(stream) = &self.stream
                    && stream
                        .write_before(&line, Instant::now() + SEND_WAIT_MAX)
                        .is_err()
                {
                    // The reading thread sees the end, and tells the bridge.
                    stream.close();
                    self.stream = None;
                }
                None
            }
            Output::Relink { pause, start } => self.failed_to(|shell| shell.relink(pause, start)),
            Output::Probe => {
                self.failed_to(|shell| link::probe(&shell.caller, shell.number(), shell.to.clone()))
            }
            Output::End { code, words } => {
                if let Some(words) = words {
                    tell(&words);
                }
                Some(ExitCode::from(code))
            }
        }
    }

    fn number(&self) -> u64 {
        self.caller.number.load(Ordering::Relaxed)
    }

    fn relink(&mut self, pause: Duration, start: Start) -> io::Result<()> {
        if let Some(stream) = self.stream.take() {
            stream.close();
        }
        let number = self.number() + 1;
        self.caller.number.store(number, Ordering::Relaxed);
        link::open(&self.caller, number, pause, start, self.to.clone())
    }

    fn failed_to(&mut self, start: impl FnOnce(&mut Self) -> io::Result<()>) -> Option<ExitCode> {
        let error = start(self).err()?;
        tell(&format!("no thread could be started: {error}"));
        Some(ExitCode::FAILURE)
    }
}
