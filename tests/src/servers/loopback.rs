//! A listener on loopback that gives every caller a `std::thread` of its own, and hangs up on all of
//! them when it is dropped: what the servers that misbehave are made of.

use std::fmt;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Listens until it is dropped.
pub struct Loopback {
    port: u16,
    callers: Arc<Mutex<Vec<TcpStream>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// On a free port; `serve` has a connection until it returns or fails.
    #[must_use]
    pub fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let callers = Arc::new(Mutex::new(Vec::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let (known, stop) = (Arc::clone(&callers), Arc::clone(&stopping));
        let serve = Arc::new(serve);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(copy) = stream.try_clone() {
                    known
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(copy);
                }
                let serve = Arc::clone(&serve);
                // A caller that hangs up is what these servers provoke.
                std::thread::spawn(move || drop(serve(stream)));
            }
        });
        Self {
            port,
            callers,
            stopping,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many called so far.
    #[must_use]
    pub fn callers(&self) -> usize {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.len()
    }
}

impl fmt::Debug for Loopback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Loopback({})", self.port)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The listener looks at the flag when somebody calls.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        for caller in callers.iter() {
            let _closed = caller.shutdown(Shutdown::Both);
        }
    }
}

/// Reads up to and with `end`: a request's head, or the last packet of a question.
///
/// # Errors
/// Where the caller hangs up first.
pub fn read_through(stream: &mut impl Read, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut heard = Vec::new();
    let mut byte = [0];
    while !heard.ends_with(end) {
        stream.read_exact(&mut byte)?;
        heard.push(byte[0]);
    }
    Ok(heard)
}
