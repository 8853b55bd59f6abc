//! The public MCP SDKs run every tool through the built shim.
//!
//! `./tests/run.sh clients` installs the SDKs and names them in the two variables below.

use std::path::PathBuf;
use std::process::Command;

use tests::cli::Ran;
use tests::machine::Machine;
use tests::programs::Program;
use tests::scratch;
use tests::settings::Settings;

/// A Python that has the package `mcp`.
const PYTHON: &str = "WATERCOOLER_TEST_PYTHON";

/// A folder with the script of the TypeScript client and its `node_modules`.
const TYPESCRIPT: &str = "WATERCOOLER_TEST_TYPESCRIPT";

fn named(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    let value = value.unwrap_or_else(|| panic!("{variable} is not set: ./tests/run.sh clients"));
    PathBuf::from(value)
}

fn client(name: &str) -> PathBuf {
    scratch::workspace().join("tests/clients").join(name)
}

fn run(machine: &Machine, command: &mut Command) {
    let ran = Ran::run(command, "").done();
    assert!(ran.stdout.contains("all tools"), "{}", ran.stdout);
    assert_eq!(machine.json(&["read", "plan"])["status"], "IN_REVIEW");
}

fn python(mode: &str) {
    let machine = Machine::new(&Settings::of("alice"));
    let mut command = machine.command(named(PYTHON));
    command
        .arg(client("python/all_tools.py"))
        .arg(Program::Shim.path())
        .arg(mode);
    run(&machine, &mut command);
}

#[test]
#[ignore = "needs the Python SDK: ./tests/run.sh clients"]
fn the_python_sdk_with_sessions_runs_every_tool() {
    python("legacy");
}

#[test]
#[ignore = "needs the Python SDK: ./tests/run.sh clients"]
fn the_python_sdk_without_sessions_runs_every_tool() {
    python("auto");
}

#[test]
#[ignore = "needs the TypeScript SDK: ./tests/run.sh clients"]
fn the_typescript_sdk_runs_every_tool() {
    let machine = Machine::new(&Settings::of("alice"));
    let mut command = machine.command("node");
    command
        .arg(named(TYPESCRIPT).join("all-tools.mjs"))
        .arg(Program::Shim.path());
    run(&machine, &mut command);
}
