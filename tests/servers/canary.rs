//! A secret goes everywhere that it must and nowhere else: it is looked for in every file, argument,
//! environment and answer, while all goes well and while it does not.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tests::keychain::Session;
use tests::machine::Machine;
use tests::processes;
use tests::programs::Program;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, WebServer};
use tests::servers::sshd::SshServer;
use tests::wait::{PATIENCE, wait_for, wait_until};

use crate::credentials::{machine, trusted, with_token};
use crate::story::{QUICK, Row, Story, alice};

/// Between two looks at the processes of the machine.
const LOOK_EVERY: Duration = Duration::from_millis(3);

/// Where a secret was found.
type Found = Vec<String>;

/// Looks at the arguments and the environment of every process, until it is stopped.
struct Watch {
    is_over: Arc<AtomicBool>,
    watching: JoinHandle<Found>,
}

impl Watch {
    fn begin(secret: &str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, secret) = (Arc::clone(&is_over), secret.to_owned());
        let watching = thread::spawn(move || {
            let mut found = Found::new();
            while !over.load(Ordering::Relaxed) {
                found.extend(in_processes(&secret));
                thread::park_timeout(LOOK_EVERY);
            }
            found
        });
        Self { is_over, watching }
    }

    fn end(self) -> Found {
        self.is_over.store(true, Ordering::Relaxed);
        self.watching.join().expect("it only looks")
    }
}

fn in_processes(secret: &str) -> Found {
    let ours = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found = Found::new();
    for process in processes {
        let name = process.file_name().to_string_lossy().into_owned();
        if name == ours || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        // The far end's own programs get it from us: that is what it is for.
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if holds(&environment, "GIT_PROJECT_ROOT=") {
            continue;
        }
        for what in ["cmdline", "environ"] {
            let path = process.path().join(what);
            if holds(&fs::read(&path).unwrap_or_default(), secret) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn in_files(folder: &Path, secret: &str) -> Found {
    let mut found = Found::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            let Ok(kind) = kind else { continue };
            if holds(path.as_os_str().as_encoded_bytes(), secret) {
                found.push(format!("the name {}", path.display()));
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && holds(&fs::read(&path).unwrap_or_default(), secret) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes
        .windows(secret.len())
        .any(|part| part == secret.as_bytes())
}

/// Everywhere that a person or a program may look on that machine.
fn everywhere(machine: &Machine, watch: Watch, secret: &str) -> Found {
    let mut found = watch.end();
    found.extend(in_files(machine.root(), secret));
    let answers: [&[&str]; 6] = [
        &["status"],
        &["status", "--json"],
        &["credential", "list", "--json"],
        &["credential", "test", "acme", "--json"],
        &["repo", "list", "--json"],
        &["list", "--json"],
    ];
    for words in answers {
        let ran = machine.cli(words);
        if ran.stdout.contains(secret) || ran.stderr.contains(secret) {
            found.push(words.join(" "));
        }
    }
    found
}

/// The daemon and its worker write nothing of their memory where they crash.
fn leave_no_dump(machine: &Machine) {
    // A tried-out way ends its worker; the next poll starts another.
    wait_until("a daemon and a worker forbid dumps", PATIENCE, || {
        let running = processes::of_program(machine.root(), &Program::Daemon.path());
        running.len() >= 2 && running.into_iter().all(dumps_nothing)
    });
}

fn dumps_nothing(pid: u32) -> bool {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let core = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"));
    core.is_some_and(|core| core.split_whitespace().take(2).eq(["0", "0"]))
}

#[test]
fn a_token_stands_nowhere_while_it_is_used_refused_and_removed() {
    for path in ["private/remote.git", "bearer/remote.git"] {
        let remote = BareRepository::new();
        let server = WebServer::start(remote.as_ref());
        let session = Session::with_keychain();
        let machine = machine(&session, &alice(QUICK, &server.url(path), ""));
        let watch = Watch::begin(PASSWORD);
        with_token(&machine, PASSWORD);
        let mut story = Story::well_begun(machine);
        story.say();
        story.in_step(&remote);
        assert_eq!(everywhere(&story.machine, watch, PASSWORD), Found::new());
        leave_no_dump(&story.machine);
        let refused = "canary-that-is-refused-7";
        let watch = Watch::begin(refused);
        with_token(&story.machine, refused);
        story.troubled(Row {
            kind: "credential_refused",
            words: &[],
        });
        let _removed = story.machine.json(&["credential", "remove", "acme"]);
        assert_eq!(everywhere(&story.machine, watch, refused), Found::new());
    }
}

#[test]
fn a_private_key_stands_nowhere_while_it_is_used() {
    const MARK: &str = "PRIVATE KEY-----";
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::with_keychain();
    let machine = machine(&session, &alice(QUICK, &server.url(&remote.path()), ""));
    let watch = Watch::begin(MARK);
    let added = machine.json(&["credential", "add", "acme", "--deploy-key"]);
    let public = added["public_key"]
        .as_str()
        .expect("the public half is shown");
    server.authorize_for_one(public, &remote.path(), false);
    trusted(&machine, &server);
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    assert_eq!(everywhere(&story.machine, watch, MARK), Found::new());
}

#[test]
fn a_secret_that_is_planted_is_found_wherever_it_is() {
    const PLANTED: &str = "canary-that-is-planted";
    let machine = Machine::without_settings();
    let found = |plant: &dyn Fn()| {
        let watch = Watch::begin(PLANTED);
        plant();
        let mut found = watch.end();
        found.extend(in_files(machine.root(), PLANTED));
        found
    };
    assert_eq!(found(&|| ()), Found::new());
    let path = machine.home().join("log");
    let by_file = found(&|| fs::write(&path, format!("x{PLANTED}x")).expect("it is ours"));
    assert_eq!(by_file, [path.display().to_string()]);
    fs::remove_file(&path).expect("it was written");
    let named = machine.home().join(PLANTED);
    let by_name = found(&|| fs::write(&named, "").expect("it is ours"));
    assert_eq!(by_name.len(), 1, "{by_name:?}");
    fs::remove_file(&named).expect("it was written");
    let beside = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = machine.command("sh");
        command
            .args(["-c", "read line"])
            .stdin(std::process::Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("a shell starts");
        let found = wait_for_it(PLANTED);
        drop(child.stdin.take());
        let _ended = child.wait();
        found
    };
    assert!(
        beside(&|command| {
            command.arg(PLANTED);
        })
        .ends_with("cmdline")
    );
    assert!(
        beside(&|command| {
            command.env("X", PLANTED);
        })
        .ends_with("environ")
    );
}

fn wait_for_it(secret: &str) -> String {
    wait_for("the planted secret", PATIENCE, || {
        in_processes(secret).pop()
    })
}
