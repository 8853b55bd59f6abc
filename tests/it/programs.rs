//! The programs' command lines: versions, help, exit codes, and one JSON document.

use serde_json::json;
use tests::cli::Ran;
use tests::machine::Machine;
use tests::programs::Program;

#[test]
fn versions_name_program_and_protocol() {
    let machine = Machine::without_settings();
    for program in Program::ALL {
        let ran = Ran::run(machine.command(program.path()).arg("--version"), "").done();
        let wanted = format!(
            "{} X (protocol {})",
            program.name(),
            protocol::hello::PROTOCOL
        );
        let shape: Vec<&str> = ran.stdout.trim_end().split(' ').collect();
        let [_, version, ..] = shape[..] else {
            panic!("{}", ran.stdout);
        };
        assert_eq!(ran.stdout.trim_end().replacen(version, "X", 1), wanted);
        let numbers = version
            .split('.')
            .filter(|part| part.parse::<u32>().is_ok());
        assert_eq!(numbers.count(), 3, "{version}");
    }
}

#[test]
fn help_is_complete_and_bad_usage_exits_2() {
    let machine = Machine::without_settings();
    for program in Program::ALL {
        let help = Ran::run(machine.command(program.path()).arg("--help"), "").done();
        assert!(help.stdout.contains("--version"), "{}", help.stdout);
        let wrong = Ran::run(machine.command(program.path()).arg("--no-such-flag"), "").exited(2);
        assert_eq!(wrong.stdout, "");
    }
    let help = machine.cli(&["--help"]).done().stdout;
    for command in [
        "status",
        "list",
        "read",
        "say",
        "ack",
        "handoff",
        "set-status",
        "sync",
        "repo",
        "daemon",
        "logs",
    ] {
        assert!(help.contains(command), "{command} is not in the help");
    }
}

#[test]
fn status_starts_no_daemon_and_exits_69() {
    let machine = Machine::without_settings();
    let ran = machine.cli(&["status", "--json"]).exited(69);
    assert_eq!(ran.json()["daemon"], json!(null));
    assert_eq!(ran.json()["repositories"], json!([]));
    assert_eq!(machine.daemon_pid(), None);
}

#[test]
fn commands_start_the_daemon_and_print_one_document() {
    let machine = Machine::without_settings();
    let said = machine.json(&["say", "plan", "--title", "T", "--body", "b"]);
    assert_eq!(said["topic"], "plan");
    assert_eq!(said["repository"], "local");
    assert_eq!(said["delivery"], "local");
    let read = machine.json(&["read", "plan"]);
    assert_eq!(read["entries"][0]["entry_id"], said["entry_id"], "{read}");
    assert_eq!(read["entries"][0]["body"], "b");
    let acked = machine.json(&["ack", "plan"]);
    assert_eq!(acked["index"], 1);
    assert_eq!(acked["ball"], said["ball"], "an ack leaves the ball");
    let handed = machine.json(&["handoff", "plan", "--to", "Codex", "--note", "yours"]);
    assert_eq!(handed["ball"], "Codex");
    let closed = machine.json(&["set-status", "plan", "closed"]);
    assert_eq!(closed["status"], "CLOSED");
    assert_eq!(machine.json(&["list"])["threads"], json!([]));
    let listed = machine.json(&["list", "--all"]);
    assert_eq!(listed["threads"][0]["entries"], 4, "{listed}");
    let status = machine.json(&["status"]);
    assert_eq!(status["repositories"][0]["name"], "local");
    let metrics = status["metrics"].as_object().expect("metrics");
    for name in [
        "reads",
        "writes",
        "fetches",
        "pushes",
        "push_failures",
        "conflicts",
        "retries",
        "bytes_received",
        "bytes_sent",
    ] {
        assert!(metrics.contains_key(name), "{name} in {status}");
    }
    let repositories = machine.json(&["repo", "list"]);
    assert_eq!(repositories[0]["name"], "local", "{repositories}");
    assert!(machine.cli(&["logs"]).done().stderr.is_empty());
}

#[test]
fn a_failure_is_one_document_and_exits_1() {
    let machine = Machine::without_settings();
    let _said = machine.json(&["say", "plan", "--title", "T", "--body", "b"]);
    let failed = machine.cli(&["read", "plam", "--json"]).exited(1);
    assert_eq!(failed.json()["error"]["code"], "thread_not_found");
    let words = machine.cli(&["read", "plam"]).exited(1);
    assert!(
        words.stderr.contains("plan"),
        "the nearest topic: {}",
        words.stderr
    );
    assert_eq!(words.stdout, "");
}

#[test]
fn a_body_comes_from_a_file_or_standard_input() {
    let machine = Machine::without_settings();
    let file = machine.home().join("body.md");
    std::fs::write(&file, "from a file\n").expect("a home can be written");
    let path = file.display().to_string();
    let _said = machine.json(&["say", "plan", "--title", "T", "--body-file", &path]);
    let piped = Ran::run(
        machine.command(Program::Cli.path()).args([
            "say",
            "plan",
            "--title",
            "T",
            "--body-file",
            "-",
        ]),
        "from a pipe",
    );
    let _said = piped.done();
    // What Python's command does with a body that happens to be a path.
    let _said = machine.json(&["say", "plan", "--title", "T", "--body", &path]);
    let read = machine.json(&["read", "plan"]);
    let bodies: Vec<&str> = (0..3)
        .filter_map(|one| read["entries"][one]["body"].as_str())
        .collect();
    assert_eq!(bodies, ["from a file", "from a pipe", path.as_str()]);
}

#[test]
fn repositories_are_added_listed_and_removed() {
    let remote = tests::servers::bare::BareRepository::new();
    let mut machine = Machine::without_settings();
    machine.start();
    let url = remote.url();
    let _added = machine.cli(&["repo", "add", &url, "--name", "acme"]).done();
    machine.wait_state("acme", "known", |one| one["url"] == url.as_str());
    let said = machine.json(&[
        "say",
        "plan",
        "--title",
        "T",
        "--body",
        "b",
        "--repository",
        "acme",
    ]);
    assert_eq!(said["repository"], "acme");
    machine.wait_in_step("acme");
    assert!(remote.file("plan.md").is_some());
    let password = "https://alice:hunter2@example.com/x.git";
    let refused = machine
        .cli(&["repo", "add", password, "--name", "bad"])
        .exited(2);
    assert!(!format!("{}{}", refused.stdout, refused.stderr).contains("hunter2"));
    let _removed = machine.cli(&["repo", "remove", "acme"]).done();
    let listed = machine.json(&["repo", "list"]).to_string();
    assert!(!listed.contains("acme"), "{listed}");
}

#[test]
fn sync_waits_until_all_is_sent() {
    let remote = tests::servers::bare::BareRepository::new();
    let mut machine = Machine::new(&tests::settings::Settings::of("alice").remote(&remote.url()));
    machine.start();
    let _said = machine.json(&["say", "plan", "--title", "T", "--body", "b"]);
    let synced = machine.json(&["sync", "--wait"]);
    assert_eq!(synced["pending"], 0, "{synced}");
    assert!(remote.file("plan.md").is_some());
}
