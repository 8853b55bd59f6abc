//! What others do to the history of a remote while we write: each story ends in step, with what is
//! shown equal to the tip, our entries exactly once, and nothing forced.

mod branches;
mod damage;
mod merges;
mod odd_commits;
mod python_servers;
mod reverts;
mod rewritten;
mod trees;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::git;
use tests::machine::Machine;
use tests::person::Person;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// A thread with two entries, as the Python servers write it.
const PLAN: &str = "# plan — Thread\nStatus: OPEN\nBall: Codex (bob)\nTopic: plan\n\
    Created: 2026-01-05T09:00:00Z\n\n\
    ---\nEntry: Claude (carol) 2026-01-05T09:00:00Z\nRole: planner\nType: Plan\nTitle: One\n\n\
    first words\n<!-- Entry-ID: 01AAAAAAAAAAAAAAAAAAAAAAAA -->\n\n\
    ---\nEntry: Codex (bob) 2026-01-05T09:01:00Z\nRole: implementer\nType: Note\nTitle: Two\n\n\
    second words\n<!-- Entry-ID: 01BBBBBBBBBBBBBBBBBBBBBBBB -->\n";

/// An entry as a Python server appends it.
fn entry(id: &str, title: &str) -> String {
    format!(
        "\n---\nEntry: Codex (bob) 2026-01-05T10:00:00Z\nRole: critic\nType: Note\n\
         Title: {title}\n\nwords of {title}\n<!-- Entry-ID: {id} -->\n"
    )
}

/// Alice's machine and carol's clone of the same remote.
struct Scene {
    remote: BareRepository,
    machine: Machine,
    agent: Shim,
    carol: Person,
    /// Of what we wrote.
    ours: BTreeSet<String>,
}

impl Scene {
    /// In step with a remote that holds [`PLAN`].
    fn new() -> Self {
        Self::holding(&[("plan.md", PLAN.as_bytes())])
    }

    fn holding(files: &[(&str, &[u8])]) -> Self {
        let remote = BareRepository::holding(files, "carol's threads");
        let mut machine = Machine::new(&Settings::of("alice").remote(&remote.url()));
        machine.start();
        machine.wait_in_step("acme");
        Self {
            agent: Shim::connect(&machine, "claude-code"),
            carol: Person::clone_of(&remote),
            ours: BTreeSet::new(),
            machine,
            remote,
        }
    }

    /// Writes an entry; its ID.
    fn say(&mut self, topic: &str, title: &str) -> String {
        let said = self.agent.say(topic, title, "our words").structured;
        let id = said["entry_id"].as_str().expect("an ID").to_owned();
        self.ours.insert(id.clone());
        id
    }

    /// Writes an entry that leaves the header as it is; its ID.
    fn ack(&mut self, topic: &str) -> String {
        let ack = json!({"topic": topic, "title": "Seen", "body": "our words"});
        let said = self.agent.call("ack", ack).structured;
        let id = said["entry_id"].as_str().expect("an ID").to_owned();
        self.ours.insert(id.clone());
        id
    }

    /// What others do while we write and neither sees the other.
    fn apart(&mut self, ours: impl FnOnce(&mut Self), theirs: impl FnOnce(&Person)) {
        self.remote.go_away();
        ours(self);
        theirs(&self.carol);
        self.remote.come_back();
    }

    /// What others do, then ours when it has arrived.
    fn others(&mut self, theirs: impl FnOnce(&Person)) {
        self.carol.pull();
        theirs(&self.carol);
        self.heard();
    }

    /// Waits until we have the remote's tip and nothing waits.
    fn heard(&mut self) {
        let _asked = self.agent.call("sync", json!({}));
        let (machine, remote) = (&self.machine, &self.remote);
        machine.wait_state("acme", "at the remote's tip", |one| {
            let tip = git::git(&remote.path(), &["rev-parse", "main"]);
            one["pending"] == 0 && one["head"] == tip.trim()
        });
    }

    /// Insists on trouble `rewritten`, in these words.
    fn told(&self, words: &str) -> Value {
        let one = self.machine.repository("acme");
        assert_eq!(one["state"], "attention", "{one}");
        assert_eq!(one["trouble"]["kind"], "rewritten", "{one}");
        let message = one["trouble"]["message"].as_str().expect("words");
        assert!(message.contains(words), "{message}");
        one["trouble"].clone()
    }

    /// Insists that nothing stands in the way.
    fn at_peace(&self) {
        let one = self.machine.repository("acme");
        assert_eq!(
            (&one["state"], &one["trouble"]),
            (&json!("synced"), &Value::Null)
        );
    }

    /// Insists that what is shown is what the tip holds, and on what is promised of a write.
    fn ends_well(mut self) {
        self.heard();
        let tree = git::git(
            &self.remote.path(),
            &["ls-tree", "--name-only", "-z", "main"],
        );
        let mut found = BTreeSet::new();
        let mut threads_len = 0;
        for name in tree.split('\0').filter(|name| name.ends_with(".md")) {
            let Some(bytes) = self.remote.file(name) else {
                continue;
            };
            let (thread, _) = threads::parse::parse(&bytes);
            if !thread.is_thread() {
                continue;
            }
            threads_len += 1;
            let topic = name.trim_end_matches(".md");
            let wanted = thread.entries().iter().map(|entry| {
                let id = entry.id.as_ref().map(ToString::to_string);
                (id, entry.agent.clone(), entry.title.clone(), entry.body())
            });
            let shown = self.agent.entries(topic);
            let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
            let shown = shown.iter().map(|one| {
                let id = one["entry_id"].as_str().map(str::to_owned);
                (
                    id,
                    text(one, "agent"),
                    text(one, "title"),
                    text(one, "body"),
                )
            });
            let (shown, wanted): (Vec<_>, Vec<_>) = (shown.collect(), wanted.collect());
            assert_eq!(shown, wanted, "{topic}");
            for id in wanted.into_iter().filter_map(|(id, ..)| id) {
                let new = !self.ours.contains(&id) || found.insert(id.clone());
                assert!(new, "{id} stands there twice");
            }
        }
        assert_eq!(found, self.ours, "ours are there once each");
        let shown = self.machine.repository("acme");
        assert_eq!(shown["threads"], threads_len, "{shown}");
        for id in &self.ours {
            assert!(self.remote.commits_of(id) <= 1, "{id} was committed twice");
        }
        git::assert_sound(&self.machine.clone_of("acme"));
        self.remote.assert_sound();
    }
}

/// Waits until somebody reads so many entries.
fn reads(agent: &mut Shim, topic: &str, entries: u64) {
    wait_until("the entries are read", PATIENCE, || {
        agent.count(topic) == entries
    });
}
