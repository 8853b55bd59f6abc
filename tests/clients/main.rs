//! Public MCP clients run every tool through the built shim; two agents find and list it.
//!
//! `./tests/run.sh clients` fetches the clients and names their folders in the two variables below.

#![allow(
    clippy::print_stdout,
    reason = "the rows of the table are for the person who copies them"
)]

mod agents;
mod calls;
mod recorder;
mod table;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tests::cli::Ran;
use tests::machine::Machine;
use tests::scratch;
use tests::settings::Settings;
use tests::shim::{SESSIONS, STATELESS};

use recorder::Recorder;
use table::Client;

/// A Python that has the packages of `python/requirements.txt`.
const PYTHON: &str = "WATERCOOLER_TEST_PYTHON";

/// A folder with the scripts of `node/` and its `node_modules`.
const NODE: &str = "WATERCOOLER_TEST_NODE";

const ALL: &str = "calls every tool";

const PYTHON_SESSIONS: Client = Client {
    name: "Python SDK, with sessions",
    package: "mcp",
    version: SESSIONS,
    does: ALL,
};
const PYTHON_STATELESS: Client = Client {
    name: "Python SDK",
    package: "mcp",
    version: STATELESS,
    does: ALL,
};
const FASTMCP: Client = Client {
    name: "fastmcp",
    package: "fastmcp",
    version: STATELESS,
    does: ALL,
};
const TYPESCRIPT_1: Client = Client {
    name: "TypeScript SDK, version 1",
    package: "@modelcontextprotocol/sdk",
    version: SESSIONS,
    does: ALL,
};
const TYPESCRIPT_2_SESSIONS: Client = Client {
    name: "TypeScript SDK, version 2, with sessions",
    package: "@modelcontextprotocol/client",
    version: SESSIONS,
    does: ALL,
};
const TYPESCRIPT_2_STATELESS: Client = Client {
    name: "TypeScript SDK, version 2",
    package: "@modelcontextprotocol/client",
    version: STATELESS,
    does: ALL,
};
const INSPECTOR: Client = Client {
    name: "Inspector, `--cli --strict`",
    package: "@modelcontextprotocol/inspector",
    version: SESSIONS,
    does: ALL,
};

/// All rows of the table, in its order.
const CLIENTS: [Client; 9] = [
    agents::CLAUDE_CODE,
    agents::CODEX,
    INSPECTOR,
    PYTHON_STATELESS,
    PYTHON_SESSIONS,
    TYPESCRIPT_1,
    TYPESCRIPT_2_STATELESS,
    TYPESCRIPT_2_SESSIONS,
    FASTMCP,
];

/// A machine whose programs reach no other one, and find the fetched `node` first.
fn machine() -> Machine {
    let mut machine = Machine::new(&Settings::of("alice"));
    let mut path = named(NODE).join("node_modules/.bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    machine.set("PATH", path);
    // Nobody listens there.
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        machine.set(name, "http://127.0.0.1:1");
    }
    machine
}

fn named(variable: &str) -> PathBuf {
    let value: Option<OsString> = std::env::var_os(variable);
    let value = value.unwrap_or_else(|| panic!("{variable} is not set: ./tests/run.sh clients"));
    PathBuf::from(value)
}

/// Runs a script that prints a line for each call; all are held against what is wanted.
fn script(client: &Client, program: PathBuf, script: PathBuf, arguments: &[&str]) {
    let machine = machine();
    let recorder = Recorder::new(&machine);
    let mut command = machine.command(program);
    command.arg(script).arg(recorder.program());
    let ran = Ran::run(command.arg(calls::TEXT).args(arguments), "").done();
    let lines = ran.stdout.lines().map(serde_json::from_str);
    let answers: Vec<Value> = lines
        .collect::<Result<_, _>>()
        .expect("a line of JSON a call");
    let record = recorder.record(&machine);
    let calls = calls::all();
    let listed = record.listed();
    let made: Vec<&Value> = calls
        .iter()
        .filter(|call| listed.contains(calls::tool(call).as_str()))
        .collect();
    assert_eq!(answers.len(), made.len(), "{}", ran.stdout);
    for (call, answer) in made.into_iter().zip(&answers) {
        calls::check(call, answer);
    }
    whole(client, &record);
}

/// The client spoke the version, and called whatever is listed.
fn whole(client: &Client, record: &recorder::Record) {
    assert_eq!(record.versions(), BTreeSet::from([client.version]));
    assert!(!record.listed().is_empty(), "no tools are listed");
    assert_eq!(
        record.called(),
        record.listed(),
        "calls.json calls every tool that is listed"
    );
    client.ran();
}

fn python(client: &Client, name: &str, arguments: &[&str]) {
    let scripts = scratch::workspace().join("tests/clients/python");
    script(client, named(PYTHON), scripts.join(name), arguments);
}

fn typescript(client: &Client, name: &str, arguments: &[&str]) {
    script(client, "node".into(), named(NODE).join(name), arguments);
}

#[test]
fn the_table_is_of_the_pinned_versions() {
    let rows: Vec<String> = CLIENTS.iter().map(Client::row).collect();
    assert_eq!(table::rows(), rows, "docs/agents.md");
}

#[test]
#[ignore = "needs the Python SDK: ./tests/run.sh clients"]
fn the_python_sdk_with_sessions_runs_every_tool() {
    python(&PYTHON_SESSIONS, "python_sdk.py", &["legacy"]);
}

#[test]
#[ignore = "needs the Python SDK: ./tests/run.sh clients"]
fn the_python_sdk_without_sessions_runs_every_tool() {
    python(&PYTHON_STATELESS, "python_sdk.py", &["auto"]);
}

#[test]
#[ignore = "needs fastmcp: ./tests/run.sh clients"]
fn fastmcp_runs_every_tool() {
    python(&FASTMCP, "fastmcp_client.py", &[]);
}

#[test]
#[ignore = "needs the TypeScript SDK: ./tests/run.sh clients"]
fn version_1_of_the_typescript_sdk_runs_every_tool() {
    typescript(&TYPESCRIPT_1, "typescript-v1.mjs", &[]);
}

#[test]
#[ignore = "needs the TypeScript SDK: ./tests/run.sh clients"]
fn version_2_of_the_typescript_sdk_with_sessions_runs_every_tool() {
    typescript(&TYPESCRIPT_2_SESSIONS, "typescript-v2.mjs", &["legacy"]);
}

#[test]
#[ignore = "needs the TypeScript SDK: ./tests/run.sh clients"]
fn version_2_of_the_typescript_sdk_without_sessions_runs_every_tool() {
    typescript(&TYPESCRIPT_2_STATELESS, "typescript-v2.mjs", &["auto"]);
}

/// Its exit code for a tool that fails by its own word.
const INSPECTOR_TOOL_FAILED: i32 = 5;

#[test]
#[ignore = "needs the Inspector: ./tests/run.sh clients"]
fn the_inspector_finds_no_fault_in_any_schema_and_runs_every_tool() {
    let machine = machine();
    let recorder = Recorder::new(&machine);
    let inspector = |arguments: &[&str]| {
        let mut command: Command = machine.command("inspector");
        command.arg("--cli").arg(recorder.program());
        Ran::run(command.arg("--method").args(arguments), "")
    };
    let listed = inspector(&["tools/list", "--strict"]).done();
    assert_eq!(listed.stderr, "", "a strict look finds nothing to report");
    let listed = listed.json();
    let names = listed["tools"].as_array().expect("a list").iter();
    let names: BTreeSet<&str> = names.filter_map(|tool| tool["name"].as_str()).collect();
    for call in calls::all() {
        let tool = calls::tool(&call);
        if !names.contains(tool.as_str()) {
            continue;
        }
        let mut words = vec!["tools/call".to_owned(), "--tool-name".to_owned(), tool];
        let given = call["arguments"].as_object().expect("an object");
        words.extend((!given.is_empty()).then(|| "--tool-arg".to_owned()));
        words.extend(given.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        }));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let code = if call["refused"].is_null() {
            0
        } else {
            INSPECTOR_TOOL_FAILED
        };
        calls::check(&call, &inspector(&words).exited(code).json());
    }
    whole(&INSPECTOR, &recorder.record(&machine));
}
