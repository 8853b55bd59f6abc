//! A server that takes a connection and then behaves badly: says something that is no protocol,
//! hangs up, or says a first line and then nothing.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

/// What it does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Closes it at once.
    Closes,
    /// Cuts it without a goodbye, as a machine does that was started anew meanwhile.
    Resets,
    /// Says this and closes it.
    Says(&'static str),
    /// Says this and never another word.
    SaysThenMute(&'static str),
}

/// Listens on loopback until it is dropped.
#[derive(Debug)]
pub struct RudeServer {
    port: u16,
    callers: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RudeServer {
    /// On a free port.
    #[must_use]
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let stopping = Arc::new(AtomicBool::new(false));
        let callers = Arc::new(AtomicUsize::new(0));
        let (stop, count) = (Arc::clone(&stopping), Arc::clone(&callers));
        let thread = std::thread::spawn(move || {
            // Closed with the thread, so that a caller who is kept waiting is let go in the end.
            let mut kept = Vec::new();
            for mut stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                match manners {
                    Manners::Closes => (),
                    Manners::Resets => {
                        let _was_closed = set_socket_linger(&stream, Some(Duration::ZERO));
                    }
                    Manners::Says(words) => {
                        let _gone = stream.write_all(words.as_bytes());
                    }
                    Manners::SaysThenMute(words) => {
                        let _gone = stream.write_all(words.as_bytes());
                        kept.push(stream);
                    }
                }
            }
        });
        Self {
            port,
            callers,
            stopping,
            thread: Some(thread),
        }
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many called so far.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.callers.load(Ordering::SeqCst)
    }
}

impl Drop for RudeServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The listener looks at the flag when somebody calls.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
