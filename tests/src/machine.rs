//! One person's laptop: a home of its own, settings, the daemon, and the commands run there.
//!
//! Everything runs in an empty environment but for the names set here, so each story also shows
//! that `env -i HOME=… PATH=…` is enough. An ERROR in a log that the story did not announce fails it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::canary;
use crate::cli::Ran;
use crate::processes::{self, Signal};
use crate::programs::Program;
use crate::scratch;
use crate::settings::Settings;
use crate::wait::{PATIENCE, wait_for, wait_until};

/// SIGTERM stops the daemon cleanly within this; source: the outside contract, section 1.
pub const STOP_WITHIN: Duration = Duration::from_secs(5);

/// What a loaded machine adds to a time of the contract.
pub const GRACE: Duration = Duration::from_millis(1500);

/// A laptop. Whatever runs on it ends with it.
#[derive(Debug)]
pub struct Machine {
    root: TempDir,
    environment: Vec<(OsString, OsString)>,
    daemon: Option<Child>,
    starts: usize,
    expected_errors: Vec<String>,
}

impl Machine {
    /// A machine with these settings, nothing started.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let machine = Self::without_settings();
        machine.configure(&settings.text());
        machine
    }

    /// A machine on which nobody has set up anything.
    #[must_use]
    pub fn without_settings() -> Self {
        let root = scratch::folder();
        for folder in ["home", "bin"] {
            fs::create_dir(root.path().join(folder)).expect("a new folder is empty");
        }
        let mut path = root.path().join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut machine = Self {
            root,
            environment: Vec::new(),
            daemon: None,
            starts: 0,
            expected_errors: Vec::new(),
        };
        machine.set("PATH", path);
        machine.set("HOME", machine.home());
        machine.set("WATERCOOLER_HOME", machine.folder());
        machine
    }

    /// The person's home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// First in PATH: programs of this machine alone.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.root.path().join("bin")
    }

    /// Its `WATERCOOLER_HOME`, unless a story has moved that.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("wc")
    }

    /// All that belongs to this machine lies below.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The working tree of a repository.
    #[must_use]
    pub fn tree(&self, repository: &str) -> PathBuf {
        self.folder().join("repositories").join(repository)
    }

    /// The private clone of a repository.
    #[must_use]
    pub fn clone_of(&self, repository: &str) -> PathBuf {
        let repositories = self.folder().join("state/repositories");
        repositories.join(repository).join("clone.git")
    }

    /// The daemon's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder().join("run/daemon.sock")
    }

    /// Writes `config.toml`.
    pub fn configure(&self, text: &str) {
        fs::create_dir_all(self.folder()).expect("the machine's folder can be made");
        fs::write(self.folder().join("config.toml"), text).expect("settings can be written");
    }

    /// Sets a variable for everything that is started on this machine from here on.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.unset(name);
        self.environment.push((name.into(), value.into()));
    }

    /// Takes a variable away.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Announces an ERROR whose line holds `part`.
    pub fn expect_error(&mut self, part: &str) {
        self.expected_errors.push(part.to_owned());
    }

    /// A command in this machine's home and environment, and in a process group of its own.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.home())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .process_group(0);
        command
    }

    /// Runs `watercooler` with these arguments.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> Ran {
        self.cli_told(arguments, "")
    }

    /// Runs `watercooler` with these arguments and this on standard input.
    #[must_use]
    pub fn cli_told(&self, arguments: &[&str], input: &str) -> Ran {
        let ran = Ran::run(self.command(Program::Cli.path()).args(arguments), input);
        for said in [&ran.stdout, &ran.stderr] {
            canary::assert_none_in(&ran.line, said.as_bytes());
        }
        ran
    }

    /// Runs `watercooler … --json`, which must succeed, and returns its document.
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        self.cli(&all).done().json()
    }

    /// Starts the daemon and waits until it answers. A client that lost the last one may have been
    /// quicker; then its daemon is the one.
    pub fn start(&mut self) {
        assert!(self.daemon.is_none(), "the daemon runs");
        self.starts += 1;
        let mut child = self
            .command(Program::Daemon.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.stderr_file())
            .spawn()
            .expect("the daemon starts");
        let mut ended = false;
        wait_until("the daemon answers", PATIENCE, || {
            let end = child.try_wait().expect("a child can be waited for");
            let said = self.stderr_of(self.starts);
            let expected = end.is_none() || said.contains("already running");
            assert!(expected, "the daemon ended: {end:?}\n{said}");
            ended = end.is_some();
            let serving = self.daemon_pid();
            serving.is_some_and(|serving| ended || serving == child.id())
        });
        self.daemon = (!ended).then_some(child);
        let trouble = self.json(&["status"])["daemon"]["trouble"].clone();
        assert!(trouble.is_null(), "{trouble}");
    }

    /// Stops the daemon, as a service manager would, and insists on a clean end.
    pub fn stop(&mut self) {
        let limit = STOP_WITHIN + GRACE;
        let Some(mut daemon) = self.daemon.take() else {
            let pid = self.daemon_pid().expect("a daemon serves");
            processes::signal(pid, Signal::TERM);
            wait_until("the daemon ends", limit, || !processes::is_alive(pid));
            return;
        };
        processes::signal(daemon.id(), Signal::TERM);
        let end = processes::reap("the daemon ends", &mut daemon, limit);
        assert_eq!(end.code(), Some(0), "a clean end\n{}", self.logs());
    }

    /// Stops and starts the daemon.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Kills the daemon that serves this machine, whoever started it; returns its id.
    pub fn kill(&mut self) -> u32 {
        let pid = wait_for("a daemon to kill", PATIENCE, || self.daemon_pid());
        self.kill_daemon(pid);
        pid
    }

    /// Lets the daemon crash, as a fault of its own would; returns how it ended.
    ///
    /// # Panics
    /// Where it was not started here.
    pub fn crash(&mut self) -> ExitStatus {
        let mut daemon = self.daemon.take().expect("it was started here");
        processes::signal(daemon.id(), Signal::ABORT);
        processes::reap("the daemon crashes", &mut daemon, PATIENCE)
    }

    /// Kills the daemon with that id, whoever started it.
    pub fn kill_daemon(&mut self, pid: u32) {
        processes::signal(pid, Signal::KILL);
        if self.daemon.as_ref().is_some_and(|ours| ours.id() == pid) {
            let mut ours = self.daemon.take().expect("it was looked at");
            let _killed = processes::reap("the daemon dies", &mut ours, PATIENCE);
        }
    }

    /// The daemon that answers on this machine.
    #[must_use]
    pub fn daemon_pid(&self) -> Option<u32> {
        let ran = self.cli(&["status", "--json"]);
        let status: Value = serde_json::from_str(&ran.stdout).ok()?;
        u32::try_from(status["daemon"]["pid"].as_u64()?).ok()
    }

    /// `status --json` of one repository.
    #[must_use]
    pub fn repository(&self, name: &str) -> Value {
        let status = self.json(&["status"]);
        let all = status["repositories"].as_array();
        all.and_then(|all| all.iter().find(|one| one["name"] == name))
            .unwrap_or_else(|| panic!("no repository {name} in {status}"))
            .clone()
    }

    /// Waits until a repository has nothing to fetch or push.
    pub fn wait_in_step(&self, name: &str) {
        self.wait_state(name, "in step", |one| {
            one["pending"] == 0 && one["state"] == "synced" && one["head"] == one["remote_head"]
        });
    }

    /// Waits until a repository's part of the status is as wanted; returns it.
    pub fn wait_state(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let start = std::time::Instant::now();
        loop {
            last = if start.elapsed() < PATIENCE {
                self.repository(name)
            } else {
                panic!("{name} is not {what}: {last}\n{}", self.logs());
            };
            if wanted(&last) {
                return last;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Everything that the daemons of this machine logged.
    #[must_use]
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for number in 1..=self.starts {
            text.push_str(&self.stderr_of(number));
        }
        for entry in fs::read_dir(self.folder().join("state/logs"))
            .into_iter()
            .flatten()
            .flatten()
        {
            text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
        }
        text
    }

    fn stderr_of(&self, start: usize) -> String {
        let path = self.root.path().join(format!("daemon-{start}.stderr"));
        fs::read_to_string(path).unwrap_or_default()
    }

    fn stderr_file(&self) -> File {
        let name = format!("daemon-{}.stderr", self.starts);
        File::create(self.root.path().join(name)).expect("the machine's folder can be written")
    }

    /// Where a secret of a story lies here, but for where people put one: the home, the folder of
    /// credentials that the settings asked for, and what stands for the person's own programs.
    fn secrets(&self) -> canary::Found {
        let settings = fs::read_to_string(self.folder().join("config.toml")).unwrap_or_default();
        let files = self.folder().join("state/credentials");
        let files = settings.contains("credentials = \"file\"").then_some(files);
        let allowed: Vec<PathBuf> = [self.home(), self.bin()].into_iter().chain(files).collect();
        canary::left_in(self.root(), |path| allowed.iter().any(|one| one == path))
    }

    fn unexpected_errors(&self) -> Vec<String> {
        self.logs()
            .lines()
            .map(|line| line.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""))
            .filter(|line| line.split_whitespace().take(2).any(|word| word == "ERROR"))
            .filter(|line| !self.expected_errors.iter().any(|part| line.contains(part)))
            .collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        processes::end_all_of(self.root.path());
        if let Some(mut daemon) = self.daemon.take() {
            let _ended = daemon.wait();
        }
        if std::thread::panicking() {
            let logs = self.logs();
            let lines: Vec<&str> = logs.lines().collect();
            let tail = lines
                .get(lines.len().saturating_sub(60)..)
                .unwrap_or_default();
            let place = self.root.path().display();
            eprintln!("-- the end of the logs of {place}:\n{}", tail.join("\n"));
            return;
        }
        let errors = self.unexpected_errors();
        assert!(errors.is_empty(), "unexpected ERROR: {errors:#?}");
        let secrets = self.secrets();
        assert!(secrets.is_empty(), "a secret lies open: {secrets:#?}");
    }
}
