//! `watercooler updates`: entries by others, in the order of their arrival, over as many answers as
//! it takes; where there is nothing, after a wait.

use std::time::{Duration, Instant};

use clap::Args;
use protocol::answer::{Answer, Done};
use protocol::request::{ListUpdates, Request};
use protocol::update::Updates;

use crate::link::{Link, unexpected};
use crate::problem::Problem;
use crate::report::{Report, document};
use crate::session::Session;
use crate::text;

/// How many updates are asked for at once; the daemon gives no more.
const PAGE_UPDATES: i64 = 1000;

/// How many answers are put together; what is beyond stays behind the document's `cursor`.
const PAGES_MAX: usize = 1_000;

/// How long one question may wait; source: the outside contract, section 5.
const WAIT_SECONDS_MAX: u64 = 45;

/// How long `--wait` waits at most.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// What `updates` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// From this cursor, time or commit on; else from where you last asked
    #[arg(long, value_name = "CURSOR|TIME|COMMIT")]
    since: Option<String>,
    /// Where there is nothing, wait for so long; else 45s
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        default_missing_value = "45s",
        value_parser = wait
    )]
    wait: Option<Duration>,
}

/// `45s`, `2m`, `1h`, or seconds.
fn wait(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|each: char| !each.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    let number: Option<u64> = number.parse().ok();
    let whole = seconds.and_then(|unit| number?.checked_mul(unit));
    let duration = whole.map(Duration::from_secs);
    duration
        .filter(|duration| *duration <= WAIT_MAX)
        .ok_or_else(|| "write it as 45s, 2m or 1h, of 24h at most".to_owned())
}

/// Lists, and waits.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let mut link = Link::started(session)?;
    let deadline = Instant::now() + arguments.wait.unwrap_or(Duration::ZERO);
    let done = every_page(arguments.since.clone(), deadline, |request| {
        link.ask_again(session, &request)
    })?;
    let Answer::Updates(updates) = &done.answer else {
        return Err(unexpected());
    };
    let repository = done.repository.as_deref().unwrap_or_default();
    let text = text::updates::text(updates, repository, session.paint);
    Ok(Report::new(text, document(&done)))
}

/// The first answer that has anything, with those that follow behind it.
fn every_page(
    since: Option<String>,
    deadline: Instant,
    mut ask: impl FnMut(Request) -> Result<Done, Problem>,
) -> Result<Done, Problem> {
    let mut page = |since: Option<String>, wait: Duration| {
        let seconds = wait.as_secs_f64().ceil().min(WAIT_SECONDS_MAX as f64);
        ask(Request::ListUpdates(ListUpdates {
            since,
            wait_seconds: Some(seconds as i64),
            limit: Some(PAGE_UPDATES),
            unmarked: false,
        }))
    };
    let left = || deadline.saturating_duration_since(Instant::now());
    let mut first = page(since, left())?;
    while updates_mut(&mut first)?.updates.is_empty() && !left().is_zero() {
        let cursor = updates_mut(&mut first)?.cursor.clone();
        first = page(Some(cursor), left())?;
    }
    for _ in 1..PAGES_MAX {
        let updates = updates_mut(&mut first)?;
        if !updates.more {
            break;
        }
        let mut next = page(Some(updates.cursor.clone()), Duration::ZERO)?;
        let next = updates_mut(&mut next)?;
        updates.updates.append(&mut next.updates);
        updates.cursor = std::mem::take(&mut next.cursor);
        updates.more = next.more;
    }
    Ok(first)
}

fn updates_mut(done: &mut Done) -> Result<&mut Updates, Problem> {
    if let Answer::Updates(updates) = &mut done.answer {
        Ok(updates)
    } else {
        Err(unexpected())
    }
}

#[cfg(test)]
mod tests {
    use protocol::answer::{Freshness, RepositoryState};
    use protocol::update::EntryUpdate;

    use super::*;

    fn page(topics: &[&str], cursor: &str, more: bool) -> Done {
        let update = |topic: &&str| EntryUpdate {
            topic: (*topic).into(),
            entry_id: None,
            index: 0,
            agent: "Codex (bob)".into(),
            title: String::new(),
            timestamp: None,
            ball: "Team".into(),
            your_turn: false,
        };
        Done {
            repository: Some("acme".into()),
            your_turn: Vec::new(),
            answer: Answer::Updates(Updates {
                updates: topics.iter().map(update).collect(),
                cursor: cursor.into(),
                from: String::new(),
                more,
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

    /// The answers; the topics and cursor put together, and what each question began at.
    fn check(
        waits: Duration,
        mut pages: Vec<Done>,
        (topics, cursor): (&[&str], &str),
        asked: &[Option<&str>],
    ) {
        pages.reverse();
        let mut questions = Vec::new();
        let deadline = Instant::now() + waits;
        let mut done = every_page(Some("u1.a.0".into()), deadline, |request| {
            let Request::ListUpdates(list) = request else {
                panic!("{request:?}")
            };
            assert!(list.wait_seconds.unwrap() <= 45);
            questions.push(list.since);
            Ok(pages.pop().unwrap())
        })
        .unwrap();
        let updates = updates_mut(&mut done).unwrap();
        let told: Vec<_> = updates.updates.iter().map(|each| &each.topic).collect();
        assert_eq!(told, topics);
        assert_eq!(updates.cursor, cursor);
        let questions: Vec<_> = questions.iter().map(Option::as_deref).collect();
        assert_eq!(questions, asked);
    }

    #[test]
    fn pages_are_put_together() {
        let none = Duration::ZERO;
        let start = Some("u1.a.0");
        check(none, vec![page(&[], "1", false)], (&[], "1"), &[start]);
        let two = vec![page(&["a"], "1", true), page(&["b"], "2", false)];
        check(none, two, (&["a", "b"], "2"), &[start, Some("1")]);
    }

    #[test]
    fn a_long_wait_is_asked_for_in_parts() {
        let parts = vec![
            page(&[], "1", false),
            page(&[], "2", false),
            page(&["a"], "3", false),
        ];
        let asked = [Some("u1.a.0"), Some("1"), Some("2")];
        check(Duration::from_secs(600), parts, (&["a"], "3"), &asked);
    }

    #[test]
    fn a_wait_is_read() {
        fn check(text: &str, seconds: Option<u64>) {
            let read = wait(text).ok();
            assert_eq!(read, seconds.map(Duration::from_secs), "{text}");
        }
        check("45s", Some(45));
        check("45", Some(45));
        check("2m", Some(120));
        check("24h", Some(86_400));
        check("25h", None);
        check("-1s", None);
        check("5d", None);
        check("s", None);
        check("99999999999999999999h", None);
    }
}
