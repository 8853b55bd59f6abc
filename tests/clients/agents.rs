//! Coding agents as they come, without a login: they find the shim where it was registered.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use serde_json::{Value, json};
use tests::cli::Ran;
use tests::processes;
use tests::shim::STATELESS;
use tests::wait::PATIENCE;

use crate::recorder::Recorder;
use crate::table::Client;
use crate::{NODE, machine, named};

pub(crate) const CLAUDE_CODE: Client = Client {
    name: "Claude Code, `claude mcp list`",
    package: "@anthropic-ai/claude-code",
    version: STATELESS,
    does: "connects",
};

pub(crate) const CODEX: Client = Client {
    name: "Codex, `codex app-server`",
    package: "@openai/codex",
    version: "2025-06-18",
    does: "lists every tool",
};

#[test]
#[ignore = "needs Claude Code: ./tests/run.sh clients"]
fn claude_code_finds_the_server_healthy() {
    let mut machine = machine();
    for name in [
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
        "DISABLE_AUTOUPDATER",
    ] {
        machine.set(name, "1");
    }
    let recorder = Recorder::new(&machine);
    let claude = |arguments: &[&str]| {
        // The package's own set-up, which is not run, would put the program in its place.
        let script = "node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs";
        let mut command: Command = machine.command("node");
        Ran::run(
            command
                .arg(named(NODE).join(script))
                .arg("mcp")
                .args(arguments),
            "",
        )
        .done()
    };
    let program = recorder.program();
    let program = program.to_str().expect("a scratch path is UTF-8");
    let _added = claude(&["add", "watercooler", "-s", "user", "--", program]);
    let health = claude(&["list"]).stdout;
    assert!(health.contains("Connected"), "{health}");
    let record = recorder.record(&machine);
    assert_eq!(record.versions(), [CLAUDE_CODE.version].into());
    CLAUDE_CODE.ran();
}

#[test]
#[ignore = "needs Codex: ./tests/run.sh clients"]
fn codex_lists_every_tool() {
    let machine = machine();
    let recorder = Recorder::new(&machine);
    let mut add = machine.command("codex");
    add.args(["mcp", "add", "watercooler", "--"]);
    let _added = Ran::run(add.arg(recorder.program()), "").done();
    let status = codex_status(machine.command("codex").arg("app-server"));
    let servers = status["data"].as_array().expect("a list");
    let [server] = servers.as_slice() else {
        panic!("one server: {status}");
    };
    assert_eq!(server["serverInfo"]["name"], "watercooler", "{server}");
    let record = recorder.record(&machine);
    assert_eq!(record.versions(), [CODEX.version].into());
    let understood = server["tools"].as_object().expect("tools by name");
    let understood: Vec<&str> = understood.keys().map(String::as_str).collect();
    let listed: Vec<&str> = record.listed().into_iter().collect();
    assert_eq!(understood, listed);
    CODEX.ran();
}

/// What `mcpServerStatus/list` answers; its client stays until then.
fn codex_status(command: &mut Command) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("codex starts");
    let mut input = child.stdin.take().expect("it was asked for");
    let output = child.stdout.take().expect("it was asked for");
    let (to, answers) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        for message in lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()) {
            if message["id"] == 2 {
                let _nobody_waits = to.send(message);
            }
        }
    });
    let me = json!({"name": "watercooler-tests", "version": "1"});
    for message in [
        json!({"id": 1, "method": "initialize", "params": {"clientInfo": me}}),
        json!({"method": "initialized"}),
        json!({"id": 2, "method": "mcpServerStatus/list", "params": {}}),
    ] {
        writeln!(input, "{message}").expect("codex reads");
    }
    let answer = answers.recv_timeout(PATIENCE).expect("codex answers");
    drop(input);
    let _end = processes::reap("codex ends", &mut child, PATIENCE);
    answer["result"].clone()
}
