//! The inbox: for each repository what is your turn, what is new, what waits for others.

use protocol::answer::ThreadSummary;

use crate::commands::inbox::Inbox;
use crate::plain::one_line;
use crate::text::paint::Paint;
use crate::text::{freshness, table};

/// The inboxes of all repositories.
pub(crate) fn text(inboxes: &[Inbox], paint: Paint) -> String {
    let mut text = String::new();
    for inbox in inboxes {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&one(inbox, paint));
    }
    text
}

fn one(inbox: &Inbox, paint: Paint) -> String {
    let mut text = freshness::warning(&inbox.freshness, paint);
    let parts = [
        ("your turn", &inbox.your_turn),
        ("new", &inbox.new),
        ("waiting", &inbox.waiting),
    ];
    let counts: Vec<String> = parts
        .iter()
        .filter(|(_, threads)| !threads.is_empty())
        .map(|(name, threads)| format!("{} {name}", threads.len()))
        .collect();
    let counts = if counts.is_empty() {
        "nothing waits on you".to_owned()
    } else {
        counts.join(", ")
    };
    text.push_str(&paint.strong(&one_line(&inbox.repository)));
    text.push_str(&format!(": {counts}\n"));
    let marked: Vec<(&str, &ThreadSummary)> = parts
        .into_iter()
        .flat_map(|(name, threads)| threads.iter().map(move |thread| (name, thread)))
        .collect();
    let rows: Vec<_> = marked
        .iter()
        .map(|(name, thread)| row(name, thread))
        .collect();
    text.push_str(&table::lines(&rows, |row, column, cell| {
        match (column, marked[row].0) {
            (0, "waiting") => paint.faint(cell),
            (0, _) => paint.bad(cell),
            (1, "your turn") => paint.strong(cell),
            (4, _) => paint.faint(cell),
            (_, _) => cell.to_owned(),
        }
    }));
    text
}

fn row(name: &str, thread: &ThreadSummary) -> [String; 6] {
    let is_both = thread.your_turn && thread.is_new;
    let mark = if is_both { "your turn, new" } else { name };
    [
        mark.to_owned(),
        one_line(&thread.topic),
        one_line(&thread.ball),
        one_line(thread.last_author.as_deref().unwrap_or_default()),
        thread
            .updated
            .as_deref()
            .map(freshness::minute)
            .unwrap_or_default(),
        one_line(&thread.title),
    ]
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use protocol::answer::{Freshness, RepositoryState};

    use super::*;

    fn thread(topic: &str, your_turn: bool, is_new: bool) -> ThreadSummary {
        ThreadSummary {
            topic: topic.into(),
            title: "Refactor auth".into(),
            status: "OPEN".into(),
            ball: "Codex (bob)".into(),
            your_turn,
            is_new,
            entries: 3,
            updated: Some("2026-01-05T09:00:00Z".into()),
            last_author: Some("Claude (alice)".into()),
        }
    }

    fn inbox(repository: &str) -> Inbox {
        Inbox {
            repository: repository.into(),
            your_turn: Vec::new(),
            new: Vec::new(),
            waiting: Vec::new(),
            freshness: Freshness {
                head: None,
                fetched_at: None,
                age_seconds: None,
                state: RepositoryState::Synced,
                stale: false,
                as_of: None,
            },
        }
    }

    #[test]
    fn the_parts_of_an_inbox_follow_each_other() {
        let full = Inbox {
            your_turn: vec![thread("auth", true, true), thread("db", true, false)],
            new: vec![thread("evil\u{1b}[2J", false, true)],
            waiting: vec![thread("plans", false, false)],
            ..inbox("acme")
        };
        expect![[r#"
            acme: 2 your turn, 1 new, 1 waiting
            your turn, new  auth      Codex (bob)  Claude (alice)  2026-01-05 09:00  Refactor auth
            your turn       db        Codex (bob)  Claude (alice)  2026-01-05 09:00  Refactor auth
            new             evil␛[2J  Codex (bob)  Claude (alice)  2026-01-05 09:00  Refactor auth
            waiting         plans     Codex (bob)  Claude (alice)  2026-01-05 09:00  Refactor auth

            local: nothing waits on you
        "#]]
        .assert_eq(&text(&[full, inbox("local")], Paint::new(false)));
    }
}
