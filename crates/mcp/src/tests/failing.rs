//! How calls fail: in words, with a code, and without harm to the connection.

use std::sync::Arc;

use expect_test::{Expect, expect};
use protocol::{
    answer::{Answer, Outcome},
    failure::{Failure, FailureCode},
};
use serde_json::{Value, json};

use super::bench::{Asked, Bench, done, seen, text_of, thread, written};
use crate::{Ask, RESULT_BYTES_MAX};

async fn check(tool: &str, arguments: Value, expected: Expect) {
    let mut bench = Bench::session(|_| {
        Outcome::Failed(Failure::new(
            FailureCode::ThreadNotFound,
            "There is no thread 'auth'.",
            "Nearest: auth-refactor. Call watercooler_list_threads.",
        ))
    })
    .await;
    let result = bench.call(tool, arguments).await;
    assert_eq!(result["isError"], true);
    let code = &result["structuredContent"]["error"]["code"];
    expected.assert_eq(&format!("{code}\n{}", text_of(&result)));
}

#[tokio::test]
async fn what_the_daemon_refuses() {
    let mut bench = Bench::session(|_| {
        Outcome::Failed(Failure {
            code: FailureCode::ThreadNotFound,
            message: "There is no thread 'auth'.".into(),
            hint: None,
        })
    })
    .await;
    let arguments = json!({"topic": "auth"});
    let result = bench.call("watercooler_read_thread", arguments).await;
    expect![[r#"
        isError: true
        There is no thread 'auth'.
        ---
        error: {"code":"thread_not_found","hint":null,"message":"There is no thread 'auth'."}
    "#]]
    .assert_eq(&seen(&result));
    check(
        "watercooler_read_thread",
        json!({"topic": "auth"}),
        expect![[r#"
            "thread_not_found"
            There is no thread 'auth'.
            Nearest: auth-refactor. Call watercooler_list_threads."#]],
    )
    .await;
}

#[tokio::test]
async fn wrong_arguments() {
    check("watercooler_say", json!({"topic": "a"}), expect![[r#"
        "invalid_argument"
        watercooler_say needs "title", a text.
        Arguments, * required: topic*, title*, body*, ball, code_path, entry_type, idempotency_key, role, status, wait_seconds."#]]).await;
    check(
        "watercooler_say",
        json!({"topic": "a", "title": "t", "body": ["b"]}),
        expect![[r#"
            "invalid_argument"
            watercooler_say takes a text as "body", not a list.
            Arguments, * required: topic*, title*, body*, ball, code_path, entry_type, idempotency_key, role, status, wait_seconds."#]],
    )
    .await;
    check(
        "watercooler_read_thread",
        json!({"topic": "a", "limit": "soon"}),
        expect![[r#"
            "invalid_argument"
            watercooler_read_thread takes a whole number as "limit", not "soon".
            Arguments, * required: topic*, body_offset, code_path, format, fresh, from_entry, limit, max_chars, since_entry."#]],
    )
    .await;
    check(
        "watercooler_read_thread",
        json!({"topic": "a", "limit": 1.5}),
        expect![[r#"
            "invalid_argument"
            watercooler_read_thread takes a whole number as "limit", not 1.5.
            Arguments, * required: topic*, body_offset, code_path, format, fresh, from_entry, limit, max_chars, since_entry."#]],
    )
    .await;
    check(
        "watercooler_read_thread",
        json!({"topic": "a", "fresh": "perhaps"}),
        expect![[r#"
            "invalid_argument"
            watercooler_read_thread takes true or false as "fresh", not "perhaps".
            Arguments, * required: topic*, body_offset, code_path, format, fresh, from_entry, limit, max_chars, since_entry."#]],
    )
    .await;
    check(
        "watercooler_list_threads",
        json!({"filter": "some"}),
        expect![[r#"
            "invalid_argument"
            watercooler_list_threads takes one of open, mine, new, closed, all as "filter", not "some".
            Arguments, * required: code_path, cursor, filter, limit."#]],
    )
    .await;
    check(
        "watercooler_whoami",
        json!({"code_path": {}}),
        expect![[r#"
            "invalid_argument"
            watercooler_whoami takes a text as "code_path", not an object.
            Arguments, * required: code_path."#]],
    )
    .await;
}

#[tokio::test]
async fn a_write_on_a_connection_that_may_only_read() {
    let mut bench = Bench::start(true, |_| done(Answer::Written(written())));
    bench.initialize("2025-11-25", "claude-code").await;
    for tool in [
        "watercooler_say",
        "watercooler_ack",
        "watercooler_handoff",
        "watercooler_set_status",
        "watercooler_v1_say",
    ] {
        let result = bench.call(tool, json!({"topic": "a"})).await;
        assert_eq!(result["isError"], true, "{tool}");
        assert_eq!(result["structuredContent"]["error"]["code"], "read_only");
    }
    assert_eq!(bench.asked_len(), 0);
}

#[tokio::test]
async fn a_tool_that_there_is_not() {
    let mut bench = Bench::session(|_| done(Answer::Written(written()))).await;
    let params = json!({"name": "watercooler_shout", "arguments": {}});
    let answer = bench.request("tools/call", params).await;
    assert_eq!(answer["error"]["code"], -32602);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("watercooler_say"), "{message}");
}

#[tokio::test]
async fn a_panic_ends_its_call_alone() {
    let ask: Ask = Arc::new(|_, request| {
        Box::pin(async move {
            assert!(!request.writes(), "a panic on purpose");
            done(Answer::Thread(thread(Vec::new())))
        })
    });
    let mut bench = Bench::start_with(false, ask, Asked::default());
    bench.initialize("2025-11-25", "claude-code").await;
    let result = bench.call("watercooler_ack", json!({"topic": "a"})).await;
    assert_eq!(result["structuredContent"]["error"]["code"], "uncertain");
    let result = bench
        .call("watercooler_read_thread", json!({"topic": "a"}))
        .await;
    assert_eq!(result["isError"], false);
}

#[tokio::test]
async fn an_answer_of_another_kind_than_the_question() {
    let mut bench = Bench::session(|_| done(Answer::Accepted)).await;
    for tool in [
        "watercooler_list_threads",
        "watercooler_read_thread",
        "watercooler_ack",
        "watercooler_sync",
        "watercooler_health",
        "watercooler_whoami",
    ] {
        let result = bench.call(tool, json!({"topic": "a"})).await;
        assert_eq!(result["structuredContent"]["error"]["code"], "uncertain");
    }
}

#[tokio::test]
async fn the_words_of_a_failure_have_a_limit() {
    let long = "\u{1}\"é".repeat(100_000);
    let mut bench = Bench::session(move |_| {
        Outcome::Failed(Failure::new(
            FailureCode::InvalidTopic,
            long.clone(),
            long.clone(),
        ))
    })
    .await;
    let result = bench.call("watercooler_ack", json!({"topic": "a"})).await;
    assert!(result.to_string().len() < RESULT_BYTES_MAX);
}
