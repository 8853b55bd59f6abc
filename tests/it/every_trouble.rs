//! Each trouble on one of twenty repositories of one daemon: the others keep their pace, reads and
//! writes feel nothing, `status` tells it, and it heals while the daemon runs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::git;
use tests::machine::{GRACE, Machine};
use tests::servers::bare::BareRepository;
use tests::servers::nginx::WebServer;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

const REPOSITORIES: usize = 20;

/// Polls in this story, and what a loaded machine with twenty of them adds at most.
const POLL: Duration = Duration::from_secs(2);
const LATE: Duration = Duration::from_secs(20);
const SYNC: &str = "poll_active = \"2s\"\npoll_idle = \"2s\"\nnetwork_timeout = \"20s\"";

/// A write is answered within this, whatever the network does; source: the contract, section 5.
const WRITE_WITHIN: Duration = Duration::from_secs(2);

/// A read waits for nothing; this is a loaded machine's worst for one.
const READ_WITHIN: Duration = Duration::from_secs(1);

const REFUSES: &str = "#!/bin/sh\necho 'no entries on Sundays' >&2\nexit 1\n";
const TAKES: &str = "#!/bin/sh\nexit 0\n";

/// One trouble: what `status` shows of it, and how it comes and goes.
struct Row {
    name: &'static str,
    kind: &'static str,
    state: &'static str,
    /// What the message says.
    words: &'static str,
    /// Whether the remote stands behind a web server.
    by_web: bool,
    comes: fn(&Remote),
    goes: fn(&Remote),
}

struct Remote {
    bare: BareRepository,
    web: Option<WebServer>,
}

impl Remote {
    fn of(row: &Row) -> Self {
        let bare = BareRepository::new();
        let web = row.by_web.then(|| WebServer::start(bare.as_ref()));
        Self { bare, web }
    }

    fn url(&self) -> String {
        match &self.web {
            Some(web) => web.url("git/remote.git"),
            None => self.bare.url(),
        }
    }

    fn web(&self) -> &WebServer {
        self.web.as_ref().expect("the row says so")
    }

    fn git(&self, arguments: &[&str]) -> String {
        git::git(&self.bare.path(), arguments)
    }
}

const ROWS: [Row; 8] = [
    Row {
        name: "away",
        kind: "offline",
        state: "offline",
        words: "",
        by_web: false,
        comes: |remote| remote.bare.go_away(),
        goes: |remote| remote.bare.come_back(),
    },
    Row {
        name: "portal",
        kind: "offline",
        state: "offline",
        words: "text/html",
        by_web: true,
        comes: |remote| remote.web().answer_with_a_page(),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "broken-server",
        kind: "offline",
        state: "offline",
        words: "503",
        by_web: true,
        comes: |remote| remote.web().answer_with(503),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "limited",
        kind: "rate_limited",
        state: "offline",
        words: "s of quiet",
        by_web: true,
        comes: |remote| remote.web().answer_with(429),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "hidden",
        kind: "not_found",
        state: "attention",
        words: "404",
        by_web: true,
        comes: |remote| remote.web().answer_with(404),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "branchless",
        kind: "not_found",
        state: "attention",
        words: "no longer has the branch 'main'",
        by_web: false,
        comes: |remote| {
            remote.git(&["update-ref", "refs/kept/main", "main"]);
            remote.git(&["update-ref", "-d", "refs/heads/main"]);
        },
        goes: |remote| {
            remote.git(&["update-ref", "refs/heads/main", "refs/kept/main"]);
        },
    },
    Row {
        name: "refusing",
        kind: "push_refused",
        state: "attention",
        words: "no entries on Sundays",
        by_web: false,
        comes: |remote| remote.bare.hook("pre-receive", REFUSES),
        goes: |remote| remote.bare.hook("pre-receive", TAKES),
    },
    Row {
        name: "rewritten",
        kind: "rewritten",
        state: "attention",
        words: "",
        by_web: false,
        comes: |remote| {
            let tree = remote.git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
            let commit = remote.git(&["commit-tree", tree.trim(), "-m", "emptied"]);
            remote.git(&["update-ref", "refs/heads/main", commit.trim()]);
        },
        goes: |_| (),
    },
];

/// The machine, and an agent who works in a repository that nothing befalls.
struct Scene {
    machine: Machine,
    agent: Shim,
    healthy: Vec<String>,
}

impl Scene {
    /// The time of each healthy repository's last fetch.
    fn fetched(&self) -> Vec<Value> {
        let status = self.machine.json(&["status"]);
        let all = status["repositories"].as_array().expect("a list");
        let healthy = |one: &&Value| self.healthy.iter().any(|name| one["name"] == **name);
        all.iter()
            .filter(healthy)
            .inspect(|one| assert!(one["trouble"].is_null(), "{one}"))
            .map(|one| one["last_fetch"].clone())
            .collect()
    }

    /// All others go on as they did, and so does the agent.
    fn others_feel_nothing(&mut self) {
        let before = self.fetched();
        assert_eq!(before.len(), REPOSITORIES - ROWS.len());
        // Times are told in seconds.
        wait_until("each was polled twice", POLL * 2 + LATE, || {
            let now = self.fetched();
            before.iter().zip(&now).all(|(before, now)| before != now)
        });
        let begun = Instant::now();
        let read = self.agent.call("read_thread", json!({"topic": "plan"}));
        assert!(begun.elapsed() <= READ_WITHIN, "{:?}", begun.elapsed());
        assert_eq!(read.structured["topic"], "plan");
    }

    fn say(&self, repository: &str) -> Value {
        let say = ["say", "plan", "--title", "T", "--body", "b", "--repository"];
        let begun = Instant::now();
        let said = self.machine.json(&[&say[..], &[repository]].concat());
        assert!(
            begun.elapsed() <= WRITE_WITHIN + GRACE,
            "{repository}: {said}"
        );
        said
    }

    /// The trouble comes, is told, and goes.
    fn check(&mut self, row: &Row, remote: &Remote) {
        self.say(row.name);
        self.machine.wait_in_step(row.name);
        (row.comes)(remote);
        // What is on its way when history is rewritten is another story.
        let said = (row.kind != "rewritten").then(|| self.say(row.name));
        let stands = self
            .machine
            .wait_state(row.name, row.kind, |one| one["trouble"]["kind"] == row.kind);
        assert_eq!(stands["state"], row.state, "{stands}");
        let trouble = &stands["trouble"];
        let message = trouble["message"].as_str().expect("a message");
        assert!(message.contains(row.words), "{stands}");
        let hint = trouble["hint"].as_str().expect("a hint");
        assert!(!hint.is_empty() && hint != message, "{stands}");
        self.others_feel_nothing();
        (row.goes)(remote);
        let _asked = self.machine.cli(&["sync", "--repository", row.name]);
        self.machine.wait_state(row.name, "healed", |one| {
            one["trouble"].is_null() && one["state"] == "synced" && one["pending"] == 0
        });
        if let Some(said) = said {
            let id = said["entry_id"].as_str().expect("an id");
            assert_eq!(remote.bare.commits_of(id), 1, "{}", row.name);
        }
    }
}

#[test]
fn each_trouble_is_that_of_one_repository_alone() {
    let remotes: Vec<Remote> = ROWS.iter().map(Remote::of).collect();
    let healthy: Vec<BareRepository> = (ROWS.len()..REPOSITORIES)
        .map(|_| BareRepository::new())
        .collect();
    let mut settings = Settings::of("alice").sync(SYNC);
    for (row, remote) in ROWS.iter().zip(&remotes) {
        settings = settings.repository(row.name, &remote.url(), "");
    }
    let names: Vec<String> = (0..healthy.len()).map(|at| format!("well-{at}")).collect();
    for (name, remote) in names.iter().zip(&healthy) {
        settings = settings.repository(name, &remote.url(), "");
    }
    let mut machine = Machine::new(&settings);
    machine.start();
    let daemon = machine.daemon_pid();
    let arguments = ["--repository", "well-0"];
    let mut agent = Shim::connect_with(&machine, "claude-code", Era::Sessions, &arguments);
    agent.say("plan", "Begin", "b");
    for name in &names {
        machine.wait_state(name, "heard", |one| !one["last_fetch"].is_null());
    }
    let mut scene = Scene {
        machine,
        agent,
        healthy: names,
    };
    for (row, remote) in ROWS.iter().zip(&remotes) {
        scene.check(row, remote);
    }
    assert_eq!(scene.machine.daemon_pid(), daemon, "without a restart");
    metrics_are_filled(&scene, &healthy[1]);
}

/// Everything that the contract counts was counted meanwhile.
fn metrics_are_filled(scene: &Scene, remote: &BareRepository) {
    let metrics = || scene.machine.json(&["status"])["metrics"].clone();
    scene.say("well-1");
    scene.machine.wait_in_step("well-1");
    let mut number = 0;
    wait_until("a race is lost", PATIENCE, || {
        number += 1;
        remote.push(&[("note.txt", format!("{number}").as_bytes())], "carol");
        scene.say("well-1");
        scene.machine.wait_in_step("well-1");
        metrics()["conflicts"].as_u64() > Some(0)
    });
    let metrics = metrics();
    for timed in ["reads", "writes", "fetches", "pushes"] {
        let of = |key: &str| metrics[timed][key].as_u64().expect("a number");
        assert!(of("count") > 0, "{timed}: {metrics}");
        let ordered = 0 < of("p50_us") && of("p50_us") <= of("p95_us");
        assert!(
            ordered && of("p95_us") <= of("p99_us"),
            "{timed}: {metrics}"
        );
    }
    for counted in ["push_failures", "retries", "bytes_received", "bytes_sent"] {
        assert!(metrics[counted].as_u64() > Some(0), "{counted}: {metrics}");
    }
}
