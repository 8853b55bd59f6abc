//! What arrived, as agents read it.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use protocol::{
    answer::{Answer, Outcome},
    request::{ListUpdates, Request},
    update::{EntryUpdate, Updates},
};
use serde_json::{Value, json};

use super::bench::{Bench, done, fresh, seen, stale};
use crate::RESULT_BYTES_MAX;

fn update(index: u64) -> EntryUpdate {
    EntryUpdate {
        topic: "auth-refactor".into(),
        entry_id: Some(format!("01JGT{index}")),
        index,
        agent: "Codex (bob)".into(),
        title: "Start <now>".into(),
        timestamp: Some("2026-01-05T09:00:00Z".into()),
        ball: "Claude (alice)".into(),
        your_turn: true,
    }
}

fn page(updates: Vec<EntryUpdate>) -> Updates {
    Updates {
        updates,
        cursor: "u1.a1.7".into(),
        from: "u1.a1.5".into(),
        more: true,
        freshness: fresh(),
    }
}

async fn check(arguments: Value, updates: Updates, expected: Expect) {
    let mut bench = Bench::session(move |_| done(Answer::Updates(updates.clone()))).await;
    let result = bench.call("watercooler_list_updates", arguments).await;
    expected.assert_eq(&format!("{:?}\n{}", bench.last_asked().1, seen(&result)));
}

#[tokio::test]
async fn a_page_of_updates() {
    let bare = EntryUpdate {
        entry_id: None,
        timestamp: None,
        your_turn: false,
        ..update(3)
    };
    check(
        json!({"since": "u1.a1.5", "wait_seconds": "45", "limit": 2.0, "code_path": "/src"}),
        page(vec![update(2), bare]),
        expect![[r#"
            ListUpdates(ListUpdates { since: Some("u1.a1.5"), wait_seconds: Some(45), limit: Some(2), unmarked: false })
            isError: false
            # Updates: 2
            - auth-refactor [2] Codex (bob) — Start &lt;now&gt; | your turn | Ball: Claude (alice) | 2026-01-05T09:00:00Z | 01JGT2
            - auth-refactor [3] Codex (bob) — Start &lt;now&gt; | Ball: Claude (alice)
            More: watercooler_list_updates with since="u1.a1.7"
            ---
            cursor: "u1.a1.7"
            freshness: {"age_seconds":1.5,"fetched_at":"2026-11-22T10:42:00Z","head":"0123456789abcdef0123456789abcdef01234567","state":"synced"}
            more: true
            updates: [{"agent":"Codex (bob)","ball":"Claude (alice)","entry_id":"01JGT2","index":2,"timestamp":"2026-01-05T09:00:00Z","title":"Start <now>","topic":"auth-refactor","your_turn":true},{"agent":"Codex (bob)","ball":"Claude (alice)","entry_id":null,"index":3,"timestamp":null,"title":"Start <now>","topic":"auth-refactor","your_turn":false}]
        "#]],
    )
    .await;
}

#[tokio::test]
async fn nothing_new_says_where_to_go_on() {
    let nothing = Updates {
        more: false,
        freshness: stale(),
        ..page(Vec::new())
    };
    check(json!({"since": ""}), nothing, expect![[r#"
        ListUpdates(ListUpdates { since: None, wait_seconds: None, limit: None, unmarked: false })
        isError: false
        (as of 10:42, offline)
        # Updates: 0
        Nothing new by others.
        Later: watercooler_list_updates with since="u1.a1.7"
        ---
        cursor: "u1.a1.7"
        freshness: {"age_seconds":1.5,"fetched_at":"2026-11-22T10:42:00Z","head":"0123456789abcdef0123456789abcdef01234567","state":"offline"}
        more: false
        updates: []
    "#]]).await;
}

/// The agent named no beginning, so the daemon moved its place with the page that was too long:
/// the shorter one begins where that began.
#[tokio::test]
async fn a_page_that_is_too_long_is_asked_for_again_from_its_beginning() {
    let answer = |request: &Request| -> Outcome {
        let Request::ListUpdates(ListUpdates { since, limit, .. }) = request else {
            return done(Answer::Accepted);
        };
        let from = match since.as_deref() {
            None => 0,
            Some(cursor) => cursor.rsplit('.').next().unwrap().parse().unwrap(),
        };
        let upto = (from + limit.unwrap_or(1000).unsigned_abs()).min(1000);
        let long = |index| EntryUpdate {
            title: "ü\u{1}".repeat(100),
            ..update(index)
        };
        done(Answer::Updates(Updates {
            updates: (from..upto).map(long).collect(),
            cursor: format!("u1.a1.{upto}"),
            from: format!("u1.a1.{from}"),
            more: upto < 1000,
            freshness: fresh(),
        }))
    };
    let mut bench = Bench::session(answer).await;
    let mut arguments = json!({});
    let mut told = BTreeSet::new();
    for _ in 0..100 {
        let result = bench
            .call("watercooler_list_updates", arguments.clone())
            .await;
        assert!(result.to_string().len() < RESULT_BYTES_MAX);
        let page = &result["structuredContent"];
        for update in page["updates"].as_array().unwrap() {
            assert!(told.insert(update["index"].as_u64().unwrap()), "{update}");
        }
        if page["more"] == false {
            break;
        }
        arguments = json!({"since": page["cursor"]});
    }
    assert_eq!(told, (0..1000).collect());
}
