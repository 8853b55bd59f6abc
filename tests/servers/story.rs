//! What each row of the table of troubles is put through: the trouble is shown in words that help,
//! reads and writes go on, and when its cause is gone all that was said arrives, once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::twenty::state_of;
use tests::wait::{PATIENCE, wait_until};

/// A write is answered within this, whatever the network does; source: the contract, section 5.
const WRITE_WITHIN: Duration = Duration::from_secs(2);

/// A read waits for nothing; this is a loaded machine's worst for one.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// Polls often, and gives up late enough for a loaded machine.
pub(crate) const QUICK: &str =
    "poll_active = \"300ms\"\npoll_idle = \"300ms\"\nnetwork_timeout = \"20s\"";

/// Polls often, and gives up soon.
pub(crate) const HASTY: &str =
    "poll_active = \"300ms\"\npoll_idle = \"300ms\"\nnetwork_timeout = \"2s\"";

/// Polls at the start alone.
pub(crate) const SELDOM: &str =
    "poll_active = \"1h\"\npoll_idle = \"1h\"\nnetwork_timeout = \"20s\"";

/// A row of the table: what `status` is to show. The state follows from the kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) kind: &'a str,
    /// Words that the message must hold: the server's own, or what happened.
    pub(crate) words: &'a [&'a str],
}

/// Alice's machine with the repository `acme`, an agent who writes in its thread `plan`, and the
/// Entry-IDs of what was said there.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) machine: Machine,
    agent: Shim,
    said: Vec<String>,
}

/// Settings of alice with the repository `acme` there.
pub(crate) fn alice(sync: &str, url: &str, lines: &str) -> Settings {
    Settings::of("alice")
        .sync(sync)
        .repository("acme", url, lines)
}

impl Story {
    /// Starts the daemon and an agent.
    pub(crate) fn on(mut machine: Machine) -> Self {
        machine.start();
        let agent = Shim::connect(&machine, "claude-code");
        Self {
            machine,
            agent,
            said: Vec::new(),
        }
    }

    /// The same, where nothing is in the way: one entry is said and arrives.
    pub(crate) fn well_begun(machine: Machine) -> Self {
        let mut story = Self::on(machine);
        story.say();
        story.machine.wait_in_step("acme");
        story
    }

    /// The agent says one thing more, which is answered in time; returns its Entry-ID.
    pub(crate) fn say(&mut self) -> String {
        let title = format!("T{}", self.said.len());
        let start = Instant::now();
        let answer = self.agent.say("plan", &title, "b").structured;
        let took = start.elapsed();
        assert!(took <= WRITE_WITHIN, "a write took {took:?}");
        let id = answer["entry_id"].as_str().expect("a write has an id");
        self.said.push(id.to_owned());
        id.to_owned()
    }

    /// Waits for the trouble, which must be the row's, and sees that work goes on meanwhile.
    pub(crate) fn troubled(&mut self, row: Row<'_>) -> Value {
        let stands = self.shown(row);
        self.say();
        let list = self.timed_read("list_threads", json!({}));
        assert_eq!(list["threads"][0]["topic"], "plan", "{list}");
        let read = self.timed_read("read_thread", json!({"topic": "plan"}));
        assert_eq!(read["total_entries"], self.said.len(), "{read}");
        stands
    }

    /// Waits for the trouble, which must be the row's; returns the repository's status.
    pub(crate) fn shown(&self, row: Row<'_>) -> Value {
        let what = format!("troubled ({})", row.kind);
        let stands = self
            .machine
            .wait_state("acme", &what, |one| !one["trouble"].is_null());
        let trouble = &stands["trouble"];
        assert_eq!(trouble["kind"], row.kind, "{stands}");
        assert_eq!(stands["state"], state_of(row.kind), "{stands}");
        let message = trouble["message"].as_str().expect("a message");
        for words in row.words {
            assert!(message.contains(words), "'{words}' is not in: {message}");
        }
        let hint = trouble["hint"].as_str().expect("a hint");
        assert!(!hint.is_empty() && hint != message, "{stands}");
        stands
    }

    fn timed_read(&mut self, tool: &str, arguments: Value) -> Value {
        let start = Instant::now();
        let answer = self.agent.call(tool, arguments).structured;
        let took = start.elapsed();
        assert!(took <= READ_WITHIN, "{tool} took {took:?}");
        answer
    }

    /// After the cause is gone: the trouble goes too, and what was said is on the remote, once.
    pub(crate) fn healed(&self, remote: &BareRepository) {
        let _asked = self.machine.cli(&["sync"]);
        self.in_step(remote);
    }

    /// The same, after a person has done something about the credential.
    pub(crate) fn healed_by_restart(&mut self, remote: &BareRepository) {
        self.machine.restart();
        self.in_step(remote);
    }

    /// Waits until all that was said is on the remote, and sees that it is there once.
    pub(crate) fn in_step(&self, remote: &BareRepository) {
        self.machine.wait_in_step("acme");
        wait_until("the trouble goes away", PATIENCE, || {
            self.machine.repository("acme")["trouble"].is_null()
        });
        self.arrived(remote);
    }

    /// What was said is on the remote, each entry once, and nothing was forced.
    pub(crate) fn arrived(&self, remote: &BareRepository) {
        let text = remote.text("plan.md");
        let there: Vec<String> = python_reader::entries(&text)
            .into_iter()
            .filter_map(|entry| entry.id)
            .collect();
        for id in &self.said {
            let times = there.iter().filter(|other| *other == id).count();
            assert_eq!((times, remote.commits_of(id)), (1, 1), "{id}: {text}");
        }
        remote.assert_sound();
    }

    /// Nothing secret stands in the status or in a log.
    pub(crate) fn keeps_secret(&self, secret: &str) {
        let status = self.machine.cli(&["status", "--json"]).done().stdout;
        let shown = format!("{status}\n{}", self.machine.logs());
        assert!(!shown.contains(secret), "a secret is shown");
    }
}
