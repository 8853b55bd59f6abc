//! `watercooler repo add` at remotes that are there, that let nobody in, and that are none.

use std::fs;

use serde_json::json;
use tests::git;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::{SshServer, own_ssh};
use tests::settings::Settings;

const SETTINGS: &str = "# mine\n\n[sync]   # quick\npoll_idle = \"1s\"\n\n# the end\n";

fn machine() -> Machine {
    let mut machine = Machine::without_settings();
    machine.configure(SETTINGS);
    machine.start();
    machine
}

fn settings(machine: &Machine) -> String {
    fs::read_to_string(machine.folder().join("config.toml")).expect("there are settings")
}

#[test]
fn name_branch_and_code_are_found() {
    let remote = BareRepository::holding(&[("README.md", b"x")], "one");
    git::git(&remote.path(), &["branch", "-m", "main", "trunk"]);
    let machine = machine();
    let code = machine.home().join("src/app/deep");
    fs::create_dir_all(&code).expect("a home can be written");
    let root = machine.home().join("src/app");
    git::git(&root, &["init", "--quiet"]);
    let mut add = machine.command(tests::programs::Program::Cli.path());
    add.args(["repo", "add", &remote.url(), "--json"])
        .current_dir(&code);
    let added = tests::cli::Ran::run(&mut add, "").done().json();
    assert_eq!(added["name"], "remote");
    assert_eq!(added["branch"], "trunk");
    assert_eq!(added["code"], json!([root]));
    let text = settings(&machine);
    assert!(
        text.starts_with("# mine\n\n[sync]   # quick\npoll_idle = \"1s\"\n"),
        "{text}"
    );
    assert!(text.contains("# the end"), "{text}");
    assert!(!machine.folder().join("state/probes/1").exists());
}

#[test]
fn what_is_no_remote_changes_nothing() {
    let machine = machine();
    let folder = machine.home().join("no-repository");
    fs::create_dir_all(&folder).expect("a home can be written");
    let folder = format!("file://{}", folder.display());
    let remote = BareRepository::holding(&[("README.md", b"x")], "one");
    for (arguments, code) in [
        (vec!["https://alice:hunter2@example.com/t.git"], 2),
        (vec!["ftp://example.com/t.git"], 2),
        (vec!["--", "--upload-pack=x"], 2),
        (vec![&remote.url(), "--branch", "a..b"], 2),
        (vec![&remote.url(), "--directory", "../x"], 2),
        (vec![&remote.url(), "--name", "A b"], 2),
        (vec![&folder], 1),
    ] {
        let ran = machine.cli(&[&["repo", "add"], arguments.as_slice()].concat());
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert_eq!(settings(&machine), SETTINGS, "{arguments:?}");
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"));
    }
}

#[test]
fn a_remote_that_is_away_is_added() {
    let remote = BareRepository::new();
    remote.go_away();
    let machine = machine();
    let ran = machine
        .cli(&["repo", "add", &remote.url(), "--name", "acme"])
        .exited(1);
    assert!(ran.stderr.contains("offline"), "{}", ran.stderr);
    assert!(settings(&machine).contains(&remote.url()));
    remote.come_back();
    machine.wait_in_step("acme");
}

#[test]
fn with_no_way_in_it_is_kept_and_the_next_commands_are_told() {
    let (server, remote) = (SshServer::start(), BareRepository::new());
    let url = server.url(&remote.path());
    let mut machine = Machine::new(&Settings::of("alice"));
    own_ssh(&machine, "");
    machine.start();
    let ran = machine
        .cli(&["repo", "add", &url, "--name", "acme"])
        .exited(77);
    assert!(
        ran.stdout.contains("next: watercooler credential trust "),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("next: watercooler credential test acme"),
        "{}",
        ran.stdout
    );
    assert!(settings(&machine).contains(&url));

    server.trusted_by(&machine);
    let ran = machine
        .cli(&["repo", "add", &url, "--name", "acme"])
        .exited(77);
    let key = "next: watercooler credential add acme --deploy-key";
    assert!(ran.stdout.contains(key), "{} {}", ran.stdout, ran.stderr);
    let path = server.user_key();
    let path = path.to_str().expect("our folders have plain names");
    let _added = machine
        .cli(&["repo", "add", &url, "--name", "acme", "--ssh-key", path])
        .done();
    machine.wait_in_step("acme");
}
