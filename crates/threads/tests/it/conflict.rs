//! The rule for two writers of one field, as a table.

use threads::conflict::{Change, resolve};
use threads::operation::Seen;
use threads::parse::parse;

use crate::generate::{START, Write};
use threads::header::HeaderForm;
use threads::timestamp::Timestamp;

/// The remote's side: its ball and its entries' times and IDs. The writer saw ball `old` and one
/// entry, and makes it `ours` at second 0 with the ID `01JGT…05`.
fn check(ball: &str, entries: &[(i64, &str)], expected: Change) {
    let mut file = format!("# t — Thread\nStatus: {ball}\nBall: {ball}\n");
    for (seconds, id) in entries {
        let time = Timestamp::from_unix_seconds(START + seconds);
        let id = if id.is_empty() {
            String::new()
        } else {
            format!("<!-- Entry-ID: {id} -->\n")
        };
        file += &format!("\n---\nEntry: Codex (bob) {time}\n\nx {seconds}\n{id}");
    }
    let write = Write {
        agent: "Claude (alice)".to_owned(),
        seconds: 0,
        role: "pm",
        entry_type: "Note",
        title: "T".to_owned(),
        body: String::new(),
        ball: Some("OURS"),
        status: Some("ours"),
    };
    let (ball_seen, status_seen) = (Some("OLD".to_owned()), Some("old".to_owned()));
    let seen = Seen {
        ball: ball_seen,
        status: status_seen,
        newest: None,
        entries_len: 1,
    };
    let found = resolve(
        &write.operation(5, HeaderForm::Classic, seen),
        &parse(file.as_bytes()).0,
    );
    assert_eq!(found.ball, expected, "{file}");
    assert_eq!(found.status, expected, "{file}");
}

const BEFORE: (i64, &str) = (-100, "01A");

#[test]
fn the_later_change_wins() {
    let set = || Change::Set("OURS".to_owned());
    // The field is as the writer saw it, whatever else came.
    check("OLD", &[BEFORE], set());
    check("OLD", &[BEFORE, (50, "01B")], set());
    // It has our value already.
    check("OURS", &[BEFORE, (50, "01B")], set());
    // A header edited without an entry.
    check("THEIRS", &[BEFORE], Change::Lost);
    check("THEIRS", &[], Change::Lost);
    // The later entry.
    check("THEIRS", &[BEFORE, (-1, "01Z")], set());
    check("THEIRS", &[BEFORE, (1, "01B")], Change::Lost);
    // A tie, by the ID; an entry without one has the least.
    check(
        "THEIRS",
        &[BEFORE, (0, "01JGT000000000000000000004")],
        set(),
    );
    check(
        "THEIRS",
        &[BEFORE, (0, "01JGT000000000000000000006")],
        Change::Lost,
    );
    check("THEIRS", &[BEFORE, (0, "")], set());
    // The latest need not be the last.
    check("THEIRS", &[(1, "01B"), BEFORE], Change::Lost);
}

#[test]
fn a_write_that_asks_for_nothing_changes_nothing() {
    let write = Write {
        agent: "Claude (alice)".to_owned(),
        seconds: 0,
        role: "pm",
        entry_type: "Note",
        title: "T".to_owned(),
        body: String::new(),
        ball: None,
        status: None,
    };
    let found = resolve(
        &write.operation(5, HeaderForm::Classic, Seen::default()),
        &parse(b"").0,
    );
    assert_eq!(
        (found.ball, found.status),
        (Change::Unasked, Change::Unasked)
    );
}
