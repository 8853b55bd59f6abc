//! What a thread's window says and sends.

use std::sync::Arc;

use protocol::answer::{Entry, Freshness, RepositoryState};

use super::answer::{OFFERED_MAX, offered};
use super::entries::{BODY_CHARS_MAX, shown};
use super::*;

fn entry(index: u64, agent: &str) -> Arc<Entry> {
    Arc::new(Entry {
        index,
        entry_id: None,
        agent: agent.to_owned(),
        timestamp: None,
        role: "pm".to_owned(),
        entry_type: "Note".to_owned(),
        title: "T".to_owned(),
        body: "b".to_owned(),
    })
}

#[test]
fn a_body_is_text_up_to_its_limit() {
    let hostile = "<b>[x](http://x)</b>\u{202e}";
    assert_eq!(
        shown(hostile),
        ("<b>[x](http://x)</b><U+202E>".to_owned(), 0)
    );
    let long = "a".repeat(BODY_CHARS_MAX + 3);
    let (text, left) = shown(&long);
    assert_eq!((text.len(), left), (BODY_CHARS_MAX, 3));
}

#[test]
fn a_hand_off_offers_who_wrote_last_and_everybody() {
    let names: Vec<String> = (0..20).map(|at| format!("Claude (u{at})")).collect();
    let entries = names
        .iter()
        .enumerate()
        .map(|(at, name)| entry(at as u64, name));
    let thread = Thread {
        topic: "t".to_owned(),
        title: "T".to_owned(),
        status: "OPEN".to_owned(),
        ball: "Team".to_owned(),
        your_turn: false,
        total_entries: 20,
        next_entry: None,
        next_body_offset: None,
        entries: entries.collect(),
        freshness: Freshness {
            head: None,
            fetched_at: None,
            age_seconds: None,
            state: RepositoryState::Synced,
            stale: false,
            as_of: None,
        },
    };
    let offered = offered(Some(&thread));
    assert_eq!(offered.len(), OFFERED_MAX);
    assert_eq!(offered.first().map(String::as_str), Some("Claude (u19)"));
    assert_eq!(offered.last().map(String::as_str), Some("team"));
}
