//! An operation's JSON and its commit's message.

use expect_test::expect;
use threads::header::HeaderForm;
use threads::operation::{CodeTrailers, Operation, Seen};

use crate::generate::{Write, id};

fn operation() -> Operation {
    let write = Write {
        agent: "Claude (alice)".to_owned(),
        seconds: 0,
        role: "pm",
        entry_type: "Note",
        title: "Two\nlines".to_owned(),
        body: "b".to_owned(),
        ball: Some("Codex"),
        status: None,
    };
    let seen = Seen {
        ball: Some("Claude".to_owned()),
        status: Some("OPEN".to_owned()),
        newest: Some(id(0)),
        entries_len: 1,
    };
    write.operation(1, HeaderForm::FrontMatter, seen)
}

#[test]
fn json_round_trip() {
    let json = serde_json::to_string_pretty(&operation()).unwrap();
    expect![[r#"
        {
          "format": 1,
          "id": "01JGT000000000000000000001",
          "topic": "auth-refactor",
          "agent": "Claude (alice)",
          "timestamp": "2026-01-05T09:00:00Z",
          "role": "pm",
          "entry_type": "Note",
          "title": "Two\nlines",
          "body": "b",
          "ball": "Codex",
          "status": null,
          "creates": {
            "title": "A title",
            "form": "front-matter",
            "ball": "Team",
            "status": "OPEN"
          },
          "seen": {
            "ball": "Claude",
            "status": "OPEN",
            "newest": "01JGT000000000000000000000",
            "entries_len": 1
          },
          "made_on": null,
          "code": {
            "repo": null,
            "branch": null,
            "commit": null,
            "spec": null
          },
          "key": null,
          "arguments_digest": null
        }"#]]
    .assert_eq(&json);
    assert_eq!(
        serde_json::from_str::<Operation>(&json).unwrap(),
        operation()
    );
}

#[test]
fn commit_messages() {
    let mut operation = operation();
    expect![[r#"
        Claude (alice): Two lines (auth-refactor)

        Watercooler-Entry-ID: 01JGT000000000000000000001
        Watercooler-Topic: auth-refactor
    "#]]
    .assert_eq(&operation.commit_message());
    operation.code = CodeTrailers {
        repo: Some("acme/app".to_owned()),
        branch: Some("main\nSpec: forged".to_owned()),
        commit: Some("0123abc".to_owned()),
        spec: Some("model:implementer".to_owned()),
    };
    expect![[r#"
        Claude (alice): Two lines (auth-refactor)

        Watercooler-Entry-ID: 01JGT000000000000000000001
        Watercooler-Topic: auth-refactor
        Code-Repo: acme/app
        Code-Branch: main Spec: forged
        Code-Commit: 0123abc
        Spec: model:implementer
    "#]]
    .assert_eq(&operation.commit_message());
}
