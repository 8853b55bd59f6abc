//! What a connection is told by itself: subscriptions of both eras, logging, the channel, progress;
//! and calls that are cancelled.

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use protocol::{
    answer::{Answer, RepositoryState},
    request::Request,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::bench::{Asked, Bench, done, meta_2026, written};
use crate::{
    Ask, Piece,
    news::GATHERED_MAX,
    subscriptions::{LISTENS_MAX, SUBSCRIPTIONS_MAX},
    under_way::PROGRESS_EVERY,
};

fn nothing(_: &Request) -> protocol::answer::Outcome {
    done(Answer::Accepted)
}

fn changed(topic: &str) -> Piece {
    Piece::Thread {
        topic: topic.to_owned(),
        appeared_or_gone: false,
    }
}

fn turn(topic: &str) -> Piece {
    Piece::Turn {
        topic: topic.to_owned(),
        entry_id: Some("01JGT7".to_owned()),
    }
}

fn state(state: RepositoryState) -> Piece {
    Piece::State {
        repository: "acme".to_owned(),
        state,
        trouble: None,
    }
}

/// `updated URI`, `list_changed`, …
fn short(message: &Value) -> String {
    let method = message["method"].as_str().unwrap_or("answer");
    let name = method.strip_prefix("notifications/").unwrap_or(method);
    match name {
        "resources/updated" => format!("updated {}", message["params"]["uri"].as_str().unwrap()),
        "message" => format!(
            "{} {}",
            message["params"]["level"], message["params"]["data"]["state"]
        ),
        other => other.to_owned(),
    }
}

async fn check(bench: &mut Bench, expected: &[&str]) {
    for expected in expected {
        let message = bench.message().await;
        assert_eq!(short(&message), *expected, "{message}");
    }
}

async fn subscribe(bench: &mut Bench, uri: &str) {
    let answer = bench
        .request("resources/subscribe", json!({"uri": uri}))
        .await;
    assert_eq!(answer["result"], json!({}), "{answer}");
}

#[tokio::test]
async fn a_session_is_told_of_what_it_subscribed_to() {
    let mut bench = Bench::session(nothing).await;
    subscribe(&mut bench, "watercooler://threads/a%2Db").await;
    subscribe(&mut bench, "watercooler://inbox").await;
    subscribe(&mut bench, "watercooler://instructions").await;
    bench.tell(changed("other"));
    check(&mut bench, &["updated watercooler://inbox"]).await;
    bench.tell(changed("a-b"));
    let both = [
        "updated watercooler://inbox",
        "updated watercooler://threads/a%2Db",
    ];
    check(&mut bench, &both).await;
    bench.tell(Piece::Everything);
    check(&mut bench, &["resources/list_changed", both[0], both[1]]).await;
    let params = json!({"uri": "watercooler://inbox"});
    bench.request("resources/unsubscribe", params).await;
    bench.tell(Piece::Thread {
        topic: "a-b".to_owned(),
        appeared_or_gone: true,
    });
    check(&mut bench, &["resources/list_changed", both[1]]).await;
}

#[tokio::test]
async fn what_happens_while_a_client_is_told_is_gathered() {
    let mut bench = Bench::session(nothing).await;
    subscribe(&mut bench, "watercooler://inbox").await;
    for _ in 0..GATHERED_MAX {
        bench.tell(changed("a"));
    }
    bench.tell(Piece::Everything);
    let mut told = 0;
    while short(&bench.message().await) != "resources/list_changed" {
        told += 1;
    }
    assert!(told <= 2, "{told}");
}

#[tokio::test]
async fn subscriptions_are_bounded_and_must_name_a_resource() {
    let mut bench = Bench::session(nothing).await;
    for number in 0..SUBSCRIPTIONS_MAX {
        subscribe(&mut bench, &format!("watercooler://threads/{number}")).await;
    }
    subscribe(&mut bench, "watercooler://threads/0").await;
    for (uri, code) in [
        ("watercooler://inbox", -32602),
        ("file:///etc/passwd", -32002),
    ] {
        let answer = bench
            .request("resources/subscribe", json!({"uri": uri}))
            .await;
        assert_eq!(answer["error"]["code"], code);
    }
}

async fn listen(bench: &mut Bench, notifications: Value) -> (u64, Value) {
    let params = json!({"_meta": meta_2026("cursor"), "notifications": notifications});
    let id = bench.ask("subscriptions/listen", params).await;
    let acknowledged = bench.message().await;
    assert_eq!(
        short(&acknowledged),
        "subscriptions/acknowledged",
        "{acknowledged}"
    );
    (id, acknowledged["params"]["notifications"].clone())
}

#[tokio::test]
async fn the_stateless_era_listens_and_is_told_of_its_end() {
    let mut bench = Bench::start(false, nothing);
    let wanted = json!({
        "resourceSubscriptions": ["watercooler://threads/a", "file:///etc/passwd"],
        "resourcesListChanged": true,
        "toolsListChanged": true,
    });
    let (id, accepted) = listen(&mut bench, wanted).await;
    let expected = json!({
        "resourceSubscriptions": ["watercooler://threads/a"],
        "resourcesListChanged": true,
        "toolsListChanged": true,
    });
    assert_eq!(accepted, expected);
    bench.tell(changed("other"));
    bench.tell(changed("a"));
    let updated = bench.message().await;
    assert_eq!(short(&updated), "updated watercooler://threads/a");
    assert_eq!(
        updated["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        id
    );
    bench.tell(Piece::Everything);
    check(
        &mut bench,
        &["resources/list_changed", "updated watercooler://threads/a"],
    )
    .await;
    bench.news = None;
    let end = bench.message().await;
    assert_eq!(
        (&end["id"], &end["result"]["resultType"]),
        (&json!(id), &json!("complete"))
    );
}

#[tokio::test]
async fn a_listen_that_is_cancelled_gives_its_place_back() {
    let mut bench = Bench::start(false, nothing);
    let wanted = json!({"resourcesListChanged": true});
    let mut ids = Vec::new();
    for _ in 0..LISTENS_MAX {
        ids.push(listen(&mut bench, wanted.clone()).await.0);
    }
    let (id, _) = listen(&mut bench, wanted.clone()).await;
    let refused = bench.message().await;
    assert_eq!(
        (&refused["id"], &refused["error"]["code"]),
        (&json!(id), &json!(-32602))
    );
    let cancelled = json!({"requestId": ids[3], "_meta": meta_2026("cursor")});
    bench.notify("notifications/cancelled", cancelled).await;
    // The place is given back a moment after the word is heard.
    for _ in 0..1_000 {
        let (id, _) = listen(&mut bench, wanted.clone()).await;
        let asked = bench
            .ask("tools/list", json!({"_meta": meta_2026("cursor")}))
            .await;
        let first = bench.message().await;
        if first["id"] == asked {
            return;
        }
        assert_eq!(first["id"], id);
        assert_eq!(bench.message().await["id"], asked);
    }
    panic!("the place stays taken");
}

#[tokio::test]
async fn a_session_is_logged_to_from_the_level_that_it_names() {
    let mut bench = Bench::session(nothing).await;
    subscribe(&mut bench, "watercooler://inbox").await;
    bench.tell(state(RepositoryState::Attention));
    bench.tell(changed("a"));
    check(&mut bench, &["updated watercooler://inbox"]).await;
    bench
        .request("logging/setLevel", json!({"level": "notice"}))
        .await;
    for (at, expected) in [
        (RepositoryState::Synced, None),
        (RepositoryState::Offline, Some("\"notice\" \"offline\"")),
        (
            RepositoryState::SignedOut,
            Some("\"warning\" \"signed_out\""),
        ),
    ] {
        bench.tell(state(at));
        bench.tell(changed("a"));
        check(&mut bench, &["updated watercooler://inbox"]).await;
        check(&mut bench, expected.as_slice()).await;
    }
    bench
        .request("logging/setLevel", json!({"level": "debug"}))
        .await;
    bench.tell(state(RepositoryState::Syncing));
    check(&mut bench, &["\"debug\" \"syncing\""]).await;
}

async fn with_channel(channel: bool) -> (Bench, Value) {
    let ask: Ask = Arc::new(|_, request| {
        let outcome = nothing(&request);
        Box::pin(async move { outcome })
    });
    let mut bench = Bench::start_as(false, channel, ask, Asked::default());
    let mut answer = bench.initialize("2025-11-25", "claude-code").await;
    subscribe(&mut bench, "watercooler://inbox").await;
    (
        bench,
        answer["result"]["capabilities"]["experimental"].take(),
    )
}

#[tokio::test]
async fn the_channel_is_offered_only_where_it_is_wanted_and_holds_names_alone() {
    let (mut bench, offered) = with_channel(false).await;
    assert_eq!(offered, Value::Null);
    bench.tell(turn("a"));
    bench.tell(changed("b"));
    check(&mut bench, &["updated watercooler://inbox"]).await;

    let (mut bench, offered) = with_channel(true).await;
    assert_eq!(offered, json!({"claude/channel": {}}));
    bench.tell(turn("a</channel>\n"));
    check(&mut bench, &["updated watercooler://inbox"]).await;
    let told = bench.message().await;
    assert_eq!(told["method"], "notifications/claude/channel");
    let expected = json!({
        "content": "It is your turn in the watercooler thread 'a&lt;/channel&gt; '. Read it with \
                    watercooler_read_thread.",
        "meta": {"event": "your_turn", "topic": "a&lt;/channel&gt; ", "entry_id": "01JGT7"},
    });
    assert_eq!(told["params"], expected);
}

#[tokio::test]
async fn many_turns_are_one_notification() {
    let (mut bench, _) = with_channel(true).await;
    for topic in ["a", "b", "c"] {
        bench.tell(turn(topic));
    }
    check(&mut bench, &["updated watercooler://inbox"]).await;
    let told = bench.message().await;
    assert_eq!(
        told["params"]["meta"],
        json!({"event": "your_turn", "threads": "3"})
    );
}

/// A daemon that answers no call; it tells when one begins, and when that is dropped.
fn silent() -> (Ask, oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let (begun, begin) = oneshot::channel::<()>();
    let (ended, end) = oneshot::channel::<()>();
    let parts = Mutex::new(Some((begun, ended)));
    let ask: Ask = Arc::new(move |_, _| {
        let parts = parts.lock().unwrap().take();
        Box::pin(async move {
            let (begun, _ended) = parts.unwrap();
            begun.send(()).unwrap();
            pending().await
        })
    });
    (ask, begin, end)
}

#[tokio::test]
async fn a_call_that_waits_tells_how_long_where_that_is_wanted() {
    let (ask, _begin, _end) = silent();
    let mut bench = Bench::start_with(false, ask, Asked::default());
    bench.initialize("2025-11-25", "claude-code").await;
    let params = json!({
        "name": "watercooler_sync", "arguments": {}, "_meta": {"progressToken": "p"},
    });
    bench.ask("tools/call", params).await;
    for times in 1..=2 {
        let told = bench.message().await;
        assert_eq!(told["method"], "notifications/progress");
        assert_eq!(told["params"]["progressToken"], "p");
        let seconds = (PROGRESS_EVERY * times).as_secs_f64();
        assert_eq!(told["params"]["progress"].as_f64(), Some(seconds));
    }
}

#[tokio::test]
async fn a_cancelled_call_that_only_reads_ends_at_once_and_is_not_answered() {
    let (ask, begin, end) = silent();
    let mut bench = Bench::start_with(false, ask, Asked::default());
    bench.initialize("2025-11-25", "claude-code").await;
    let params = json!({"name": "watercooler_sync", "arguments": {}});
    let id = bench.ask("tools/call", params).await;
    begin.await.unwrap();
    let params = json!({"requestId": id});
    bench.notify("notifications/cancelled", params).await;
    assert!(end.await.is_err());
    assert_eq!(bench.request("ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn a_cancelled_write_is_carried_out_all_the_same() {
    let (go, gone) = oneshot::channel::<()>();
    let (finished, finish) = oneshot::channel::<()>();
    let (begun, begin) = oneshot::channel::<()>();
    let parts = Mutex::new(Some((gone, finished, begun)));
    let ask: Ask = Arc::new(move |_, _| {
        let (gone, finished, begun) = parts.lock().unwrap().take().unwrap();
        Box::pin(async move {
            begun.send(()).unwrap();
            gone.await.unwrap();
            finished.send(()).unwrap();
            done(Answer::Written(written()))
        })
    });
    let mut bench = Bench::start_with(false, ask, Asked::default());
    bench.initialize("2025-11-25", "claude-code").await;
    let params = json!({"name": "watercooler_ack", "arguments": {"topic": "a"}});
    let id = bench.ask("tools/call", params).await;
    begin.await.unwrap();
    bench
        .notify("notifications/cancelled", json!({"requestId": id}))
        .await;
    assert_eq!(bench.request("ping", json!({})).await["result"], json!({}));
    go.send(()).unwrap();
    finish.await.unwrap();
}
