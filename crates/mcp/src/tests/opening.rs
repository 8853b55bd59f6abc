//! How a connection opens, in each era, and what it is offered.

use expect_test::{Expect, expect};
use protocol::{
    answer::{Answer, Whoami},
    frame::FRAME_BYTES_MAX,
    request::Request,
};
use serde_json::{Value, json};

use super::bench::{Bench, done, fresh, meta_2026, pretty, sorted};
use crate::{INSTRUCTIONS_BYTES_MAX, ServeError, TOOLS_BYTES_MAX};

fn whoami(_: &Request) -> protocol::answer::Outcome {
    done(Answer::Whoami(Whoami {
        agent: "Claude (alice)".into(),
        user: "alice".into(),
        repository: "acme".into(),
        client: Some("claude-code".into()),
        freshness: fresh(),
    }))
}

async fn check_version(asked: &str, served: &str) {
    let mut bench = Bench::start(false, whoami);
    let answer = bench.initialize(asked, "claude-code").await;
    assert_eq!(answer["result"]["protocolVersion"], served);
    let result = bench.call("watercooler_whoami", json!({})).await;
    assert_eq!(result["isError"], false);
    assert_eq!(bench.last_asked().0.client.as_deref(), Some("claude-code"));
    assert!(bench.leave().await.is_ok());
}

#[tokio::test]
async fn each_version_with_a_session_is_served() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        check_version(version, version).await;
    }
    check_version("2026-07-28", "2025-11-25").await;
    check_version("2099-01-01", "2025-11-25").await;
}

fn check(shown: &Value, expected: &Expect) {
    expected.assert_eq(&pretty(shown));
}

#[tokio::test]
async fn the_server_says_who_it_is() {
    let mut bench = Bench::start(false, whoami);
    let mut answer = bench.initialize("2025-11-25", "codex-mcp-client").await;
    let instructions = answer["result"]["instructions"].take();
    assert!(instructions.as_str().unwrap().len() <= INSTRUCTIONS_BYTES_MAX);
    check(
        &answer["result"],
        &expect![[r#"
        {
          "capabilities": {
            "completions": {},
            "logging": {},
            "prompts": {
              "listChanged": true
            },
            "resources": {
              "listChanged": true,
              "subscribe": true
            },
            "tools": {
              "listChanged": true
            }
          },
          "instructions": null,
          "protocolVersion": "2025-11-25",
          "serverInfo": {
            "name": "watercooler",
            "version": "0.1.0"
          }
        }"#]],
    );
}

#[tokio::test]
async fn the_stateless_era_needs_no_session() {
    let mut bench = Bench::start(false, whoami);
    let meta = meta_2026("cursor");
    let mut found = bench
        .request("server/discover", json!({"_meta": meta}))
        .await;
    found["result"]["instructions"].take();
    check(
        &found["result"],
        &expect![[r#"
        {
          "_meta": {
            "io.modelcontextprotocol/serverInfo": {
              "name": "watercooler",
              "version": "0.1.0"
            }
          },
          "cacheScope": "private",
          "capabilities": {
            "completions": {},
            "logging": {},
            "prompts": {
              "listChanged": true
            },
            "resources": {
              "listChanged": true,
              "subscribe": true
            },
            "tools": {
              "listChanged": true
            }
          },
          "instructions": null,
          "resultType": "complete",
          "supportedVersions": [
            "2024-11-05",
            "2025-03-26",
            "2025-06-18",
            "2025-11-25",
            "2026-07-28"
          ],
          "ttlMs": 0
        }"#]],
    );

    let listed = bench.request("tools/list", json!({"_meta": meta})).await;
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 11);
    let params = json!({"name": "watercooler_whoami", "arguments": {}, "_meta": meta});
    let called = bench.request("tools/call", params).await;
    assert_eq!(called["result"]["resultType"], "complete");
    assert_eq!(
        called["result"]["structuredContent"]["agent"],
        "Claude (alice)"
    );
    let (context, request) = bench.last_asked();
    assert_eq!(context.client.as_deref(), Some("cursor"));
    assert_eq!(context.resent_as.as_deref(), Some("shim-1:3"));
    assert_eq!(request, Request::Whoami);
    let ping = bench.request("ping", json!({"_meta": meta})).await;
    assert_eq!(ping["error"]["code"], -32601);
}

#[tokio::test]
async fn both_eras_are_served_on_one_stream() {
    let mut bench = Bench::session(whoami).await;
    assert_eq!(bench.request("ping", json!({})).await["result"], json!({}));
    let params = json!({"name": "watercooler_whoami", "_meta": meta_2026("cursor")});
    bench.request("tools/call", params).await;
    assert_eq!(bench.last_asked().0.client.as_deref(), Some("cursor"));
    bench.call("watercooler_whoami", json!({})).await;
    assert_eq!(bench.last_asked().0.client.as_deref(), Some("claude-code"));
}

#[tokio::test]
async fn what_is_not_served_is_not_found() {
    let mut bench = Bench::session(whoami).await;
    for method in [
        "subscriptions/listen",
        "tasks/get",
        "skills/list",
        "no/such",
    ] {
        let params = json!({"notifications": {}, "taskId": "a"});
        let answer = bench.request(method, params).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}");
    }
}

#[tokio::test]
async fn the_tools_fit_their_budget() {
    let mut bench = Bench::start(false, whoami);
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta_2026("cursor")},
    });
    bench.send(&request.to_string()).await;
    let line = bench.line().await;
    let bytes = line.len() + 1;
    assert!(bytes <= TOOLS_BYTES_MAX, "{bytes} bytes");
    for unwanted in [
        "null",
        "uint",
        "outputSchema",
        "\"default\"",
        "$schema",
        "anyOf",
    ] {
        assert!(!line.contains(unwanted), "{unwanted}");
    }
}

fn described(tool: &Value) -> String {
    let schema = &tool["inputSchema"];
    assert_eq!(schema["type"], "object");
    assert!(tool["description"].as_str().unwrap().starts_with("Use "));
    let name = tool["name"].as_str().unwrap();
    let mut shown = format!("{name} {}\n", sorted(&tool["annotations"]));
    for (argument, property) in schema["properties"].as_object().unwrap() {
        let required = schema["required"].as_array();
        let is_required = required.is_some_and(|names| names.contains(&json!(argument)));
        let mark = if is_required { "*" } else { "" };
        let form = property["type"].as_str().unwrap();
        shown.push_str(&format!("  {argument}{mark}: {form}"));
        if let Some(words) = property["enum"].as_array() {
            shown.push_str(&format!(" {}", json!(words)));
        }
        shown.push('\n');
    }
    shown
}

#[tokio::test]
async fn the_tools_are_as_the_contract_has_them() {
    let mut bench = Bench::session(whoami).await;
    let answer = bench.request("tools/list", json!({})).await;
    let tools = answer["result"]["tools"].as_array().unwrap();
    let shown: String = tools.iter().map(described).collect();
    expect![[r#"
        watercooler_list_threads {"openWorldHint":false,"readOnlyHint":true}
          code_path: string
          cursor: string
          filter: string ["open","mine","new","closed","all"]
          limit: integer
        watercooler_read_thread {"openWorldHint":false,"readOnlyHint":true}
          body_offset: integer
          code_path: string
          format: string ["markdown","json","summary"]
          fresh: boolean
          from_entry: integer
          limit: integer
          max_chars: integer
          since_entry: string
          topic*: string
        watercooler_say {"destructiveHint":false,"openWorldHint":false,"readOnlyHint":false}
          ball: string
          body*: string
          code_path: string
          entry_type: string ["Note","Plan","Decision","PR","Closure"]
          idempotency_key: string
          role: string ["planner","critic","implementer","tester","pm","scribe"]
          status: string
          title*: string
          topic*: string
          wait_seconds: integer
        watercooler_ack {"destructiveHint":false,"openWorldHint":false,"readOnlyHint":false}
          body: string
          code_path: string
          idempotency_key: string
          title: string
          topic*: string
        watercooler_handoff {"destructiveHint":false,"openWorldHint":false,"readOnlyHint":false}
          code_path: string
          idempotency_key: string
          note: string
          to: string
          topic*: string
        watercooler_set_status {"destructiveHint":false,"openWorldHint":false,"readOnlyHint":false}
          code_path: string
          idempotency_key: string
          status*: string
          topic*: string
        watercooler_list_updates {"openWorldHint":false,"readOnlyHint":true}
          code_path: string
          limit: integer
          since: string
          wait_seconds: integer
        watercooler_search {"openWorldHint":false,"readOnlyHint":true}
          code_path: string
          cursor: string
          limit: integer
          query*: string
        watercooler_sync {"openWorldHint":false,"readOnlyHint":true}
          code_path: string
        watercooler_health {"openWorldHint":false,"readOnlyHint":true}
          code_path: string
        watercooler_whoami {"openWorldHint":false,"readOnlyHint":true}
          code_path: string
    "#]]
    .assert_eq(&shown);
}

#[tokio::test]
async fn a_connection_that_may_only_read_is_offered_only_that() {
    let mut bench = Bench::start(true, whoami);
    bench.initialize("2025-11-25", "claude-code").await;
    let answer = bench.request("tools/list", json!({})).await;
    let names: Vec<_> = answer["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| {
            assert_eq!(tool["annotations"]["readOnlyHint"], true);
            tool["name"].as_str().unwrap()
        })
        .collect();
    expect!["watercooler_list_threads watercooler_read_thread watercooler_list_updates watercooler_search watercooler_sync watercooler_health watercooler_whoami"].assert_eq(&names.join(" "));
}

#[tokio::test]
async fn a_client_that_leaves_is_no_error() {
    assert!(Bench::start(false, whoami).leave().await.is_ok());
    assert!(Bench::session(whoami).await.leave().await.is_ok());
    let mut bench = Bench::start(false, whoami);
    bench
        .send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        .await;
    assert!(matches!(bench.leave().await, Err(ServeError::NoSession)));
}

#[tokio::test]
async fn a_line_over_the_limit_and_a_broken_line_cost_only_themselves() {
    let mut bench = Bench::session(whoami).await;
    bench.send(&"x".repeat(FRAME_BYTES_MAX + 1)).await;
    bench.send("{\"jsonrpc\":\"2.0\",").await;
    let result = bench.call("watercooler_whoami", json!({})).await;
    assert_eq!(result["isError"], false);
}
