//! A secret goes everywhere that it must and nowhere else: it is looked for in every file, argument,
//! environment and answer, while all goes well, while it does not, and after a crash.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::canary::{self, CANARY, Found, Sought, Watch};
use tests::keychain::Session;
use tests::machine::Machine;
use tests::processes::{self, Signal};
use tests::programs::Program;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, WebServer};
use tests::servers::sign_in::{Person, SignInServer};
use tests::servers::sshd::SshServer;
use tests::settings::Settings;
use tests::wait::{PATIENCE, wait_for, wait_until};
use tests::watcher::Watcher;

use crate::credentials::{machine, trusted, with_token};
use crate::story::{QUICK, Row, Story, alice};

/// Between two looks at the processes of the machine.
const LOOK_EVERY: Duration = Duration::from_millis(3);

/// What no text of a private key is without, in either of its forms.
const KEY_MARKS: [&str; 2] = ["PRIVATE KEY-----", "openssh-key-v1"];

/// Everywhere that a person or a program may look on that machine, but for what `is_allowed`.
fn everywhere(machine: &Machine, secret: &str, is_allowed: impl Fn(&Path) -> bool) -> Found {
    let sought = Sought::new(secret);
    let mut found = sought.in_files(machine.root(), is_allowed);
    let answers: [&[&str]; 7] = [
        &["status"],
        &["status", "--json"],
        &["credential", "list", "--json"],
        &["credential", "test", "acme", "--json"],
        &["repo", "list", "--json"],
        &["doctor", "--json"],
        &["list", "--json"],
    ];
    for words in answers {
        let ran = machine.cli(words);
        if sought.is_in(ran.stdout.as_bytes()) || sought.is_in(ran.stderr.as_bytes()) {
            found.push(words.join(" "));
        }
    }
    found
}

fn nowhere(_: &Path) -> bool {
    false
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
        let watch = Watch::begin(PASSWORD, LOOK_EVERY);
        with_token(&machine, PASSWORD);
        let mut story = Story::well_begun(machine);
        story.say();
        story.in_step(&remote);
        let mut found = everywhere(&story.machine, PASSWORD, nowhere);
        found.extend(watch.end());
        assert_eq!(found, Found::new());
        leave_no_dump(&story.machine);
        let refused = "canary7f-that-is-refused";
        let watch = Watch::begin(refused, LOOK_EVERY);
        let mut watcher = Watcher::begin(&story.machine, Some("acme"));
        with_token(&story.machine, refused);
        story.troubled(Row {
            kind: "credential_refused",
            words: &[],
        });
        // Each line is looked at as it comes.
        watcher.until(|line| line["state"] == "signed_out");
        let mut found = everywhere(&story.machine, refused, nowhere);
        let _removed = story.machine.json(&["credential", "remove", "acme"]);
        found.extend(everywhere(&story.machine, refused, nowhere));
        found.extend(watch.end());
        assert_eq!(found, Found::new());
        // What the far end was asked for, with the address of each request.
        let asked = server.requests().join("\n");
        assert!(asked.contains("git-receive-pack"), "{asked}");
        canary::assert_none_in("the address of a request", asked.as_bytes());
    }
}

#[test]
fn a_private_key_stands_nowhere_while_it_is_used() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let session = Session::with_keychain();
    let machine = machine(&session, &alice(QUICK, &server.url(&remote.path()), ""));
    let watches = KEY_MARKS.map(|mark| Watch::begin(mark, LOOK_EVERY));
    let added = machine.json(&["credential", "add", "acme", "--deploy-key"]);
    let public = added["public_key"]
        .as_str()
        .expect("the public half is shown");
    server.authorize_for_one(public, &remote.path(), false);
    trusted(&machine, &server);
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    let mut found = Found::new();
    for (mark, watch) in KEY_MARKS.into_iter().zip(watches) {
        found.extend(everywhere(&story.machine, mark, nowhere));
        found.extend(watch.end());
    }
    assert_eq!(found, Found::new());
}

#[test]
fn the_tokens_of_a_sign_in_stand_nowhere() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let forge = SignInServer::start(Person::Confirms, PASSWORD);
    let session = Session::with_keychain();
    let host = format!("127.0.0.1:{}", server.port());
    let settings = alice(QUICK, &server.url("bearer/remote.git"), "").text();
    let machine = machine(&session, &Settings::of("alice"));
    machine.configure(&format!("{settings}{}", forge.settings(&host, "alice")));
    let watch = Watch::begin(CANARY, LOOK_EVERY);
    let _signed_in = machine.json(&["credential", "add", "acme", "--sign-in"]);
    let mut story = Story::well_begun(machine);
    story.say();
    story.in_step(&remote);
    let asked = forge.asked();
    assert!(asked.iter().any(|line| line.contains("refresh_token=")));
    let mut found = everywhere(&story.machine, CANARY, nowhere);
    found.extend(watch.end());
    assert_eq!(found, Found::new());
}

#[test]
fn a_crash_leaves_no_memory_behind() {
    let remote = BareRepository::new();
    let server = WebServer::start(remote.as_ref());
    let session = Session::with_keychain();
    let settings = alice(QUICK, &server.url("private/remote.git"), "");
    let machine = machine(&session, &settings);
    with_token(&machine, PASSWORD);
    processes::raise_dumps_max();
    if !a_shell_dumps(&machine) {
        // Past the capture of the test harness.
        let line = "*** SKIPPED a dump beside ours: this system writes none\n";
        let _unheard = std::io::stderr().write_all(line.as_bytes());
    }
    let mut story = Story::well_begun(machine);
    leave_no_dump(&story.machine);
    let daemon = story.machine.daemon_pid().expect("it runs");
    let ours = |pid: &u32| *pid != daemon;
    let workers = processes::of_program(story.machine.root(), &Program::Daemon.path());
    let worker = workers.into_iter().find(ours).expect("there is a worker");
    processes::signal(worker, Signal::ABORT);
    wait_until("the worker is gone", PATIENCE, || {
        !processes::is_alive(worker)
    });
    story.say();
    story.machine.wait_in_step("acme");
    let end = story.machine.crash();
    assert_eq!((end.signal(), end.core_dumped()), (Some(6), false));
    story.machine.start();
    assert_eq!(everywhere(&story.machine, PASSWORD, nowhere), Found::new());
    let dumps = |path: &Path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        name == "core" || name.starts_with("core.")
    };
    let folders = [story.machine.home(), story.machine.folder().join("state")];
    for entry in folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
    {
        assert!(!entry.flatten().any(|entry| dumps(&entry.path())));
    }
}

/// Whether the system writes the memory of a program that crashes, where that is not forbidden.
fn a_shell_dumps(machine: &Machine) -> bool {
    let mut shell = machine.command("sh");
    shell
        .args(["-c", "kill -ABRT $$"])
        .current_dir(machine.bin())
        .stdin(Stdio::null());
    shell.status().expect("a shell starts").core_dumped()
}

#[test]
fn a_secret_that_is_planted_is_found_wherever_it_is() {
    const PLANTED: &str = "bird-that-is-planted";
    let machine = Machine::without_settings();
    let sought = Sought::new(PLANTED);
    let found = |plant: &dyn Fn()| {
        let watch = Watch::begin(PLANTED, LOOK_EVERY);
        plant();
        let mut found = watch.end();
        found.extend(sought.in_files(machine.root(), nowhere));
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
    let beside = |change: &dyn Fn(&mut Command)| {
        let mut command = machine.command("sh");
        command.args(["-c", "read line"]).stdin(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("a shell starts");
        let found = wait_for("the planted secret", PATIENCE, || {
            sought.in_processes().pop()
        });
        drop(child.stdin.take());
        let _ended = child.wait();
        found
    };
    let by_argument = beside(&|command| {
        command.arg(PLANTED);
    });
    assert!(by_argument.ends_with("cmdline"), "{by_argument}");
    let by_environment = beside(&|command| {
        command.env("X", PLANTED);
    });
    assert!(by_environment.ends_with("environ"), "{by_environment}");
}

/// What every story is held to, of each thing that is looked at.
#[test]
fn the_canary_that_is_planted_fails_the_story() {
    canary::watch_over_the_suite();
    let fails = |what: &str, story: &dyn Fn()| {
        let failed = catch_unwind(AssertUnwindSafe(story)).expect_err(what);
        let words = failed.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(words.contains("a secret"), "{what}: {words}");
    };
    let in_state = |name: &str, text: &str| {
        let machine = Machine::without_settings();
        let state = machine.folder().join("state");
        fs::create_dir_all(&state)
            .and_then(|()| fs::write(state.join(name), text))
            .expect("a machine's folder can be written");
    };
    in_state("log", "nothing");
    fails("a file", &|| in_state("log", &format!("token {CANARY}")));
    fails("a name", &|| in_state(CANARY, ""));
    // As the web sends `alice:canary7f`.
    fails("a header", &|| {
        in_state("log", "Basic YWxpY2U6Y2FuYXJ5N2Y=")
    });
    fails("an answer", &|| {
        let machine = Machine::without_settings();
        machine.configure(&format!("{CANARY} {CANARY}\n"));
        let _refused = machine.cli(&["credential", "list"]);
    });
}
