//! A server that takes no connection: its queue is full, so that the system drops every call, as
//! with a host behind a firewall that swallows packets.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// More than any queue that a listener of the standard library gets.
const CALLERS_MAX: usize = 8192;

/// A call that is not answered within this is not answered.
const ANSWERED_WITHIN: Duration = Duration::from_millis(300);

/// Listens on loopback, and hears nobody, until it is dropped.
#[derive(Debug)]
pub struct CrowdedServer {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl CrowdedServer {
    /// On a free port.
    ///
    /// # Panics
    /// Where its queue does not fill up.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let address = listener.local_addr().expect("it is bound");
        let mut queue = Vec::new();
        while let Ok(caller) = TcpStream::connect_timeout(&address, ANSWERED_WITHIN) {
            queue.push(caller);
            assert!(queue.len() < CALLERS_MAX, "the queue has no end");
        }
        Self {
            address,
            _listener: listener,
            _queue: queue,
        }
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}
