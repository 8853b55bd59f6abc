//! The packages: what is in them, and what they do in a root where nothing else is.

mod clean_root;

use std::fs;
use std::path::{Path, PathBuf};

use tests::cli::Ran;
use tests::machine::Machine;
use tests::scratch;

use crate::clean_root::CleanRoot;

/// The programs, as they are packed.
const PROGRAMS: [&str; 5] = [
    "watercooler",
    "watercooler-installer",
    "watercooler-mcp",
    "watercooler-tray",
    "watercoolerd",
];

/// What a package for Debian holds besides them.
const HELD: [&str; 11] = [
    "./etc/xdg/autostart/watercooler-tray.desktop",
    "./usr/lib/systemd/user/sockets.target.wants/watercoolerd.socket",
    "./usr/lib/systemd/user/watercoolerd.service",
    "./usr/lib/systemd/user/watercoolerd.socket",
    "./usr/share/bash-completion/completions/watercooler",
    "./usr/share/doc/watercooler/THIRD-PARTY-LICENCES",
    "./usr/share/doc/watercooler/copyright",
    "./usr/share/fish/vendor_completions.d/watercooler.fish",
    "./usr/share/man/man1/watercooler-say.1.gz",
    "./usr/share/man/man1/watercoolerd.1.gz",
    "./usr/share/zsh/vendor-completions/_watercooler",
];

/// Packs what was built for the newcomer, which is the cheapest that may be packed.
fn packed(machine: &Machine, kind: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a running test has a path");
    let target = this
        .ancestors()
        .nth(3)
        .expect("a test lies in TARGET/PROFILE/deps");
    let mut pack = machine.command(scratch::workspace().join("installer/package.sh"));
    pack.args([kind, "--profile", "newcomer", "--out"])
        .arg(machine.root().join(kind))
        .env("CARGO_TARGET_DIR", target.join("newcomer"));
    for (name, value) in std::env::vars_os() {
        let is_ours = name.to_string_lossy().starts_with("WATERCOOLER");
        if !is_ours && name != "HOME" && name != "CARGO_TARGET_DIR" {
            pack.env(name, value);
        }
    }
    pack.env("HOME", std::env::var_os("HOME").unwrap_or_default());
    let ran = Ran::run(&mut pack, "").done();
    PathBuf::from(ran.stdout.trim())
}

#[test]
#[ignore = "builds everything for release: ./tests/run.sh package"]
fn an_archive_holds_what_its_sum_says() {
    let machine = Machine::without_settings();
    let archive = packed(&machine, "tar");
    let folder = archive.parent().expect("it lies in a folder");
    let name = archive
        .file_name()
        .and_then(|name| name.to_str())
        .expect("text");
    let mut sums = machine.command("sha256sum");
    sums.current_dir(folder)
        .arg("-c")
        .arg(format!("{name}.sha256"));
    let _right = Ran::run(&mut sums, "").done();
    let mut unpack = machine.command("tar");
    let _unpacked = Ran::run(
        unpack
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(machine.root()),
        "",
    )
    .done();
    let unpacked = machine.root().join(name.trim_end_matches(".tar.gz"));
    for program in PROGRAMS {
        let mut asked = machine.command(unpacked.join("bin").join(program));
        let version = Ran::run(asked.arg("--version"), "").done();
        assert!(version.stdout.starts_with(program), "{}", version.stdout);
        assert!(
            unpacked
                .join(format!("share/man/man1/{program}.1"))
                .is_file(),
            "{program}"
        );
    }
    the_licences_are_all_there(&unpacked.join("doc/THIRD-PARTY-LICENCES"));
    let mut plan = machine.command(unpacked.join("bin/watercooler-installer"));
    let plan = Ran::run(plan.args(["plan", "--client", "none"]), "").done();
    assert!(
        plan.stdout.contains(".local/bin/watercoolerd"),
        "{}",
        plan.stdout
    );
}

fn the_licences_are_all_there(file: &Path) {
    let text = fs::read_to_string(file).expect("it is packed");
    for (name, licence) in [
        ("tokio", "MIT"),
        ("libgit2-sys", "MIT"),
        ("rustix", "Apache-2.0"),
    ] {
        let listed = text
            .lines()
            .any(|line| line.starts_with(&format!("  {name} ")) && line.contains(licence));
        assert!(listed, "{name}");
    }
    assert!(
        text.contains("GNU GENERAL PUBLIC LICENSE"),
        "libgit2's own is missing"
    );
}

#[test]
#[ignore = "builds everything for release: ./tests/run.sh package"]
fn a_debian_package_works_where_nothing_else_is() {
    let machine = Machine::without_settings();
    let package = packed(&machine, "deb");
    let mut list = machine.command("dpkg-deb");
    let listed = Ran::run(list.arg("--contents").arg(&package), "")
        .done()
        .stdout;
    let files: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .collect();
    let programs = PROGRAMS.map(|program| format!("./usr/bin/{program}"));
    for wanted in HELD.into_iter().chain(programs.iter().map(String::as_str)) {
        assert!(files.contains(&wanted), "{wanted} is not in {listed}");
    }
    let Some(root) = CleanRoot::make(&machine) else {
        return;
    };
    root.build(&package);
    root.run("a person", A_PERSON);
    root.run("the container", &root.started(THE_CONTAINER));
    root.run("off again", OFF_AGAIN);
}

/// A thread is said and read, by a user who has just been made.
const A_PERSON: &str = r#"
useradd --create-home alice
person() { setpriv --reuid alice --regid alice --clear-groups env -i HOME=/home/alice PATH=/usr/bin:/bin "$@"; }
person watercooler say plan --title Plan --body 'from a package'
person watercooler read plan | grep 'from a package'
person watercooler-installer plan --json | grep -v '/home/alice/.local/bin'
person watercooler daemon stop
"#;

/// Beside the daemon of the container, as `exec` does it.
const THE_CONTAINER: &str = r#"
until watercooler status --json | grep '"state":"local"' >/dev/null 2>&1 || watercooler say first --title First --body 'from exec'; do :; done
watercooler list --all --json
printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"claude-code","version":"1"}}}' \
    '{"jsonrpc":"2.0","method":"notifications/initialized"}' \
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"say","arguments":{"topic":"plan","title":"Plan","body":"from an agent"}}}' \
    | watercooler-mcp | grep '"id":2' | grep -v '"isError":true'
watercooler read plan | grep 'from an agent'
ls -l /data/config.toml
"#;

/// Nothing of it is left.
const OFF_AGAIN: &str = r"
export DEBIAN_FRONTEND=noninteractive
dpkg --purge watercooler
! find / -xdev -path /home -prune -o -path /data -prune -o -name '*watercooler*' -print | grep .
";
