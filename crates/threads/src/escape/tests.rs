//! Escaping, case by case and against the output of the reference implementation.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Sample {
    body: String,
    escaped: String,
    marked: bool,
}

/// Bodies and what the reference in Python makes of them; two thirds of them marked.
const SAMPLES: &str = include_str!("../../tests/samples/escape.json");

#[test]
fn escapes_as_the_reference_does() {
    let samples: Vec<Sample> = serde_json::from_str(SAMPLES).unwrap();
    assert!(samples.len() >= 200);
    for Sample {
        body,
        escaped,
        marked,
    } in samples
    {
        let found = escape("Title", &body);
        assert_eq!(
            (found.body.as_str(), found.marked),
            (escaped.as_str(), marked),
            "{body:?}"
        );
        if marked {
            assert_eq!(unescape_body(&found.body), body);
        }
    }
}

#[track_caller]
fn check(title: &str, body: &str, expected: Option<(&str, &str)>) {
    let found = escape(title, body);
    let escaped = found
        .marked
        .then_some((found.title.as_str(), found.body.as_str()));
    assert_eq!(escaped, expected, "{title:?} {body:?}");
    if found.marked {
        assert_eq!(unescape_title(&found.title), title);
        assert_eq!(unescape_body(&found.body), body);
    } else {
        assert_eq!((found.title.as_str(), found.body.as_str()), (title, body));
    }
}

#[test]
fn marks_what_is_dangerous_and_what_looks_marked() {
    let time = "2026-01-05T09:00:00";
    check("t", "Entry: no time here\n\\Entry:", None);
    check(
        "t",
        &format!("Entry:\n{time}"),
        Some(("t", &format!("\\Entry:\n{time}"))),
    );
    check(
        "t",
        &format!("x\u{85}  Entry: {time}"),
        Some(("t", &format!("x\u{85}  \\Entry: {time}"))),
    );
    check("t", "```\ncode\n```", None);
    check("t", "```\ncode\n``", Some(("t", "\\```\ncode\n``")));
    check(
        "t",
        "````\n```\n\\~~~",
        Some(("t", "\\````\n\\```\n\\\\~~~")),
    );
    check(
        "t",
        "<!-- Entry-ID: A -->",
        Some(("t", "<!-- \\Entry-ID: A -->")),
    );
    check("t", "<!-- \\Entry-ID: A -->", None);
}

#[test]
fn titles_have_the_id_rule_alone() {
    check("Entry: a 2026-01-05T09:00:00Z ```", "b", None);
    check(
        "<!-- Entry-ID: A -->",
        "\\```",
        Some(("<!-- \\Entry-ID: A -->", "\\\\```")),
    );
    check(
        "<!-- \\Entry-ID: A -->",
        "```",
        Some(("<!-- \\\\Entry-ID: A -->", "\\```")),
    );
}

#[test]
fn a_comment_from_title_to_body_is_broken_by_the_mark() {
    check(
        "x <!--",
        "Entry-ID: A -->",
        Some(("x <!--", "Entry-ID: A -->")),
    );
    check(
        "x <!-- ",
        "\n\nentry-id: A -->",
        Some(("x <!-- ", "\n\nentry-id: A -->")),
    );
    check("x <!--", "\\Entry-ID: A -->", None);
}

#[test]
fn falling_fences_take_no_quadratic_time() {
    // Each of these stays open, so that a scan from each would take 10^11 steps.
    let body: String = (3..1400).rev().map(|len| "`".repeat(len) + "\n").collect();
    let body = body + &"```\n".repeat(10_001);
    let escaped = escape("t", &body);
    assert!(escaped.marked);
    assert_eq!(unescape_body(&escaped.body), body);
}
