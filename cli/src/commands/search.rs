//! `watercooler search`: entries that hold all words of the query, over as many answers as it takes.

use clap::Args;
use protocol::answer::{Answer, Done};
use protocol::hits::Hits;
use protocol::request::{Request, Search};

use crate::link::{Link, unexpected};
use crate::problem::Problem;
use crate::report::{Report, document};
use crate::session::Session;
use crate::text;

/// The limit where none is given; source: the outside contract, section 5.
const LIMIT: i64 = 20;

/// How many hits are asked for at once; the daemon gives no more.
const PAGE_HITS: i64 = 100;

/// How many answers are put together; what is beyond stays behind the document's `next_cursor`.
const PAGES_MAX: usize = 100;

/// What `search` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Words that an entry must hold, all of them, in any case; "quotes" make several words one
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// How many entries at most; else 20
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    limit: Option<i64>,
}

/// Searches.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let mut link = Link::started(session)?;
    let done = every_page(
        &arguments.query.join(" "),
        arguments.limit.unwrap_or(LIMIT),
        |request| link.ask(request),
    )?;
    let Answer::Hits(hits) = &done.answer else {
        return Err(unexpected());
    };
    let repository = done.repository.as_deref().unwrap_or_default();
    let text = text::hits::text(hits, repository, session.paint);
    Ok(Report::new(text, document(&done)))
}

/// The first answer with what follows behind it, also where one search had no time for all threads.
fn every_page(
    query: &str,
    limit: i64,
    mut ask: impl FnMut(Request) -> Result<Done, Problem>,
) -> Result<Done, Problem> {
    let mut page = |cursor: Option<String>, limit: i64| {
        ask(Request::Search(Search {
            query: query.to_owned(),
            limit: Some(limit.min(PAGE_HITS)),
            cursor,
        }))
    };
    let mut first = page(None, limit)?;
    for _ in 1..PAGES_MAX {
        let hits = hits_mut(&mut first)?;
        let missing = limit - i64::try_from(hits.hits.len()).unwrap_or(i64::MAX);
        let Some(cursor) = hits.next_cursor.clone().filter(|_| missing > 0) else {
            break;
        };
        let mut next = page(Some(cursor), missing)?;
        let next = hits_mut(&mut next)?;
        hits.hits.append(&mut next.hits);
        hits.next_cursor = next.next_cursor.take();
        hits.unsearched = next.unsearched;
    }
    Ok(first)
}

fn hits_mut(done: &mut Done) -> Result<&mut Hits, Problem> {
    if let Answer::Hits(hits) = &mut done.answer {
        Ok(hits)
    } else {
        Err(unexpected())
    }
}

#[cfg(test)]
mod tests {
    use protocol::answer::{Freshness, RepositoryState};
    use protocol::hits::Hit;

    use super::*;

    fn page(topics: &[&str], next_cursor: Option<&str>, unsearched: u64) -> Done {
        let hit = |topic: &&str| Hit {
            topic: (*topic).into(),
            index: 0,
            entry_id: None,
            agent: "Codex (bob)".into(),
            timestamp: None,
            snippet: String::new(),
        };
        Done {
            repository: Some("acme".into()),
            your_turn: Vec::new(),
            answer: Answer::Hits(Hits {
                hits: topics.iter().map(hit).collect(),
                next_cursor: next_cursor.map(str::to_owned),
                unsearched,
                freshness: Freshness {
                    head: None,
                    fetched_at: None,
                    age_seconds: None,
                    state: RepositoryState::Synced,
                    stale: false,
                    as_of: None,
                },
            }),
        }
    }

    /// The answers; the topics put together, what is left unsearched, and each question's limit.
    fn check(
        limit: i64,
        mut pages: Vec<Done>,
        (topics, unsearched): (&[&str], u64),
        limits: &[i64],
    ) {
        pages.reverse();
        let mut asked = Vec::new();
        let mut done = every_page("q", limit, |request| {
            let Request::Search(search) = request else {
                panic!("{request:?}")
            };
            asked.push(search.limit.unwrap());
            Ok(pages.pop().unwrap())
        })
        .unwrap();
        let hits = hits_mut(&mut done).unwrap();
        let found: Vec<_> = hits.hits.iter().map(|each| each.topic.as_str()).collect();
        assert_eq!((found.as_slice(), hits.unsearched), (topics, unsearched));
        assert_eq!(asked, limits);
    }

    #[test]
    fn pages_are_put_together_up_to_the_limit() {
        check(20, vec![page(&["a"], None, 0)], (&["a"], 0), &[20]);
        let empty_first = vec![page(&[], Some("1"), 9), page(&["a"], None, 0)];
        check(20, empty_first, (&["a"], 0), &[20, 20]);
        let two = vec![page(&["a"], Some("1"), 9), page(&["b"], Some("2"), 3)];
        check(2, two, (&["a", "b"], 3), &[2, 1]);
        check(500, vec![page(&["a"], None, 0)], (&["a"], 0), &[100]);
    }

    #[test]
    fn a_search_without_end_ends_at_the_limit() {
        let mut asked = 0;
        let done = every_page("q", 20, |_| {
            asked += 1;
            Ok(page(&[], Some("again"), 1))
        });
        assert!(hits_mut(&mut done.unwrap()).unwrap().next_cursor.is_some());
        assert_eq!(asked, PAGES_MAX);
    }
}
