//! A server that is never silent and never done: it sends a byte every half second, so that no
//! limit on a single wait ever ends it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::servers::loopback::{Loopback, read_through};
use crate::servers::pack_protocol::{FLUSH, NAK, advertised, pack_begins, packet};

/// Between two bytes.
const PAUSE: Duration = Duration::from_millis(500);

/// Where in an exchange it begins to drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drip {
    /// In the head of an HTTP answer.
    HttpHead,
    /// In the pack, after a prompt HTTP advertisement.
    HttpPack,
    /// In the first packet over `git://`.
    Git,
    /// In the line that introduces an SSH server.
    SshBanner,
}

/// Listens on loopback until it is dropped.
#[derive(Debug)]
pub struct DripServer {
    drip: Drip,
    listener: Loopback,
}

impl DripServer {
    /// On a free port.
    #[must_use]
    pub fn start(drip: Drip) -> Self {
        let listener = Loopback::start(move |stream| match drip {
            Drip::HttpHead => {
                let head = "HTTP/1.1 200 OK\r\nX-Words: ";
                drip_for_ever(stream, b"\r\n\r\n", head.as_bytes())
            }
            Drip::HttpPack => http_pack(stream),
            // A packet of 1,000 bytes, of which the end never comes.
            Drip::Git => drip_for_ever(stream, b"\0", b"03e8"),
            Drip::SshBanner => drip_for_ever(stream, b"", b"SSH-2.0-"),
        });
        Self { drip, listener }
    }

    /// A repository there.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = match self.drip {
            Drip::HttpHead | Drip::HttpPack => "http://",
            Drip::Git => "git://",
            Drip::SshBanner => "ssh://git@",
        };
        format!("{scheme}127.0.0.1:{}/acme.git", self.listener.port())
    }

    /// How many called so far.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.listener.callers()
    }
}

/// Answers a question that ends in `end` with `first`, and then with an x at a time.
fn drip_for_ever(mut stream: TcpStream, end: &[u8], first: &[u8]) -> io::Result<()> {
    read_through(&mut stream, end)?;
    for byte in first.iter().chain(std::iter::repeat(&b'x')) {
        stream.write_all(&[*byte])?;
        // Nobody unparks: this is the pause between two drops.
        std::thread::park_timeout(PAUSE);
    }
    Ok(())
}

fn http_pack(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let head = read_through(&mut stream, b"\r\n\r\n")?;
        if head.starts_with(b"GET ") {
            let mut body = packet(b"# service=git-upload-pack\n");
            body.extend_from_slice(FLUSH);
            body.extend(advertised());
            body.extend_from_slice(FLUSH);
            let head = http_head("advertisement", &format!("Content-Length: {}", body.len()));
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)?;
            continue;
        }
        // One chunk of 2 GiB, of which the end never comes.
        let mut answer = http_head("result", "Transfer-Encoding: chunked").into_bytes();
        answer.extend_from_slice(b"80000000\r\n");
        answer.extend_from_slice(NAK);
        // A packet of 4,096 bytes whose first band is the pack.
        answer.extend_from_slice(b"1000\x01");
        answer.extend(pack_begins());
        stream.write_all(&answer)?;
        return drip_for_ever(stream, b"", b"");
    }
}

fn http_head(what: &str, line: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-{what}\r\n{line}\r\n\r\n"
    )
}
