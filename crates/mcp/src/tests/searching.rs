//! What a search found, as agents read it.

use expect_test::{Expect, expect};
use protocol::{
    answer::Answer,
    hits::{Hit, Hits},
    request::Request,
};
use serde_json::{Value, json};

use super::bench::{Bench, done, fresh, seen, stale};
use crate::RESULT_BYTES_MAX;

fn hit(index: u64) -> Hit {
    Hit {
        topic: "auth-refactor".into(),
        index,
        entry_id: Some(format!("01JGT{index}")),
        agent: "Codex (bob)".into(),
        timestamp: Some("2026-01-05T09:00:00Z".into()),
        snippet: "we <drop> the token".into(),
    }
}

async fn check(arguments: Value, hits: Hits, expected: Expect) {
    let mut bench = Bench::session(move |_| done(Answer::Hits(hits.clone()))).await;
    let result = bench.call("watercooler_search", arguments).await;
    expected.assert_eq(&format!("{:?}\n{}", bench.last_asked().1, seen(&result)));
}

#[tokio::test]
async fn a_page_of_hits() {
    let bare = Hit {
        entry_id: None,
        timestamp: None,
        ..hit(3)
    };
    let hits = Hits {
        hits: vec![hit(2), bare],
        next_cursor: Some("1.a1.-.-.-".into()),
        unsearched: 12,
        freshness: fresh(),
    };
    let arguments = json!({"query": "token", "limit": "2", "cursor": "1.a1.-.-.-"});
    check(arguments, hits, expect![[r#"
        Search(Search { query: "token", limit: Some(2), cursor: Some("1.a1.-.-.-") })
        isError: false
        # Hits: 2
        - auth-refactor [2] Codex (bob) | 2026-01-05T09:00:00Z | 01JGT2 | we &lt;drop&gt; the token
        - auth-refactor [3] Codex (bob) | we &lt;drop&gt; the token
        Not searched in the time there is: 12 older threads.
        More: watercooler_search with the same query and cursor="1.a1.-.-.-"
        ---
        freshness: {"age_seconds":1.5,"fetched_at":"2026-11-22T10:42:00Z","head":"0123456789abcdef0123456789abcdef01234567","state":"synced"}
        hits: [{"agent":"Codex (bob)","entry_id":"01JGT2","index":2,"snippet":"we <drop> the token","timestamp":"2026-01-05T09:00:00Z","topic":"auth-refactor"},{"agent":"Codex (bob)","entry_id":null,"index":3,"snippet":"we <drop> the token","timestamp":null,"topic":"auth-refactor"}]
        next_cursor: "1.a1.-.-.-"
    "#]]).await;
}

#[tokio::test]
async fn nothing_found_is_said() {
    let hits = Hits {
        hits: Vec::new(),
        next_cursor: None,
        unsearched: 0,
        freshness: stale(),
    };
    check(json!({"query": "token"}), hits, expect![[r#"
        Search(Search { query: "token", limit: None, cursor: None })
        isError: false
        (as of 10:42, offline)
        # Hits: 0
        No entry with all these words.
        ---
        freshness: {"age_seconds":1.5,"fetched_at":"2026-11-22T10:42:00Z","head":"0123456789abcdef0123456789abcdef01234567","state":"offline"}
        hits: []
        next_cursor: null
    "#]]).await;
}

#[tokio::test]
async fn a_page_that_is_too_long_is_asked_for_again() {
    let answer = |request: &Request| {
        let Request::Search(asked) = request else {
            return done(Answer::Accepted);
        };
        let limit = u64::try_from(asked.limit.unwrap_or(100)).unwrap();
        let long = |index| Hit {
            agent: "ü".repeat(10_000),
            snippet: "<".repeat(160),
            ..hit(index)
        };
        done(Answer::Hits(Hits {
            hits: (0..limit).map(long).collect(),
            next_cursor: Some(format!("after {limit}")),
            unsearched: 0,
            freshness: fresh(),
        }))
    };
    let mut bench = Bench::session(answer).await;
    let result = bench
        .call("watercooler_search", json!({"query": "a"}))
        .await;
    assert!(result.to_string().len() < RESULT_BYTES_MAX);
    let page = &result["structuredContent"];
    let hits = page["hits"].as_array().unwrap().len();
    assert!(hits > 0);
    assert_eq!(
        page["next_cursor"],
        format!("after {hits}"),
        "no hit is lost"
    );
}
