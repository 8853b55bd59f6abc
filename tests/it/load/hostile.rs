//! Clients that behave as badly as a client of our own user can, beside those that do not.

use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::frame::FRAME_BYTES_MAX;
use protocol::hello::{Hello, Speaks, Welcome};
use serde_json::json;
use tests::machine::Machine;
use tests::processes;
use tests::programs::Program;
use tests::raw::{connect, hello, welcome};
use tests::shim::STATELESS;
use tests::wait::PATIENCE;

/// Connections made within a second.
const FLOOD: usize = 1_000;

/// Asked by one that reads nothing: more than any queue between may hold.
const UNREAD_ASKS: usize = 50_000;

/// How long a write may stand still until the other side counts as not reading.
const STANDSTILL: Duration = Duration::from_millis(500);

/// A shim whose client does not read: its promise is 4 MB, and a build without optimisation is larger.
const SHIM_MEMORY_MAX: u64 = 24 << 20;

/// All of them; gone on drop, which holds them to their own limits.
#[derive(Debug)]
pub(crate) struct Hostile {
    _half: Vec<UnixStream>,
    _slow: UnixStream,
    slow_shim: Child,
    flood: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Hostile {
    /// Begins to behave badly.
    pub(crate) fn beside(machine: &Machine) -> Self {
        oversized(machine);
        let stop = Arc::new(AtomicBool::new(false));
        let (path, stopping) = (machine.socket(), Arc::clone(&stop));
        Self {
            _half: half_frames(machine),
            _slow: slow_reader(machine),
            slow_shim: slow_shim(machine),
            flood: Some(std::thread::spawn(move || flood(&path, &stopping))),
            stop,
        }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let flood = self.flood.take().map(JoinHandle::join);
        let memory = processes::memory_peak(self.slow_shim.id());
        let _killed = self.slow_shim.kill();
        let _reaped = self.slow_shim.wait();
        if std::thread::panicking() {
            return;
        }
        assert!(flood.is_some_and(|flood| flood.is_ok()), "the flood broke");
        assert!(
            (1..=SHIM_MEMORY_MAX).contains(&memory),
            "{memory} bytes in a shim"
        );
    }
}

fn speaks_mcp() -> Hello {
    Hello {
        speaks: Speaks::Mcp,
        ..hello()
    }
}

fn ask(id: usize) -> Vec<u8> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": STATELESS,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let message =
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": {"_meta": meta}});
    format!("{message}\n").into_bytes()
}

/// One that stops in the middle of its hello, and one in the middle of a request.
fn half_frames(machine: &Machine) -> Vec<UnixStream> {
    let mut before = connect(machine);
    before
        .write_all(b"{\"protocol\":")
        .expect("the daemon reads");
    let mut after = served(machine);
    after
        .write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,")
        .expect("the daemon reads");
    vec![before, after]
}

fn served(machine: &Machine) -> UnixStream {
    let stream = connect(machine);
    let served = welcome(&stream, &speaks_mcp());
    assert!(matches!(served, Some(Welcome::Served { .. })), "{served:?}");
    stream
}

/// One message of more than a message may be.
fn oversized(machine: &Machine) {
    let mut stream = served(machine);
    stream
        .set_write_timeout(Some(PATIENCE))
        .expect("a socket can have a limit");
    // The daemon may hang up at any point.
    let _refused = stream.write_all(&vec![b'x'; FRAME_BYTES_MAX + 1]);
}

/// Asks and never reads, until the daemon has stopped to read too.
fn slow_reader(machine: &Machine) -> UnixStream {
    let mut stream = served(machine);
    stream
        .set_write_timeout(Some(STANDSTILL))
        .expect("a socket can have a limit");
    let stopped = (0..UNREAD_ASKS).find_map(|id| stream.write_all(&ask(id)).err());
    let stopped = stopped.expect("the daemon does not read on for ever");
    assert_eq!(stopped.kind(), ErrorKind::WouldBlock, "{stopped}");
    stream
}

/// A shim whose client asks and never reads.
fn slow_shim(machine: &Machine) -> Child {
    let mut command = machine.command(Program::Shim.path());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the shim starts");
    let mut input = child.stdin.take().expect("it was asked for");
    std::thread::spawn(move || {
        // Stands still until the shim is killed, unless that swallows everything.
        for id in 0..UNREAD_ASKS {
            if input.write_all(&ask(id)).is_err() {
                return;
            }
        }
    });
    child
}

/// A thousand connections in a second, again and again; half of them stay without a word, the other
/// half vanish in the middle of theirs.
fn flood(path: &std::path::Path, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let begin = Instant::now();
        let mut silent = Vec::new();
        for number in 0..FLOOD {
            let due = begin + Duration::from_secs(1).mul_f64(number as f64 / FLOOD as f64);
            while let Some(left) = due.checked_duration_since(Instant::now()) {
                std::thread::park_timeout(left);
            }
            let mut stream = UnixStream::connect(path).expect("the daemon listens");
            if number % 2 == 0 {
                silent.push(stream);
            } else {
                // It may hang up on us first.
                let _refused = stream.write_all(b"{\"protocol\":");
            }
            if stop.load(Ordering::SeqCst) {
                return;
            }
        }
    }
}
