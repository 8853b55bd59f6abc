//! `updates` and `watch`: a line for each that became known.

use protocol::update::{EntryUpdate, Update, Updates};

use crate::plain::one_line;
use crate::text::paint::Paint;
use crate::text::{freshness, table};

/// The entries that arrived.
pub(crate) fn text(updates: &Updates, repository: &str, paint: Paint) -> String {
    let mut text = freshness::warning(&updates.freshness, paint);
    let count = table::counted(updates.updates.len() as u64, "update");
    text.push_str(&paint.strong(&one_line(repository)));
    text.push_str(&format!(": {count}\n"));
    let rows: Vec<_> = updates.updates.iter().map(row).collect();
    text.push_str(&table::lines(&rows, |row, column, cell| {
        match (column, updates.updates[row].your_turn) {
            (0, _) => paint.bad(cell),
            (1, true) => paint.strong(cell),
            (4, _) => paint.faint(cell),
            (_, _) => cell.to_owned(),
        }
    }));
    if updates.more {
        let cursor = one_line(&updates.cursor);
        text.push_str(&format!("There are more: --since {cursor}\n"));
    }
    text
}

fn row(update: &EntryUpdate) -> [String; 6] {
    let mark = if update.your_turn { "your turn" } else { "" };
    [
        mark.to_owned(),
        one_line(&update.topic),
        format!("[{}]", update.index),
        one_line(&update.agent),
        minute(update.timestamp.as_deref()),
        one_line(&update.title),
    ]
}

/// One line of a watch, line feed included.
pub(crate) fn line(update: &Update, paint: Paint) -> String {
    let name = |repository: &str, topic: &str| {
        let place = format!("{}/{}", one_line(repository), one_line(topic));
        paint.strong(&place)
    };
    let line = match update {
        Update::Hello { version, .. } => format!("Watching, daemon {}", one_line(version)),
        Update::Entry {
            repository,
            topic,
            index,
            agent,
            title,
            timestamp,
            ..
        } => format!(
            "{} [{index}] {}: {}  {}",
            name(repository, topic),
            one_line(agent),
            one_line(title),
            paint.faint(&minute(timestamp.as_deref()))
        ),
        Update::Ball {
            repository,
            topic,
            ball,
            your_turn,
            ..
        } => {
            let turn = if *your_turn {
                format!(", {}", paint.bad("your turn"))
            } else {
                String::new()
            };
            format!("{} ball: {}{turn}", name(repository, topic), one_line(ball))
        }
        Update::State {
            repository,
            state,
            trouble,
        } => {
            let why = trouble
                .as_ref()
                .map(|it| format!(": {}", one_line(&it.message)));
            format!(
                "{} {}{}",
                paint.strong(&one_line(repository)),
                freshness::painted_state(*state, paint),
                why.unwrap_or_default()
            )
        }
        // Told to the tray alone.
        Update::Counts { repository } => paint.strong(&one_line(repository)),
    };
    format!("{}\n", line.trim_end())
}

fn minute(time: Option<&str>) -> String {
    time.map(freshness::minute).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use protocol::answer::{Freshness, RepositoryState, Trouble};

    use super::*;

    #[test]
    fn updates_line_up_and_do_nothing_to_the_terminal() {
        let update = |topic: &str, index, your_turn, title: &str| EntryUpdate {
            topic: topic.into(),
            entry_id: Some("01JGT2".into()),
            index,
            agent: "Codex (bob)".into(),
            title: title.into(),
            timestamp: Some("2026-01-05T09:00:00Z".into()),
            ball: "Claude (alice)".into(),
            your_turn,
        };
        let updates = Updates {
            updates: vec![
                update("auth-refactor", 12, true, "Start"),
                update("db", 3, false, "x\u{1b}[2J\ny"),
            ],
            cursor: "u1.a.9".into(),
            from: "u1.a.5".into(),
            more: true,
            freshness: Freshness {
                head: None,
                fetched_at: None,
                age_seconds: None,
                state: RepositoryState::Offline,
                stale: true,
                as_of: Some("10:42, offline".into()),
            },
        };
        expect![[r#"
            (as of 10:42, offline)
            acme: 2 updates
            your turn  auth-refactor  [12]  Codex (bob)  2026-01-05 09:00  Start
                       db             [3]   Codex (bob)  2026-01-05 09:00  x␛[2J␊y
            There are more: --since u1.a.9
        "#]]
        .assert_eq(&text(&updates, "acme", Paint::new(false)));
    }

    #[test]
    fn each_event_of_a_watch_is_one_line() {
        let events = [
            Update::Hello {
                version: "0.1.0".into(),
                protocol: 1,
            },
            Update::Entry {
                repository: "acme".into(),
                topic: "auth\n".into(),
                entry_id: None,
                index: 2,
                agent: "Codex (bob)".into(),
                title: "Done\u{1b}[2J".into(),
                timestamp: None,
            },
            Update::Ball {
                repository: "acme".into(),
                topic: "auth".into(),
                ball: "Claude (alice)".into(),
                your_turn: true,
                entry_id: None,
            },
            Update::State {
                repository: "acme".into(),
                state: RepositoryState::Offline,
                trouble: Some(Trouble {
                    kind: "offline".into(),
                    message: "no route".into(),
                    hint: String::new(),
                }),
            },
        ];
        let lines: String = events
            .iter()
            .map(|each| line(each, Paint::new(false)))
            .collect();
        expect![[r#"
            Watching, daemon 0.1.0
            acme/auth␊ [2] Codex (bob): Done␛[2J
            acme/auth ball: Claude (alice), your turn
            acme offline: no route
        "#]]
        .assert_eq(&lines);
    }
}
