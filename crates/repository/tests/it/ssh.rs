//! ssh against a real sshd on loopback, with a key: fetch, push, and every refusal.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use repository::{Clone, CloneConfig, Kind, PushError, Remote};

use crate::bench::{Bench, author, operation, remote_at, run_again, script, succeeded, wait_until};

/// Where systems put sshd, which is in nobody's PATH.
const SSHD: [&str; 4] = [
    "/usr/sbin/sshd",
    "/usr/local/sbin/sshd",
    "/opt/homebrew/sbin/sshd",
    "/usr/bin/sshd",
];

/// An sshd of our own; ended when dropped.
struct Sshd {
    child: Child,
    port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sshd {
    fn start(program: &Path, folder: &Path) -> Sshd {
        keygen(&folder.join("host"), "");
        keygen(&folder.join("key"), "");
        keygen(&folder.join("stranger"), "");
        keygen(&folder.join("locked"), "secret");
        fs::copy(folder.join("key.pub"), folder.join("authorized")).expect("authorize a key");
        // Only a privileged sshd wants it, and only it can make it.
        let _ = fs::create_dir("/run/sshd");
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let shown = folder.display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nPidFile none\n\
             AuthorizedKeysFile {shown}/authorized\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nMaxStartups 100\n"
        );
        fs::write(folder.join("sshd_config"), config).expect("write sshd's configuration");
        let child = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(folder.join("sshd_config"))
            .stderr(fs::File::create(folder.join("sshd.log")).expect("sshd's log"))
            .stdin(Stdio::null())
            .spawn()
            .expect("sshd starts");
        let sshd = Sshd { child, port };
        wait_until("sshd listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        sshd
    }
}

fn keygen(path: &Path, passphrase: &str) {
    let mut keygen = Command::new("ssh-keygen");
    succeeded(
        keygen
            .args(["-q", "-t", "ed25519", "-N", passphrase, "-f"])
            .arg(path),
    );
}

fn sshd() -> Option<PathBuf> {
    let found = SSHD.iter().map(PathBuf::from).find(|path| path.exists());
    assert!(
        found.is_some() || env::var_os("CI").is_none(),
        "sshd is missing: install openssh-server"
    );
    if found.is_none() {
        eprintln!("SKIPPED: sshd is missing; install openssh-server to test ssh");
    }
    found
}

/// ssh reads its configuration from the home of the account, so that a wrapper names another.
fn wrap_ssh(folder: &Path) -> String {
    let ssh = env::split_paths(&env::var_os("PATH").expect("a PATH"))
        .map(|path| path.join("ssh"))
        .find(|path| path.exists())
        .expect("ssh is installed");
    let config = folder.join("ssh_config");
    script(
        &folder.join("bin/ssh"),
        &format!("exec {} -F {} \"$@\"", ssh.display(), config.display()),
    );
    format!(
        "{}:{}",
        folder.join("bin").display(),
        env::var("PATH").expect("a PATH")
    )
}

#[test]
fn a_real_sshd() {
    if let Some(folder) = env::var_os("SSH_BENCH") {
        return conversations(Path::new(&folder));
    }
    let Some(program) = sshd() else { return };
    let bench = Bench::new();
    bench.git_in(bench.folder.path(), "init --quiet --bare -b main it's!.git");
    let folder = bench.folder.path();
    let sshd = Sshd::start(&program, folder);
    let path = wrap_ssh(folder);
    let host_key = fs::read_to_string(folder.join("host.pub")).unwrap();
    let known = |name: &str, key: &str| {
        let line = format!("[127.0.0.1]:{} {key}\n", sshd.port);
        fs::write(folder.join(name), line).unwrap();
    };
    known("known", &host_key);
    known(
        "changed",
        &fs::read_to_string(folder.join("stranger.pub")).unwrap(),
    );
    fs::write(folder.join("unknown"), "").unwrap();
    let user = succeeded(Command::new("id").arg("-un"));
    fs::write(
        folder.join("user"),
        format!("{user}@127.0.0.1:{}", sshd.port),
    )
    .unwrap();
    run_again(
        "ssh::a_real_sshd",
        &[
            ("PATH", &path),
            ("SSH_BENCH", folder.to_str().unwrap()),
            ("SSH_ASKPASS", folder.join("bin/ask").to_str().unwrap()),
            ("SSH_ASKPASS_REQUIRE", "force"),
            ("GIT_PROTOCOL", "version=2"),
            ("DISPLAY", ":0"),
        ],
    );
    assert!(!folder.join("asked").exists(), "somebody was asked");
}

/// The inner half of the test, in an environment whose ssh uses a configuration of our own.
struct Inside<'a> {
    folder: &'a Path,
    login: String,
}

fn conversations(folder: &Path) {
    let login = fs::read_to_string(folder.join("user")).unwrap();
    script(
        &folder.join("bin/ask"),
        &format!("touch {}", folder.join("asked").display()),
    );
    let inside = Inside { folder, login };
    inside.knows("known");
    inside.two_laptops();
    inside.refusals();
    inside.silence();
}

impl Inside<'_> {
    fn clone(&self, name: &str) -> Clone {
        Clone::open(&self.folder.join(name), CloneConfig::default()).unwrap()
    }

    fn remote(&self, path: &str, key: &str) -> Remote {
        Remote {
            ssh_key: Some(self.folder.join(key)),
            ..remote_at(&format!("ssh://{}{path}", self.login))
        }
    }

    fn proper(&self, key: &str) -> Remote {
        self.remote(&self.folder.join("remote.git").display().to_string(), key)
    }

    fn knows(&self, hosts: &str) {
        let hosts = self.folder.join(hosts);
        let config = format!(
            "UserKnownHostsFile {}\nSendEnv GIT_PROTOCOL\n",
            hosts.display()
        );
        fs::write(self.folder.join("ssh_config"), config).unwrap();
    }

    fn check(&self, remote: &Remote, expected: Kind, words: &str) {
        let clone = self.clone("ours");
        let error = clone.fetch(remote).unwrap_err();
        assert_eq!(error.kind, expected, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(!error.hint.is_empty(), "{error}");
        let onto = clone.tip().unwrap();
        let pushed = clone.push(remote, onto.as_ref(), &[operation("alpha", 9)], &author());
        let Err(PushError::Failed(error)) = pushed else {
            panic!("{pushed:?}")
        };
        assert_eq!(error.kind, expected, "{error}");
    }

    fn two_laptops(&self) {
        let (ours, theirs) = (self.clone("ours"), self.clone("theirs"));
        let remote = self.proper("key");
        let [first, second, third] = [1, 2, 3].map(|number| [operation("alpha", number)]);
        assert_eq!(ours.fetch(&remote).unwrap().tip, None);
        let pushed = ours.push(&remote, None, &first, &author()).unwrap();
        let fetched = theirs.fetch(&remote).unwrap();
        assert_eq!(fetched.tip, Some(pushed.tip));
        assert!(fetched.bytes_received > 0 && pushed.bytes_sent > 0);
        let onto = Some(&pushed.tip);
        theirs.push(&remote, onto, &second, &author()).unwrap();
        let raced = ours.push(&remote, onto, &third, &author());
        assert!(
            matches!(raced, Err(PushError::Rejected { .. })),
            "{raced:?}"
        );

        let odd = self.folder.join("it's!.git").display().to_string();
        let odd = self.remote(&odd, "key");
        self.clone("odd")
            .push(&odd, None, &first, &author())
            .unwrap();
    }

    fn refusals(&self) {
        let refused = Kind::CredentialRefused;
        self.check(&self.proper("stranger"), refused, "Permission denied");
        let locked = self.proper("locked");
        self.check(&locked, Kind::CredentialMissing, "passphrase");
        self.check(&self.proper("nowhere"), Kind::CredentialMissing, "nowhere");
        let unknown = self.remote("/nowhere.git", "key");
        self.check(
            &unknown,
            Kind::NotFound,
            "not appear to be a git repository",
        );
        let proper = self.proper("key");
        self.knows("unknown");
        self.check(&proper, Kind::HostKeyUnknown, "verification failed");
        self.knows("changed");
        self.check(&proper, Kind::HostKeyChanged, "IDENTIFICATION HAS CHANGED");
        fs::write(self.folder.join("ssh_config"), "NoSuchThing yes\n").unwrap();
        self.check(&proper, Kind::SettingsInvalid, "Bad configuration option");
        self.knows("known");
    }

    fn silence(&self) {
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = silent.local_addr().unwrap().port();
        let mut remote = remote_at(&format!("ssh://127.0.0.1:{port}/x"));
        remote.timeout = Duration::from_millis(700);
        self.check(&remote, Kind::Offline, "did not answer in 0.7 s");
        drop(silent);
        remote.timeout = crate::bench::PATIENCE;
        self.check(&remote, Kind::Offline, "Connection refused");
    }
}
