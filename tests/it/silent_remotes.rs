//! Remotes that never answer, remotes that answer a byte every half second, and remotes whose name
//! nobody answers for, beside a healthy one in the same daemon: each exchange ends at its deadline, the healthy repository and all reads
//! feel nothing, and no process outlives its daemon.

#![expect(
    clippy::print_stdout,
    reason = "the figures are for whoever runs the story"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use tests::machine::{GRACE, Machine};
use tests::preload;
use tests::processes;
use tests::scratch;
use tests::servers::bare::BareRepository;
use tests::servers::drip::{Drip, DripServer};
use tests::servers::mute::MuteServer;
use tests::servers::sshd;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

/// The deadline of an exchange in these stories.
const TIMEOUT: Duration = Duration::from_secs(3);

/// After its deadline an exchange ends within this, also on a loaded machine.
const ENDS_WITHIN: Duration = Duration::from_secs(7);

/// Exchanges with each troubled remote that a story lasts, at least.
const EXCHANGES: usize = 4;

/// Entries that the healthy repository takes meanwhile, and ten times as many reads.
const WRITES: usize = 15;

/// A write is answered within this, whatever the network does; source: the contract, section 5.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Nobody notices less; the rest is the machine's load.
const READ_P99_MAX: Duration = Duration::from_millis(50);
const ON_THE_REMOTE_MAX: Duration = Duration::from_secs(5);

/// Operating system threads of a daemon that has four troubled repositories.
const THREADS_MAX: usize = 60;

/// Processes for one repository: a worker, and what it has started: `ssh`, its proxy, `git`.
const PROCESSES_OF_EACH_MAX: usize = 5;

/// What the daemon's end leaves of its workers is gone within this.
const GONE_WITHIN: Duration = Duration::from_secs(2);

const SYNC: &str = "poll_active = \"1s\"\npoll_idle = \"1s\"\nnetwork_timeout = \"3s\"";

#[test]
fn remotes_that_never_answer_are_felt_by_nobody_else() {
    check(&["http", "git", "ssh", "https"].map(|scheme| Troubled {
        name: format!("mute-{scheme}"),
        server: Server::Mute(MuteServer::start(), scheme),
    }));
}

#[test]
fn remotes_that_send_a_byte_every_half_second_are_felt_by_nobody_else() {
    let drips = [
        ("drip-head", Drip::HttpHead),
        ("drip-pack", Drip::HttpPack),
        ("drip-git", Drip::Git),
        ("drip-ssh", Drip::SshBanner),
    ];
    check(&drips.map(|(name, drip)| Troubled {
        name: name.to_owned(),
        server: Server::Drip(DripServer::start(drip)),
    }));
}

/// Looks up names, but never comes back with one that ends in `.hangs.example`, which it notes: what
/// a program sees of a DNS server that does not answer, without its time-out.
const NAMES: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strstr(node, ".hangs.example")) {
        FILE *asked = fopen("@ASKED@", "a");
        if (asked) { fprintf(asked, "%s\n", node); fclose(asked); }
        for (;;) pause();
    }
    return real(node, service, hints, found);
}
"#;

#[test]
fn names_that_nobody_answers_for_are_felt_by_nobody_else() {
    let folder = scratch::folder();
    let asked = folder.path().join("asked");
    let text = NAMES.replace("@ASKED@", &asked.display().to_string());
    let library = preload::build(folder.path(), "names", &text);
    let nameless = ["https", "ssh"].map(|scheme| Troubled {
        name: format!("nameless-{scheme}"),
        server: Server::Nameless(asked.clone(), scheme),
    });
    check_with(&nameless, Some(&library));
}

/// A repository whose remote does not do what remotes do.
struct Troubled {
    name: String,
    server: Server,
}

enum Server {
    Mute(MuteServer, &'static str),
    Drip(DripServer),
    /// Who asked for names, and the scheme of the address.
    Nameless(PathBuf, &'static str),
}

impl Troubled {
    fn url(&self) -> String {
        match &self.server {
            Server::Mute(server, scheme) => server.url_of(scheme),
            Server::Drip(server) => server.url(),
            Server::Nameless(_, scheme) => {
                format!("{scheme}://git@{scheme}.hangs.example/acme.git")
            }
        }
    }

    fn callers(&self) -> usize {
        match &self.server {
            Server::Mute(server, _) => server.callers(),
            Server::Drip(server) => server.callers(),
            Server::Nameless(asked, scheme) => {
                let asked = fs::read_to_string(asked).unwrap_or_default();
                let name = format!("{scheme}.hangs.example");
                asked.lines().filter(|line| *line == name).count()
            }
        }
    }
}

fn check(troubled: &[Troubled]) {
    check_with(troubled, None);
}

/// With this library before the C library of everything that runs on the machine.
fn check_with(troubled: &[Troubled], library: Option<&Path>) {
    let alone = measured_alone();
    let remote = BareRepository::new();
    let mut settings = Settings::of("alice").sync(SYNC).remote(&remote.url());
    for one in troubled {
        settings = settings.repository(&one.name, &one.url(), "");
    }
    let mut alice = Machine::new(&settings);
    if let Some(library) = library {
        alice.set("LD_PRELOAD", library);
    }
    // Nobody is known to it, which is no matter to a server that does not get as far.
    sshd::own_ssh(&alice, "");
    let begun = Instant::now();
    alice.start();
    let daemon = alice.daemon_pid().expect("the daemon serves");
    for one in troubled {
        offline_in_time(&alice, one, begun);
        // What waits makes it try again at each poll.
        let say = ["say", "plan", "--title", "T", "--body", "b", "--repository"];
        let (took, said) = timed(|| alice.json(&[&say[..], &[&one.name]].concat()));
        assert_eq!(said["delivery"], "queued", "{said}");
        assert!(took < ANSWER_WITHIN + GRACE, "{}: {took:?}", one.name);
    }

    let mut claude = healthy_agent(&alice);
    let mut seen = Seen::default();
    let before: Vec<usize> = troubled.iter().map(|one| one.callers()).collect();
    let beside = Figures::of(&mut claude, || seen.look(daemon));
    println!("alone {alone:?}\nbeside {beside:?}");
    assert!(beside.reads_p99 <= READ_P99_MAX.max(alone.reads_p99 * 5));
    assert!(beside.on_the_remote_max <= ON_THE_REMOTE_MAX.max(alone.on_the_remote_max * 5));

    // It is tried again and again, and each time ends at the deadline.
    for (one, before) in troubled.iter().zip(before) {
        let each = TIMEOUT + ENDS_WITHIN;
        let limit = each * u32::try_from(EXCHANGES).expect("a few");
        wait_until("it is tried again", limit, || {
            seen.look(daemon);
            one.callers() >= before + EXCHANGES
        });
        let stands = alice.repository(&one.name);
        assert_eq!(stands["trouble"]["kind"], "offline", "{stands}");
        assert_eq!(stands["pending"], 1, "{stands}");
    }
    println!("{seen:?}");
    assert!(seen.threads_max <= THREADS_MAX, "{seen:?}");
    let processes_max = PROCESSES_OF_EACH_MAX * (troubled.len() + 1);
    assert!(seen.processes_max <= processes_max, "{seen:?}");

    seen.look(daemon);
    drop(claude);
    alice.stop();
    nothing_is_left(&alice, &seen);

    alice.start();
    let daemon = alice.daemon_pid().expect("the daemon serves");
    let before: Vec<usize> = troubled.iter().map(Troubled::callers).collect();
    wait_until("all are called", PATIENCE, || {
        seen.look(daemon);
        troubled
            .iter()
            .map(Troubled::callers)
            .zip(&before)
            .all(|(now, before)| now > *before)
    });
    assert_eq!(alice.kill(), daemon);
    nothing_is_left(&alice, &seen);
    remote.assert_sound();
}

/// A daemon that has the healthy repository alone.
fn measured_alone() -> Figures {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").sync(SYNC).remote(&remote.url()));
    alice.start();
    Figures::of(&mut healthy_agent(&alice), || ())
}

fn healthy_agent(machine: &Machine) -> Shim {
    let arguments = ["--repository", "acme"];
    Shim::connect_with(machine, "claude-code", Era::Sessions, &arguments)
}

fn offline_in_time(alice: &Machine, one: &Troubled, begun: Instant) {
    let stands = alice.wait_state(&one.name, "offline", |stands| stands["state"] == "offline");
    let took = begun.elapsed();
    println!("{} offline after {took:?}: {}", one.name, stands["trouble"]);
    assert_eq!(stands["trouble"]["kind"], "offline", "{stands}");
    assert!(took <= TIMEOUT + ENDS_WITHIN, "{}: {took:?}", one.name);
    assert!(one.callers() > 0, "{} was called", one.name);
}

/// What somebody at the healthy repository sees.
#[derive(Debug)]
#[expect(dead_code, reason = "the medians are printed")]
struct Figures {
    reads_p50: Duration,
    reads_p99: Duration,
    /// From `say` to the word that the entry is on the remote.
    on_the_remote_p50: Duration,
    on_the_remote_max: Duration,
}

impl Figures {
    fn of(agent: &mut Shim, mut meanwhile: impl FnMut()) -> Self {
        let mut reads = Vec::new();
        let mut writes = Vec::new();
        for number in 0..WRITES {
            let say = json!({"topic": "plan", "title": format!("T{number}"), "body": "b",
                "wait_seconds": 10});
            let (took, said) = timed(|| agent.call("say", say));
            assert_eq!(said.structured["delivery"], "pushed", "{said:?}");
            writes.push(took);
            for _ in 0..10 {
                let read = json!({"topic": "plan", "format": "json"});
                let (took, read) = timed(|| agent.call("read_thread", read));
                assert_eq!(read.structured["total_entries"], number + 1);
                reads.push(took);
            }
            meanwhile();
        }
        reads.sort();
        writes.sort();
        Self {
            reads_p50: reads[reads.len() / 2],
            reads_p99: reads[reads.len() * 99 / 100],
            on_the_remote_p50: writes[writes.len() / 2],
            on_the_remote_max: writes[writes.len() - 1],
        }
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

/// What ran, over many looks.
#[derive(Debug, Default)]
struct Seen {
    threads_max: usize,
    processes_max: usize,
    /// When each process began, since a number is used again.
    processes: BTreeMap<u32, u64>,
}

impl Seen {
    fn look(&mut self, daemon: u32) {
        let running = processes::descendants(daemon);
        self.threads_max = self.threads_max.max(processes::threads_len(daemon));
        self.processes_max = self.processes_max.max(running.len());
        let with_birth = |pid: &u32| Some((*pid, processes::birth(*pid)?));
        self.processes.extend(running.iter().filter_map(with_birth));
    }
}

/// Neither what was seen to run below the daemon, nor anything else that names this machine.
fn nothing_is_left(machine: &Machine, seen: &Seen) {
    let left = || {
        let mut left = processes::of_folder(machine.root());
        let seen = seen.processes.iter();
        left.extend(
            seen.filter(|(pid, birth)| processes::birth(**pid) == Some(**birth))
                .map(|(pid, _)| pid),
        );
        left.retain(|pid| processes::is_alive(*pid));
        left
    };
    let start = Instant::now();
    while !left().is_empty() {
        let lines: Vec<String> = left().into_iter().map(processes::command_line).collect();
        assert!(start.elapsed() < GONE_WITHIN + GRACE, "left: {lines:#?}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
