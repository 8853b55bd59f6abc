//! A program that answers each line on its input with one line on its output, and the bare pump
//! that carries such lines between its pipes and a Unix socket: the least that a shim can cost.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::programs::Program;
use tests::shim::SESSIONS;

/// The first argument that makes this program a pump.
pub(crate) const PUMP: &str = "pump";

/// What one read takes at most.
const CHUNK_BYTES: usize = 64 << 10;

/// A notification names its method near its begin; an answer has none.
const METHOD_WITHIN_BYTES: usize = 80;

/// A running program and its pipes; killed on drop.
#[derive(Debug)]
pub(crate) struct Pipe {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Pipe {
    /// Starts the program.
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take().expect("it was asked for");
        let output = child.stdout.take().expect("it was asked for");
        Self {
            child,
            input,
            output: BufReader::with_capacity(CHUNK_BYTES, output),
        }
    }

    /// Starts a shim and waits until it has answered `initialize`.
    pub(crate) fn shim(machine: &Machine) -> Self {
        let mut shim = Self::start(&mut machine.command(Program::Shim.path()));
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": SESSIONS,
            "capabilities": {},
            "clientInfo": {"name": "claude-code", "version": "1.0.0"},
        }});
        let welcome = shim.exchange(&line(&hello));
        assert!(!welcome.is_empty(), "the shim says hello");
        shim
    }

    /// Writes a line and returns the line that answers it.
    pub(crate) fn exchange(&mut self, line: &[u8]) -> Vec<u8> {
        self.send(line);
        let mut answer = Vec::with_capacity(CHUNK_BYTES);
        loop {
            answer.clear();
            let read = self.output.read_until(b'\n', &mut answer);
            assert!(read.expect("its output can be read") > 0, "it ended");
            let begin = &answer[..answer.len().min(METHOD_WITHIN_BYTES)];
            if !begin.windows(8).any(|word| word == b"\"method\"") {
                return answer;
            }
        }
    }

    /// Writes a line that nothing answers.
    pub(crate) fn send(&mut self, line: &[u8]) {
        let written = self.input.write_all(line);
        written.expect("the program reads its input");
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A message as one line.
pub(crate) fn line(message: &Value) -> Vec<u8> {
    let mut line = message.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Sends back whatever comes over connections to a socket at `path`, until this program ends.
pub(crate) fn echo_at(path: &Path) {
    let listener = UnixListener::bind(path).expect("a scratch folder takes a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let back = stream.try_clone().expect("a socket can be cloned");
            std::thread::spawn(move || carry(stream, back));
        }
    });
}

/// Carries bytes between standard input and output and the socket at `path`.
pub(crate) fn pump(path: &Path) -> io::Result<()> {
    let socket = UnixStream::connect(path)?;
    let sending = socket.try_clone()?;
    std::thread::spawn(move || {
        let ended = carry(io::stdin(), &sending);
        sending.shutdown(Shutdown::Write).and(ended)
    });
    carry(socket, io::stdout())
}

fn carry(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let taken = from.read(&mut chunk)?;
        if taken == 0 {
            return Ok(());
        }
        to.write_all(&chunk[..taken])?;
        to.flush()?;
    }
}
