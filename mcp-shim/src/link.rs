//! The threads that read: the client's input, one connection after another, and a question whether
//! the daemon is alive. Each tells the shell what it heard, and decides nothing itself.

use std::io::{self, Read};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ipc::connection::{ConnectError, Connection, Daemon, HANDSHAKE_WAIT_MAX};
use ipc::launch::{self, LaunchError, START_WAIT_MAX};
use ipc::stream::Stream;
use platform::dirs::Dirs;
use platform::single_instance;
use protocol::hello::{Hello, Speaks};

use crate::event::Event;
use crate::lines::{Line, Lines};
use crate::output::Start;
use crate::shell::Shell;

/// How long after the end of input the program ends at the latest, whatever else hangs.
pub(crate) const END_WAIT_MAX: Duration = Duration::from_millis(900);

/// How long the daemon may take to say that it is alive.
pub(crate) const PROBE_WAIT_MAX: Duration = Duration::from_millis(1_500);

/// How often a daemon that was stopped is looked for.
const AWAIT_STEP: Duration = Duration::from_millis(250);

/// No thread here goes deep.
const STACK_BYTES: usize = 256 << 10;

/// What a thread heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// From the client.
    Client(Event),
    /// From the connection of that number, counted from 1.
    Link(u64, Event),
    /// The connection of that number stands; this is its sending end.
    Linked(u64, Stream),
}

/// Where to connect, and as whom.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The places.
    pub(crate) dirs: Dirs,
    /// The first line of each connection.
    pub(crate) hello: Hello,
    /// Of the connection that counts, from 1; what is heard of others is passed over.
    pub(crate) number: AtomicU64,
    /// Whether a daemon of another version was told of.
    pub(crate) told_version: AtomicBool,
}

impl Caller {
    /// Tells, once, of a daemon of another version that serves all the same.
    fn tell_version(&self, daemon: &Daemon) {
        let own = &self.hello.version;
        if daemon.version == *own || self.told_version.swap(true, Ordering::Relaxed) {
            return;
        }
        crate::tell(&format!(
            "this is version {own}, the running daemon is {}; both work together. After an \
             update, end this client once, and run `watercooler daemon restart`",
            daemon.version
        ));
    }
}

/// Reads the client's input to its end.
///
/// # Errors
/// No thread could be started.
pub(crate) fn read_client(shell: Arc<Shell>) -> io::Result<()> {
    spawn(move || {
        let mut lines = Lines::of(io::stdin());
        loop {
            let event = match lines.next() {
                Ok(Line::Whole(line)) => Event::ClientLine(line),
                Ok(Line::TooLong { id, is_call }) => Event::ClientTooLong { id, is_call },
                Ok(Line::End) | Err(_) => break,
            };
            if !shell.hear(Heard::Client(event)) {
                break;
            }
        }
        // Whoever hangs in a write does not see the end; this one does.
        if end_in_time().is_err() {
            process::exit(0);
        }
        shell.hear(Heard::Client(Event::ClientEnded));
    })
}

/// Makes the connection of that number after a pause, and reads it to its end. Gives up without a
/// word once another number counts.
///
/// # Errors
/// No thread could be started.
pub(crate) fn open(
    caller: &Arc<Caller>,
    number: u64,
    pause: Duration,
    start: Start,
    shell: Arc<Shell>,
) -> io::Result<()> {
    let caller = Arc::clone(caller);
    spawn(move || {
        thread::sleep(pause);
        let opened = match start {
            Start::Always => launch::open(&caller.dirs, &caller.hello, START_WAIT_MAX).map(Some),
            Start::AfterDeath => await_daemon(&caller, number),
        };
        let event = match opened {
            Ok(None) => return,
            Ok(Some(connection)) => {
                caller.tell_version(connection.daemon());
                let (incoming, stream) = connection.split();
                if !shell.hear(Heard::Linked(number, stream)) {
                    return;
                }
                read_daemon(incoming, number, &shell);
                Event::Unlinked
            }
            Err(LaunchError::Connect(ConnectError::Refused(failure))) => Event::Refused(failure),
            Err(error) => Event::Unreachable {
                failure: error.failure(),
                exit_code: error.exit_code(),
            },
        };
        // Where nobody listens, the program is ending.
        let _ = shell.hear(Heard::Link(number, event));
    })
}

/// Waits for a daemon that somebody else starts; starts one itself only where the last one died.
fn await_daemon(caller: &Caller, number: u64) -> Result<Option<Connection>, LaunchError> {
    while caller.number.load(Ordering::Relaxed) == number {
        let error = match Connection::open(&caller.dirs, &caller.hello, HANDSHAKE_WAIT_MAX) {
            Ok(connection) => return Ok(Some(connection)),
            Err(error) => error,
        };
        if !error.is_absence() {
            return Err(error.into());
        }
        if single_instance::has_died(&caller.dirs.state) {
            return launch::open(&caller.dirs, &caller.hello, START_WAIT_MAX).map(Some);
        }
        thread::sleep(AWAIT_STEP);
    }
    Ok(None)
}

/// Asks the daemon on a connection of its own whether it is alive, on behalf of connection `number`.
///
/// # Errors
/// No thread could be started.
pub(crate) fn probe(caller: &Arc<Caller>, number: u64, shell: Arc<Shell>) -> io::Result<()> {
    let caller = Arc::clone(caller);
    spawn(move || {
        let hello = Hello {
            speaks: Speaks::Requests,
            ..caller.hello.clone()
        };
        let event = match Connection::open(&caller.dirs, &hello, PROBE_WAIT_MAX) {
            Err(error @ ConnectError::Silent { .. }) => Event::ProbeSilent(error.failure()),
            // A daemon that ends lets go of the connection, which tells more than this.
            Ok(_) | Err(_) => Event::ProbeAnswered,
        };
        let _ = shell.hear(Heard::Link(number, event));
    })
}

fn read_daemon(incoming: impl Read, number: u64, shell: &Arc<Shell>) {
    let mut lines = Lines::of(incoming);
    loop {
        let event = match lines.next() {
            Ok(Line::Whole(line)) => Event::DaemonLine(line),
            Ok(Line::TooLong { id, is_call }) => Event::DaemonTooLong { id, is_call },
            Ok(Line::End) | Err(_) => return,
        };
        if !shell.hear(Heard::Link(number, event)) {
            return;
        }
    }
}

fn end_in_time() -> io::Result<()> {
    spawn(|| {
        thread::sleep(END_WAIT_MAX);
        process::exit(0);
    })
}

fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(run)
        .map(drop)
}
