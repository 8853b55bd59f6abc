//! A local-only repository is given a remote that has threads already: both have all of both.

use tests::git;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// A remote that bob's agent writes to, and a laptop of alice's that has no remote.
struct Scene {
    remote: BareRepository,
    codex: Shim,
    _bob: Machine,
    alice: Machine,
    claude: Shim,
}

impl Scene {
    fn new() -> Self {
        let remote = BareRepository::new();
        let mut bob = Machine::new(&Settings::of("bob").remote(&remote.url()));
        bob.start();
        let mut codex = Shim::connect(&bob, "codex-mcp-client");
        let _said = codex.say("plan", "From bob", "x");
        let _said = codex.say("other", "Bob's own", "x");
        bob.wait_in_step("acme");
        let mut alice = Machine::new(&Settings::of("alice"));
        alice.start();
        let mut claude = Shim::connect(&alice, "claude-code");
        for (topic, title) in [("plan", "One"), ("plan", "Two"), ("notes", "Three")] {
            let _said = claude.say(topic, title, "x");
        }
        // What is pending would go to the remote as it is.
        alice.wait_state("local", "committed", |one| one["pending"] == 0);
        Self {
            remote,
            codex,
            _bob: bob,
            alice,
            claude,
        }
    }

    fn join(&self) {
        let joined = Settings::of("alice").repository("local", &self.remote.url(), "");
        self.alice.configure(&joined.text());
    }

    /// Insists that everybody has everything once.
    fn assert_joined(&mut self) {
        wait_until("what was local is on the remote", PATIENCE, || {
            self.remote.file("notes.md").is_some()
        });
        self.alice.wait_in_step("local");
        let titles = |topic: &str| -> Vec<String> {
            let text = self.remote.text(&format!("{topic}.md"));
            let entries = python_reader::entries(&text).into_iter();
            entries.map(|entry| entry.title).collect()
        };
        assert_eq!(titles("plan"), ["From bob", "One", "Two"]);
        assert_eq!(titles("notes"), ["Three"]);
        let plan = self.remote.text("plan.md");
        assert_eq!(python_reader::header_lines(&plan, "status"), 1, "{plan}");
        let counts = |shim: &mut Shim| ["plan", "notes", "other"].map(|topic| shim.count(topic));
        assert_eq!(counts(&mut self.claude), [3, 1, 1]);
        wait_until("bob has it too", PATIENCE, || {
            counts(&mut self.codex) == [3, 1, 1]
        });
        self.remote.assert_sound();
        let clone = self.alice.clone_of("local");
        let local = git::git(&clone, &["for-each-ref", "--format=%(refname)", "refs"]);
        assert!(local.contains("refs/backup/local"), "{local}");
        assert!(!local.contains("refs/heads/"), "{local}");
    }
}

#[test]
fn a_local_repository_that_is_given_a_url_joins_what_is_there() {
    let mut scene = Scene::new();
    scene.join();
    scene.assert_joined();
    // A repeated start imports nothing again.
    scene.alice.restart();
    let _said = scene.claude.say("plan", "After", "x");
    scene.alice.wait_in_step("local");
    let plan = scene.remote.text("plan.md");
    assert_eq!(python_reader::entries(&plan).len(), 4, "{plan}");
}

#[test]
fn it_joins_once_whatever_is_killed_meanwhile() {
    let mut scene = Scene::new();
    let _killed = scene.alice.kill();
    scene.remote.go_away();
    scene.join();
    scene.alice.start();
    // All of it is read here before the remote is.
    wait_until("it is shown", PATIENCE, || {
        scene.claude.count("plan") == 2 && scene.claude.count("notes") == 1
    });
    let _killed = scene.alice.kill();
    scene.alice.start();
    scene.remote.come_back();
    scene.assert_joined();
}
