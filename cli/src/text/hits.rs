//! `search`: a line for each entry that was found, and one with what it says.

use protocol::hits::Hits;

use crate::plain::one_line;
use crate::text::paint::Paint;
use crate::text::{freshness, table};

/// The entries that were found.
pub(crate) fn text(hits: &Hits, repository: &str, paint: Paint) -> String {
    let mut text = freshness::warning(&hits.freshness, paint);
    let count = table::counted(hits.hits.len() as u64, "hit");
    text.push_str(&paint.strong(&one_line(repository)));
    text.push_str(&format!(": {count}\n"));
    for hit in &hits.hits {
        let when = hit.timestamp.as_deref().map(freshness::minute);
        let line = format!(
            "{} [{}]  {}  {}",
            paint.strong(&one_line(&hit.topic)),
            hit.index,
            one_line(&hit.agent),
            paint.faint(&when.unwrap_or_default()),
        );
        text.push_str(&format!(
            "{}\n  {}\n",
            line.trim_end(),
            one_line(&hit.snippet)
        ));
    }
    if hits.unsearched > 0 {
        let threads = table::counted(hits.unsearched, "thread");
        text.push_str(&format!("Not searched in the time there is: {threads}.\n"));
    } else if hits.next_cursor.is_some() {
        text.push_str("There are more: --limit N shows them.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use protocol::answer::{Freshness, RepositoryState};
    use protocol::hits::Hit;

    use super::*;

    #[test]
    fn hits_are_shown_and_do_nothing_to_the_terminal() {
        let hit = |topic: &str, timestamp: Option<&str>, snippet: &str| Hit {
            topic: topic.into(),
            index: 2,
            entry_id: Some("01JGT2".into()),
            agent: "Codex (bob)\u{1b}[2J".into(),
            timestamp: timestamp.map(str::to_owned),
            snippet: snippet.into(),
        };
        let mut hits = Hits {
            hits: vec![
                hit(
                    "auth",
                    Some("2026-01-05T09:00:00Z"),
                    "we drop\u{1b}]0;x\u{7}\nit",
                ),
                hit("db\n", None, "y"),
            ],
            next_cursor: Some("1.a.-.-.-".into()),
            unsearched: 1,
            freshness: Freshness {
                head: None,
                fetched_at: None,
                age_seconds: None,
                state: RepositoryState::Synced,
                stale: false,
                as_of: None,
            },
        };
        let shown = |hits: &Hits| text(hits, "acme", Paint::new(false));
        expect![[r#"
            acme: 2 hits
            auth [2]  Codex (bob)␛[2J  2026-01-05 09:00
              we drop␛]0;x␇␊it
            db␊ [2]  Codex (bob)␛[2J
              y
            Not searched in the time there is: 1 thread.
        "#]]
        .assert_eq(&shown(&hits));
        hits.unsearched = 0;
        assert!(shown(&hits).ends_with("There are more: --limit N shows them.\n"));
    }
}
