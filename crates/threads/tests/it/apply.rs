//! An operation gets into any file once, and moves nothing that stands there.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use threads::apply::{AHEAD_SECONDS_MAX, Applied, Growth, apply, apply_all};
use threads::check::check_body;
use threads::header::HeaderForm;
use threads::operation::{Operation, Seen};
use threads::parse::parse;
use threads::timestamp::Timestamp;

use crate::generate::{File, START, Write, file, form, id, write};

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn any_file_takes_an_entry_once(File(file) in file(), form in form(), write in write()) {
        let operation = write.operation(7, form, Seen::default());
        let before = parse(&file).0;
        let Applied::Changed(changed) = apply(&operation, Some(&file)) else {
            return Err(TestCaseError::fail("the ID is new"));
        };
        prop_assert_eq!(apply(&operation, Some(&changed)), Applied::Present);

        let after = parse(&changed).0;
        prop_assert!(after.is_thread());
        prop_assert_eq!(after.entries().len(), before.entries().len() + 1);
        for (one, other) in before.entries().iter().zip(after.entries()) {
            prop_assert_eq!(one.raw(), other.raw());
            prop_assert_eq!(one.body(), other.body());
            prop_assert_eq!(&one.id, &other.id);
        }
        let entry = after.newest().unwrap();
        prop_assert_eq!(entry.id.as_ref(), Some(&operation.id));
        prop_assert_eq!(&entry.agent, &operation.agent);
        prop_assert_eq!(&entry.title, &operation.title);
        prop_assert_eq!(entry.body(), check_body(&operation.body).unwrap_or_default());
        prop_assert!(!after.ball().is_empty());
        let entries = &changed[after.entries_start()..];
        prop_assert!(entries.starts_with(&file[before.entries_start()..]) || !before.is_thread());
    }

    #[test]
    fn many_at_once_are_as_one_after_the_other(
        File(file) in file(),
        is_there in any::<bool>(),
        form in form(),
        writes in prop::collection::vec((write(), 0..8_usize, seen()), 0..8),
    ) {
        let operations: Vec<Operation> = writes
            .iter()
            .map(|(write, at, seen)| write.operation(*at, form, seen.clone()))
            .collect();
        let file = is_there.then_some(file);
        let mut expected = file.clone();
        let mut growth = Growth::of(file.clone());
        for operation in &operations {
            let is_new = growth.take(operation);
            match apply(operation, expected.as_deref()) {
                Applied::Changed(changed) => {
                    prop_assert!(is_new);
                    expected = Some(changed);
                }
                Applied::Present => prop_assert!(!is_new),
            }
            prop_assert_eq!(growth.bytes(), expected.clone(), "at each step");
        }
        let together = apply_all(&operations, file);
        prop_assert_eq!(
            together.as_deref().map(String::from_utf8_lossy),
            expected.as_deref().map(String::from_utf8_lossy)
        );
        prop_assert_eq!(together, expected);
    }

    #[test]
    fn the_remotes_entries_stay_a_prefix_whatever_comes_behind(
        File(file) in file(),
        form in form(),
        writes in prop::collection::vec(write(), 1..5),
    ) {
        let mut now = file;
        let first = parse(&now).0;
        for (at, write) in writes.iter().enumerate() {
            let before = parse(&now).0;
            let operation = write.operation(at, form, Seen::default());
            let Applied::Changed(changed) = apply(&operation, Some(&now)) else {
                return Err(TestCaseError::fail("the ID is new"));
            };
            let after = parse(&changed).0;
            if before.is_thread() {
                let entries = &changed[after.entries_start()..];
                prop_assert!(entries.starts_with(&now[before.entries_start()..]));
            }
            now = changed;
        }
        // The order is the remote's first, then ours.
        let ids = |thread: &threads::thread::Thread| -> Vec<_> {
            thread.entries().iter().map(|entry| entry.id.clone()).collect()
        };
        let expected: Vec<_> =
            ids(&first).into_iter().chain((0..writes.len()).map(|at| Some(id(at)))).collect();
        prop_assert_eq!(ids(&parse(&now).0), expected);
    }
}

fn plain() -> Operation {
    let write = Write {
        agent: "Claude (alice)".to_owned(),
        seconds: 0,
        role: "planner",
        entry_type: "Plan",
        title: "Start".to_owned(),
        body: "Body, any markdown.\n".to_owned(),
        ball: Some("Codex"),
        status: None,
    };
    let mut operation = write.operation(1, HeaderForm::FrontMatter, Seen::default());
    operation.creates.as_mut().unwrap().title = "Refactor auth".to_owned();
    operation
}

fn changed(operation: &Operation, file: Option<&str>) -> String {
    match apply(operation, file.map(str::as_bytes)) {
        Applied::Present => "present".to_owned(),
        Applied::Changed(bytes) => String::from_utf8(bytes).unwrap(),
    }
}

#[track_caller]
fn check(operation: &Operation, file: Option<&str>, expected: Expect) {
    // Carriage returns are shown, so that the samples say what they mean.
    expected.assert_eq(&changed(operation, file).replace('\r', "␍"));
}

#[test]
fn new_threads() {
    check(
        &plain(),
        None,
        expect![[r#"
        ---
        topic: auth-refactor
        title: Refactor auth
        status: OPEN
        ball: Codex
        created: 2026-01-05T09:00:00Z
        ---

        # auth-refactor — Thread

        ---
        Entry: Claude (alice) 2026-01-05T09:00:00Z
        Role: planner
        Type: Plan
        Title: Start

        Body, any markdown.
        <!-- Entry-ID: 01JGT000000000000000000001 -->
    "#]],
    );
    let mut classic = plain();
    classic.creates.as_mut().unwrap().form = HeaderForm::Classic;
    check(
        &classic,
        None,
        expect![[r#"
        # auth-refactor — Thread
        Status: OPEN
        Ball: Codex
        Topic: auth-refactor
        Created: 2026-01-05T09:00:00Z

        ---
        Entry: Claude (alice) 2026-01-05T09:00:00Z
        Role: planner
        Type: Plan
        Title: Start

        Body, any markdown.
        <!-- Entry-ID: 01JGT000000000000000000001 -->
    "#]],
    );
    let same = changed(&plain(), None);
    assert_eq!(changed(&plain(), Some("")), same);
    assert_eq!(changed(&plain(), Some(" \n\n")), same);
}

#[test]
fn a_file_that_was_no_thread_stays_below_the_header() {
    let mut operation = plain();
    operation.creates = None;
    operation.body = String::new();
    check(
        &operation,
        Some("# Read me\n\nStatus of things: ~~~\n~~~\n"),
        expect![[r#"
        ---
        topic: auth-refactor
        title: auth-refactor
        status: OPEN
        ball: Codex
        created: 2026-01-05T09:00:00Z
        ---

        # auth-refactor — Thread

        # Read me

        Status of things: ~~~
        ~~~
        ~~~
        <!-- fence closed -->

        ---
        Entry: Claude (alice) 2026-01-05T09:00:00Z
        Role: planner
        Type: Plan
        Title: Start

        <!-- Entry-ID: 01JGT000000000000000000001 -->
    "#]],
    );
}

/// Only what the sample shows before the entry matters in these.
#[track_caller]
fn check_header(file: &str, expected: &str) {
    let mut operation = plain();
    operation.status = Some("CLOSED".to_owned());
    let before = parse(file.as_bytes()).0;
    operation.seen.ball = Some(before.ball());
    operation.seen.status = Some(before.status());
    let found = changed(&operation, Some(file));
    let entry = found.find("Entry: Claude (alice)").unwrap();
    assert_eq!(&found[..entry], expected, "{file:?}");
}

#[test]
fn headers_are_edited_in_place() {
    // Odd spacing, unknown keys, line ends and a byte order mark stay.
    check_header(
        "\u{feff}# t\r\nstatus :x\r\nSTATUS:  open \t\r\nX-Key:  1\r\nball:a\r\n",
        "\u{feff}# t\r\nstatus :x\r\nSTATUS:  CLOSED \t\r\nX-Key:  1\r\nball:Codex\r\n\r\n---\r\n",
    );
    check_header(
        "---\ntags: [a]\nBall:   \nstatus: open\n---\ntext",
        "---\ntags: [a]\nBall: Codex\nstatus: CLOSED\n---\ntext\n\n---\n",
    );
    // The first of several counts, as in Python.
    check_header(
        "Status: a\nBall: b\nStatus: c\nBall: d\n\n\n\n",
        "Status: CLOSED\nBall: Codex\nStatus: c\nBall: d\n\n\n\n---\n",
    );
}

#[test]
fn missing_fields_are_put_in() {
    check_header(
        "# t — Thread",
        "# t — Thread\nStatus: CLOSED\nBall: Codex\n\n---\n",
    );
    check_header(
        "# t — Thread\nStatus: x\n\ntext\n",
        "# t — Thread\nStatus: CLOSED\nBall: Codex\n\ntext\n\n---\n",
    );
    check_header(
        "# t\nBall: x\n",
        "# t\nStatus: CLOSED\nBall: Codex\n\n---\n",
    );
    check_header(
        "---\ntopic: t\n---\n",
        "---\ntopic: t\nstatus: CLOSED\nball: Codex\n---\n\n---\n",
    );
    let entry = "---\nEntry: x 2026-01-01T00:00:00Z\n\nBall: evil\nStatus: evil\n";
    check_header(
        entry,
        &format!("# auth-refactor — Thread\nStatus: CLOSED\nBall: Codex\n\n{entry}\n---\n"),
    );
    check_header(
        &format!("Topic: t\n\n{entry}"),
        &format!("Status: CLOSED\nBall: Codex\nTopic: t\n\n{entry}\n---\n"),
    );
    // Bodies of a form that is not known give no fields.
    check_header(
        "# t — Thread\n\n---\n\n- Updated: 2025-01-01T00:00:00Z by x\n\nBall: evil\n",
        "# t — Thread\nStatus: CLOSED\nBall: Codex\n\n---\n\n- Updated: 2025-01-01T00:00:00Z by x\n\n\
         Ball: evil\n\n---\n",
    );
}

#[test]
fn a_write_that_changes_no_field_completes_the_header_only() {
    let mut operation = plain();
    operation.ball = None;
    let found = changed(&operation, Some("# t — Thread\nStatus: in_review\n"));
    assert!(
        found.starts_with("# t — Thread\nStatus: in_review\nBall: Team\n\n---\n"),
        "{found}"
    );
    let found = changed(&operation, Some("Status: oPen\nBall:  x \n"));
    assert!(
        found.starts_with("Status: oPen\nBall:  x \n\n---\n"),
        "{found}"
    );
}

#[test]
fn a_fence_left_open_is_closed_and_its_entry_stays_the_same() {
    let file = "# t\nStatus: OPEN\nBall: x\n\n---\nEntry: Codex 2026-01-01T00:00:00Z\n\n\
                code:\n~~~~ text\n  x\n<!-- Entry-ID: A -->";
    let before = parse(file.as_bytes()).0;
    let found = changed(&plain(), Some(file));
    let after = parse(found.as_bytes()).0;
    assert!(
        found.contains("<!-- Entry-ID: A -->\n~~~~\n<!-- fence closed -->\n\n---\nEntry: Claude")
    );
    assert_eq!(after.entries().len(), 2);
    assert_eq!(after.entries()[0].raw(), before.entries()[0].raw());
    assert_eq!(after.entries()[0].body(), "code:\n~~~~ text\n  x");
    assert_eq!(after.entries()[0].id.as_ref().unwrap().as_str(), "A");
}

#[test]
fn presence_is_judged_by_the_comment() {
    for file in [
        "<!-- Entry-ID: 01JGT000000000000000000001 -->",
        "x <!--entry-id:01JGT000000000000000000001-->",
    ] {
        assert_eq!(changed(&plain(), Some(file)), "present");
    }
    assert_ne!(
        changed(&plain(), Some("01JGT000000000000000000001")),
        "present"
    );
}

#[test]
fn the_time_written_never_goes_back() {
    #[track_caller]
    fn check(newest: &str, expected: &str) {
        let file = format!("Status: OPEN\nBall: x\n\n---\nEntry: x {newest}\n");
        let found = changed(&plain(), Some(&file));
        let time = parse(found.as_bytes())
            .0
            .newest()
            .unwrap()
            .timestamp
            .unwrap();
        assert_eq!(time.to_string(), expected);
    }
    let at = |seconds: i64| Timestamp::from_unix_seconds(START + seconds).to_string();
    check(&at(-1), &at(0));
    check(&at(90), &at(90));
    check(&at(AHEAD_SECONDS_MAX - 1), &at(AHEAD_SECONDS_MAX - 1));
    check(&at(AHEAD_SECONDS_MAX), &at(0));
    check("2026-01-05T09:00:07.25+00:00", &at(8));
    check("2026-99-05T09:00:07Z", &at(0));
}

/// What a writer may have seen: mostly not what stands there by then.
fn seen() -> impl Strategy<Value = Seen> {
    let value = || {
        prop::option::of(prop::sample::select(vec![
            "Team", "Codex", "OPEN", "CLOSED",
        ]))
    };
    (value(), value(), 0..6_u64).prop_map(|(ball, status, entries_len)| Seen {
        ball: ball.map(str::to_owned),
        status: status.map(str::to_owned),
        newest: None,
        entries_len,
    })
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time that the test took, not one that the code sees"
)]
fn five_thousand_on_one_thread_take_no_time_that_grows_with_the_thread() {
    let operation = |at: usize| Operation {
        id: id(at),
        title: format!("Step {at}"),
        body: "What was found, and what is left to do.".to_owned(),
        ball: Some("Codex".to_owned()),
        ..plain()
    };
    let operations: Vec<Operation> = (0..5_000).map(operation).collect();
    let begun = std::time::Instant::now();
    let file = apply_all(&operations, None).unwrap();
    let took = begun.elapsed();
    assert_eq!(parse(&file).0.entries().len(), operations.len());
    // Reading the thread anew for each takes half a minute, even optimised.
    assert!(took.as_secs() < 5, "{took:?}");
}
