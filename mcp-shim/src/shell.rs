//! Performs what the bridge decides, in whichever thread heard what led to it: a line goes through
//! without waking any other thread of ours.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use ipc::stream::Stream;

use crate::bridge::Bridge;
use crate::event::Event;
use crate::link::{self, Caller, Heard};
use crate::output::{Output, Start};

/// How many lines wait to be written to one side while another thread writes there; whoever has one
/// more waits too.
const LINES_LEN_MAX: usize = 16;

/// How long the daemon may leave a line unread.
const SEND_WAIT_MAX: Duration = Duration::from_millis(1_500);

/// Between the threads that read and the two sides that are written to.
#[derive(Debug)]
pub(crate) struct Shell {
    caller: Arc<Caller>,
    // Every thread waits for it, and nobody holds it over a read or a write.
    state: Mutex<State>,
    // Held over a write to the client by whoever writes there. The others leave their lines in the
    // state for that thread: one that reads must not wait for a side that waits to be read.
    writes_client: Mutex<()>,
    // The same for the daemon.
    writes_daemon: Mutex<()>,
    /// The end came, or something is due before the time that `run` waits for.
    sooner: Condvar,
}

#[derive(Debug)]
struct State {
    bridge: Bridge,
    stream: Option<Stream>,
    to_client: VecDeque<Vec<u8>>,
    to_daemon: VecDeque<ToDaemon>,
    /// What `run` waits for; never, where there is none.
    waits_until: Option<Instant>,
    end: Option<End>,
}

/// A line, with the connection that stood when it was decided on.
#[derive(Debug)]
struct ToDaemon {
    number: u64,
    stream: Stream,
    line: Arc<Vec<u8>>,
}

/// How the program ends.
#[derive(Debug)]
struct End {
    code: ExitCode,
    words: Option<String>,
}

impl Shell {
    /// With no connection, and none on its way.
    pub(crate) fn new(caller: Caller) -> Arc<Self> {
        Arc::new(Self {
            caller: Arc::new(caller),
            state: Mutex::new(State {
                bridge: Bridge::new(),
                stream: None,
                to_client: VecDeque::new(),
                to_daemon: VecDeque::new(),
                waits_until: None,
                end: None,
            }),
            writes_client: Mutex::new(()),
            writes_daemon: Mutex::new(()),
            sooner: Condvar::new(),
        })
    }

    /// Begins to connect and to read the client's input.
    ///
    /// # Errors
    /// No thread could be started.
    pub(crate) fn begin(self: &Arc<Self>) -> io::Result<()> {
        self.relink(&mut self.state(), Duration::ZERO, Start::Always)?;
        link::read_client(Arc::clone(self))
    }

    /// Does what its time has come for until the program ends; gives its exit code and last words.
    pub(crate) fn run(self: &Arc<Self>) -> (ExitCode, Option<String>) {
        let mut state = self.state();
        while state.end.is_none() {
            self.settle(&mut state);
            if !(state.to_client.is_empty() && state.to_daemon.is_empty()) {
                drop(state);
                self.write();
                state = self.state();
            }
            if state.end.is_some() {
                break;
            }
            state.waits_until = state.bridge.poll_timeout();
            state = match state.waits_until {
                None => self
                    .sooner
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    let waited = self.sooner.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let end = state.end.take().unwrap_or(End::quiet());
        // Nothing is heard any more, but what was decided is still said.
        state.end = Some(End::quiet());
        drop(state);
        let turn = self.writes_client.lock();
        let turn = turn.unwrap_or_else(PoisonError::into_inner);
        self.write_to_client();
        drop(turn);
        (end.code, end.words)
    }

    /// Takes what a thread heard, and writes what follows from it; tells whether to go on reading.
    pub(crate) fn hear(self: &Arc<Self>, heard: Heard) -> bool {
        {
            let mut state = self.state();
            if state.end.is_some() {
                return false;
            }
            let Some(event) = self.event(&mut state, heard) else {
                return true;
            };
            state.bridge.handle(event, Instant::now());
            self.settle(&mut state);
        }
        self.write();
        true
    }

    fn event(&self, state: &mut State, heard: Heard) -> Option<Event> {
        match heard {
            Heard::Client(event) => Some(event),
            Heard::Linked(number, stream) => {
                if number != self.number() {
                    stream.close();
                    return None;
                }
                state.stream = Some(stream);
                Some(Event::Linked)
            }
            Heard::Link(number, event) => (number == self.number()).then_some(event),
        }
    }

    /// Does what the bridge wants done, but for the writing, which waits for others.
    fn settle(self: &Arc<Self>, state: &mut State) {
        state.bridge.handle_timeout(Instant::now());
        while let Some(output) = state.bridge.poll_output() {
            if let Some(end) = self.perform(state, output) {
                state.end = Some(end);
                break;
            }
        }
        let due = state.bridge.poll_timeout();
        let is_sooner = due.is_some_and(|due| state.waits_until.is_none_or(|until| due < until));
        if is_sooner || state.end.is_some() {
            state.waits_until = due;
            self.sooner.notify_one();
        }
    }

    fn perform(self: &Arc<Self>, state: &mut State, output: Output) -> Option<End> {
        let started = match output {
            Output::ToClient(line) => {
                state.to_client.push_back(line);
                Ok(())
            }
            Output::ToDaemon(line) => {
                let number = self.number();
                state
                    .to_daemon
                    .extend(state.stream.clone().map(|stream| ToDaemon {
                        number,
                        stream,
                        line,
                    }));
                Ok(())
            }
            Output::Relink { pause, start } => self.relink(state, pause, start),
            Output::Probe => link::probe(&self.caller, self.number(), Arc::clone(self)),
            Output::End { code, words } => {
                let code = ExitCode::from(code);
                return Some(End { code, words });
            }
        };
        started.err().map(|error| End {
            code: ExitCode::FAILURE,
            words: Some(format!("no thread could be started: {error}")),
        })
    }

    fn relink(
        self: &Arc<Self>,
        state: &mut State,
        pause: Duration,
        start: Start,
    ) -> io::Result<()> {
        if let Some(stream) = state.stream.take() {
            stream.close();
        }
        let number = self.number() + 1;
        self.caller.number.store(number, Ordering::Relaxed);
        link::open(&self.caller, number, pause, start, Arc::clone(self))
    }

    fn write(&self) {
        in_turn(
            &self.writes_daemon,
            || self.state().to_daemon.len(),
            || self.write_to_daemon(),
        );
        in_turn(
            &self.writes_client,
            || self.state().to_client.len(),
            || self.write_to_client(),
        );
    }

    fn write_to_client(&self) {
        while let Some(line) = self.pop(|state| &mut state.to_client) {
            let mut client = io::stdout().lock();
            let written = client.write_all(&line).and_then(|()| client.flush());
            if written.is_err() {
                // Nobody reads any more.
                let mut state = self.state();
                state.to_client.clear();
                state.end.get_or_insert(End::quiet());
                self.sooner.notify_one();
            }
        }
    }

    fn write_to_daemon(&self) {
        while let Some(next) = self.pop(|state| &mut state.to_daemon) {
            let deadline = Instant::now() + SEND_WAIT_MAX;
            if next.stream.write_before(&next.line, deadline).is_err() {
                // The reading thread sees the end, and tells the bridge.
                next.stream.close();
                let mut state = self.state();
                state.to_daemon.retain(|line| line.number != next.number);
                if next.number == self.number() {
                    state.stream = None;
                }
            }
        }
    }

    /// The next line; the state is free again while it is written.
    fn pop<T>(&self, queue: impl Fn(&mut State) -> &mut VecDeque<T>) -> Option<T> {
        queue(&mut self.state()).pop_front()
    }

    fn number(&self) -> u64 {
        self.caller.number.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End {
    fn quiet() -> Self {
        Self {
            code: ExitCode::SUCCESS,
            words: None,
        }
    }
}

/// Writes what waits, in one thread at a time. Where another one writes, it writes these lines too:
/// it looks for more after it has let go of its turn.
fn in_turn(turn: &Mutex<()>, waiting_len: impl Fn() -> usize, write: impl Fn()) {
    loop {
        let len = waiting_len();
        if len == 0 {
            return;
        }
        let taken = match turn.try_lock() {
            Ok(taken) => taken,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) if len <= LINES_LEN_MAX => return,
            Err(TryLockError::WouldBlock) => turn.lock().unwrap_or_else(PoisonError::into_inner),
        };
        write();
        drop(taken);
    }
}
