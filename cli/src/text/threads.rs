//! `list`: a line a thread.

use protocol::answer::{ThreadSummary, Threads};

use crate::plain::one_line;
use crate::text::paint::Paint;
use crate::text::{freshness, table};

/// What names the filter that shows the reader's turn alone.
pub(crate) const YOUR_TURN: &str = "your-turn";

/// The list; `what` names the filter in words: `open`.
pub(crate) fn text(threads: &Threads, repository: &str, what: &str, paint: Paint) -> String {
    let mut text = freshness::warning(&threads.freshness, paint);
    let mine = threads
        .threads
        .iter()
        .filter(|thread| thread.your_turn)
        .count();
    let total = threads.total.max(threads.threads.len() as u64);
    let count = table::counted(total, format!("{what} thread").trim_start());
    text.push_str(&paint.strong(&one_line(repository)));
    text.push_str(&format!(": {count}"));
    // Where the list is of nothing else, its count says it.
    if mine > 0 && what != YOUR_TURN {
        text.push_str(&format!(", {mine} your turn"));
    }
    text.push('\n');
    let rows: Vec<_> = threads.threads.iter().map(row).collect();
    text.push_str(&table::lines(&rows, |row, column, cell| {
        match (column, threads.threads[row].your_turn) {
            (0, _) => paint.bad(cell),
            (1, true) => paint.strong(cell),
            (5, _) => paint.faint(cell),
            (_, _) => cell.to_owned(),
        }
    }));
    if threads.next_cursor.is_some() {
        text.push_str("There are more.\n");
    }
    text
}

fn row(thread: &ThreadSummary) -> [String; 7] {
    let mark = match (thread.your_turn, thread.is_new) {
        (true, true) => "your turn, new",
        (true, false) => "your turn",
        (false, true) => "new",
        (false, false) => "",
    };
    [
        mark.to_owned(),
        one_line(&thread.topic),
        one_line(&thread.status),
        one_line(&thread.ball),
        table::counted(thread.entries, "entry"),
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
    use expect_test::{Expect, expect};
    use protocol::answer::{Freshness, RepositoryState};

    use super::*;

    fn thread(topic: &str, title: &str, your_turn: bool, is_new: bool) -> ThreadSummary {
        ThreadSummary {
            topic: topic.into(),
            title: title.into(),
            status: "OPEN".into(),
            ball: "Codex (bob)".into(),
            your_turn,
            is_new,
            entries: 3,
            updated: Some("2026-01-05T09:00:00Z".into()),
            last_author: Some("Claude (alice)".into()),
        }
    }

    fn check(threads: Vec<ThreadSummary>, stale: bool, paint: bool, expected: Expect) {
        let freshness = Freshness {
            head: None,
            fetched_at: None,
            age_seconds: None,
            state: RepositoryState::Offline,
            stale,
            as_of: Some("10:42, offline".into()),
        };
        let total = threads.len() as u64;
        let threads = Threads {
            threads,
            total,
            next_cursor: None,
            freshness,
        };
        let shown = text(&threads, "acme", "open", Paint::new(paint));
        expected.assert_eq(&shown.replace('\u{1b}', "ESC"));
    }

    #[test]
    fn a_list_lines_up() {
        check(
            Vec::new(),
            false,
            false,
            expect![[r#"
            acme: 0 open threads
        "#]],
        );
        let many = vec![
            thread("auth-refactor", "Refactor auth", true, true),
            thread("db", "", false, true),
            thread("plans", "Plans", false, false),
        ];
        check(
            many,
            true,
            false,
            expect![[r#"
            (as of 10:42, offline)
            acme: 3 open threads, 1 your turn
            your turn, new  auth-refactor  OPEN  Codex (bob)  3 entries  2026-01-05 09:00  Refactor auth
            new             db             OPEN  Codex (bob)  3 entries  2026-01-05 09:00
                            plans          OPEN  Codex (bob)  3 entries  2026-01-05 09:00  Plans
        "#]],
        );
        check(
            vec![thread("a", "b", false, false)],
            false,
            false,
            expect![[r#"
                acme: 1 open thread
                a  OPEN  Codex (bob)  3 entries  2026-01-05 09:00  b
            "#]],
        );
    }

    #[test]
    fn nothing_that_others_wrote_reaches_the_terminal_raw() {
        let evil = thread(
            "a\u{1b}]52;c;eA==\u{7}",
            "x\nacme: 9 threads\u{202e}",
            false,
            false,
        );
        check(
            vec![evil],
            false,
            false,
            expect![[r#"
            acme: 1 open thread
            a␛]52;c;eA==␇  OPEN  Codex (bob)  3 entries  2026-01-05 09:00  x␊acme: 9 threads<U+202E>
        "#]],
        );
    }

    #[test]
    fn colours_stand_around_the_cells() {
        check(
            vec![thread("a", "b", true, false)],
            false,
            true,
            expect![[r#"
                ESC[1macmeESC[0m: 1 open thread, 1 your turn
                ESC[33myour turnESC[0m  ESC[1maESC[0m  OPEN  Codex (bob)  3 entries  ESC[2m2026-01-05 09:00ESC[0m  b
            "#]],
        );
    }
}
