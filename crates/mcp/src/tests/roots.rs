//! What a client says of the folders that it works in.

use protocol::request::Request;
use serde_json::{Value, json};

use super::bench::{Bench, done};
use crate::roots::ROOTS_MAX;

fn health(_: &Request) -> protocol::answer::Outcome {
    done(protocol::answer::Answer::Accepted)
}

async fn open(tells: bool) -> Bench {
    let mut bench = Bench::start(false, health);
    let capabilities = if tells {
        json!({"roots": {"listChanged": true}})
    } else {
        json!({})
    };
    let params = json!({
        "protocolVersion": "2025-11-25", "capabilities": capabilities,
        "clientInfo": {"name": "claude-code", "version": "2.1"},
    });
    bench.request("initialize", params).await;
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    bench.send(&initialized.to_string()).await;
    bench
}

async fn call(bench: &mut Bench, id: u64) {
    let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": "watercooler_whoami", "arguments": {}}});
    bench.send(&call.to_string()).await;
}

async fn next(bench: &mut Bench) -> Value {
    serde_json::from_str(&bench.line().await).unwrap()
}

/// Answers what must be the question for the roots, and waits for the call's own answer.
async fn tell(bench: &mut Bench, uris: &[String], id: u64) -> Vec<String> {
    let question = next(bench).await;
    assert_eq!(question["method"], "roots/list", "{question}");
    let roots: Vec<_> = uris.iter().map(|uri| json!({"uri": uri})).collect();
    let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": roots}});
    bench.send(&answer.to_string()).await;
    answered(bench, id).await
}

async fn answered(bench: &mut Bench, id: u64) -> Vec<String> {
    let answer = next(bench).await;
    assert_eq!(answer["id"], id, "{answer}");
    bench.last_asked().0.roots
}

#[tokio::test]
async fn a_client_is_asked_once_and_again_when_they_changed() {
    let mut bench = open(true).await;
    call(&mut bench, 10).await;
    let told = tell(&mut bench, &["file:///src/a".into(), "x:y".into()], 10).await;
    assert_eq!(told, ["/src/a"]);
    call(&mut bench, 11).await;
    assert_eq!(answered(&mut bench, 11).await, ["/src/a"]);
    let changed = json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"});
    bench.send(&changed.to_string()).await;
    // A request in between, so that the notification is heard.
    bench.request("ping", json!({})).await;
    call(&mut bench, 12).await;
    let many: Vec<_> = (0..=ROOTS_MAX)
        .map(|number| format!("file:///{number}"))
        .collect();
    assert_eq!(tell(&mut bench, &many, 12).await.len(), ROOTS_MAX);
}

#[tokio::test]
async fn a_client_that_tells_none_is_not_asked() {
    let mut bench = open(false).await;
    call(&mut bench, 10).await;
    assert!(answered(&mut bench, 10).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_waited_for_once() {
    let mut bench = open(true).await;
    for id in [10, 11] {
        call(&mut bench, id).await;
        let mut answer = next(&mut bench).await;
        while answer["method"].is_string() {
            assert_eq!(id, 10, "{answer}");
            answer = next(&mut bench).await;
        }
        assert_eq!(answer["id"], id);
        assert!(bench.last_asked().0.roots.is_empty());
    }
}
