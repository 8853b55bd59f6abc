//! A server on loopback that speaks raw bytes: whatever a hostile or broken remote may send.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// One connection, which its caller may have closed, or a test ended.
#[derive(Debug)]
pub struct Caller {
    /// The bytes.
    pub stream: TcpStream,
    stopping: Arc<AtomicBool>,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct RawServer {
    port: u16,
    callers: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    listening: Option<JoinHandle<()>>,
}

impl Caller {
    /// Sends; false where nobody is there any more.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        !self.stopping.load(Ordering::SeqCst) && self.stream.write_all(bytes).is_ok()
    }

    /// Sends a byte each half second: a time-out of single waits never passes.
    pub fn drip(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().cycle() {
            if !self.send(&[*byte]) {
                return;
            }
            // Nobody unparks: this is what makes it drip.
            std::thread::park_timeout(Duration::from_millis(500));
        }
    }

    /// Sends the same without end.
    pub fn flood(&mut self, bytes: &[u8]) {
        while self.send(bytes) {}
    }
}

impl RawServer {
    /// Treats every caller so, in a thread of its own.
    #[must_use]
    pub fn start(treat: impl Fn(Caller) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let callers = Arc::new(AtomicUsize::new(0));
        let stopping = Arc::new(AtomicBool::new(false));
        let threads: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
        let (counted, stop, kept) = (
            Arc::clone(&callers),
            Arc::clone(&stopping),
            Arc::clone(&threads),
        );
        let treat = Arc::new(treat);
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let caller = Caller {
                    stream,
                    stopping: Arc::clone(&stop),
                };
                // A caller that is stuck must not keep the end of a test off.
                let limit = Some(Duration::from_secs(60));
                let _unlimited = caller.stream.set_write_timeout(limit);
                let _unlimited = caller.stream.set_read_timeout(limit);
                let treat = Arc::clone(&treat);
                let thread = std::thread::spawn(move || treat(caller));
                kept.lock().expect("nobody panics with it").push(thread);
            }
        });
        Self {
            port,
            callers,
            stopping,
            threads,
            listening: Some(listening),
        }
    }

    /// A repository there, by `git` or `http`.
    #[must_use]
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/acme.git", self.port)
    }

    /// How many called so far.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.callers.load(Ordering::SeqCst)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The listener looks at the flag when somebody calls.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(listening) = self.listening.take() {
            let _ended = listening.join();
        }
        let threads = std::mem::take(&mut *self.threads.lock().expect("nobody panics with it"));
        for thread in threads {
            let _ended = thread.join();
        }
    }
}

/// A line of git's protocol: its length in four hex digits, then the text.
#[must_use]
pub fn packet(text: &[u8]) -> Vec<u8> {
    let mut line = format!("{:04x}", text.len() + 4).into_bytes();
    line.extend_from_slice(text);
    line
}
