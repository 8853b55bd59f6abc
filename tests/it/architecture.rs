//! Who may import whom, what no part may see, and the rules of the house that a machine can check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use tests::cli::Ran;
use tests::scratch;

/// Each member, its folder, and the members that it may import.
const MAY_IMPORT: [(&str, &str, &[&str]); 15] = [
    ("manual", "crates/manual", &[]),
    ("threads", "crates/threads", &[]),
    ("protocol", "crates/protocol", &[]),
    ("platform", "crates/platform", &[]),
    ("secrets", "crates/secrets", &[]),
    ("sync-engine", "crates/sync-engine", &["threads"]),
    ("repository", "crates/repository", &["threads"]),
    ("mcp", "crates/mcp", &["protocol"]),
    ("ipc", "crates/ipc", &["platform", "protocol"]),
    (
        "watercooler-mcp",
        "mcp-shim",
        &["ipc", "platform", "protocol"],
    ),
    (
        "watercooler",
        "cli",
        &["ipc", "manual", "platform", "protocol", "secrets"],
    ),
    (
        "watercooler-tray",
        "tray",
        &["ipc", "manual", "platform", "protocol", "secrets"],
    ),
    (
        "watercooler-installer",
        "installer",
        &["manual", "platform", "protocol"],
    ),
    (
        "watercoolerd",
        "daemon",
        &[
            "ipc",
            "manual",
            "mcp",
            "platform",
            "protocol",
            "repository",
            "secrets",
            "sync-engine",
            "threads",
        ],
    ),
    (
        "tests",
        "tests",
        &["ipc", "protocol", "sync-engine", "threads"],
    ),
];

/// What only one member may depend on by itself.
const ONLY: [(&str, &str); 5] = [
    ("git2", "repository"),
    ("rmcp", "mcp"),
    ("interprocess", "ipc"),
    ("directories", "platform"),
    ("keyring-core", "secrets"),
];

/// What may stand nowhere below a member.
const NEVER: [(&str, &[&str]); 9] = [
    (
        "watercooler-mcp",
        &["tokio", "git2", "rmcp", "threads", "secrets"],
    ),
    ("watercooler", &["git2", "rmcp", "threads"]),
    (
        "watercooler-installer",
        &["tokio", "git2", "rmcp", "threads"],
    ),
    ("watercooler-tray", &["tokio", "git2", "rmcp", "threads"]),
    ("threads", &["tokio", "git2", "rmcp", "rustix", "tempfile"]),
    ("protocol", &["tokio", "git2", "rmcp", "rustix", "fastrand"]),
    ("sync-engine", &["tokio", "git2", "rmcp", "rustix"]),
    ("repository", &["rmcp", "interprocess", "keyring-core"]),
    ("mcp", &["git2", "interprocess", "rustix"]),
];

/// Where a file is so long that it has a seam.
const FILE_LINES_MAX: usize = 500;

fn metadata() -> Metadata {
    MetadataCommand::new()
        .current_dir(scratch::workspace())
        .no_deps()
        .exec()
        .expect("the workspace has metadata")
}

#[test]
fn members_import_only_what_the_floor_plan_allows() {
    let metadata = metadata();
    let known: BTreeSet<&str> = MAY_IMPORT.iter().map(|(name, _, _)| *name).collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let row = MAY_IMPORT.iter().find(|(member, _, _)| *member == name);
        let (_, folder, allowed) = row.unwrap_or_else(|| panic!("{name} is not in the floor plan"));
        let manifest = scratch::workspace().join(folder).join("Cargo.toml");
        assert_eq!(package.manifest_path.as_std_path(), manifest);
        for dependency in &package.dependencies {
            let import = dependency.name.as_str();
            assert!(
                !known.contains(import) || allowed.contains(&import),
                "{name} must not import {import}"
            );
        }
    }
}

#[test]
fn one_member_alone_knows_git_mcp_the_socket_and_the_folders() {
    for package in metadata().workspace_packages() {
        for dependency in &package.dependencies {
            let owner = ONLY.iter().find(|(name, _)| *name == dependency.name);
            let foreign = owner.filter(|(_, owner)| *owner != package.name.as_str());
            assert!(
                foreign.is_none() || dependency.kind == DependencyKind::Development,
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn nothing_banned_stands_below_a_member() {
    for (member, banned) in NEVER {
        let tree = Ran::run(
            Command::new(env!("CARGO"))
                .current_dir(scratch::workspace())
                .args(["tree", "--locked", "--edges", "normal", "--prefix", "none"])
                .args(["--format", "{p}", "--package", member]),
            "",
        );
        let tree = tree.done().stdout;
        let below: BTreeSet<&str> = tree
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        for name in banned {
            assert!(!below.contains(name), "{member} must never see {name}");
        }
    }
}

#[test]
fn every_member_takes_the_lints_of_the_workspace() {
    for (name, folder, _) in MAY_IMPORT {
        let manifest = scratch::workspace().join(folder).join("Cargo.toml");
        let text = fs::read_to_string(manifest).expect("a member has a manifest");
        assert!(
            text.contains("[lints]\nworkspace = true") || name == "platform",
            "{name}"
        );
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    let mut wrong = Vec::new();
    for path in rust_files(&scratch::workspace()) {
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        let shown = path.display();
        if !text.starts_with("//! ") {
            wrong.push(format!("{shown}: no opening sentence"));
        }
        if text.lines().count() > FILE_LINES_MAX && !is_test(&path) {
            wrong.push(format!("{shown}: over {FILE_LINES_MAX} lines"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_architecture_page_names_every_member() {
    let page = fs::read_to_string(scratch::workspace().join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md exists");
    for (name, folder, _) in MAY_IMPORT {
        assert!(page.contains(name), "ARCHITECTURE.md does not name {name}");
        let last = folder.rsplit('/').next().unwrap_or(folder);
        assert!(
            page.contains(last),
            "ARCHITECTURE.md does not name {folder}"
        );
    }
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name == Some("tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of ours").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let foreign = name.starts_with('.') || matches!(&*name, "target" | "node_modules");
        if path.is_dir() && !foreign {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
    files
}
