//! Editors as they are, on a thread whose remote moves while they show it.

use std::process::Command;

use tests::editor::Editor;
use tests::machine::Machine;
use tests::settings::Settings;

use super::*;

/// Another laptop that writes into the thread, so that the file is replaced under the editor.
fn moved_by_bob(scene: &Scene) {
    let mut bob = Machine::new(&Settings::of("bob").remote(&scene.remote.url()));
    bob.start();
    bob.wait_in_step("acme");
    let mut codex = Shim::connect(&bob, "codex-mcp-client");
    let _said = codex.say("plan", "From bob", "meanwhile");
    scene.wait_for("plan.md", "meanwhile");
    wait_until("the file has moved", PATIENCE, || {
        scene.text("plan.md").contains("meanwhile")
    });
}

fn is_whole(scene: &Scene, body: &str) {
    scene.wait_for("plan.md", body);
    scene.wait_in_step();
    let text = scene.text("plan.md");
    let mut titles = titles(&text);
    titles.sort();
    assert_eq!(titles, ["By hand", "From bob", "Start"], "{text}");
    assert_eq!(text.matches("<!-- Entry-ID:").count(), 3, "{text}");
    scene.remote.assert_sound();
}

/// The lines of an entry, as keys.
fn keys(body: &str) -> String {
    typed("Alice", 7, "By hand", body).replace('\n', "\r")
}

#[test]
fn vim_saves_a_stale_buffer_while_the_remote_moves() {
    let scene = Scene::new();
    let file = scene.file("plan.md");
    let command = ["vim", "-u", "NONE", "-i", "NONE", "-N"];
    let mut vim = Editor::open(&scene.alice, &command, &file, "the first entry");
    moved_by_bob(&scene);
    // It asks, since the file has changed.
    let asked = "Do you really want to write to it";
    let edit = format!("Go{}\u{1b}:w!\r", keys("from a vim"));
    vim.press_until(&edit, asked);
    vim.press("y");
    scene.wait_for("plan.md", "from a vim");
    scene.wait_in_step();
    // The very same buffer once more, as people do.
    vim.press_until(":w!\r", asked);
    vim.press_until("y", "written");
    vim.press(":q!\r");
    vim.wait_for_end();
    is_whole(&scene, "from a vim");
}

#[test]
fn nano_saves_in_place_while_the_remote_moves() {
    let scene = Scene::new();
    let file = scene.file("plan.md");
    let mut nano = Editor::open(&scene.alice, &["nano", "-I"], &file, "the first entry");
    moved_by_bob(&scene);
    // To the end, the text, save; it asks since the file has changed.
    let edit = format!("\u{1b}/{}\u{f}\r", keys("from a nano"));
    nano.press_until(&edit, "modified since");
    nano.press("y");
    scene.wait_for("plan.md", "from a nano");
    nano.press("\u{18}");
    nano.wait_for_end();
    is_whole(&scene, "from a nano");
}

#[test]
fn sed_changes_a_status_while_the_remote_moves() {
    let scene = Scene::new();
    let file = scene.file("plan.md");
    moved_by_bob(&scene);
    let sed = Command::new("sed")
        .args(["-i", "s/^status: OPEN/status: IN_REVIEW/"])
        .arg(&file)
        .status();
    assert!(sed.expect("sed starts").success());
    scene.wait_for("plan.md", "status: IN_REVIEW");
    scene.wait_in_step();
    let text = scene.text("plan.md");
    let titles = titles(&text);
    assert!(titles.contains(&"From bob".to_owned()) && titles.contains(&"Start".to_owned()));
    assert_eq!(python_reader::header_lines(&text, "status"), 1, "{text}");
}

#[test]
fn an_editor_that_holds_the_file_open_loses_nothing() {
    use std::io::Write as _;

    let scene = Scene::new();
    let mut held = fs::File::options()
        .append(true)
        .open(scene.file("plan.md"))
        .expect("it is there");
    moved_by_bob(&scene);
    let entry = typed("Alice", 9, "By hand", "into a file that was replaced");
    held.write_all(entry.as_bytes()).expect("it is held");
    is_whole(&scene, "into a file that was replaced");
}
