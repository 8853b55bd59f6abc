//! A program that watches a daemon on its socket, and reads when the test says so.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use protocol::hello::{Hello, PROTOCOL, Program, Speaks, Welcome};
use protocol::request::{Ask, Context, Request};
use serde_json::Value;

use crate::canary;
use crate::machine::Machine;
use crate::wait::PATIENCE;

/// A connection that watches.
#[derive(Debug)]
pub struct Watcher(BufReader<UnixStream>);

impl Watcher {
    /// Watches that repository, or all; the `hello` is read.
    ///
    /// # Panics
    /// Where the daemon does not begin with it.
    #[must_use]
    pub fn begin(machine: &Machine, repository: Option<&str>) -> Self {
        let mut stream = UnixStream::connect(machine.socket()).expect("a daemon listens");
        let limit = stream.set_read_timeout(Some(PATIENCE));
        limit.expect("a limit can be set");
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: Program::Tray,
            pid: std::process::id(),
            speaks: Speaks::Requests,
            session: "watcher".to_owned(),
            agent: None,
            repository: repository.map(str::to_owned),
            code: None,
            folder: None,
            environment: std::collections::BTreeMap::new(),
            read_only: true,
        };
        let ask = Ask {
            id: 7,
            context: Context::default(),
            request: Request::Watch,
        };
        for line in [serde_json::to_string(&hello), serde_json::to_string(&ask)] {
            let line = line.expect("a request can be written");
            writeln!(stream, "{line}").expect("the daemon reads");
        }
        let mut watcher = Self(BufReader::new(stream));
        let welcome: Welcome = serde_json::from_value(watcher.line()).expect("a welcome");
        assert!(matches!(welcome, Welcome::Served { .. }), "{welcome:?}");
        watcher
    }

    /// The next line.
    ///
    /// # Panics
    /// Where none comes.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).expect("a line comes");
        assert!(read > 0, "the daemon closed the watch");
        canary::assert_none_in("a watch", line.as_bytes());
        serde_json::from_str(&line).expect("a line is one JSON document")
    }

    /// Reads on up to the line that is wanted, which is the last of those returned.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            lines.push(self.line());
            if lines.last().is_some_and(&wanted) {
                return lines;
            }
        }
    }
}
