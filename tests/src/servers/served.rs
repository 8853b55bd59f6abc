//! A server program that a test started: waited for until it listens, ended with all it started.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::processes;
use crate::wait::{PATIENCE, wait_until};

/// Where servers lie that are in nobody's PATH.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"];

/// A running server, in a process group of its own.
#[derive(Debug)]
pub struct Served {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Served {
    /// Starts `command`, whose words go to the file `log`, and waits until it takes connections at
    /// `port` of loopback.
    ///
    /// # Panics
    /// Where it does not start, or ends.
    #[must_use]
    pub fn at_port(command: Command, log: &Path, port: u16) -> Self {
        Self::start(command, log, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })
    }

    /// As [`Served::at_port`], for one that listens at a socket file.
    ///
    /// # Panics
    /// Where it does not start, or ends.
    #[must_use]
    pub fn at_socket(command: Command, log: &Path, socket: &Path) -> Self {
        Self::start(command, log, || UnixStream::connect(socket).is_ok())
    }

    fn start(mut command: Command, log: &Path, listens: impl Fn() -> bool) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let file = File::create(log).expect("a scratch folder can be written");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let mut served = Self {
            name,
            child,
            log: log.to_owned(),
        };
        wait_until("a server listens", PATIENCE, || {
            let end = served.child.try_wait().expect("a child can be waited for");
            assert!(
                end.is_none(),
                "{} ended: {}",
                served.name,
                served.log_text()
            );
            listens()
        });
        served
    }

    /// What it wrote to its log.
    #[must_use]
    pub fn log_text(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // sshd serves each connection in a session of its own, which outlives the listener.
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            if let Ok(child) = child.parse() {
                processes::signal(child, Signal::KILL);
            }
        }
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _gone = kill_process_group(group, Signal::KILL);
        }
        let _reaped = self.child.wait();
        if std::thread::panicking() {
            eprintln!("-- the log of {}:\n{}", self.name, self.log_text());
        }
    }
}

/// The path of an installed server.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: ./tests/run.sh installs it"))
}

/// A port of loopback at which nobody listens.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
    listener.local_addr().expect("it is bound").port()
}
