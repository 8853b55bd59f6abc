//! Balls and turns.

use super::*;

fn names() -> Names {
    Names::builtin()
}

#[test]
fn balls_are_split_as_python_does() {
    #[track_caller]
    fn check(text: &str, name: &str, tag: Option<&str>) {
        let ball = Ball::parse(text);
        assert_eq!(
            (ball.name.as_str(), ball.tag.as_deref()),
            (name, tag),
            "{text}"
        );
    }
    check("Claude (alice)", "Claude", Some("alice"));
    check(" Claude(alice)\n", "Claude", Some("alice"));
    check("Weird (a) (b)", "Weird (a)", Some("b"));
    check("X (a(b)", "X", Some("a(b"));
    check("X ()", "X ()", None);
    check("(alice)", "(alice)", None);
    check("X)", "X)", None);
    check("", "", None);
    assert_eq!(Ball::parse("Claude (alice)").to_string(), "Claude (alice)");
}

fn agent(name: &str) -> Reader {
    Reader::Agent {
        name: name.to_owned(),
        user: "alice".to_owned(),
    }
}

fn alice() -> Reader {
    Reader::Person {
        user: "alice".to_owned(),
        agents: vec!["Claude".to_owned()],
    }
}

#[track_caller]
fn check_turn(reader: &Reader, ball: &str, last: &str, expected: bool) {
    let last = Some(last).filter(|last| !last.is_empty());
    assert_eq!(
        is_turn(reader, ball, "OPEN", last, &names()),
        expected,
        "{ball} after {last:?}"
    );
    assert!(!is_turn(reader, ball, "Closed", last, &names()));
}

#[test]
fn an_agents_turn() {
    let claude = agent("Claude");
    for (ball, last, expected) in [
        ("Claude", "", true),
        ("claude-code", "Codex (bob)", true),
        ("CLAUDE (Alice)", "", true),
        ("Claude (bob)", "", false),
        ("Codex", "", false),
        ("Human (alice)", "", false),
        ("", "", false),
        ("Team", "Codex (alice)", true),
        ("team", "Claude (bob)", true),
        ("Team", "Claude (alice)", false),
        // An untagged ball is never the turn of the last author, a tagged one may be.
        ("Claude", "Claude (alice)", false),
        ("Claude", "Claude (bob)", true),
        ("Claude", "Claude", false),
        ("Claude (alice)", "Claude (alice)", true),
    ] {
        check_turn(&claude, ball, last, expected);
    }
}

#[test]
fn a_persons_turn() {
    for (ball, last, expected) in [
        ("Human (alice)", "", true),
        ("Codex (alice)", "", true),
        ("Codex (bob)", "", false),
        ("Alice", "", true),
        ("Claude", "", true),
        ("claude-code", "Codex (bob)", true),
        ("Codex", "", false),
        ("Human", "", false),
        ("Team", "Claude (alice)", true),
        ("Team", "Human (alice)", false),
        ("Team", "Human (bob)", true),
        ("alice", "Human (alice)", false),
        ("alice", "Alice", false),
    ] {
        check_turn(&alice(), ball, last, expected);
    }
}

#[test]
fn a_write_without_a_ball_hands_on() {
    #[track_caller]
    fn check(author: &str, entries: &[&str], counterpart: &[(&str, &str)], expected: &str) {
        let counterpart = counterpart
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        let entries = entries.iter().copied();
        let counterpart = counterpart.collect();
        let author = Ball::parse(author);
        let found = next_ball(&author, entries, &counterpart, "Everyone", &names());
        assert_eq!(found, expected);
    }
    check(
        "Claude (alice)",
        &["Codex (bob)"],
        &[("claude", "Cursor")],
        "Cursor",
    );
    check(
        "Claude (alice)",
        &["Claude (alice)", "Codex (bob)", "Human (bob)"],
        &[],
        "Codex (bob)",
    );
    check("Claude (alice)", &["Claude (bob)"], &[], "Claude (bob)");
    check(
        "Claude (alice)",
        &["claude", "Human (alice)"],
        &[],
        "Human (alice)",
    );
    check("Claude (alice)", &["claude (ALICE)"], &[], "Codex");
    check("Claude (alice)", &[], &[], "Codex");
    check("codex-cli (alice)", &[], &[], "Claude");
    check("Cursor (alice)", &[], &[("Claude", "Codex")], "Everyone");
    check("Human (alice)", &["Codex (alice)"], &[], "Codex (alice)");
}

#[test]
fn balls_that_a_writer_names() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(
            resolve_ball(text, "alice", &names()).unwrap(),
            expected,
            "{text}"
        );
    }
    check("ME", "Human (alice)");
    check(" team ", "Team");
    check("claude", "Claude");
    check("codex-cli (bob)", "Codex (bob)");
    check("Zoë (bob)", "Zoë (bob)");
    check("a\nStatus: CLOSED", "a Status: CLOSED");
    let longest = "x".repeat(crate::check::BALL_CHARS_MAX);
    check(&longest, &longest);
    for text in ["", " \n", "a\0", &format!("{longest}x")] {
        assert!(resolve_ball(text, "alice", &names()).is_err(), "{text}");
    }
}
