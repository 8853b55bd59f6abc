//! A home for one test, a daemon that does as it is told, and the built program.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use ipc::address::Address;
use platform::dirs::Dirs;
use protocol::frame;
use protocol::hello::{Hello, PROTOCOL, Speaks, Welcome};
use serde_json::Value;

/// Nothing here takes that long, even on a busy machine.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const POLL_STEP: Duration = Duration::from_millis(2);

const ANOTHER_USER: &str = "65534";

/// Waits until it is so.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + WAIT_MAX;
    while !is_so() {
        assert!(Instant::now() < limit, "never: {what}");
        thread::park_timeout(POLL_STEP);
    }
}

/// The path of a program beside this one.
pub(crate) fn program(name: &str) -> String {
    let ours = Path::new(env!("CARGO_BIN_EXE_watercooler-mcp"));
    ours.with_file_name(name).to_str().unwrap().to_owned()
}

/// One `WATERCOOLER_HOME`.
pub(crate) struct Home {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        Self {
            _folder: folder,
            path,
        }
    }

    /// With a path of 150 characters and more.
    pub(crate) fn long() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x".repeat(150));
        fs::create_dir(&path).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A program in place of the daemon's.
    pub(crate) fn script(&self, text: &str) -> String {
        let path = self.path.join("daemon.sh");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Listens where the daemon would.
pub(crate) struct Daemon {
    listener: UnixListener,
    pub(crate) path: PathBuf,
}

impl Daemon {
    pub(crate) fn listen(home: &Home) -> Self {
        let dirs = Dirs::under(home.path());
        platform::private_folder::ensure(&dirs.runtime).unwrap();
        let path = Address::of(&dirs).unwrap().as_path().to_owned();
        let listener = UnixListener::bind(&path).unwrap();
        Self { listener, path }
    }

    /// The next connection of a shim that speaks MCP; probes are welcomed on the way.
    pub(crate) fn accept(&self) -> Link {
        let served = Welcome::Served {
            protocol: PROTOCOL,
            version: "0.0.0".to_owned(),
            pid: std::process::id(),
        };
        loop {
            let link = self.welcome(&served);
            if link.hello.speaks == Speaks::Mcp {
                return link;
            }
        }
    }

    /// The next connection, with these words.
    pub(crate) fn welcome(&self, welcome: &Welcome) -> Link {
        let stream = self.accept_silently();
        let mut from = BufReader::new(stream.try_clone().unwrap());
        let hello = frame::read(&mut from).unwrap().expect("a hello");
        let mut link = Link {
            hello,
            from,
            to: stream,
        };
        frame::write(&mut link.to, welcome).unwrap();
        link
    }

    /// The next connection, without a word.
    pub(crate) fn accept_silently(&self) -> UnixStream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
        stream
    }
}

/// A served connection, as the daemon sees it.
pub(crate) struct Link {
    pub(crate) hello: Hello,
    from: BufReader<UnixStream>,
    to: UnixStream,
}

impl Link {
    pub(crate) fn read(&mut self) -> Value {
        frame::read(&mut self.from).unwrap().expect("a line")
    }

    pub(crate) fn write(&mut self, message: &Value) {
        frame::write(&mut self.to, message).unwrap();
    }
}

/// The built program, and its client.
pub(crate) struct Shim {
    child: Child,
    pub(crate) input: Option<ChildStdin>,
    lines: Receiver<Result<Value, Vec<u8>>>,
}

impl Shim {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::start_with(home, arguments, &[("WATERCOOLER_DAEMON", "/nowhere")])
    }

    pub(crate) fn start_with(
        home: &Home,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(program("watercooler-mcp"));
        command.args(arguments).envs(environment.iter().copied());
        Self::run(home, command)
    }

    /// Under a parent that can be killed without its end of the pipes being closed.
    pub(crate) fn start_under_a_shell(home: &Home) -> Self {
        let mut command = Command::new("/bin/sh");
        let line = format!("'{}'; exit 1", program("watercooler-mcp"));
        command.args(["-c", &line]);
        Self::run(home, command)
    }

    pub(crate) fn start_as_another_user(home: &Home) -> Self {
        // The built program may lie where another user cannot reach it.
        let open = tempfile::tempdir().unwrap();
        fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = open.keep().join("watercooler-mcp");
        fs::copy(program("watercooler-mcp"), &copy).unwrap();
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", ANOTHER_USER, "--clear-groups", "--inh-caps=-all"])
            .arg(copy)
            .current_dir("/");
        Self::run(home, command)
    }

    fn run(home: &Home, mut command: Command) -> Self {
        let mut child = command
            .env("WATERCOOLER_HOME", home.path())
            .env("WATERCOOLER_AGENT", "Codex")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        Self {
            input: child.stdin.take(),
            lines: lines_of(output),
            child,
        }
    }

    pub(crate) fn write(&mut self, message: &Value) {
        let line = format!("{message}\n");
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
    }

    pub(crate) fn read(&mut self) -> Value {
        let line = self.lines.recv_timeout(WAIT_MAX).expect("a line");
        line.unwrap_or_else(|wrong| panic!("{}", Self::not_a_message(&wrong)))
    }

    fn not_a_message(line: &[u8]) -> String {
        let line = String::from_utf8_lossy(line);
        format!("not a message on standard output: {line:?}")
    }

    pub(crate) fn ended_within(&mut self, limit: Duration, code: Option<i32>) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < limit, "it runs on");
            thread::park_timeout(POLL_STEP);
        };
        assert_eq!(status.code(), code);
    }

    /// What it told a person.
    pub(crate) fn words(&mut self) -> String {
        let mut words = String::new();
        let mut from = self.child.stderr.take().unwrap();
        from.read_to_string(&mut words).unwrap();
        words
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        let ended_itself = matches!(self.child.try_wait(), Ok(Some(_)));
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            return;
        }
        for wrong in self.lines.iter().filter_map(Result::err) {
            // Only one that was killed may leave a line half written.
            let is_cut = !ended_itself && !wrong.ends_with(b"\n");
            assert!(is_cut, "{}", Self::not_a_message(&wrong));
        }
    }
}

/// Whether this test may run a program as another user; says so where not.
pub(crate) fn can_be_another_user() -> bool {
    let tried = Command::new("setpriv")
        .args(["--reuid", ANOTHER_USER, "--clear-groups", "true"])
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        eprintln!("SKIPPED: no other user can be had here (needs root and setpriv)");
    }
    can
}

/// Every line of the program's output, or the bytes of one that is no JSON object. Not all daemons
/// of these tests care to say `jsonrpc`, and the program passes on what they say.
fn lines_of(output: ChildStdout) -> Receiver<Result<Value, Vec<u8>>> {
    let (to, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            let bytes = std::mem::take(&mut line);
            let message = bytes.strip_suffix(b"\n").and_then(object);
            if to.send(message.ok_or(bytes)).is_err() {
                break;
            }
        }
    });
    lines
}

fn object(line: &[u8]) -> Option<Value> {
    let message = serde_json::from_slice(line).ok();
    message.filter(Value::is_object)
}
