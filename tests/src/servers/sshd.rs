//! A real `sshd` on loopback, with host and user keys made for it and settings of its own.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::served::{Served, free_port, program};
use crate::cli::Ran;
use crate::machine::Machine;
use crate::scratch;

/// Lets a key do nothing but git's work on one repository, as forges do with deploy keys.
const ONE_REPOSITORY: &str = r#"#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
"git-upload-pack '$1'") exec git-upload-pack "$1" ;;
"git-receive-pack '$1'") exec git-receive-pack "$1" ;;
esac
echo "ERROR: Repository not found." >&2
exit 1
"#;

/// The same, for a key that may only read.
const READER: &str = r#"#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
"git-upload-pack '$1'") exec git-upload-pack "$1" ;;
esac
echo "ERROR: The key you are authenticating with has been marked as read only." >&2
exit 1
"#;

/// The same, for a key whose owner is greeted as forges do it: by the words in a file.
const GREETER: &str = r#"#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
"git-upload-pack '$1'") exec git-upload-pack "$1" ;;
"git-receive-pack '$1'") exec git-receive-pack "$1" ;;
"") cat "$2" >&2; exit 1 ;;
esac
echo "ERROR: Repository not found." >&2
exit 1
"#;

/// What opens the locked key; it holds the canary.
pub const PASSPHRASE: &str = "canary7f a passphrase";

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Edwards curve, 256 bits.
    Ed25519,
    /// 3072 bits.
    Rsa,
    /// The curve P-256.
    Ecdsa,
}

impl KeyKind {
    /// Every one that a server of our days takes.
    pub const ALL: [Self; 3] = [Self::Ed25519, Self::Rsa, Self::Ecdsa];

    fn arguments(self) -> [&'static str; 4] {
        match self {
            Self::Ed25519 => ["-t", "ed25519", "-a", "16"],
            Self::Rsa => ["-t", "rsa", "-b", "3072"],
            Self::Ecdsa => ["-t", "ecdsa", "-b", "256"],
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct SshServer {
    folder: TempDir,
    port: u16,
    served: Served,
}

impl SshServer {
    /// Starts one whose keys are ed25519 and waits until it takes connections.
    ///
    /// # Panics
    /// Where none is installed or it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with_keys(KeyKind::Ed25519, KeyKind::Ed25519)
    }

    /// Starts one with keys of these kinds: its own, and the one that it lets in.
    ///
    /// # Panics
    /// Where none is installed or it does not start.
    #[must_use]
    pub fn with_keys(host: KeyKind, user: KeyKind) -> Self {
        let folder = scratch::folder();
        make_key(&folder.path().join("host_key"), host);
        make_key(&folder.path().join("user_key"), user);
        fs::copy(
            folder.path().join("user_key.pub"),
            folder.path().join("authorized_keys"),
        )
        .expect("the key was made");
        let port = free_port();
        let served = serve(folder.path(), port);
        Self {
            folder,
            port,
            served,
        }
    }

    /// Gives the server another key of its own, and starts it anew at the same port.
    pub fn change_host_key(self) -> Self {
        let Self {
            folder,
            port,
            served,
        } = self;
        drop(served);
        for name in ["host_key", "host_key.pub"] {
            fs::remove_file(folder.path().join(name)).expect("the key was made");
        }
        make_key(&folder.path().join("host_key"), KeyKind::Ed25519);
        let served = serve(folder.path(), port);
        Self {
            folder,
            port,
            served,
        }
    }

    /// Makes one more private key, called `name`, that the server lets in to work on the repository
    /// at `path` and on no other.
    #[must_use]
    pub fn key_for_one(&self, name: &str, path: &Path) -> PathBuf {
        let only = self.folder.path().join("only.sh");
        fs::write(&only, ONE_REPOSITORY)
            .and_then(|()| fs::set_permissions(&only, fs::Permissions::from_mode(0o755)))
            .expect("a scratch folder can be written");
        let key = self.folder.path().join(name);
        make_key(&key, KeyKind::Ed25519);
        let public = fs::read_to_string(key.with_extension("pub")).expect("the key was made");
        let (only, path) = (only.display(), path.display());
        self.authorize(&format!("restrict,command=\"{only} {path}\" {public}"));
        key
    }

    /// Makes one more private key that the server lets in, locked with a passphrase.
    #[must_use]
    pub fn locked_key(&self) -> PathBuf {
        let key = self.folder.path().join("locked_key");
        make_key(&key, KeyKind::Ed25519);
        lock_key(&key);
        let public = fs::read_to_string(key.with_extension("pub")).expect("the key was made");
        self.authorize(&public);
        key
    }

    /// Lets a public key do git's work on the repository at `path`, and nothing else; where it is
    /// `for_reading`, the server refuses pushes in the words of a forge.
    pub fn authorize_for_one(&self, public: &str, path: &Path, for_reading: bool) {
        let only = self.folder.path().join("only.sh");
        let reader = self.folder.path().join("reader.sh");
        for (script, text) in [(&only, ONE_REPOSITORY), (&reader, READER)] {
            fs::write(script, text)
                .and_then(|()| fs::set_permissions(script, fs::Permissions::from_mode(0o755)))
                .expect("a scratch folder can be written");
        }
        let script = if for_reading { reader } else { only };
        let (script, path) = (script.display(), path.display());
        self.authorize(&format!("restrict,command=\"{script} {path}\" {public}\n"));
    }

    /// As [`SshServer::authorize_for_one`], for a forge that greets whoever asks for nothing with these
    /// words; they can be changed by greeting anew.
    pub fn authorize_greeted(&self, public: &str, path: &Path, words: &str) {
        let greeter = self.folder.path().join("greeter.sh");
        fs::write(&greeter, GREETER)
            .and_then(|()| fs::set_permissions(&greeter, fs::Permissions::from_mode(0o755)))
            .expect("a scratch folder can be written");
        self.greet(words);
        let greeting = self.folder.path().join("greeting");
        let (script, path, greeting) = (greeter.display(), path.display(), greeting.display());
        self.authorize(&format!(
            "restrict,command=\"{script} {path} {greeting}\" {public}\n"
        ));
    }

    /// From here on who is greeted is greeted with these words.
    pub fn greet(&self, words: &str) {
        fs::write(self.folder.path().join("greeting"), words)
            .expect("a scratch folder can be written");
    }

    /// `HOST:PORT`, as `watercooler credential trust` takes it.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The fingerprint of its own key, as its owner would give it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut command = Command::new("ssh-keygen");
        command
            .arg("-lf")
            .arg(self.folder.path().join("host_key.pub"));
        let said = Ran::run(&mut command, "").done().stdout;
        let fingerprint = said.split_whitespace().nth(1);
        fingerprint.expect("ssh-keygen tells it").to_owned()
    }

    /// Starts anew with a certificate of an authority for its key; gives the authority's public key.
    #[must_use]
    pub fn certified(self) -> (Self, String) {
        let Self {
            folder,
            port,
            served,
        } = self;
        drop(served);
        let place = folder.path();
        make_key(&place.join("authority"), KeyKind::Ed25519);
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-q", "-h", "-I", "host", "-n", "127.0.0.1", "-s"])
            .arg(place.join("authority"))
            .arg(place.join("host_key.pub"));
        let _signed = Ran::run(&mut command, "").done();
        let authority = fs::read_to_string(place.join("authority.pub")).expect("it was made");
        let served = serve(place, port);
        let server = Self {
            folder,
            port,
            served,
        };
        (server, authority.trim().to_owned())
    }

    fn authorize(&self, line: &str) {
        OpenOptions::new()
            .append(true)
            .open(self.folder.path().join("authorized_keys"))
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("a scratch folder can be written");
    }

    /// The URL of a repository that lies at `path` here.
    #[must_use]
    pub fn url(&self, path: &Path) -> String {
        format!(
            "ssh://{}@127.0.0.1:{}{}",
            account(),
            self.port,
            path.display()
        )
    }

    /// The private key that it lets in.
    #[must_use]
    pub fn user_key(&self) -> PathBuf {
        self.folder.path().join("user_key")
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.served.log_text()
    }

    /// The line of a `known_hosts` file that names its own key.
    #[must_use]
    pub fn known_line(&self) -> String {
        let host_key =
            fs::read_to_string(self.folder.path().join("host_key.pub")).expect("the key was made");
        format!("[127.0.0.1]:{} {host_key}", self.port)
    }

    /// Makes `machine` know this server's host key. `ssh` takes its folder from the account and not
    /// from HOME, so the machine gets an `ssh` of its own that reads the machine's files.
    pub fn trusted_by(&self, machine: &Machine) {
        own_ssh(machine, &self.known_line());
    }
}

/// Gives `machine` an `ssh` that knows these hosts and no others.
pub fn own_ssh(machine: &Machine, known_hosts: &str) {
    own_ssh_with(machine, known_hosts, "");
}

/// The same with further lines in the person's ssh configuration.
pub fn own_ssh_with(machine: &Machine, known_hosts: &str, lines: &str) {
    let folder = machine.home().join(".ssh");
    fs::create_dir_all(&folder).expect("a home can be written");
    fs::write(folder.join("known_hosts"), known_hosts).expect("a home can be written");
    let known = folder.join("known_hosts");
    let config = format!(
        "UserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\n{lines}",
        known.display()
    );
    fs::write(folder.join("config"), config).expect("a home can be written");
    let script = format!(
        "#!/bin/sh\nexec {} -F {} \"$@\"\n",
        program("ssh").display(),
        folder.join("config").display()
    );
    let ours = machine.bin().join("ssh");
    fs::write(&ours, script).expect("the machine's folder can be written");
    fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)).expect("it was written");
}

/// The name of the account that the tests run in, which is the one that sshd lets in.
#[must_use]
pub fn account() -> String {
    let user = Ran::run(Command::new("id").arg("-un"), "").done().stdout;
    user.trim().to_owned()
}

fn serve(folder: &Path, port: u16) -> Served {
    fs::write(folder.join("sshd_config"), settings(folder, port))
        .expect("a scratch folder can be written");
    // As root, sshd insists on this folder, which a service manager makes elsewhere.
    let _not_root = fs::create_dir_all("/run/sshd");
    let mut command = Command::new(program("sshd"));
    command
        .args(["-D", "-e", "-f"])
        .arg(folder.join("sshd_config"));
    Served::at_port(command, &folder.join("log"), port)
}

fn make_key(path: &Path, kind: KeyKind) {
    let mut command = Command::new("ssh-keygen");
    command
        .arg("-q")
        .args(kind.arguments())
        .args(["-N", "", "-C", "test", "-f"])
        .arg(path);
    let _made = Ran::run(&mut command, "").done();
}

/// Locks a key with the passphrase, which stands in no argument: ssh-keygen asks a program for it.
fn lock_key(path: &Path) {
    let (answer, program) = (path.with_extension("answer"), path.with_extension("ask"));
    let script = format!("#!/bin/sh\ncat {}\n", answer.display());
    fs::write(&answer, PASSPHRASE)
        .and_then(|()| fs::write(&program, script))
        .and_then(|()| fs::set_permissions(&program, fs::Permissions::from_mode(0o755)))
        .expect("a scratch folder can be written");
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-p", "-a", "16", "-P", "", "-f"])
        .arg(path)
        .env("SSH_ASKPASS", &program)
        .env("SSH_ASKPASS_REQUIRE", "force");
    let _locked = Ran::run(&mut command, "").done();
}

fn settings(place: &Path, port: u16) -> String {
    let folder = place.display();
    let path = std::env::var("PATH").unwrap_or_default();
    let certificate = place.join("host_key-cert.pub");
    let certificate = if certificate.exists() {
        format!("HostCertificate {}\n", certificate.display())
    } else {
        String::new()
    };
    format!(
        "{certificate}ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\n\
         AuthorizedKeysFile {folder}/authorized_keys\nPidFile none\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n\
         PermitRootLogin prohibit-password\nLogLevel DEBUG1\nMaxStartups 100\nPrintMotd no\nUseDNS no\n\
         SetEnv PATH={path}\n"
    )
}
