//! A server that takes every connection and never says a word: the network at its worst.

use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Listens on loopback until it is dropped.
#[derive(Debug)]
pub struct MuteServer {
    port: u16,
    held: Arc<Mutex<Vec<TcpStream>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MuteServer {
    /// On a free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let held = Arc::new(Mutex::new(Vec::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let (kept, stop) = (Arc::clone(&held), Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                kept.lock().expect("nobody panics with it").push(stream);
            }
        });
        Self {
            port,
            held,
            stopping,
            thread: Some(thread),
        }
    }

    /// A repository there.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("http")
    }

    /// A repository there, for callers that speak another protocol.
    #[must_use]
    pub fn url_of(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/acme.git", self.port)
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many called so far.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.held.lock().expect("nobody panics with it").len()
    }
}

impl Drop for MuteServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The listener looks at the flag when somebody calls.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
        for stream in self.held.lock().into_iter().flat_map(|held| {
            held.iter()
                .filter_map(|one| one.try_clone().ok())
                .collect::<Vec<_>>()
        }) {
            let _closed = stream.shutdown(Shutdown::Both);
        }
    }
}
