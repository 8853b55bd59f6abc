//! A real `sshd` on loopback, with a host key and a user key made for it and settings of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::cli::Ran;
use crate::machine::Machine;
use crate::scratch;
use crate::wait::{PATIENCE, wait_until};

/// Where Debian, Fedora and macOS have it.
const PROGRAMS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];

/// A running server; ended by its own process id.
#[derive(Debug)]
pub struct SshServer {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl SshServer {
    /// Starts one and waits until it takes connections.
    ///
    /// # Panics
    /// Where none is installed or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = scratch::folder();
        for key in ["host_key", "user_key"] {
            make_key(&folder.path().join(key));
        }
        fs::copy(
            folder.path().join("user_key.pub"),
            folder.path().join("authorized_keys"),
        )
        .expect("the key was made");
        let port = free_port();
        fs::write(
            folder.path().join("sshd_config"),
            settings(folder.path(), port),
        )
        .expect("a scratch folder can be written");
        // As root, sshd insists on this folder, which a service manager makes elsewhere.
        let _not_root = fs::create_dir_all("/run/sshd");
        let log = File::create(folder.path().join("log")).expect("a scratch folder can be written");
        let child = Command::new(program())
            .args(["-D", "-e", "-f"])
            .arg(folder.path().join("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd starts");
        let mut server = Self {
            folder,
            port,
            child,
        };
        wait_until("sshd listens", PATIENCE, || {
            let ended = server.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "sshd ended: {}", server.log());
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        server
    }

    /// The URL of a repository that lies at `path` here.
    #[must_use]
    pub fn url(&self, path: &Path) -> String {
        let user = Ran::run(Command::new("id").arg("-un"), "").done().stdout;
        format!(
            "ssh://{}@127.0.0.1:{}{}",
            user.trim(),
            self.port,
            path.display()
        )
    }

    /// The private key that it lets in.
    #[must_use]
    pub fn user_key(&self) -> PathBuf {
        self.folder.path().join("user_key")
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Makes `machine` know this server's host key. `ssh` takes its folder from the account and not
    /// from HOME, so the machine gets an `ssh` of its own that reads the machine's files.
    pub fn trusted_by(&self, machine: &Machine) {
        let host_key =
            fs::read_to_string(self.folder.path().join("host_key.pub")).expect("the key was made");
        let line = format!("[127.0.0.1]:{} {host_key}", self.port);
        own_ssh(machine, &line);
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
        if std::thread::panicking() {
            eprintln!("-- the log of sshd:\n{}", self.log());
        }
    }
}

/// Gives `machine` an `ssh` that knows these hosts and no others.
pub fn own_ssh(machine: &Machine, known_hosts: &str) {
    let folder = machine.home().join(".ssh");
    fs::create_dir_all(&folder).expect("a home can be written");
    fs::write(folder.join("known_hosts"), known_hosts).expect("a home can be written");
    let known = folder.join("known_hosts");
    let config = format!(
        "UserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\n",
        known.display()
    );
    fs::write(folder.join("config"), config).expect("a home can be written");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let real = std::env::split_paths(&path)
        .map(|folder| folder.join("ssh"))
        .find(|ssh| ssh.is_file())
        .expect("ssh is installed");
    let script = format!(
        "#!/bin/sh\nexec {} -F {} \"$@\"\n",
        real.display(),
        folder.join("config").display()
    );
    let ours = machine.bin().join("ssh");
    fs::write(&ours, script).expect("the machine's folder can be written");
    fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)).expect("it was written");
}

fn program() -> &'static str {
    let found = PROGRAMS.into_iter().find(|path| Path::new(path).exists());
    found.expect("sshd is installed: ./tests/run.sh installs it")
}

fn make_key(path: &Path) {
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path);
    let _made = Ran::run(&mut command, "").done();
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
    listener.local_addr().expect("it is bound").port()
}

fn settings(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    let path = std::env::var("PATH").unwrap_or_default();
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\n\
         AuthorizedKeysFile {folder}/authorized_keys\nPidFile none\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n\
         PermitRootLogin prohibit-password\nMaxStartups 100\nPrintMotd no\nUseDNS no\n\
         SetEnv PATH={path}\n"
    )
}
