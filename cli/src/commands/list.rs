//! `watercooler list`: all threads that the filter lets through, over as many pages as it takes.

use std::collections::HashSet;

use clap::Args;
use protocol::answer::{Answer, Done, Threads};
use protocol::request::{Filter, ListThreads, Request};

use crate::link::{Link, Why, unexpected};
use crate::problem::Problem;
use crate::report::{Report, document};
use crate::session::Session;
use crate::text;
use crate::working_tree;

/// How many threads are asked for at once; the daemon gives no more.
const PAGE_THREADS: i64 = 1000;

/// How many pages are asked for; what is beyond stays behind the document's `next_cursor`.
const PAGES_MAX: usize = 1_000;

/// What `list` takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filter: Flags,
}

/// Which threads; none of the flags: open ones.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
struct Flags {
    /// Your turn
    #[arg(long)]
    mine: bool,
    /// With entries that you have not been shown
    #[arg(long)]
    new: bool,
    /// Closed threads
    #[arg(long)]
    closed: bool,
    /// Every thread
    #[arg(long)]
    all: bool,
}

impl Flags {
    fn filter(&self) -> Filter {
        match (self.mine, self.new, self.closed, self.all) {
            (true, _, _, _) => Filter::Mine,
            (_, true, _, _) => Filter::New,
            (_, _, true, _) => Filter::Closed,
            (_, _, _, true) => Filter::All,
            (_, _, _, _) => Filter::Open,
        }
    }
}

/// Lists.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let filter = arguments.filter.filter();
    let mut link = match Link::started(session) {
        Ok(link) => link,
        Err(unreached) if unreached.why == Why::NotPermitted => {
            return working_tree::list(session, filter, &unreached.problem);
        }
        Err(unreached) => return Err(unreached.into()),
    };
    let done = every_page(filter, |request| link.ask(request))?;
    let Answer::Threads(threads) = &done.answer else {
        return Err(unexpected());
    };
    let repository = done.repository.as_deref().unwrap_or_default();
    let text = text::threads::text(threads, repository, words(filter), session.paint);
    Ok(Report::new(text, document(&done)))
}

fn words(filter: Filter) -> &'static str {
    match filter {
        Filter::Open => "open",
        Filter::Mine => text::threads::YOUR_TURN,
        Filter::New => "new",
        Filter::Closed => "closed",
        Filter::All => "",
    }
}

/// The first page with the threads of the others behind it. A thread that moves between two pages
/// stands where it was first seen.
///
/// # Errors
/// Of the question.
pub(crate) fn every_page(
    filter: Filter,
    mut ask: impl FnMut(Request) -> Result<Done, Problem>,
) -> Result<Done, Problem> {
    let mut page = |cursor: Option<String>| {
        ask(Request::ListThreads(ListThreads {
            filter,
            limit: Some(PAGE_THREADS),
            cursor,
        }))
    };
    let mut first = page(None)?;
    for _ in 1..PAGES_MAX {
        let threads = threads_mut(&mut first)?;
        let Some(cursor) = threads.next_cursor.take() else {
            break;
        };
        let mut next = page(Some(cursor))?;
        let next = threads_mut(&mut next)?;
        let seen: HashSet<String> = threads
            .threads
            .iter()
            .map(|each| each.topic.clone())
            .collect();
        threads.next_cursor = next.next_cursor.take();
        let unseen = next
            .threads
            .drain(..)
            .filter(|each| !seen.contains(&each.topic));
        threads.threads.extend(unseen);
    }
    Ok(first)
}

fn threads_mut(done: &mut Done) -> Result<&mut Threads, Problem> {
    if let Answer::Threads(threads) = &mut done.answer {
        Ok(threads)
    } else {
        Err(unexpected())
    }
}

#[cfg(test)]
mod tests {
    use protocol::answer::{Freshness, RepositoryState, ThreadSummary};

    use super::*;

    fn page(topics: &[&str], next_cursor: Option<&str>) -> Done {
        let thread = |topic: &&str| ThreadSummary {
            topic: (*topic).into(),
            title: String::new(),
            status: "OPEN".into(),
            ball: String::new(),
            your_turn: false,
            is_new: false,
            entries: 1,
            updated: None,
            last_author: None,
        };
        let freshness = Freshness {
            head: None,
            fetched_at: None,
            age_seconds: None,
            state: RepositoryState::Synced,
            stale: false,
            as_of: None,
        };
        Done {
            repository: Some("acme".into()),
            your_turn: Vec::new(),
            answer: Answer::Threads(Threads {
                threads: topics.iter().map(thread).collect(),
                total: 4,
                next_cursor: next_cursor.map(str::to_owned),
                freshness,
            }),
        }
    }

    fn check(mut pages: Vec<Done>, expected: &[&str]) {
        pages.reverse();
        let mut done = every_page(Filter::Open, |_| Ok(pages.pop().unwrap())).unwrap();
        let threads = threads_mut(&mut done).unwrap();
        let topics: Vec<_> = threads
            .threads
            .iter()
            .map(|each| each.topic.as_str())
            .collect();
        assert_eq!(topics, expected);
        assert!(pages.is_empty() && threads.next_cursor.is_none());
    }

    #[test]
    fn pages_are_put_together_without_repeats() {
        check(vec![page(&["a", "b"], None)], &["a", "b"]);
        let three = vec![
            page(&["a"], Some("1")),
            page(&["a", "b"], Some("2")),
            page(&["c"], None),
        ];
        check(three, &["a", "b", "c"]);
    }

    #[test]
    fn a_list_without_end_ends_at_the_limit() {
        let mut asked = 0;
        let done = every_page(Filter::All, |_| {
            asked += 1;
            Ok(page(&["a"], Some("again")))
        });
        assert!(
            threads_mut(&mut done.unwrap())
                .unwrap()
                .next_cursor
                .is_some()
        );
        assert_eq!(asked, PAGES_MAX);
    }
}
