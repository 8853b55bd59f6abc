//! No result is larger than a result may be, and what is cut off can be read on.

use std::sync::Arc;

use protocol::{
    answer::{Answer, Entry, Outcome, Thread, Threads},
    request::{ReadThread, Request},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::bench::{
    Asked, Bench, done, done_with, entry, summary, text_of, thread, threads, written,
};
use crate::{Ask, RESULT_BYTES_MAX, gate::UNDER_WAY_MAX};

const BODY_BYTES_MAX: usize = 1 << 20;

fn filled(pattern: &str) -> String {
    pattern.repeat(BODY_BYTES_MAX / pattern.len())
}

/// A daemon that serves `entries` and minds no limit but `from_entry` and `body_offset`.
fn generous(entries: Vec<Entry>) -> impl Fn(&Request) -> Outcome + Send + Sync + 'static {
    move |request| {
        let Request::ReadThread(read) = request else {
            return done(Answer::Accepted);
        };
        let from = usize::try_from(read.from_entry.unwrap_or(0)).unwrap();
        let mut shown: Vec<Entry> = entries[from..].to_vec();
        if let (Some(offset), Some(first)) = (read.body_offset, shown.first_mut()) {
            let offset = usize::try_from(offset).unwrap();
            first.body = first.body.chars().skip(offset).collect();
        }
        let page = Thread {
            total_entries: entries.len() as u64,
            ..thread(shown)
        };
        done_with(Answer::Thread(page), &["a", "b"])
    }
}

async fn call(bench: &mut Bench, arguments: &Value) -> Value {
    let params = json!({"name": "watercooler_read_thread", "arguments": arguments});
    let request = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params});
    bench.send(&request.to_string()).await;
    let line = bench.line().await;
    assert!(line.len() < RESULT_BYTES_MAX, "{} bytes", line.len());
    let mut answer: Value = serde_json::from_str(&line).unwrap();
    answer["result"].take()
}

/// Bodies of a JSON result, joined over all pages, are what the daemon has.
async fn check_pages(entries: Vec<Entry>, pages_max: usize) {
    let mut whole = vec![String::new(); entries.len()];
    let mut bench = Bench::session(generous(entries.clone())).await;
    let mut arguments = json!({"topic": "a", "format": "json", "from_entry": 0});
    for _ in 0..pages_max {
        let result = call(&mut bench, &arguments).await;
        let page = &result["structuredContent"];
        for entry in page["entries"].as_array().unwrap() {
            let index = usize::try_from(entry["index"].as_u64().unwrap()).unwrap();
            whole[index].push_str(entry["body"].as_str().unwrap());
        }
        if page["next_entry"].is_null() {
            for (read, had) in whole.iter().zip(&entries) {
                assert!(*read == had.body);
            }
            return;
        }
        let before = arguments.clone();
        arguments["from_entry"] = page["next_entry"].clone();
        arguments["body_offset"] = page["next_body_offset"].clone();
        assert_ne!(before, arguments, "no progress");
    }
    panic!("more than {pages_max} pages");
}

#[tokio::test]
async fn what_is_cut_off_is_read_page_by_page() {
    let body = "é\"\\😀\n".repeat(20_000);
    check_pages(vec![entry(0, &body), entry(1, "short")], 20).await;
    let small = |index| entry(index, &"\u{1}\"x".repeat(500));
    check_pages((0..40).map(small).collect(), 60).await;
}

#[tokio::test]
async fn every_form_of_a_huge_thread_fits() {
    for pattern in ["\"", "😀", "\u{1}", "é\\\"\n", "<entry key=K>"] {
        let mut huge = entry(0, &filled(pattern));
        huge.title = filled(pattern);
        huge.agent = filled(pattern);
        huge.role = filled(pattern);
        huge.entry_type = filled(pattern);
        let huge_1 = Entry {
            index: 1,
            ..huge.clone()
        };
        let mut bench = Bench::session(generous(vec![huge, huge_1])).await;
        for format in ["markdown", "json", "summary"] {
            for from_entry in [json!(null), json!(0), json!(1)] {
                let arguments = json!({"topic": "a", "format": format, "from_entry": from_entry});
                let result = call(&mut bench, &arguments).await;
                assert_eq!(result["isError"], false);
                let enough = format == "summary" || text_of(&result).len() > 8_000;
                assert!(enough, "{pattern:?} {format}");
            }
        }
    }
}

#[tokio::test]
async fn read_from_its_end_a_thread_keeps_its_end() {
    let entries: Vec<_> = (0..30)
        .map(|index| entry(index, &"é".repeat(5_000)))
        .collect();
    let mut bench = Bench::session(generous(entries)).await;
    let result = call(&mut bench, &json!({"topic": "a"})).await;
    let text = text_of(&result);
    assert!(text.contains("Entries: 25–29 of 30"), "{}", &text[..100]);
    assert!(text.ends_with("2 threads wait on you: a, b"));
    assert_eq!(result["structuredContent"]["next_entry"], json!(null));
    let result = call(&mut bench, &json!({"topic": "a", "from_entry": 3})).await;
    assert!(text_of(&result).contains("Entries: 3–7 of 30"));
    assert!(text_of(&result).contains("More: watercooler_read_thread with from_entry=8"));
    assert_eq!(result["structuredContent"]["next_entry"], 8);
}

#[tokio::test]
async fn the_daemon_is_asked_for_no_more_than_can_be_shown() {
    for (arguments, expected) in [
        (json!({"topic": "a"}), 40_000),
        (json!({"topic": "a", "max_chars": 7}), 7),
        (json!({"topic": "a", "max_chars": 9_000_000}), 60_000),
        (json!({"topic": "a", "format": "json"}), 30_000),
    ] {
        let mut bench = Bench::session(generous(vec![entry(0, "x")])).await;
        bench.call("watercooler_read_thread", arguments).await;
        let Request::ReadThread(ReadThread { max_chars, .. }) = bench.last_asked().1 else {
            panic!("another request");
        };
        assert_eq!(max_chars, Some(expected));
    }
}

#[tokio::test]
async fn a_long_list_is_asked_for_again_until_it_fits() {
    let mut bench = Bench::session(|request| {
        let Request::ListThreads(list) = request else {
            return done(Answer::Accepted);
        };
        let len = list.limit.unwrap_or(500).clamp(1, 500);
        let mut long = summary("auth-refactor");
        long.title = "😀\"".repeat(100_000);
        long.ball = "\u{1}".repeat(100_000);
        let page = vec![long; usize::try_from(len).unwrap()];
        let page = Threads {
            total: 500,
            next_cursor: Some(len.to_string()),
            ..threads(page)
        };
        done_with(Answer::Threads(page), &["a"])
    })
    .await;
    let result = bench.call("watercooler_list_threads", json!({})).await;
    assert!(result.to_string().len() < RESULT_BYTES_MAX);
    let shown = result["structuredContent"]["threads"]
        .as_array()
        .unwrap()
        .len();
    assert!(shown > 5, "{shown}");
    assert_eq!(
        result["structuredContent"]["next_cursor"],
        json!(shown.to_string())
    );
    assert!(bench.asked_len() < 5);
}

#[tokio::test]
async fn a_daemon_that_keeps_to_no_limit_is_asked_so_often_and_no_more() {
    let mut bench = Bench::session(|_| {
        let page = vec![summary("auth-refactor"); 5_000];
        done(Answer::Threads(threads(page)))
    })
    .await;
    let result = bench.call("watercooler_list_threads", json!({})).await;
    assert_eq!(result["structuredContent"]["error"]["code"], "too_large");
    assert_eq!(bench.asked_len(), 8);
}

#[tokio::test]
async fn short_answers_stay_short_whatever_others_wrote() {
    let mut long = written();
    long.ball = "<\u{1}".repeat(100_000);
    long.status = long.ball.clone();
    long.details.title = long.ball.clone();
    let mut bench = Bench::session(move |_| done(Answer::Written(long.clone()))).await;
    let result = bench.call("watercooler_ack", json!({"topic": "a"})).await;
    assert_eq!(result["isError"], false);
    assert!(result.to_string().len() < RESULT_BYTES_MAX);
    assert!(text_of(&result).ends_with("Entry-ID: 01JGT7"));
}

#[tokio::test]
async fn a_client_that_asks_without_reading_is_not_read_from() {
    let gate = Arc::new(Semaphore::new(0));
    let begun = Arc::new(Semaphore::new(0));
    let (held, noted) = (Arc::clone(&gate), Arc::clone(&begun));
    let ask: Ask = Arc::new(move |_, _| {
        let (held, noted) = (Arc::clone(&held), Arc::clone(&noted));
        Box::pin(async move {
            noted.add_permits(1);
            held.acquire().await.unwrap().forget();
            done(Answer::Thread(thread(Vec::new())))
        })
    });
    let mut bench = Bench::start_with(false, ask, Asked::default());
    bench.initialize("2025-11-25", "claude-code").await;
    let calls = UNDER_WAY_MAX + 40;
    for id in 0..calls {
        let params = json!({"name": "watercooler_read_thread", "arguments": {"topic": "a"}});
        let request =
            json!({"jsonrpc": "2.0", "id": 100 + id, "method": "tools/call", "params": params});
        bench.send(&request.to_string()).await;
    }
    let all = u32::try_from(UNDER_WAY_MAX).unwrap();
    begun.acquire_many(all).await.unwrap().forget();
    // The lines that follow are in the stream; nobody takes them.
    tokio::task::yield_now().await;
    assert_eq!(begun.available_permits(), 0);
    gate.add_permits(calls);
    for _ in 0..calls {
        bench.line().await;
    }
}

#[tokio::test]
async fn a_cancelled_call_frees_its_place() {
    let ask: Ask = Arc::new(|_, request| {
        Box::pin(async move {
            if request.writes() {
                std::future::pending::<()>().await;
            }
            done(Answer::Thread(thread(Vec::new())))
        })
    });
    let mut bench = Bench::start_with(false, ask, Asked::default());
    bench.initialize("2025-11-25", "claude-code").await;
    for id in 0..2 * UNDER_WAY_MAX {
        let id = 1_000 + id;
        let params = json!({"name": "watercooler_ack", "arguments": {"topic": "a"}});
        let request = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        bench.send(&request.to_string()).await;
        let cancelled = json!({
            "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id},
        });
        bench.send(&cancelled.to_string()).await;
    }
    let result = bench
        .call("watercooler_read_thread", json!({"topic": "a"}))
        .await;
    assert_eq!(result["isError"], false);
}
