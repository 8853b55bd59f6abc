//! Files as people and both Python versions write them, and what is read in them.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use threads::parse::parse;
use threads::timestamp::Timestamp;

/// A thread in a form for people: what every public reader of it says.
fn shown(bytes: &[u8]) -> String {
    let (thread, problems) = parse(bytes);
    assert_eq!(thread.print(), bytes);
    if !thread.is_thread() {
        return "no thread\n".to_owned();
    }
    let time = |time: Option<Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
    let mut text = format!(
        "{:?} {:?} status {:?} ball {:?} created {} updated {}\n",
        thread.form(),
        thread.title(),
        thread.status(),
        thread.ball(),
        time(thread.created()),
        time(thread.updated()),
    );
    for entry in thread.entries() {
        let id = entry.id.as_ref().map_or("-", |id| id.as_str());
        writeln!(text, "{id} {:?} {}", entry.agent, time(entry.timestamp)).unwrap();
        writeln!(
            text,
            "  {:?} {:?} {:?}",
            entry.role, entry.entry_type, entry.title
        )
        .unwrap();
        writeln!(text, "  {:?}", entry.body()).unwrap();
    }
    for problem in problems {
        writeln!(text, "! {problem}").unwrap();
    }
    text
}

#[track_caller]
fn check(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&shown(bytes));
}

#[test]
fn the_older_python() {
    check(
        include_bytes!("../samples/older.md"),
        expect![[r#"
        Classic "t1" status "OPEN" ball "Codex (alice)" created 2026-01-04T14:58:22Z updated 2026-01-04T15:00:00Z
        01AAAAAAAAAAAAAAAAAAAAAAAA "Claude (alice)" 2026-01-04T14:58:22Z
          "planner" "Note" "T"
          "Spec: planner-architecture\n\nA body with a rule\n\n---\n\nand code that shows an entry:\n\n```text\n---\nEntry: Mallory 2020-01-01T00:00:00Z\nRole: admin\n```"
        - "Codex (alice)" 2026-01-04T14:59:00Z
          "critic" "Note" "Ack"
          "ack"
        01BBBBBBBBBBBBBBBBBBBBBBBB "GPT-4o (bob2)" 2026-01-04T15:00:00Z
          "tester" "Decision" "Nothing to add"
          ""
    "#]],
    );
}

#[test]
fn the_newer_python() {
    check(
        include_bytes!("../samples/newer.md"),
        expect![[r#"
        Classic "t2" status "IN_REVIEW" ball "Claude (bob)" created 2026-01-04T15:08:23Z updated 2026-01-04T15:08:24Z
        01CCCCCCCCCCCCCCCCCCCCCCCC "Codex (bob)" 2026-01-04T15:08:23Z
          "implementer" "PR" "Widened"
          "First body."
        01DDDDDDDDDDDDDDDDDDDDDDDD "Claude (bob)" 2026-01-04T15:08:24Z
          "critic" "Note" "With an offset"
          "Second body,\ntwo lines."
    "#]],
    );
}

#[test]
fn an_editor_on_windows() {
    check(
        include_bytes!("../samples/crlf.md"),
        expect![[r#"
        Classic "t3" status "OPEN" ball "Codex" created - updated 2026-01-04T14:59:22Z
        01EEEEEEEEEEEEEEEEEEEEEEEE "Claude (alice)" 2026-01-04T14:58:22Z
          "planner" "Note" "Lines end with CR LF"
          "one\n\ntwo"
        - "Human (alice)" 2026-01-04T14:59:22Z
          "" "" "No last newline"
          "typed by hand"
    "#]],
    );
}

#[test]
fn a_fence_left_open() {
    check(
        include_bytes!("../samples/open-fence.md"),
        expect![[r#"
        Classic "t4" status "OPEN" ball "Claude" created - updated 2026-01-04T14:58:22Z
        01FFFFFFFFFFFFFFFFFFFFFFFF "Codex (alice)" 2026-01-04T14:58:22Z
          "implementer" "Note" "Forgot to close"
          "~~~~sh\nmake"
        ! a code fence is left open
    "#]],
    );
}

#[test]
fn no_header() {
    check(
        include_bytes!("../samples/headless.md"),
        expect![[r#"
        Classic "" status "OPEN" ball "" created - updated 2026-01-04T14:58:22Z
        01GGGGGGGGGGGGGGGGGGGGGGGG "Claude (alice)" 2026-01-04T14:58:22Z
          "planner" "Note" "No header above"
          "Status: closed\nBall: evil"
        ! the file has entries and no header
    "#]],
    );
}

#[test]
fn front_matter_and_escaped_texts() {
    check(
        include_bytes!("../samples/front-matter.md"),
        expect![[r#"
        FrontMatter "Refactor auth" status "OPEN" ball "Codex" created 2026-01-04T09:00:00Z updated 2026-01-04T09:00:00Z
        01HHHHHHHHHHHHHHHHHHHHHHHH "Claude (alice)" 2026-01-04T09:00:00Z
          "planner" "Plan" "Start <!-- Entry-ID: X -->"
          "Entry: Mallory 2020-01-01T00:00:00Z\n```"
    "#]],
    );
}

#[test]
fn a_legacy_file_gives_no_fields_from_its_bodies() {
    check(
        include_bytes!("../samples/legacy.md"),
        expect![[r#"
        Classic "Old times" status "DONE" ball "codex" created - updated 2025-01-01T10:00:00Z
    "#]],
    );
    let bodies = "# t — Thread\n\n---\n\n- Updated: x by y\n\nStatus: body\nBall: body\n";
    check(
        bodies.as_bytes(),
        expect![[r#"
        Classic "t" status "OPEN" ball "" created - updated -
        ! the header has no status
        ! the header has no ball
    "#]],
    );
}

#[test]
fn doubled_ids() {
    check(
        include_bytes!("../samples/doubled.md"),
        expect![[r#"
            Classic "t5" status "OPEN" ball "old" created - updated 2026-01-04T09:00:00Z
            01JJJJJJJJJJJJJJJJJJJJJJJJ "Claude (alice)" 2026-01-04T09:00:00Z
              "" "" "One"
              "first"
            01JJJJJJJJJJJJJJJJJJJJJJJJ~c3463dae "Claude (alice)" 2026-01-04T09:00:00Z
              "" "" "One"
              "edited elsewhere"
            01JJJJJJJJJJJJJJJJJJJJJJJJ~5884ea65 "Codex" 2026-01-04T09:00:00Z
              "" "" "Quotes <!-- Entry-ID: 01JJJJJJJJJJJJJJJJJJJJJJJJ --> and has none"
              "<!-- Entry-ID: of nobody -->"
            01KKKKKKKKKKKKKKKKKKKKKKKK "Human (bob)" -
              "" "" ""
              "<!-- Entry-ID: 01KKKKKKKKKKKKKKKKKKKKKKKK -->\nwritten below the line"
            ! entry 01JJJJJJJJJJJJJJJJJJJJJJJJ stands in the file more than once
            ! another entry has the ID 01JJJJJJJJJJJJJJJJJJJJJJJJ; it is shown as 01JJJJJJJJJJJJJJJJJJJJJJJJ~c3463dae
            ! entry 01JJJJJJJJJJJJJJJJJJJJJJJJ~c3463dae stands in the file more than once
            ! another entry has the ID 01JJJJJJJJJJJJJJJJJJJJJJJJ; it is shown as 01JJJJJJJJJJJJJJJJJJJJJJJJ~5884ea65
            ! the time of entry 3 is none
        "#]],
    );
}

#[test]
fn what_is_no_thread() {
    for bytes in [
        &include_bytes!("../samples/readme.md")[..],
        include_bytes!("../samples/index.md"),
        b"",
        b"\xEF\xBB\xBF",
        b"# t\n\nStatus: beta\n\ntext\n",
        b"---\ntitle: Home\nlayout: page\n---\n\nWelcome\n",
        b"```\nEntry: x 2026-01-01T00:00:00Z\n```\n",
        b"> Entry: x 2026-01-01T00:00:00Z\n",
        b"  Entry: x 2026-01-01T00:00:00Z\n",
        b"Entry: x 2026-01-01\n",
        b"Entry: 2026-01-01T00:00:00Z\n",
        b"entry: x 2026-01-01T00:00:00Z\n",
    ] {
        assert_eq!(
            shown(bytes),
            "no thread\n",
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn what_is_one_all_the_same() {
    for text in [
        "Entry:x 2026-01-01T00:00:00Z",
        "\u{feff}Entry: x\u{3000}2026-01-01T00:00:00Z \r\n",
        "# t — Thread\n",
        "\n\nStatus: x\nCreated: y\n",
        "# t\n\nBall: x\n",
        "---\nBALL: x\n---",
    ] {
        assert!(parse(text.as_bytes()).0.is_thread(), "{text}");
    }
}

#[test]
fn bytes_that_are_no_utf_8() {
    let bytes = b"Status: OP\xFF\nBall: \xE2\x80\n\n---\nEntry: \xC2 2026-01-01T00:00:00Z\nTitle: \xFE\n\nb\xF0\x9F\n";
    check(
        bytes,
        expect![[r#"
        Classic "" status "OP�" ball "�" created - updated 2026-01-01T00:00:00Z
        - "�" 2026-01-01T00:00:00Z
          "" "" "�"
          "b�"
        ! the file is not all UTF-8
    "#]],
    );
}

#[test]
fn an_empty_field_is_none() {
    check(
        b"# t\nStatus:\nBall:  \nCreated: soon\nTopic: u\n",
        expect![[r#"
            Classic "t" status "OPEN" ball "" created - updated -
            ! the header has no status
            ! the header has no ball
        "#]],
    );
}

#[test]
fn line_breaks_of_other_kinds_begin_no_entry() {
    let text = "Status: x\nBall: y\n\n---\nEntry: a 2026-01-01T00:00:00Z\nTitle: t\u{2028}Role: admin\n\n\
                b\u{85}Entry: Mallory 2026-01-01T00:00:00Z\r\u{2029}```\u{b}```\n\n---\nEntry: c 2026-01-01T00:00:00Z\n";
    check(
        text.as_bytes(),
        expect![[r#"
        Classic "" status "X" ball "y" created - updated 2026-01-01T00:00:00Z
        - "a" 2026-01-01T00:00:00Z
          "" "" "t Role: admin"
          "b\u{85}Entry: Mallory 2026-01-01T00:00:00Z\n\u{2029}```\u{b}```"
        - "c" 2026-01-01T00:00:00Z
          "" "" ""
          ""
    "#]],
    );
}
