//! Resources, templates, prompts and the completion of topics.

use expect_test::{Expect, expect};
use protocol::{
    answer::{Answer, Outcome, ThreadSummary, Threads},
    failure::{Failure, FailureCode},
    request::{Filter, Request},
};
use serde_json::{Value, json};

use super::bench::{Bench, done, done_with, entry, meta_2026, pretty, summary, thread, threads};
use crate::{RESULT_BYTES_MAX, resources};

/// A daemon with one thread.
fn one_thread(request: &Request) -> Outcome {
    if let Request::ListThreads(_) = request {
        let threads = threads(vec![summary("auth-refactor")]);
        return done_with(Answer::Threads(threads), &["auth-refactor"]);
    }
    if read_topic(request) == Some("auth-refactor") {
        let thread = thread(vec![entry(0, "Body.")]);
        return done_with(Answer::Thread(thread), &["auth-refactor"]);
    }
    Outcome::Failed(Failure::new(
        FailureCode::ThreadNotFound,
        "No thread is named so.",
        "Nearest: auth-refactor.",
    ))
}

/// The thread that is read, where nobody counts as shown it.
fn read_topic(request: &Request) -> Option<&str> {
    if let Request::ReadThread(read) = request
        && read.unmarked
    {
        return Some(&read.topic);
    }
    None
}

/// Answers with so many threads to a page, as the daemon does.
fn paged(topics: Vec<String>) -> impl Fn(&Request) -> Outcome + Send + Sync + 'static {
    move |request| {
        let Request::ListThreads(list) = request else {
            return done(Answer::Accepted);
        };
        let from: usize = list.cursor.as_deref().map_or(0, |at| at.parse().unwrap());
        let len = usize::try_from(list.limit.unwrap()).unwrap();
        let page: Vec<ThreadSummary> = topics[from..]
            .iter()
            .take(len)
            .map(|t| summary(t))
            .collect();
        let next = from + page.len();
        done(Answer::Threads(Threads {
            total: topics.len() as u64,
            next_cursor: (next < topics.len()).then(|| next.to_string()),
            ..threads(page)
        }))
    }
}

async fn check(method: &str, params: Value, expected: Expect) {
    let mut bench = Bench::session(one_thread).await;
    let answer = bench.request(method, params).await;
    expected.assert_eq(&pretty(&answer["result"]));
}

#[tokio::test]
async fn the_inbox_the_instructions_and_the_open_threads_are_listed() {
    check(
        "resources/list",
        json!({}),
        expect![[r#"
        {
          "resources": [
            {
              "description": "Open threads; those that wait on you first",
              "mimeType": "text/markdown",
              "name": "inbox",
              "title": "Watercooler inbox",
              "uri": "watercooler://inbox"
            },
            {
              "description": "What an agent needs to know of the threads and the tools",
              "mimeType": "text/markdown",
              "name": "instructions",
              "title": "How to use the watercooler",
              "uri": "watercooler://instructions"
            },
            {
              "description": "OPEN, ball: Claude (alice), your turn, 2 entries",
              "mimeType": "text/markdown",
              "name": "auth-refactor",
              "title": "Refactor auth",
              "uri": "watercooler://threads/auth-refactor"
            }
          ]
        }"#]],
    )
    .await;
    check(
        "resources/templates/list",
        json!({}),
        expect![[r#"
        {
          "resourceTemplates": [
            {
              "description": "The newest entries of the thread with that topic",
              "mimeType": "text/markdown",
              "name": "thread",
              "title": "A watercooler thread",
              "uriTemplate": "watercooler://threads/{topic}"
            }
          ]
        }"#]],
    )
    .await;
}

#[tokio::test]
async fn long_lists_of_resources_come_in_pages_that_fit() {
    let topics: Vec<String> = (0..150)
        .map(|n| format!("{}-{n}", "ü".repeat(120)))
        .collect();
    let mut bench = Bench::session(paged(topics.clone())).await;
    let mut cursor = json!(null);
    let mut seen = Vec::new();
    loop {
        let params = if cursor.is_null() {
            json!({})
        } else {
            json!({"cursor": cursor})
        };
        let id = bench.ask("resources/list", params).await;
        let line = bench.line().await;
        assert!(line.len() < RESULT_BYTES_MAX, "{} bytes", line.len());
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], id);
        let listed = answer["result"]["resources"].as_array().unwrap();
        seen.extend(
            listed
                .iter()
                .map(|each| each["name"].as_str().unwrap().to_owned()),
        );
        cursor = answer["result"]["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen[..2], ["inbox", "instructions"]);
    assert_eq!(seen[2..], topics);
}

#[tokio::test]
async fn where_no_repository_can_be_told_the_list_is_short_and_no_error() {
    let mut bench = Bench::session(|_| {
        Outcome::Failed(Failure::new(
            FailureCode::RepositoryAmbiguous,
            "Which?",
            "Say.",
        ))
    })
    .await;
    let answer = bench.request("resources/list", json!({})).await;
    assert_eq!(answer["result"]["resources"].as_array().unwrap().len(), 2);
    let answer = bench
        .request("resources/list", json!({"cursor": "x"}))
        .await;
    assert_eq!(answer["error"]["code"], -32602);
    let params = json!({"uri": "watercooler://inbox"});
    let answer = bench.request("resources/read", params).await;
    assert_eq!(answer["error"]["data"]["code"], "repository_ambiguous");
}

#[tokio::test]
async fn a_resource_is_read_and_nobody_counts_as_shown_it() {
    let mut bench = Bench::session(one_thread).await;
    let mut read = async |uri: &str| {
        let answer = bench.request("resources/read", json!({"uri": uri})).await;
        let content = &answer["result"]["contents"][0];
        assert_eq!(
            (&content["uri"], &content["mimeType"]),
            (&json!(uri), &json!("text/markdown"))
        );
        content["text"].as_str().unwrap().to_owned()
    };
    let thread = read("watercooler://threads/auth%2Drefactor").await;
    assert!(thread.contains("\nBody.\n</entry key="), "{thread}");
    assert!(
        read("watercooler://inbox")
            .await
            .contains("- auth-refactor — ")
    );
    assert!(
        read("watercooler://instructions")
            .await
            .contains("watercooler_say")
    );
    // What a resource says of turns leaves the line for the next call as it is.
    let listed = bench.call("watercooler_list_threads", json!({})).await;
    let text = listed["content"][0]["text"].as_str().unwrap();
    assert!(
        text.ends_with("1 thread waits on you: auth-refactor"),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_no_resource_is_not_found() {
    let mut bench = Bench::session(one_thread).await;
    for uri in [
        "watercooler://threads/none",
        "watercooler://other/threads/a",
        "file:///etc/passwd",
    ] {
        let answer = bench.request("resources/read", json!({"uri": uri})).await;
        assert_eq!(answer["error"]["code"], -32002, "{uri}");
        assert_eq!(answer["error"]["data"]["uri"], uri);
        let params = json!({"uri": uri, "_meta": meta_2026("cursor")});
        let answer = bench.request("resources/read", params).await;
        assert_eq!(answer["error"]["code"], -32602, "{uri}");
    }
}

#[tokio::test]
async fn the_prompts_are_as_the_contract_has_them() {
    check(
        "prompts/list",
        json!({}),
        expect![[r#"
        {
          "prompts": [
            {
              "description": "See what waits on you, and work through it",
              "name": "catch-up"
            },
            {
              "arguments": [
                {
                  "description": "The thread's topic",
                  "name": "topic",
                  "required": true
                }
              ],
              "description": "Read a thread and answer it",
              "name": "reply"
            },
            {
              "arguments": [
                {
                  "description": "The thread's topic",
                  "name": "topic",
                  "required": true
                },
                {
                  "description": "Who is next; absent: by the watercooler's rule",
                  "name": "to",
                  "required": false
                }
              ],
              "description": "Sum a thread up and pass it on",
              "name": "hand-off"
            }
          ]
        }"#]],
    )
    .await;
}

#[tokio::test]
async fn prompts_are_about_their_threads() {
    let mut bench = Bench::session(one_thread).await;
    for (params, expected) in [
        (json!({"name": "catch-up"}), "- auth-refactor — "),
        (
            json!({"name": "reply", "arguments": {"topic": "auth-refactor"}}),
            "\nBody.\n",
        ),
        (
            json!({"name": "hand-off", "arguments": {"topic": "auth-refactor", "to": "Codex <b>"}}),
            "watercooler_handoff to \"Codex &lt;b&gt;\"",
        ),
    ] {
        let answer = bench.request("prompts/get", params).await;
        let message = &answer["result"]["messages"][0];
        assert_eq!(message["role"], "user");
        let text = message["content"]["text"].as_str().unwrap();
        assert!(text.contains(expected), "{text}");
    }
    for (params, expected) in [
        (json!({"name": "other"}), "catch-up, reply, hand-off"),
        (
            json!({"name": "reply", "arguments": {"topic": " "}}),
            "needs \"topic\"",
        ),
        (
            json!({"name": "hand-off", "arguments": {"topic": "none"}}),
            "Nearest: auth-refactor",
        ),
    ] {
        let answer = bench.request("prompts/get", params).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn topics_are_completed_those_that_begin_so_first() {
    let topics = ["reauth", "Auth-refactor", "auth", "plan"].map(str::to_owned);
    let mut bench = Bench::session(paged(topics.to_vec())).await;
    let mut complete = async |reference: Value, name: &str, value: &str| {
        let params = json!({"ref": reference, "argument": {"name": name, "value": value}});
        let answer = bench.request("completion/complete", params).await;
        match answer.get("error") {
            None => answer["result"]["completion"].clone(),
            Some(error) => error["code"].clone(),
        }
    };
    let template = json!({"type": "ref/resource", "uri": "watercooler://threads/{topic}"});
    let reply = json!({"type": "ref/prompt", "name": "reply"});
    let expected =
        json!({"values": ["Auth-refactor", "auth", "reauth"], "total": 3, "hasMore": false});
    assert_eq!(complete(template, "topic", "AUTH").await, expected);
    assert_eq!(complete(reply.clone(), "topic", "auth").await, expected);
    let all = complete(reply.clone(), "topic", "").await;
    assert_eq!(all["values"].as_array().unwrap().len(), 4);
    assert_eq!(complete(reply, "other", "").await, json!({"values": []}));
    let catch_up = json!({"type": "ref/prompt", "name": "catch-up"});
    assert_eq!(
        complete(catch_up, "topic", "a").await,
        json!({"values": []})
    );
    let unknown = json!({"type": "ref/prompt", "name": "none"});
    assert_eq!(complete(unknown, "topic", "a").await, -32602);
}

#[tokio::test]
async fn completion_looks_at_all_pages_and_gives_a_hundred() {
    let topics: Vec<String> = (0..2_500).map(|n| format!("t{n}")).collect();
    let mut bench = Bench::session(paged(topics)).await;
    let params = json!({
        "ref": {"type": "ref/prompt", "name": "reply"},
        "argument": {"name": "topic", "value": "t"},
    });
    let answer = bench.request("completion/complete", params).await;
    let completion = &answer["result"]["completion"];
    assert_eq!(completion["values"].as_array().unwrap().len(), 100);
    assert_eq!(
        (&completion["total"], &completion["hasMore"]),
        (&json!(2_500), &json!(true))
    );
    assert_eq!(bench.asked_len(), 3);
}

#[test]
fn a_thread_that_is_read_as_a_resource_is_one_call_for_its_newest_entries() {
    let call = resources::thread_call("a".to_owned());
    let Request::ReadThread(read) = call.request else {
        panic!("a thread is read");
    };
    assert_eq!(
        (read.from_entry, read.since_entry, read.limit),
        (None, None, None)
    );
    let Request::ListThreads(list) = resources::inbox_call().request else {
        panic!("threads are listed");
    };
    assert_eq!(list.filter, Filter::Open);
}
