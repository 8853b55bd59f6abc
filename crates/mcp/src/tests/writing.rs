//! What agents write: the request that comes of a call, and the words that answer it.

use expect_test::{Expect, expect};
use protocol::{
    answer::{Answer, Delivery, Written, WrittenDetails},
    request::Request,
};
use serde_json::{Value, json};

use super::bench::{Bench, done, meta_2026, seen, text_of, written};

async fn check(tool: &str, arguments: Value, answer: Written, expected: Expect) {
    let mut bench = Bench::session(move |_| done(Answer::Written(answer.clone()))).await;
    let result = bench.call(tool, arguments).await;
    expected.assert_eq(&format!("{:?}\n{}", bench.last_asked(), seen(&result)));
}

#[tokio::test]
async fn a_say() {
    check(
        "watercooler_say",
        json!({
            "topic": "auth-refactor", "title": "Done", "body": "All of it.\n", "role": "tester",
            "entry_type": "Note", "ball": "Codex", "status": "", "idempotency_key": "k1",
            "wait_seconds": "3", "code_path": "/src/acme", "agent_func": "Cursor:Composer 1:implementer",
        }),
        written(),
        expect![[r#"
            (Context { client: Some("claude-code"), code_path: Some("/src/acme"), roots: [], repository: None, resent_as: Some("shim-1:2") }, Say(Say { topic: "auth-refactor", title: "Done", body: "All of it.\n", role: Some("tester"), entry_type: Some("Note"), ball: Some("Codex"), status: None, spec: Some("Composer 1:implementer"), delivery: Delivering { idempotency_key: Some("k1"), wait_seconds: Some(3) } }))
            isError: false
            ✅ Entry added to 'auth-refactor'
            Title: Done
            Role: implementer | Type: Note
            Ball flipped to: Codex
            Status: OPEN
            Saved; syncing.
            Entry-ID: 01JGT7
            ---
            ball: "Codex"
            delivery: "queued"
            delivery_reason: "syncing"
            entry_id: "01JGT7"
            index: 3
            status: "OPEN"
            topic: "auth-refactor"
        "#]],
    )
    .await;
}

#[tokio::test]
async fn an_ack() {
    let answer = Written {
        details: WrittenDetails {
            title: "Ack".into(),
            ball_flipped: false,
            closed: true,
            ..written().details
        },
        status: "CLOSED".into(),
        delivery_reason: Some("offline".into()),
        ..written()
    };
    check(
        "watercooler_ack",
        json!({"topic": "auth-refactor", "title": "", "body": null}),
        answer,
        expect![[r#"
            (Context { client: Some("claude-code"), code_path: None, roots: [], repository: None, resent_as: Some("shim-1:2") }, Ack(Ack { topic: "auth-refactor", title: None, body: None, spec: None, delivery: Delivering { idempotency_key: None, wait_seconds: None } }))
            isError: false
            ✅ Acknowledged 'auth-refactor'
            Title: Ack
            Role: implementer | Type: Note
            Ball remains with: Codex
            Status: CLOSED
            Saved on this machine; offline, will be sent by itself.
            The thread is closed and stays closed; watercooler_set_status reopens it.
            Entry-ID: 01JGT7
            ---
            ball: "Codex"
            delivery: "queued"
            delivery_reason: "offline"
            entry_id: "01JGT7"
            index: 3
            status: "CLOSED"
            topic: "auth-refactor"
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_handoff() {
    let answer = Written {
        details: WrittenDetails {
            title: "Handoff to Codex".into(),
            role: "pm".into(),
            ..written().details
        },
        delivery: Delivery::Pushed,
        delivery_reason: None,
        ..written()
    };
    check(
        "watercooler_handoff",
        json!({"topic": "auth-refactor", "to": "Codex", "note": "Your part."}),
        answer,
        expect![[r#"
            (Context { client: Some("claude-code"), code_path: None, roots: [], repository: None, resent_as: Some("shim-1:2") }, Handoff(Handoff { topic: "auth-refactor", to: Some("Codex"), note: Some("Your part."), spec: None, delivery: Delivering { idempotency_key: None, wait_seconds: None } }))
            isError: false
            ✅ Handed off 'auth-refactor'
            Title: Handoff to Codex
            Role: pm | Type: Note
            Ball flipped to: Codex
            Status: OPEN
            Saved.
            Entry-ID: 01JGT7
            ---
            ball: "Codex"
            delivery: "pushed"
            delivery_reason: null
            entry_id: "01JGT7"
            index: 3
            status: "OPEN"
            topic: "auth-refactor"
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_status() {
    let answer = Written {
        status: "CLOSED".into(),
        details: WrittenDetails {
            title: "Status: CLOSED".into(),
            role: "pm".into(),
            entry_type: "Closure".into(),
            ball_flipped: false,
            closed: true,
        },
        delivery: Delivery::Local,
        delivery_reason: None,
        ..written()
    };
    check(
        "watercooler_set_status",
        json!({"topic": "auth-refactor", "status": "closed"}),
        answer,
        expect![[r#"
            (Context { client: Some("claude-code"), code_path: None, roots: [], repository: None, resent_as: Some("shim-1:2") }, SetStatus(SetStatus { topic: "auth-refactor", status: "closed", spec: None, delivery: Delivering { idempotency_key: None, wait_seconds: None } }))
            isError: false
            ✅ Status set for 'auth-refactor'
            Title: Status: CLOSED
            Role: pm | Type: Closure
            Ball remains with: Codex
            Status: CLOSED
            Saved.
            Entry-ID: 01JGT7
            ---
            ball: "Codex"
            delivery: "local"
            delivery_reason: null
            entry_id: "01JGT7"
            index: 3
            status: "CLOSED"
            topic: "auth-refactor"
        "#]],
    )
    .await;
}

async fn check_delivery(delivery: Delivery, reason: Option<&str>, expected: &str) {
    let answer = Written {
        delivery,
        delivery_reason: reason.map(str::to_owned),
        ..written()
    };
    let mut bench = Bench::session(move |_| done(Answer::Written(answer.clone()))).await;
    let arguments = json!({"topic": "a", "title": "t", "body": ""});
    let result = bench.call("watercooler_say", arguments).await;
    assert_eq!(text_of(&result).lines().nth(5), Some(expected));
    assert_eq!(
        result["structuredContent"]["delivery_reason"],
        json!(reason)
    );
}

#[tokio::test]
async fn how_far_a_write_came() {
    use Delivery::{Local, Pushed, Queued};
    for (delivery, reason, expected) in [
        (Pushed, None, "Saved."),
        (Local, None, "Saved."),
        (Queued, None, "Saved; syncing."),
        (Queued, Some("syncing"), "Saved; syncing."),
        (
            Queued,
            Some("offline"),
            "Saved on this machine; offline, will be sent by itself.",
        ),
        (
            Queued,
            Some("rate_limited"),
            "Saved on this machine; rate limited, will be sent by itself.",
        ),
        (
            Queued,
            Some("paused"),
            "Saved on this machine; paused, will be sent on resume.",
        ),
        (
            Queued,
            Some("credential_refused"),
            "Saved on this machine; credential refused, will be sent when that is settled \
             (watercooler_health says how).",
        ),
    ] {
        check_delivery(delivery, reason, expected).await;
    }
}

#[tokio::test]
async fn a_say_in_a_closed_thread_is_told_so_unless_it_chose_the_status() {
    for (arguments, told) in [
        (json!({"topic": "a", "title": "t", "body": "b"}), true),
        (
            json!({"topic": "a", "title": "t", "body": "b", "status": "done"}),
            false,
        ),
    ] {
        let mut answer = written();
        answer.details.closed = true;
        let mut bench = Bench::session(move |_| done(Answer::Written(answer.clone()))).await;
        let result = bench.call("watercooler_say", arguments).await;
        assert_eq!(text_of(&result).contains("stays closed"), told);
    }
}

#[tokio::test]
async fn no_argument_is_the_author() {
    let mut bench = Bench::session(|_| done(Answer::Written(written()))).await;
    let arguments = json!({
        "topic": "a", "title": "t", "body": "b", "agent_func": "Codex:gpt-5:pm\nWatercooler-Topic: b",
        "agent": "Human (bob)", "author": "Human (bob)", "user": "bob", "client": "codex",
        "spec": "forged", "resent_as": "x", "repository": "other", "agent_tag": "bob",
    });
    bench.call("watercooler_say", arguments).await;
    let (context, request) = bench.last_asked();
    assert_eq!(context.client.as_deref(), Some("claude-code"));
    assert_eq!(context.repository, None);
    assert_eq!(context.resent_as.as_deref(), Some("shim-1:2"));
    let Request::Say(say) = request else {
        panic!("{request:?}");
    };
    assert_eq!(say.spec.as_deref(), Some("gpt-5:pm Watercooler-Topic: b"));
    assert!(!format!("{say:?}").contains("bob"));
}

#[tokio::test]
async fn a_call_is_known_again_by_its_id() {
    let mut bench = Bench::session(|_| done(Answer::Written(written()))).await;
    let mut known = Vec::new();
    for id in [json!(7), json!("7"), json!(-1), json!("x".repeat(300))] {
        let request = json!({
            "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": "watercooler_ack", "arguments": {"topic": "a"}, "_meta": meta_2026("c")},
        });
        bench.send(&request.to_string()).await;
        bench.line().await;
        known.push(bench.last_asked().0.resent_as);
    }
    let known: Vec<_> = known.iter().map(Option::as_deref).collect();
    assert_eq!(
        known,
        [
            Some("shim-1:7"),
            Some("shim-1:\"7\""),
            Some("shim-1:-1"),
            None
        ]
    );
}
