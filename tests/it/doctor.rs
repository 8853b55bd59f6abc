//! `watercooler doctor`: what it says of a machine that is well, of one that is not, and what it
//! mends.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tests::cli::Ran;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;

fn doctor(machine: &Machine, arguments: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["doctor", "--json"], arguments].concat();
    let ran: Ran = machine.cli(&arguments);
    let document = serde_json::from_str(&ran.stdout).expect("one JSON document");
    (ran.code, document)
}

fn state<'a>(document: &'a Value, name: &str) -> &'a str {
    let checks = document["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["id"] == name);
    found
        .and_then(|check| check["level"].as_str())
        .unwrap_or_else(|| panic!("no check is called {name}: {document}"))
}

#[test]
fn a_machine_that_is_well_has_no_problem() {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let (code, document) = doctor(&alice, &[]);
    for name in [
        "daemon",
        "state_folder",
        "settings",
        "clock",
        "repository_acme",
    ] {
        assert_eq!(state(&document, name), "ok", "{document}");
    }
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["ok"], true, "{document}");
    let told = alice.cli(&["doctor"]);
    assert!(told.stdout.contains("✓ daemon: process"), "{}", told.stdout);
}

#[test]
fn what_is_wrong_is_a_line_with_what_to_do_and_fix_mends_what_it_can() {
    let alice = Machine::new(&Settings::of("alice"));
    let folder = alice.folder().join("state");
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("it is ours");
    let (code, document) = doctor(&alice, &[]);
    assert_eq!(code, Some(1), "{document}");
    assert_eq!(state(&document, "state_folder"), "error");
    assert_eq!(state(&document, "daemon"), "error");
    let hints = document["checks"].as_array().expect("checks").iter();
    for check in hints.filter(|check| check["level"] == "error") {
        assert!(check["hint"].is_string(), "{check}");
    }

    let (code, document) = doctor(&alice, &["--fix"]);
    assert_eq!(code, Some(0), "{document}");
    let fixed = document["fixed"].as_array().expect("a list").len();
    assert_eq!(fixed, 2, "{document}");
    assert_eq!(state(&document, "daemon"), "ok");
    let mode = fs::metadata(&folder).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
}

#[test]
fn the_desktop_and_the_login_are_looked_at() {
    let mut alice = Machine::new(&Settings::of("alice"));
    alice.unset("DISPLAY");
    let (_, document) = doctor(&alice, &[]);
    assert_eq!(state(&document, "login"), "warn", "{document}");
    assert_eq!(
        state(&document, "keychain"),
        "warn",
        "there is no bus: {document}"
    );
    let names = document["checks"].as_array().expect("checks").iter();
    let names: Vec<&str> = names.filter_map(|check| check["id"].as_str()).collect();
    assert!(!names.contains(&"tray"), "nobody sees one here: {document}");

    let autostart = alice.home().join(".config/autostart");
    fs::create_dir_all(&autostart).expect("a home is ours");
    fs::write(autostart.join("watercoolerd.desktop"), "").expect("a home is ours");
    let settings = Settings::of("alice").text();
    alice.configure(&format!("credentials = \"file\"\n{settings}"));
    alice.set("DISPLAY", ":7");
    alice.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    let (_, document) = doctor(&alice, &[]);
    assert_eq!(state(&document, "login"), "ok", "{document}");
    assert_eq!(state(&document, "keychain"), "ok", "{document}");
    assert_eq!(state(&document, "tray"), "warn", "{document}");
}

#[test]
fn settings_that_cannot_be_read_and_a_remote_that_is_away_are_told() {
    let gone = "file:///nowhere/at/all.git";
    let mut alice = Machine::new(&Settings::of("alice").remote(gone));
    alice.start();
    let _away = alice.wait_state("acme", "in trouble", |one| !one["trouble"].is_null());
    let (_, document) = doctor(&alice, &[]);
    assert_ne!(state(&document, "repository_acme"), "ok", "{document}");
    fs::write(alice.folder().join("config.toml"), "[[repository]\n").expect("it is ours");
    let (code, document) = doctor(&alice, &[]);
    assert_eq!(state(&document, "settings"), "error", "{document}");
    assert_eq!(code, Some(1));
}

#[test]
fn files_from_the_future_tell_of_a_wrong_clock() {
    let mut alice = Machine::new(&Settings::of("alice"));
    alice.start();
    let file = alice.folder().join("state/later");
    let file = fs::File::create(file).expect("it is ours");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3_600);
    file.set_modified(later).expect("it is ours");
    let (code, document) = doctor(&alice, &[]);
    assert_eq!(state(&document, "clock"), "error", "{document}");
    assert_eq!(code, Some(1));
}
