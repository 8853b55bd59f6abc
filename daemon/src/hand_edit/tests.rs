//! What edits come to, in a few words each.

use std::cell::Cell;

use super::*;

const HEAD: &str =
    "# t — Thread\nStatus: OPEN\nBall: Team\nTopic: t\nCreated: 2026-01-01T00:00:00Z\n";

fn entry(second: u32, body: &str, id: &str) -> String {
    let id = match id {
        "" => String::new(),
        id => format!("<!-- Entry-ID: {id} -->\n"),
    };
    format!(
        "\n---\nEntry: Bob 2026-01-01T00:00:{second:02}Z\nRole: pm\nType: Note\nTitle: T{second}\n\n{body}\n{id}"
    )
}

fn thread(entries: &[String]) -> String {
    format!("{HEAD}{}", entries.concat())
}

/// Judges a text over bases, of which the last is shown; `TITLE:ID … [status=S] [ball=B] [new] [kept]`.
fn check(bases: &[&str], text: &str, expected: &str) {
    let topic = Topic::parse("t").unwrap();
    let bases: Vec<Vec<u8>> = bases.iter().map(|base| base.as_bytes().to_vec()).collect();
    let question = Question {
        topic: &topic,
        text: text.as_bytes(),
        bases: &bases,
        shown: bases.last().map_or(&[], Vec::as_slice),
        person: "Human (alice)",
        now: Timestamp::parse("2026-01-01T01:00:00Z").unwrap(),
        made_on: None,
    };
    let minted = Cell::new(0);
    let judged = judge(&question, || {
        minted.set(minted.get() + 1);
        EntryId::parse(&format!("M{}", minted.get())).unwrap()
    });
    let mut words = Vec::new();
    for operation in &judged.operations {
        words.push(format!("{}:{}", operation.title, operation.id));
        words.extend(
            operation
                .status
                .iter()
                .map(|status| format!("status={status}")),
        );
        words.extend(operation.ball.iter().map(|ball| format!("ball={ball}")));
        words.extend(operation.creates.iter().map(|_| "new".to_owned()));
    }
    if judged.keep {
        words.push("kept".to_owned());
    }
    assert_eq!(words.join(" "), expected, "{text}");
}

#[test]
fn edits_come_to_operations() {
    let (one, two) = (entry(1, "one", "A1"), entry(2, "two", "A2"));
    let old = thread(std::slice::from_ref(&one));
    let new = thread(&[one.clone(), two.clone()]);
    let typed = entry(3, "typed", "");
    // Nothing, an older text, one entry less, half of one.
    check(&[&new], &new, "");
    check(&[&old, &new], &old, "");
    check(&[&new], &old, "");
    check(&[&new], &new[..new.len() - 30], "");
    check(&[&new], &HEAD[..30], "kept");
    // Typed into the newest text, and into one that is out of date.
    check(&[&new], &(new.clone() + &typed), "T3:M1");
    check(&[&old, &new], &(old.clone() + &typed), "T3:M1");
    // The same once more, when it is known with its ID.
    let dealt = old.clone() + &typed;
    let known = new.clone() + &entry(3, "typed", "M1");
    check(&[&old, &dealt, &known], &dealt, "");
    check(
        &[&old, &dealt, &known],
        &(dealt.clone() + &entry(4, "more", "P4")),
        "T4:P4",
    );
    // Line ends are an editor's.
    check(&[&new], &new.replace('\n', "\r\n"), "");
}

#[test]
fn header_changes_come_to_operations_where_the_header_is_whole() {
    let base = thread(&[entry(1, "one", "A1")]);
    let closed = base.replace("Status: OPEN", "Status: CLOSED");
    check(&[&base], &closed, "Status: CLOSED:M1 status=CLOSED");
    let ball = base.replace("Ball: Team", "Ball: Codex");
    check(&[&base], &ball, "Handoff to Codex:M1 ball=Codex");
    // One that was seen before is that one, and not a change back.
    check(&[&base, &closed], &base, "");
    check(
        &[&base],
        &closed.replace("Topic: t", "Topic: other"),
        "kept",
    );
}

#[test]
fn what_no_operation_says_is_kept() {
    let base = thread(&[entry(1, "one", "A1")]);
    check(&[&base], &base.replace("one", "other"), "kept");
    let marks = format!("<<<<<<< HEAD\n{base}");
    check(&[&base], &marks, "kept");
    let long = entry(3, "typed", "").replace("T3", &"long".repeat(60));
    check(&[&base], &(base.clone() + &long), "kept");
}

#[test]
fn a_new_file_begins_a_thread() {
    let text = thread(&[entry(1, "one", ""), entry(2, "two", "A2")]);
    check(&[], &text, "T1:M1 new T2:A2");
}
