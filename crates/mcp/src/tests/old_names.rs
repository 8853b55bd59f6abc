//! The names and arguments of the Python server and its first design.

use expect_test::{Expect, expect};
use protocol::{
    answer::{Answer, Outcome, Thread},
    request::{ReadThread, Request},
};
use serde_json::{Value, json};

use super::bench::{Bench, done, entry, text_of, thread, threads, written};

/// A daemon that answers in kind; its thread has entries 0 to 4.
fn answer(request: &Request) -> Outcome {
    if let Request::ReadThread(read) = request {
        return page(read);
    }
    if request.writes() {
        done(Answer::Written(written()))
    } else {
        done(Answer::Threads(threads(Vec::new())))
    }
}

fn page(read: &ReadThread) -> Outcome {
    let from = match (&read.since_entry, read.from_entry) {
        (Some(id), _) => id.trim_start_matches("01JGT").parse::<u64>().unwrap() + 1,
        (None, from) => u64::try_from(from.unwrap_or(0)).unwrap(),
    };
    let until = read
        .limit
        .map_or(5, |limit| (from + limit.unsigned_abs()).min(5));
    let entries = (from..until).map(|index| entry(index, "body")).collect();
    done(Answer::Thread(Thread {
        total_entries: 5,
        ..thread(entries)
    }))
}

async fn check(tool: &str, arguments: Value, expected: Expect) {
    let mut bench = Bench::session(answer).await;
    let result = bench.call(tool, arguments).await;
    assert_eq!(result["isError"], false, "{result}");
    expected.assert_eq(&format!("{:?}", bench.last_asked().1));
}

#[tokio::test]
async fn lists() {
    check(
        "watercooler_v1_list_threads",
        json!({"open_only": true}),
        expect!["ListThreads(ListThreads { filter: Open, limit: None, cursor: None })"],
    )
    .await;
    check(
        "list_threads",
        json!({"open_only": "False", "format": "markdown"}),
        expect!["ListThreads(ListThreads { filter: All, limit: None, cursor: None })"],
    )
    .await;
    check(
        "watercooler_list_threads",
        json!({"open_only": 3, "filter": "mine"}),
        expect!["ListThreads(ListThreads { filter: Mine, limit: None, cursor: None })"],
    )
    .await;
    check(
        "watercooler_reindex",
        json!({}),
        expect!["ListThreads(ListThreads { filter: All, limit: None, cursor: None })"],
    )
    .await;
}

#[tokio::test]
async fn reads() {
    check(
        "watercooler_read_thread",
        json!({"topic": "a", "summary_only": true, "code_branch": "*"}),
        expect![[r#"ReadThread(ReadThread { topic: "a", from_entry: None, limit: None, since_entry: None, max_chars: Some(40000), body_offset: None, without_bodies: true, fresh: false, unmarked: false })"#]],
    )
    .await;
    check(
        "watercooler_list_thread_entries",
        json!({"topic": "a", "format": "json", "limit": null}),
        expect![[r#"ReadThread(ReadThread { topic: "a", from_entry: Some(0), limit: None, since_entry: None, max_chars: Some(40000), body_offset: None, without_bodies: true, fresh: false, unmarked: false })"#]],
    )
    .await;
    check(
        "watercooler_v1_list_thread_entries",
        json!({"topic": "a", "offset": 2, "limit": 3}),
        expect![[r#"ReadThread(ReadThread { topic: "a", from_entry: Some(2), limit: Some(3), since_entry: None, max_chars: Some(40000), body_offset: None, without_bodies: true, fresh: false, unmarked: false })"#]],
    )
    .await;
    check(
        "watercooler_get_thread_entry",
        json!({"topic": "a", "index": 3, "entry_id": ""}),
        expect![[r#"ReadThread(ReadThread { topic: "a", from_entry: Some(3), limit: Some(1), since_entry: None, max_chars: Some(40000), body_offset: None, without_bodies: false, fresh: false, unmarked: false })"#]],
    )
    .await;
    check(
        "watercooler_get_thread_entry_range",
        json!({"topic": "a", "start_index": 1, "end_index": 3}),
        expect![[r#"ReadThread(ReadThread { topic: "a", from_entry: Some(1), limit: Some(3), since_entry: None, max_chars: Some(40000), body_offset: None, without_bodies: false, fresh: false, unmarked: false })"#]],
    )
    .await;
    check(
        "watercooler_get_thread_entry_range",
        json!({"topic": "a", "end_index": 3}),
        expect![[r#"ReadThread(ReadThread { topic: "a", from_entry: Some(0), limit: Some(4), since_entry: None, max_chars: Some(40000), body_offset: None, without_bodies: false, fresh: false, unmarked: false })"#]],
    )
    .await;
    check(
        "watercooler_get_thread_entry_range",
        json!({"topic": "a", "start_index": "3", "end_index": 1, "index": -1}),
        expect![[r#"ReadThread(ReadThread { topic: "a", from_entry: Some(3), limit: Some(1), since_entry: None, max_chars: Some(40000), body_offset: None, without_bodies: false, fresh: false, unmarked: false })"#]],
    )
    .await;
}

#[tokio::test]
async fn writes() {
    check(
        "watercooler_v1_say",
        json!({
            "topic": "a", "title": "t", "body": "b", "create_if_missing": "no",
            "agent_func": "Claude Code:opus:planner",
        }),
        expect![[r#"Say(Say { topic: "a", title: "t", body: "b", role: None, entry_type: None, ball: None, status: None, spec: Some("opus:planner"), delivery: Delivering { idempotency_key: None, wait_seconds: None } })"#]],
    )
    .await;
    check(
        "watercooler_handoff",
        json!({"topic": "a", "target_agent": "codex", "agent_func": "no colon"}),
        expect![[r#"Handoff(Handoff { topic: "a", to: Some("codex"), note: None, spec: None, delivery: Delivering { idempotency_key: None, wait_seconds: None } })"#]],
    )
    .await;
    check(
        "watercooler_handoff",
        json!({"topic": "a", "target_agent": ["x"], "to": "me", "agent_func": 7}),
        expect![[r#"Handoff(Handoff { topic: "a", to: Some("me"), note: None, spec: None, delivery: Delivering { idempotency_key: None, wait_seconds: None } })"#]],
    )
    .await;
}

#[tokio::test]
async fn one_entry_by_its_name() {
    for index in [0, 2, 4] {
        let mut bench = Bench::session(answer).await;
        let arguments = json!({"topic": "a", "entry_id": format!("01JGT{index}")});
        let result = bench.call("watercooler_get_thread_entry", arguments).await;
        assert_eq!(bench.asked_len(), 2);
        let text = text_of(&result);
        let only = format!("Entries: {index}–{index} of 5");
        assert!(text.contains(&only), "{text}");
    }
    let mut bench = Bench::session(|request| {
        let looks_for_place = format!("{request:?}").contains("01JGT9");
        let index = if looks_for_place { 3 } else { 2 };
        done(Answer::Thread(thread(vec![entry(index, "another")])))
    })
    .await;
    let arguments = json!({"topic": "a", "entry_id": "01JGT9"});
    let result = bench.call("watercooler_get_thread_entry", arguments).await;
    assert_eq!(
        result["structuredContent"]["error"]["code"],
        "entry_not_found"
    );
}
