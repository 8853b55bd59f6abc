//! TCP connections of libgit2's own transports, on which nothing that was written waits.
//!
//! libgit2 writes a request in pieces (its header, a chunk's length, the chunk, its end), and by
//! default a system holds a small piece back until the one before it was acknowledged: 40 ms on a
//! machine's own network, a round trip elsewhere. So it is given streams of ours, by the interface of
//! its `git2/sys/stream.h`.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// The version of the interface, `GIT_STREAM_VERSION`.
const STREAM_VERSION: c_int = 1;

/// `GIT_STREAM_STANDARD`: a connection without TLS, which libgit2 puts TLS upon.
const STANDARD: c_int = 1;

/// What a call returns to libgit2 where it failed, and where it took too long.
const FAILED: c_int = -1;
const TIMED_OUT: c_int = -37;

/// `GIT_ERROR_NET`, the class of an error's words.
const CLASS_NET: c_int = 12;

/// What a single wait may take, in ms; 0 is for ever.
static WAIT_MS_MAX: AtomicI32 = AtomicI32::new(0);

/// `git_stream`.
#[repr(C)]
struct Stream {
    version: c_int,
    /// The bits `encrypted` and `proxy_support`: neither.
    flags: c_uint,
    timeout_ms: c_int,
    connect_timeout_ms: c_int,
    connect: extern "C" fn(*mut Connection) -> c_int,
    /// Asked of an encrypted stream alone.
    certificate: Option<extern "C" fn(*mut *mut c_void, *mut Connection) -> c_int>,
    /// Asked of a stream that supports a proxy alone.
    set_proxy: Option<extern "C" fn(*mut Connection, *const c_void) -> c_int>,
    read: extern "C" fn(*mut Connection, *mut c_void, usize) -> isize,
    write: extern "C" fn(*mut Connection, *const c_char, usize, c_int) -> isize,
    close: extern "C" fn(*mut Connection) -> c_int,
    free: extern "C" fn(*mut Connection),
}

/// What libgit2 takes for a `git_stream`.
#[repr(C)]
struct Connection {
    stream: Stream,
    host: String,
    port: String,
    tcp: Option<TcpStream>,
}

/// `git_stream_registration`.
#[repr(C)]
struct Registration {
    version: c_int,
    init: extern "C" fn(*mut *mut Connection, *const c_char, *const c_char) -> c_int,
    /// Asked of a TLS stream alone.
    wrap: Option<extern "C" fn(*mut *mut Connection, *mut Connection, *const c_char) -> c_int>,
}

unsafe extern "C" {
    fn git_stream_register(kind: c_int, registration: *const Registration) -> c_int;
    fn git_error_set_str(class: c_int, words: *const c_char) -> c_int;
}

/// From here on libgit2 connects by streams of ours.
pub(super) fn register() -> Result<(), git2::Error> {
    let registration = Registration {
        version: STREAM_VERSION,
        init,
        wrap: None,
    };
    // SAFETY: libgit2 was initialised by the search paths that its caller has set; it copies the
    // registration, whose form and calls are those of its header.
    match unsafe { git_stream_register(STANDARD, &raw const registration) } {
        0 => Ok(()),
        _ => Err(git2::Error::last_error(FAILED)),
    }
}

/// Bounds each single wait of connections made from here on, in ms; 0 is for ever.
pub(super) fn limit_waits(ms: i32) {
    WAIT_MS_MAX.store(ms, Ordering::Relaxed);
}

extern "C" fn init(out: *mut *mut Connection, host: *const c_char, port: *const c_char) -> c_int {
    if out.is_null() || host.is_null() || port.is_null() {
        return failed("a connection needs a host and a port");
    }
    // SAFETY: libgit2 gives strings that end with a zero, and they were just seen not to be null.
    let (host, port) = unsafe { (CStr::from_ptr(host), CStr::from_ptr(port)) };
    let connection = Box::new(Connection {
        stream: Stream {
            version: STREAM_VERSION,
            flags: 0,
            timeout_ms: WAIT_MS_MAX.load(Ordering::Relaxed),
            connect_timeout_ms: WAIT_MS_MAX.load(Ordering::Relaxed),
            connect,
            certificate: None,
            set_proxy: None,
            read,
            write,
            close,
            free,
        },
        host: host.to_string_lossy().into_owned(),
        port: port.to_string_lossy().into_owned(),
        tcp: None,
    });
    // SAFETY: `out` is where libgit2 wants it; `free` takes the box back.
    unsafe { out.write(Box::into_raw(connection)) };
    0
}

/// What libgit2 was given by `init`, for one call.
///
/// # Safety
/// `this` came from `init`, was not freed, and nobody else uses it during the call: so libgit2 uses
/// its streams.
unsafe fn connection<'a>(this: *mut Connection) -> &'a mut Connection {
    // SAFETY: as above.
    unsafe { &mut *this }
}

extern "C" fn connect(this: *mut Connection) -> c_int {
    // SAFETY: libgit2 calls it with what `init` gave.
    let this = unsafe { connection(this) };
    match this.open() {
        Ok(tcp) => {
            this.tcp = Some(tcp);
            0
        }
        Err(error) => error.told(&this.host),
    }
}

extern "C" fn read(this: *mut Connection, data: *mut c_void, len: usize) -> isize {
    // SAFETY: as in `connect`.
    let this = unsafe { connection(this) };
    // SAFETY: libgit2 gives a buffer of `len` bytes that is its own; a byte has no invalid value.
    let buffer = unsafe { std::slice::from_raw_parts_mut(data.cast::<u8>(), len) };
    told(this.uninterrupted(|tcp| tcp.read(buffer)), "read from")
}

extern "C" fn write(this: *mut Connection, data: *const c_char, len: usize, _: c_int) -> isize {
    // SAFETY: as in `connect`.
    let this = unsafe { connection(this) };
    // SAFETY: libgit2 gives `len` bytes that it does not change meanwhile.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
    told(this.uninterrupted(|tcp| tcp.write(bytes)), "write to")
}

extern "C" fn close(this: *mut Connection) -> c_int {
    // SAFETY: as in `connect`.
    let this = unsafe { connection(this) };
    if let Some(tcp) = this.tcp.take() {
        // Fails only where the other end has gone, which is what is wanted.
        drop(tcp.shutdown(Shutdown::Both));
    }
    0
}

extern "C" fn free(this: *mut Connection) {
    // SAFETY: the last call with what `init` made a box of.
    drop(unsafe { Box::from_raw(this) });
}

/// Why there is no connection.
enum NoConnection {
    Name(io::Error),
    Time,
    Host(io::Error),
}

impl NoConnection {
    /// In the words that libgit2's own streams have.
    fn told(&self, host: &str) -> c_int {
        match self {
            Self::Name(error) => {
                let words = format!("failed to resolve address for {host}: {error}");
                failed(&words)
            }
            Self::Time => {
                let words = format!("failed to connect to {host}: Operation timed out");
                failed(&words)
            }
            Self::Host(error) => failed(&format!("failed to connect to {host}: {error}")),
        }
    }
}

impl Connection {
    fn open(&self) -> Result<TcpStream, NoConnection> {
        let port: u16 = self.port.parse().map_err(|_| {
            let words = format!("'{}' is no port", self.port);
            NoConnection::Name(io::Error::new(ErrorKind::InvalidInput, words))
        })?;
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let addresses = (host, port).to_socket_addrs().map_err(NoConnection::Name)?;
        let mut last = NoConnection::Name(ErrorKind::NotFound.into());
        for address in addresses {
            match self.open_at(&address) {
                Ok(tcp) => return Ok(tcp),
                Err(error) if is_late(&error) => return Err(NoConnection::Time),
                Err(error) => last = NoConnection::Host(error),
            }
        }
        Err(last)
    }

    fn open_at(&self, address: &SocketAddr) -> io::Result<TcpStream> {
        let tcp = match limit(self.stream.connect_timeout_ms) {
            Some(limit) => TcpStream::connect_timeout(address, limit)?,
            None => TcpStream::connect(address)?,
        };
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(limit(self.stream.timeout_ms))?;
        tcp.set_write_timeout(limit(self.stream.timeout_ms))?;
        Ok(tcp)
    }

    /// Does it again where a signal came between.
    fn uninterrupted(
        &mut self,
        mut work: impl FnMut(&mut TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let tcp = self.tcp.as_mut().ok_or(ErrorKind::NotConnected)?;
        loop {
            match work(tcp) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

fn limit(ms: c_int) -> Option<Duration> {
    let ms = u64::try_from(ms).ok().filter(|ms| *ms > 0);
    ms.map(Duration::from_millis)
}

/// A system says either of a wait that took too long.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

fn told(done: io::Result<usize>, doing: &str) -> isize {
    let code = match done {
        Ok(count) => return isize::try_from(count).expect("no buffer is longer"),
        Err(error) if is_late(&error) => {
            failed(&format!("could not {doing} socket: timed out"));
            TIMED_OUT
        }
        Err(error) => failed(&format!("could not {doing} socket: {error}")),
    };
    code as isize
}

/// Leaves the words where libgit2 looks for them.
fn failed(words: &str) -> c_int {
    let words = CString::new(words.replace('\0', "")).unwrap_or_default();
    // SAFETY: libgit2 copies the words, which end with a zero.
    unsafe { git_error_set_str(CLASS_NET, words.as_ptr()) };
    FAILED
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// As libgit2 makes one; freed with the given function.
    fn made(port: u16) -> *mut Connection {
        crate::libgit2::prepare().unwrap();
        let mut made = std::ptr::null_mut();
        let port = CString::new(port.to_string()).unwrap();
        let code = init(&raw mut made, c"127.0.0.1".as_ptr(), port.as_ptr());
        assert_eq!(code, 0);
        made
    }

    #[test]
    fn bytes_go_both_ways_and_none_waits_for_an_acknowledgement() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = made(listener.local_addr().unwrap().port());
        assert_eq!(connect(stream), 0);
        let (mut other, _) = listener.accept().unwrap();
        // SAFETY: it is not freed yet.
        let tcp = unsafe { connection(stream) }.tcp.as_ref().unwrap();
        assert!(tcp.nodelay().unwrap());

        assert_eq!(write(stream, c"ping".as_ptr(), 4, 0), 4);
        let mut heard = [0; 4];
        other.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"ping");
        other.write_all(b"pong").unwrap();
        assert_eq!(read(stream, heard.as_mut_ptr().cast(), 4), 4);
        assert_eq!(&heard, b"pong");

        drop(other);
        assert_eq!(read(stream, heard.as_mut_ptr().cast(), 4), 0, "its end");
        assert_eq!(close(stream), 0);
        assert_eq!(read(stream, heard.as_mut_ptr().cast(), 4), FAILED as isize);
        free(stream);
    }

    #[test]
    fn a_server_that_says_nothing_is_waited_for_no_longer_than_allowed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = made(listener.local_addr().unwrap().port());
        // SAFETY: it is not freed yet.
        unsafe { connection(stream) }.stream.timeout_ms = 20;
        assert_eq!(connect(stream), 0);
        let mut heard = [0; 4];
        let code = read(stream, heard.as_mut_ptr().cast(), heard.len());
        assert_eq!(code, TIMED_OUT as isize);
        let error = git2::Error::last_error(TIMED_OUT);
        assert_eq!(error.message(), "could not read from socket: timed out");
        free(stream);
    }

    #[test]
    fn nobody_there_is_said_in_words() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let stream = made(port);
        assert_eq!(connect(stream), FAILED);
        let error = git2::Error::last_error(FAILED);
        let words = error.message();
        assert!(
            words.starts_with("failed to connect to 127.0.0.1: "),
            "{words}"
        );
        free(stream);
    }
}
