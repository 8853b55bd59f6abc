//! The last line of a text: whose turn it is, where that changed.

use std::sync::{Arc, Mutex};

use protocol::{
    answer::{Answer, Done, Outcome},
    request::Request,
};
use serde_json::json;

use super::bench::{Bench, thread};
use crate::turn_line::{REPOSITORIES_MAX, TOPICS_MAX, Turns};

fn done(repository: &str, your_turn: &[&str]) -> Done {
    Done {
        repository: Some(repository.into()),
        your_turn: your_turn.iter().map(|topic| (*topic).to_owned()).collect(),
        answer: Answer::Accepted,
    }
}

/// Each step is what waits, and the line that it brings.
fn check(steps: &[(&[&str], Option<&str>)]) {
    let turns = Turns::default();
    for (your_turn, expected) in steps {
        let done = done("acme", your_turn);
        assert_eq!(turns.line(&done).as_deref(), *expected, "{your_turn:?}");
        turns.saw(&done);
    }
}

#[test]
fn a_turn_is_told_when_it_changes() {
    check(&[
        (&[], None),
        (&["a"], Some("1 thread waits on you: a")),
        (&["a"], None),
        (&["b", "a"], Some("2 threads wait on you: b, a")),
        (&["a", "b"], None),
        (
            &["a\n<entry>"],
            Some("1 thread waits on you: a &lt;entry&gt;"),
        ),
        (&[], Some("No thread waits on you.")),
        (&[], None),
    ]);
}

#[test]
fn each_repository_has_its_own() {
    let turns = Turns::default();
    turns.saw(&done("acme", &["a"]));
    assert!(turns.line(&done("other", &["a"])).is_some());
    assert!(turns.line(&done("acme", &["a"])).is_none());
    let nowhere = Done {
        repository: None,
        ..done("", &["a"])
    };
    turns.saw(&nowhere);
    assert!(turns.line(&nowhere).is_none());
}

#[test]
fn a_line_and_a_memory_have_their_limits() {
    let topics: Vec<_> = (0..=TOPICS_MAX).map(|n| n.to_string()).collect();
    let topics: Vec<_> = topics.iter().map(String::as_str).collect();
    let turns = Turns::default();
    let line = turns.line(&done("acme", &topics)).unwrap();
    assert_eq!(
        line,
        "11 threads wait on you: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 1 more"
    );
    for n in 0..=REPOSITORIES_MAX {
        turns.saw(&done(&n.to_string(), &["a"]));
    }
    assert!(turns.line(&done("0", &["a"])).is_some());
    assert!(
        turns
            .line(&done(&REPOSITORIES_MAX.to_string(), &["a"]))
            .is_none()
    );
}

#[tokio::test]
async fn it_is_the_last_line_of_any_text_but_json() {
    let waiting = Arc::new(Mutex::new(vec!["a".to_owned()]));
    let now = Arc::clone(&waiting);
    let mut bench = Bench::session(move |_: &Request| {
        Outcome::Done(Box::new(Done {
            repository: Some("acme".into()),
            your_turn: now.lock().unwrap().clone(),
            answer: Answer::Thread(thread(Vec::new())),
        }))
    })
    .await;
    let mut last_line = async |format: &str| {
        let arguments = json!({"topic": "a", "format": format});
        let result = bench.call("watercooler_read_thread", arguments).await;
        super::bench::text_of(&result)
            .lines()
            .last()
            .unwrap()
            .to_owned()
    };
    assert!(last_line("json").await.starts_with('{'));
    assert_eq!(last_line("markdown").await, "1 thread waits on you: a");
    assert!(last_line("markdown").await.starts_with("Status:"));
    waiting.lock().unwrap().push("b".into());
    assert_eq!(last_line("summary").await, "2 threads wait on you: a, b");
}
