//! A `git://` server that sends as fast as it can and never comes to an end.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::servers::loopback::{Loopback, read_through};
use crate::servers::pack_protocol::{
    DONE, FLUSH, NAK, TIP, advertised, pack_begins, packet, stored,
};

/// What has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endless {
    /// The list of branches.
    Advertisement,
    /// The words for people that go beside a pack.
    Words,
    /// The one blob of a pack.
    Pack,
}

/// Listens on loopback until it is dropped.
#[derive(Debug)]
pub struct EndlessServer {
    listener: Loopback,
    sent: Arc<AtomicU64>,
}

impl EndlessServer {
    /// On a free port.
    #[must_use]
    pub fn start(endless: Endless) -> Self {
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        let listener = Loopback::start(move |stream| match endless {
            Endless::Advertisement => advertise(stream, &count),
            Endless::Words => beside_a_pack(stream, &[], &packet(&words()), &count),
            Endless::Pack => {
                let begins = band(1, &pack_begins());
                beside_a_pack(stream, &begins, &band(1, &stored()), &count)
            }
        });
        Self { listener, sent }
    }

    /// A repository there.
    #[must_use]
    pub fn url(&self) -> String {
        format!("git://127.0.0.1:{}/acme.git", self.listener.port())
    }

    /// How many called so far.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.listener.callers()
    }

    /// What was sent to all of them, in bytes.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

fn advertise(mut stream: TcpStream, sent: &AtomicU64) -> io::Result<()> {
    read_through(&mut stream, b"\0")?;
    stream.write_all(&advertised())?;
    for batch in 0_u64.. {
        let names = (0..1_000).map(|number| format!("{TIP} refs/heads/b{batch}-{number}\n"));
        let packets: Vec<u8> = names.flat_map(|name| packet(name.as_bytes())).collect();
        stream.write_all(&packets)?;
        sent.fetch_add(packets.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// After a prompt advertisement: `first`, then `again` for ever.
fn beside_a_pack(
    mut stream: TcpStream,
    first: &[u8],
    again: &[u8],
    sent: &AtomicU64,
) -> io::Result<()> {
    read_through(&mut stream, b"\0")?;
    stream.write_all(&advertised())?;
    stream.write_all(FLUSH)?;
    read_through(&mut stream, DONE)?;
    stream.write_all(NAK)?;
    stream.write_all(first)?;
    loop {
        stream.write_all(again)?;
        sent.fetch_add(again.len() as u64, Ordering::Relaxed);
    }
}

fn words() -> Vec<u8> {
    let mut words = vec![2];
    words.resize(1_000, b'w');
    words.push(b'\n');
    words
}

fn band(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut banded = vec![number];
    banded.extend_from_slice(bytes);
    packet(&banded)
}
