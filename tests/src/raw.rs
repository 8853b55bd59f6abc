//! A connection to the daemon's socket without any program between, for what no program of ours
//! would do.

use std::io::BufReader;
use std::os::unix::net::UnixStream;

use protocol::frame;
use protocol::hello::{Hello, PROTOCOL, Program, Speaks, Welcome};

use crate::machine::Machine;
use crate::wait::PATIENCE;

/// The hello of a command line of this version.
#[must_use]
pub fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        version: "0.1.0".to_owned(),
        program: Program::Cli,
        pid: std::process::id(),
        speaks: Speaks::Requests,
        session: format!("test-{}", std::process::id()),
        agent: None,
        repository: None,
        code: None,
        folder: None,
        environment: Default::default(),
        read_only: false,
    }
}

/// Connects, and says nothing. Reads wait for as long as a test waits.
///
/// # Panics
/// Where nobody listens.
#[must_use]
pub fn connect(machine: &Machine) -> UnixStream {
    let stream = UnixStream::connect(machine.socket()).expect("the daemon listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket can have a limit");
    stream
}

/// Says hello and reads the welcome; `None` where the daemon hangs up.
///
/// # Panics
/// Where the daemon does not read, or answers with anything else.
pub fn welcome(mut stream: &UnixStream, hello: &Hello) -> Option<Welcome> {
    frame::write(&mut stream, hello).expect("the daemon reads");
    frame::read(&mut BufReader::new(stream)).expect("the daemon answers")
}
