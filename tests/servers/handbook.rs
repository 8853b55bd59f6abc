//! What people can look up of troubles: `docs/troubles.md`.

use std::collections::BTreeSet;
use std::fs;

use tests::scratch;

/// Source: the outside contract, section 4.
const KINDS: [&str; 14] = [
    "offline",
    "rate_limited",
    "credential_missing",
    "credential_refused",
    "keychain_locked",
    "host_key_unknown",
    "host_key_changed",
    "push_refused",
    "rewritten",
    "disk_full",
    "settings_invalid",
    "not_found",
    "outbox_full",
    "damaged",
];

#[test]
fn every_kind_of_trouble_is_explained_and_no_other() {
    let path = scratch::workspace().join("docs/troubles.md");
    let text = fs::read_to_string(path).expect("the handbook is there");
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut explained = BTreeSet::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [situation, kind, what_to_do] = cells[..] else {
            panic!("a row has three cells: {row}");
        };
        assert!(!situation.is_empty() && !what_to_do.is_empty(), "{row}");
        explained.insert(kind.trim_matches('`'));
    }
    assert_eq!(explained, BTreeSet::from(KINDS));
}
