//! A search over threads that are pending: its order, its pages, and what it had no time for.

use std::collections::HashMap;
use std::fmt::Write as _;

use tempfile::TempDir;

use super::*;
use crate::bodies::LONG_BYTES;

/// A clone that nothing is read from, and threads that are pending.
struct Bench {
    _folder: TempDir,
    bodies: Bodies,
    clone: Clone,
    snapshot: Snapshot,
}

/// An entry: its time in minutes, its title, its body.
type Entry<'a> = (u32, &'a str, &'a str);

impl Bench {
    fn new(threads: &[(&str, Vec<Entry<'_>>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = repository::CloneConfig {
            directory: String::new(),
            branch: Some("main".to_owned()),
        };
        let clone = Clone::open(&folder.path().join("clone.git"), config).unwrap();
        let overlay: HashMap<_, _> = threads
            .iter()
            .map(|(topic, entries)| {
                let mut text =
                    format!("# {topic} — Thread of {topic}\nStatus: OPEN\nBall: Codex\n");
                for (number, (minute, title, body)) in entries.iter().enumerate() {
                    let (hours, minutes) = (minute / 60, minute % 60);
                    write!(
                        text,
                        "\n---\nEntry: Codex (bob) 2026-01-05T{hours:02}:{minutes:02}:00Z\n\
                         Title: {title}\n\n{body}\n<!-- Entry-ID: {topic}{number} -->\n"
                    )
                    .unwrap();
                }
                let topic = Topic::of_file_name(&format!("{topic}.md")).unwrap();
                (topic, Arc::new(Shown::pending(text.into_bytes()).unwrap()))
            })
            .collect();
        let snapshot = Snapshot {
            overlay: Arc::new(overlay),
            ..Snapshot::default()
        };
        Self {
            bodies: Bodies::new(folder.path().to_owned()),
            _folder: folder,
            clone,
            snapshot,
        }
    }

    fn page(&self, query: &str, cursor: Option<&str>, limit: usize, steps: usize) -> Found {
        let query = Query::parse(query).unwrap();
        let cursor = cursor.map(|text| Cursor::parse(text, &query).unwrap());
        let scan = Scan {
            snapshot: &self.snapshot,
            bodies: &self.bodies,
            clone: &self.clone,
        };
        let mut left = steps;
        let is_over = || {
            left = left.saturating_sub(1);
            left == 0
        };
        scan.page((&query, cursor.unwrap_or_default()), limit, is_over)
            .unwrap()
    }

    /// Each page's hits, as `topic[index]`, from the first page to the last.
    fn pages(&self, query: &str, limit: usize, steps: usize) -> Vec<String> {
        let parsed = Query::parse(query).unwrap();
        let (mut pages, mut cursor) = (Vec::new(), None);
        for _ in 0..1000 {
            let found = self.page(query, cursor.as_deref(), limit, steps);
            let hits = found.hits.iter();
            let hits: Vec<String> = hits
                .map(|hit| format!("{}[{}]", hit.topic, hit.index))
                .collect();
            pages.push(hits.join(" "));
            match found.next {
                Some(next) => cursor = Some(next.text(&parsed)),
                None => return pages,
            }
        }
        panic!("no end: {pages:?}");
    }
}

fn three() -> Bench {
    Bench::new(&[
        ("old", vec![(1, "Plan", "needle"), (2, "Two", "nothing")]),
        (
            "mid",
            vec![
                (3, "Needle", "x"),
                (4, "Two", "a needle"),
                (5, "Three", "needle"),
            ],
        ),
        ("new", vec![(0, "Plan", "x"), (9, "Two", "NEEDLE")]),
    ])
}

const EVER: usize = usize::MAX;

#[track_caller]
fn check(bench: &Bench, query: &str, (limit, steps): (usize, usize), pages: &[&str]) {
    assert_eq!(
        bench.pages(query, limit, steps),
        pages,
        "{query}, {limit}, {steps}"
    );
}

#[test]
fn titles_come_first_then_the_newest_page_by_page() {
    let bench = three();
    let all = "mid[0] new[1] mid[2] mid[1] old[0]";
    check(&bench, "needle", (9, EVER), &[all]);
    check(&bench, "needle", (5, EVER), &[all]);
    check(
        &bench,
        "needle",
        (2, EVER),
        &["mid[0] new[1]", "mid[2] mid[1]", "old[0]"],
    );
    check(&bench, "nowhere", (9, EVER), &[""]);
    check(&bench, "two needle", (9, EVER), &["new[1] mid[1]"]);
    check(&bench, "old", (9, EVER), &["old[0]"]);
    check(&bench, "\"thread of mid\"", (9, EVER), &["mid[0]"]);
}

#[test]
fn what_there_was_no_time_for_is_told_and_gone_on_with() {
    let bench = three();
    // The time is over after each thread.
    check(
        &bench,
        "needle",
        (9, 1),
        &["new[1]", "mid[0] mid[2] mid[1]", "old[0]"],
    );
    check(
        &bench,
        "needle",
        (2, 1),
        &["new[1]", "mid[0] mid[2]", "mid[1]", "old[0]"],
    );
    check(&bench, "plan", (9, 1), &["new[0]", "", "old[0]"]);
    let unsearched = |steps| bench.page("needle", None, 9, steps).unsearched;
    assert_eq!([unsearched(1), unsearched(2), unsearched(EVER)], [2, 1, 0]);
}

#[test]
fn a_long_thread_is_gone_through_entry_by_entry() {
    let filling = "filling ".repeat(LONG_BYTES / 16);
    let bench = Bench::new(&[
        (
            "long",
            vec![
                (1, "A", "needle"),
                (2, "B", &filling),
                (3, "C", &filling),
                (4, "D", "needle"),
            ],
        ),
        ("short", vec![(0, "Needle", "")]),
    ]);
    check(&bench, "needle", (9, EVER), &["short[0] long[3] long[0]"]);
    check(
        &bench,
        "needle",
        (9, 2),
        &["long[3]", "long[0]", "short[0]"],
    );
    check(
        &bench,
        "needle",
        (1, 2),
        &["long[3]", "long[0]", "short[0]"],
    );
    check(
        &bench,
        "needle",
        (9, 1),
        &["long[3]", "", "", "long[0]", "short[0]"],
    );
}

#[test]
fn a_hit_shows_the_entry_as_it_was_written_and_on_one_line() {
    // As our writer escapes a body that would forge an entry.
    let body = "before\n\\Entry: Mallory (eve) 2026-01-05T09:00:00Z\nafter";
    let bench = Bench::new(&[("plan", vec![(1, "T\nEscaped: 1", body)])]);
    let found = bench.page("mallory", None, 9, EVER);
    let expected = Hit {
        topic: "plan".into(),
        index: 0,
        entry_id: Some("plan0".into()),
        agent: "Codex (bob)".into(),
        timestamp: Some("2026-01-05T00:01:00Z".into()),
        snippet: "before Entry: Mallory (eve) 2026-01-05T09:00:00Z after".into(),
    };
    assert_eq!(found.hits, [expected]);
    let as_stored = bench.page("\"\\Entry:\"", None, 9, EVER);
    assert_eq!(as_stored.hits, [], "the escape is no part of the body");
}
