//! The process that does a repository's network work is killed, stopped and orphaned at every stage:
//! the daemon goes on, and each operation arrives exactly once.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tests::git;
use tests::machine::{GRACE, Machine};
use tests::processes::{self, Signal};
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_for, wait_until};

/// The deadline of an exchange in these stories, and what a loaded machine may take beyond it.
const SYNC: &str = "poll_active = \"300ms\"\npoll_idle = \"300ms\"\nnetwork_timeout = \"3s\"";
const DEADLINE: Duration = Duration::from_secs(3);
const ENDS_WITHIN: Duration = Duration::from_secs(7);

/// Whatever a dead daemon's worker still ran is gone within this.
const GONE_WITHIN: Duration = Duration::from_secs(2);

const AGENTS: [&str; 4] = ["Claude", "Codex", "Gemini", "Cursor"];
const WRITES_OF_EACH: usize = 30;
const KILLS: usize = 20;

/// One machine, one remote, an agent, and an entry that is on the remote.
struct Story {
    agent: Shim,
    alice: Machine,
    remote: BareRepository,
    said: Vec<String>,
}

impl Story {
    fn begin() -> Self {
        let remote = BareRepository::new();
        let settings = Settings::of("alice").sync(SYNC).remote(&remote.url());
        let mut alice = Machine::new(&settings);
        alice.start();
        let agent = Shim::connect(&alice, "claude-code");
        let mut story = Self {
            agent,
            alice,
            remote,
            said: Vec::new(),
        };
        story.say("Before");
        story.alice.wait_in_step("acme");
        story
    }

    fn say(&mut self, title: &str) {
        let said = self.agent.say("plan", title, "b").structured;
        self.said.push(id(&said));
    }

    /// All that was said is on the remote once, in order, and here.
    fn all_arrived(&mut self) {
        self.alice.wait_in_step("acme");
        let ids: Vec<String> = python_reader::entries(&self.remote.text("plan.md"))
            .into_iter()
            .filter_map(|entry| entry.id)
            .collect();
        assert_eq!(ids, self.said, "each once, in the order of the writes");
        assert_eq!(self.remote.log().len(), ids.len(), "one commit for each");
        assert_eq!(self.agent.count("plan"), ids.len() as u64);
        self.remote.assert_sound();
        git::assert_sound(&self.alice.clone_of("acme"));
    }
}

fn id(said: &Value) -> String {
    let id = said["entry_id"].as_str();
    id.expect("a write has an id").to_owned()
}

/// The worker of the machine's one repository.
fn worker(machine: &Machine) -> Option<u32> {
    let children = processes::descendants(machine.daemon_pid()?);
    let transfers = |pid: &u32| processes::command_line(*pid).ends_with(" transfer");
    children.into_iter().find(transfers)
}

fn a_worker(machine: &Machine) -> u32 {
    wait_for("a worker runs", PATIENCE, || worker(machine))
}

/// A gate in a shell script: whoever comes to it waits until it is opened.
struct Gate(PathBuf);

impl Gate {
    fn new(machine: &Machine) -> Self {
        Self(machine.root().join("gate"))
    }

    /// The lines of the script; a gate that is forgotten opens after half a minute.
    fn script(&self) -> String {
        let gate = self.0.display();
        format!(
            "if [ -e {gate} ]; then\n  : > {gate}.reached\n  tries=0\n\
             while [ -e {gate} ] && [ $tries -lt 300 ]; do tries=$((tries + 1)); sleep 0.1; done\n\
             fi\n"
        )
    }

    fn close(&self) {
        let _absent = fs::remove_file(self.0.with_extension("reached"));
        fs::write(&self.0, "").expect("the machine's folder can be written");
    }

    fn wait_reached(&self) {
        let reached = self.0.with_extension("reached");
        wait_until("the gate is reached", PATIENCE, || reached.exists());
    }

    fn open(&self) {
        fs::remove_file(&self.0).expect("it is closed");
    }
}

/// The remote takes a push only when the gate is open.
fn gate_at_receiving(story: &Story) -> Gate {
    let gate = Gate::new(&story.alice);
    let script = format!("#!/bin/sh\ncat > /dev/null\n{}exit 0\n", gate.script());
    story.remote.hook("pre-receive", &script);
    gate
}

/// The remote answers a fetch only when the gate is open.
fn gate_at_uploading(story: &Story) -> Gate {
    let gate = Gate::new(&story.alice);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let real = std::env::split_paths(&path)
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
        .expect("git is installed");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *upload-pack*)\n{};;\nesac\nexec {} \"$@\"\n",
        gate.script(),
        real.display()
    );
    let ours = story.alice.bin().join("git");
    fs::write(&ours, script)
        .and_then(|()| fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)))
        .expect("the machine's folder can be written");
    gate
}

#[test]
fn an_idle_worker_that_dies_is_replaced() {
    let mut story = Story::begin();
    let daemon = story.alice.daemon_pid();
    let first = a_worker(&story.alice);
    processes::signal(first, Signal::KILL);
    story.say("After");
    story.all_arrived();
    let second = a_worker(&story.alice);
    assert_ne!(first, second);
    assert_eq!(story.alice.daemon_pid(), daemon);
    wait_until("it is reaped", PATIENCE, || {
        processes::birth(first).is_none()
    });
}

#[test]
fn a_worker_that_dies_while_it_fetches_costs_a_retry() {
    let mut story = Story::begin();
    let gate = gate_at_uploading(&story);
    gate.close();
    gate.wait_reached();
    let daemon = story.alice.daemon_pid();
    processes::signal(a_worker(&story.alice), Signal::KILL);
    story.say("Meanwhile");
    let entry = "# other — Thread\nStatus: OPEN\nBall: Team\nTopic: other\n\
        Created: 2026-01-05T09:00:00Z\n\n---\nEntry: Zoe (zoe) 2026-01-05T09:00:00Z\n\
        Role: pm\nType: Note\nTitle: T\n\nb\n";
    gate.open();
    story
        .remote
        .push(&[("other.md", entry.as_bytes())], "zoe: T (other)");
    wait_until("news arrive", PATIENCE, || story.agent.count("other") == 1);
    story.alice.wait_in_step("acme");
    assert_eq!(story.alice.daemon_pid(), daemon);
    assert_eq!(
        python_reader::entries(&story.remote.text("plan.md")).len(),
        2
    );
    assert_eq!(story.remote.commits_of(&story.said[1]), 1);
    story.remote.assert_sound();
}

#[test]
fn a_worker_that_dies_while_it_pushes_doubles_nothing() {
    let mut story = Story::begin();
    let gate = gate_at_receiving(&story);
    gate.close();
    story.say("In the hook");
    gate.wait_reached();
    let daemon = story.alice.daemon_pid();
    processes::signal(a_worker(&story.alice), Signal::KILL);
    story.say("Behind it");
    gate.open();
    story.all_arrived();
    assert_eq!(story.alice.daemon_pid(), daemon);
}

/// A `git` that is killed while it changes a ref leaves its lock, and nobody pushes there any more.
#[test]
fn a_worker_that_dies_while_a_ref_is_changed_leaves_no_lock_in_the_remote() {
    let mut story = Story::begin();
    let gate = Gate::new(&story.alice);
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\n[ \"$1\" = prepared ] || exit 0\n{}exit 0\n",
        gate.script()
    );
    story.remote.hook("reference-transaction", &script);
    gate.close();
    story.say("While the ref is locked");
    gate.wait_reached();
    let lock = story.remote.path().join("refs/heads/main.lock");
    assert!(lock.exists(), "the ref is locked now");
    processes::signal(a_worker(&story.alice), Signal::KILL);
    wait_until("the lock is gone", PATIENCE, || !lock.exists());
    gate.open();
    story.all_arrived();
}

#[test]
fn a_worker_that_stops_answering_is_killed_at_the_deadline() {
    let mut story = Story::begin();
    let stopped = a_worker(&story.alice);
    processes::signal(stopped, Signal::STOP);
    story.say("Meanwhile");
    let limit = DEADLINE + ENDS_WITHIN;
    wait_until("it is killed", limit, || {
        processes::birth(stopped).is_none()
    });
    story.all_arrived();
    let stands = story.alice.repository("acme");
    assert!(stands["trouble"].is_null(), "{stands}");
}

#[test]
fn a_daemon_killed_while_it_pushes_starts_again_at_once_and_doubles_nothing() {
    let mut story = Story::begin();
    let gate = gate_at_receiving(&story);
    gate.close();
    story.say("In the hook");
    gate.wait_reached();
    let old = a_worker(&story.alice);
    let _killed = story.alice.kill();
    wait_until(
        "the worker ends with its daemon",
        GONE_WITHIN + GRACE,
        || !processes::is_alive(old),
    );
    story.alice.start();
    assert_eq!(story.agent.count("plan"), 2, "reads go on at once");
    story.say("After the restart");
    gate.open();
    story.all_arrived();
}

#[test]
fn what_a_killed_worker_left_locked_does_not_stay_locked() {
    let mut story = Story::begin();
    let clone = story.alice.clone_of("acme");
    let refs = git::git(&clone, &["for-each-ref", "--format=%(refname)"]);
    let mut locks: Vec<PathBuf> = refs
        .lines()
        .map(|name| clone.join(format!("{name}.lock")))
        .collect();
    assert!(!locks.is_empty(), "the clone has a tip");
    locks.push(clone.join("packed-refs.lock"));
    processes::signal(a_worker(&story.alice), Signal::KILL);
    for lock in &locks {
        fs::create_dir_all(lock.parent().expect("it lies in a folder"))
            .and_then(|()| fs::write(lock, ""))
            .expect("the clone can be written");
    }
    story.say("After");
    story.all_arrived();
    for lock in locks {
        assert!(!lock.exists(), "{}", lock.display());
    }
}

#[test]
fn every_answered_entry_is_there_exactly_once_whenever_a_worker_is_killed() {
    let remote = BareRepository::new();
    let settings = Settings::of("alice").sync(SYNC).remote(&remote.url());
    let mut machine = Machine::new(&settings);
    machine.start();
    let daemon = machine.daemon_pid().expect("the daemon serves");
    let answered = AtomicUsize::new(0);
    let all = AGENTS.len() * WRITES_OF_EACH;
    let mut killed = BTreeSet::new();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let writers = AGENTS.map(|name| {
            let (machine, answered) = (&machine, &answered);
            scope.spawn(move || write_all(machine, name, answered))
        });
        for kill in 0..KILLS {
            // Spread over the writes; the one that runs then may be anywhere in its work.
            let at = all * kill / KILLS;
            wait_until("enough answers", PATIENCE, || {
                answered.load(Ordering::SeqCst) >= at
            });
            let victim = wait_for("a worker that was not killed", PATIENCE, || {
                worker(&machine).filter(|pid| !killed.contains(pid))
            });
            processes::signal(victim, Signal::KILL);
            killed.insert(victim);
        }
        let written = writers.map(|writer| writer.join().expect("every write is answered"));
        written.into_iter().flatten().collect()
    });
    machine.wait_in_step("acme");
    assert_eq!(killed.len(), KILLS);
    assert_eq!(machine.daemon_pid(), Some(daemon));
    let there: Vec<String> = python_reader::entries(&remote.text("plan.md"))
        .into_iter()
        .filter_map(|entry| entry.id)
        .collect();
    let distinct: BTreeSet<&String> = there.iter().collect();
    assert_eq!(distinct.len(), there.len(), "nothing doubled");
    assert_eq!(distinct, ids.iter().collect(), "nothing lost, nothing else");
    assert_eq!(remote.log().len(), all, "one commit for each");
    remote.assert_sound();
    git::assert_sound(&machine.clone_of("acme"));
}

fn write_all(machine: &Machine, name: &str, answered: &AtomicUsize) -> Vec<String> {
    let mut agent = Shim::connect_with(machine, name, Era::Sessions, &["--agent", name]);
    let write = |number| {
        let title = format!("{name} {number}");
        // Each is on its way to the remote before the next comes, for a while at least.
        let say = json!({"topic": "plan", "title": title, "body": "b", "wait_seconds": 1});
        let said = agent.call("say", say).structured;
        answered.fetch_add(1, Ordering::SeqCst);
        id(&said)
    };
    (0..WRITES_OF_EACH).map(write).collect()
}
