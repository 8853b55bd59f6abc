//! What people do in the working tree with editors, scripts and file managers reaches everybody, and
//! nothing that anybody wrote is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

mod editors;
mod scripts;
mod watches;

/// A remote and a laptop with one thread, `plan`, that an agent began, and that agent.
struct Scene {
    remote: BareRepository,
    alice: Machine,
    claude: Shim,
}

impl Scene {
    fn new() -> Self {
        let remote = BareRepository::new();
        let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
        alice.start();
        let mut claude = Shim::connect(&alice, "claude-code");
        let _said = claude.say("plan", "Start", "the first entry");
        let scene = Self {
            remote,
            alice,
            claude,
        };
        scene.wait_in_step();
        scene
    }

    fn file(&self, name: &str) -> PathBuf {
        self.alice.tree("acme").join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Waits until the tree is as the remote.
    fn wait_in_step(&self) {
        self.alice.wait_in_step("acme");
        wait_until("the tree is as the remote", PATIENCE, || {
            trees_are_equal(&self.remote, &self.alice)
        });
    }

    /// Waits until the remote's thread holds a text.
    fn wait_for(&self, file: &str, text: &str) {
        wait_until(&format!("`{text}` on the remote"), PATIENCE, || {
            let there = self.remote.file(file).unwrap_or_default();
            String::from_utf8_lossy(&there).contains(text)
        });
    }
}

/// Whether the threads of a machine's tree are byte for byte those of the remote.
fn trees_are_equal(remote: &BareRepository, machine: &Machine) -> bool {
    let tree = machine.tree("acme");
    let names = tests::git::git(&remote.path(), &["ls-tree", "--name-only", "main"]);
    let on_remote: Vec<&str> = names.lines().filter(|name| name.ends_with(".md")).collect();
    let in_tree = threads_in(&tree);
    in_tree == on_remote
        && on_remote
            .iter()
            .all(|name| fs::read(tree.join(name)).ok() == remote.file(name))
}

/// The names of the threads' files in a tree, sorted.
fn threads_in(tree: &Path) -> Vec<String> {
    let entries = fs::read_dir(tree).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".md")).collect();
    names.sort();
    names
}

/// An entry as a person types it, with nothing that a tool adds.
fn typed(who: &str, second: usize, title: &str, body: &str) -> String {
    let (minute, second) = (second / 60 % 60, second % 60);
    format!(
        "\n---\nEntry: {who} 2026-01-02T09:{minute:02}:{second:02}Z\nRole: pm\nType: Note\n\
         Title: {title}\n\n{body}\n"
    )
}

/// The titles of the entries, in order.
fn titles(text: &str) -> Vec<String> {
    let entries = python_reader::entries(text).into_iter();
    entries.map(|entry| entry.title).collect()
}

#[test]
fn an_entry_that_is_typed_into_a_file_is_everybodys() {
    let mut scene = Scene::new();
    let mut text = scene.text("plan.md");
    text.push_str(&typed("Alice", 1, "By hand", "typed with care"));
    fs::write(scene.file("plan.md"), &text).expect("the tree can be written");
    scene.wait_for("plan.md", "typed with care");
    scene.wait_in_step();
    assert_eq!(titles(&scene.text("plan.md")), ["Start", "By hand"]);
    assert_eq!(scene.claude.count("plan"), 2);
    // What we wrote of it is no edit, whatever is restarted and looked at anew.
    scene.alice.restart();
    let _said = scene.claude.say("plan", "After", "x");
    scene.wait_in_step();
    assert_eq!(
        titles(&scene.text("plan.md")),
        ["Start", "By hand", "After"]
    );
    scene.remote.assert_sound();
}

#[test]
fn an_edit_is_taken_in_whether_the_daemon_ran_or_the_remote_was_there() {
    let mut scene = Scene::new();
    scene.alice.stop();
    let with = |scene: &Scene, second, title: &str| {
        let text = scene.text("plan.md") + &typed("Alice", second, title, "x");
        fs::write(scene.file("plan.md"), text).expect("the tree can be written");
    };
    with(&scene, 1, "While it was off");
    scene.remote.go_away();
    scene.alice.start();
    wait_until("it is read", PATIENCE, || scene.claude.count("plan") == 2);
    wait_until("its file is written", PATIENCE, || {
        scene.text("plan.md").matches("<!-- Entry-ID:").count() == 2
    });
    with(&scene, 2, "While it was away");
    wait_until("it is read", PATIENCE, || scene.claude.count("plan") == 3);
    scene.alice.kill();
    scene.alice.start();
    scene.remote.come_back();
    scene.wait_for("plan.md", "While it was away");
    scene.wait_in_step();
    let wanted = ["Start", "While it was off", "While it was away"];
    assert_eq!(titles(&scene.text("plan.md")), wanted);
}

#[test]
fn a_new_file_that_is_a_thread_becomes_one_and_others_stay_as_they_are() {
    let mut scene = Scene::new();
    let thread = format!(
        "# new — Thread\nStatus: OPEN\nBall: Team\nTopic: new\nCreated: 2026-01-02T09:00:00Z\n{}",
        typed("Alice", 1, "First", "begun by hand")
    );
    fs::write(scene.file("README.md"), "# About this folder\n").expect("it can be written");
    fs::write(scene.file("new.md"), thread).expect("it can be written");
    scene.wait_for("new.md", "begun by hand");
    scene.alice.wait_in_step("acme");
    assert_eq!(scene.claude.count("new"), 1);
    assert_eq!(scene.text("README.md"), "# About this folder\n");
    assert_eq!(scene.remote.file("README.md"), None);
}

#[test]
fn a_copy_of_a_thread_doubles_nothing_and_is_told() {
    let scene = Scene::new();
    fs::copy(scene.file("plan.md"), scene.file("renamed.md")).expect("it is there");
    scene.alice.wait_state("acme", "told of the copy", |_| {
        scene.alice.cli(&["doctor"]).stdout.contains("renamed.md")
    });
    assert!(scene.text("renamed.md").contains("the first entry"));
    assert_eq!(scene.remote.file("renamed.md"), None);
    assert_eq!(scene.remote.log().len(), 1, "an entry stands in one thread");
}

#[test]
fn an_entry_is_changed_and_taken_out_for_everybody() {
    let mut scene = Scene::new();
    for title in ["Second", "Third"] {
        let _said = scene.claude.say("plan", title, "as it was said");
    }
    scene.wait_in_step();
    let text = scene.text("plan.md");
    fs::write(
        scene.file("plan.md"),
        text.replace("the first entry", "other words"),
    )
    .expect("it can be written");
    scene.wait_for("plan.md", "other words");
    scene.wait_in_step();
    let text = scene.text("plan.md");
    let parts: Vec<&str> = text.split("\n---\nEntry: ").collect();
    let [.., first, _, third] = parts.as_slice() else {
        panic!("three entries: {text}");
    };
    let head = text.split("\n---\nEntry: ").next().expect("a header");
    let left = [head, first, third].join("\n---\nEntry: ");
    fs::write(scene.file("plan.md"), left).expect("it can be written");
    wait_until("it is taken out", PATIENCE, || {
        titles(&scene.remote.text("plan.md")) == ["Start", "Third"]
    });
    scene.wait_in_step();
    assert_eq!(scene.claude.count("plan"), 2);
    let log = scene.remote.log();
    let ids: Vec<_> = log
        .iter()
        .filter_map(|commit| commit.trailer("Watercooler-Operation"))
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| id.starts_with("edit ")), "{ids:?}");
    let status = scene.alice.repository("acme");
    assert!(
        status["trouble"].is_null(),
        "one's own deletion is no trouble: {status}"
    );
    scene.remote.assert_sound();
}

#[test]
fn a_whole_tree_that_is_deleted_is_put_back() {
    let mut scene = Scene::new();
    let _said = scene.claude.say("side", "Other", "x");
    scene.wait_in_step();
    fs::remove_file(scene.file("plan.md")).expect("it is there");
    wait_until("the file is back", Duration::from_secs(20), || {
        scene.file("plan.md").exists()
    });
    for _ in 0..3 {
        fs::remove_dir_all(scene.alice.tree("acme")).expect("it is there");
        wait_until("the tree is back", PATIENCE, || {
            trees_are_equal(&scene.remote, &scene.alice)
        });
    }
    // And is listened to as before.
    let text = scene.text("plan.md") + &typed("Alice", 1, "Later", "x");
    fs::write(scene.file("plan.md"), text).expect("it can be written");
    scene.wait_for("plan.md", "Later");
    assert_eq!(scene.claude.count("side"), 1);
    assert_eq!(
        scene.remote.log().len(),
        3,
        "nothing was deleted for others"
    );
}

#[test]
fn what_cannot_be_merged_is_kept_beside_the_thread_and_hinders_nothing() {
    let mut scene = Scene::new();
    let mut text = scene.text("plan.md");
    text.insert_str(0, "<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> other\n");
    fs::write(scene.file("plan.md"), &text).expect("it can be written");
    let kept = || {
        let entries = fs::read_dir(scene.alice.tree("acme"))
            .into_iter()
            .flatten()
            .flatten();
        let mut kept = entries.filter(|entry| {
            let name = entry.file_name().into_string().unwrap_or_default();
            name.starts_with("plan.kept-") && name.ends_with(".txt")
        });
        kept.next().map(|entry| entry.path())
    };
    wait_until("it is kept", PATIENCE, || {
        kept().is_some_and(|kept| fs::read_to_string(kept).is_ok_and(|kept| kept == text))
    });
    scene.wait_in_step();
    assert!(!scene.text("plan.md").contains("<<<<<<<"));
    let doctor = scene.alice.cli(&["doctor"]).stdout;
    assert!(doctor.contains("plan.kept-"), "{doctor}");
    let _said = scene.claude.say("plan", "Goes on", "x");
    scene.wait_in_step();
    let kept = kept().expect("it stays until a person has seen to it");
    fs::remove_file(kept).expect("it is there");
}

#[test]
fn a_file_that_gets_another_name_is_that_thread_for_everybody() {
    let mut scene = Scene::new();
    let mut bob = Machine::new(&Settings::of("bob").remote(&scene.remote.url()));
    bob.start();
    bob.wait_in_step("acme");
    let said = scene.claude.say("plan", "Second", "x").structured;
    scene.wait_in_step();
    // Renamed and edited at once, while the remote is away and somebody else writes into it.
    scene.remote.go_away();
    let mut codex = Shim::connect(&bob, "codex-mcp-client");
    let _said = codex.say("plan", "From bob", "meanwhile");
    fs::rename(scene.file("plan.md"), scene.file("design.md")).expect("it is there");
    wait_until("it is the other thread", PATIENCE, || {
        scene.claude.count("design") == 2 && !scene.file("plan.md").exists()
    });
    let _said = scene.claude.say("design", "Third", "x");
    scene.alice.kill();
    scene.alice.start();
    assert_eq!(scene.claude.count("design"), 3);
    scene.remote.come_back();
    scene.alice.wait_in_step("acme");
    bob.wait_in_step("acme");
    wait_until("both have it", PATIENCE, || {
        trees_are_equal(&scene.remote, &scene.alice) && trees_are_equal(&scene.remote, &bob)
    });
    let text = scene.remote.text("design.md");
    let id = said["entry_id"].as_str().expect("an id");
    assert_eq!(text.matches(id).count(), 1, "{text}");
    let mut all = titles(&text);
    all.extend(titles(&scene.text("plan.md")));
    all.sort();
    assert_eq!(all, ["From bob", "Second", "Start", "Third"]);
    // Nobody is told that anything vanished.
    for machine in [&scene.alice, &bob] {
        let status = machine.repository("acme");
        assert!(status["trouble"].is_null(), "{status}");
    }
    scene.remote.assert_sound();
}
