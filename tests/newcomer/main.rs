//! What a newcomer does first: the install command, from a fresh clone, in an empty home.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tests::cli::Ran;
use tests::machine::Machine;
use tests::processes;
use tests::scratch;
use tests::wait::{PATIENCE, wait_until};

/// The shim, stripped; source: the outside contract, section 1.
const SHIM_BYTES_MAX: u64 = 1_000_000;

/// The shim, resident while connected; source: the outside contract, section 1.
const SHIM_RESIDENT_MAX: u64 = 4_000_000;

/// What is put on.
const PROGRAMS: [&str; 4] = [
    "watercooler",
    "watercooler-mcp",
    "watercooler-installer",
    "watercoolerd",
];

/// A client's servers, as a person wrote them.
const CURSOR: &str =
    "{\n  \"mcpServers\": {\n    \"other\": {\"command\": \"other\"} // mine\n  }\n}\n";

/// How a toolchain and the way to the registry are found where HOME is empty.
const TOOLCHAIN: [&str; 12] = [
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "SSL_CERT_FILE",
    "CARGO_HTTP_CAINFO",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "CI",
];

/// A machine with nothing but a toolchain on it.
fn new_laptop() -> Machine {
    let mut machine = Machine::without_settings();
    machine.unset("WATERCOOLER_HOME");
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    machine.set("CARGO_HOME", home.join(".cargo"));
    machine.set("RUSTUP_HOME", home.join(".rustup"));
    for name in TOOLCHAIN {
        if let Some(value) = std::env::var_os(name) {
            machine.set(name, value);
        }
    }
    // Built once for all runs; a newcomer's own build differs by its time alone.
    machine.set("CARGO_TARGET_DIR", release_target());
    machine
}

fn release_target() -> PathBuf {
    let this = std::env::current_exe().expect("a running test has a path");
    let target = this.ancestors().nth(3);
    target
        .expect("a test lies in TARGET/PROFILE/deps")
        .join("newcomer")
}

fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a process has a size") * 1024
}

#[test]
#[ignore = "builds everything for release: ./tests/run.sh newcomer"]
fn the_install_command_passes_and_what_it_made_can_be_taken_away() {
    let machine = new_laptop();
    let checkout = machine.home().join("watercooler");
    let from = format!("file://{}", scratch::workspace().display());
    tests::git::git(
        &machine.home(),
        &["clone", "--quiet", "--depth", "1", &from, "watercooler"],
    );
    let cursor = machine.home().join(".cursor/mcp.json");
    fs::create_dir_all(cursor.parent().expect("it lies in a folder")).expect("a home is ours");
    fs::write(&cursor, CURSOR).expect("a home is ours");
    let prefix = machine.home().join(".local");
    let mut install = machine.command(checkout.join("installer/install.sh"));
    install.current_dir(&checkout).arg("--prefix").arg(&prefix);
    let ran = Ran::run(&mut install, "").done();
    for phase in [
        "System packages",
        "A first thread, as it is read back",
        "Done.",
    ] {
        assert!(ran.stdout.contains(phase), "{phase}: {}", ran.stdout);
    }

    let bin = prefix.join("bin");
    for name in PROGRAMS {
        let version = Ran::run(machine.command(bin.join(name)).arg("--version"), "").done();
        assert!(version.stdout.starts_with(name), "{}", version.stdout);
    }
    let cli =
        |arguments: &[&str]| Ran::run(machine.command(bin.join("watercooler")).args(arguments), "");
    let status = cli(&["status", "--json"]).done().json();
    assert_eq!(status["repositories"][0]["state"], "local", "{status}");
    let listed = cli(&["list", "--all", "--json"]).done().json();
    assert_ne!(
        listed["threads"],
        json!([]),
        "a first thread was said: {listed}"
    );
    the_shim_is_small(&machine, &bin.join("watercooler-mcp"));

    let shim = bin.join("watercooler-mcp").display().to_string();
    let registered = fs::read_to_string(&cursor).expect("it was there");
    assert!(registered.contains(&shim), "{registered}");
    the_services_are_well_formed(&machine, &bin);

    let pid = status["daemon"]["pid"].as_u64().expect("a daemon runs");
    let pid = u32::try_from(pid).expect("a process id");
    let mut uninstall = machine.command(bin.join("watercooler-installer"));
    uninstall
        .args(["uninstall", "--yes", "--prefix"])
        .arg(&prefix);
    let off = Ran::run(&mut uninstall, "").done();
    assert!(off.stdout.contains("It is off."), "{}", off.stdout);
    wait_until("the daemon ends", PATIENCE, || !processes::is_alive(pid));
    for name in PROGRAMS {
        assert!(!bin.join(name).exists(), "{name} is left");
    }
    assert_eq!(fs::read_to_string(&cursor).expect("it is kept"), CURSOR);
    assert!(!machine.home().join(".config/autostart").exists());
    let welcome = machine
        .home()
        .join(".local/share/watercooler/repositories/local/welcome.md");
    assert!(welcome.exists(), "threads stay");
    let left = processes::of_folder(machine.root());
    assert!(left.is_empty(), "processes are left: {left:?}");
}

/// By the programs that read them on a real desktop.
fn the_services_are_well_formed(machine: &Machine, bin: &Path) {
    let entry = machine
        .home()
        .join(".config/autostart/watercoolerd.desktop");
    if entry.exists() {
        let _valid = Ran::run(machine.command("desktop-file-validate").arg(&entry), "").done();
    }
    let text =
        fs::read_to_string(scratch::workspace().join("installer/linux/watercoolerd.service"));
    let text = text.expect("it is in the checkout");
    let unit = machine.home().join("watercoolerd.service");
    fs::write(&unit, text.replace("@BIN@", &bin.display().to_string())).expect("a home is ours");
    let mut verify = machine.command("systemd-analyze");
    verify.env("XDG_RUNTIME_DIR", machine.home());
    verify.args(["--user", "--man=no", "--recursive-errors=yes", "verify"]);
    let _valid = Ran::run(verify.arg(&unit), "").done();
}

fn the_shim_is_small(machine: &Machine, shim: &Path) {
    let bytes = fs::metadata(shim).expect("it was installed").len();
    assert!(bytes <= SHIM_BYTES_MAX, "{bytes} bytes");
    let mut command: Command = machine.command(shim);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the shim starts");
    wait_until("the shim is connected", PATIENCE, || {
        processes::has_socket(child.id())
    });
    let resident = resident_bytes(child.id());
    drop(child.stdin.take());
    let end = processes::reap("the shim ends", &mut child, PATIENCE);
    assert_eq!(end.code(), Some(0));
    assert!(resident <= SHIM_RESIDENT_MAX, "{resident} bytes resident");
}
