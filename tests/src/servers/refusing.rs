//! An HTTP server that answers every request with 401: a forge to somebody without a password.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const ANSWER: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"acme\"\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// Listens on loopback until it is dropped.
#[derive(Debug)]
pub struct RefusingServer {
    port: u16,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RefusingServer {
    /// On a free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                refuse(stream);
            }
        });
        Self {
            port,
            stopping,
            thread: Some(thread),
        }
    }

    /// A repository there.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/acme.git", self.port)
    }
}

/// Reads one request's head and refuses it; a caller that is gone is no trouble.
fn refuse(mut stream: TcpStream) {
    let Ok(copy) = stream.try_clone() else {
        return;
    };
    let head = BufReader::new(copy).lines();
    for line in head.map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
    }
    let _gone = stream.write_all(ANSWER.as_bytes());
}

impl Drop for RefusingServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The listener looks at the flag when somebody calls.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
