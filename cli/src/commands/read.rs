//! `watercooler read`: entries with their whole bodies, over as many answers as it takes.

use std::sync::Arc;

use clap::Args;
use protocol::answer::{Answer, Done, Thread};
use protocol::request::{ReadThread, Request};

use crate::link::{Link, Why, unexpected};
use crate::problem::Problem;
use crate::report::{Report, document};
use crate::session::Session;
use crate::text;
use crate::working_tree;

/// How many answers are put together; what is beyond stays behind the document's `next_entry`.
const PARTS_MAX: usize = 1_000;

/// What `read` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The thread
    topic: String,
    /// The first entry to show, from 0; else the newest that fit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
    /// How many entries at most; else 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    limit: Option<i64>,
}

/// The limit where none is given; source: the outside contract, section 5.
const LIMIT: i64 = 100;

/// Reads.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let mut link = match Link::started(session) {
        Ok(link) => link,
        Err(unreached) if unreached.why == Why::NotPermitted => {
            return working_tree::read(session, &arguments.topic, &unreached.problem);
        }
        Err(unreached) => return Err(unreached.into()),
    };
    let done = every_part(arguments, |request| link.ask(request))?;
    let Answer::Thread(thread) = &done.answer else {
        return Err(unexpected());
    };
    let text = text::thread::text(thread, session.paint);
    Ok(Report::new(text, document(&done)))
}

/// The first answer, with what it had no room for behind it.
fn every_part(
    arguments: &Arguments,
    mut ask: impl FnMut(Request) -> Result<Done, Problem>,
) -> Result<Done, Problem> {
    let limit = arguments.limit.unwrap_or(LIMIT);
    let mut first = ask(Request::ReadThread(ReadThread {
        topic: arguments.topic.clone(),
        from_entry: arguments.from,
        limit: Some(limit),
        ..ReadThread::default()
    }))?;
    for _ in 1..PARTS_MAX {
        let thread = thread_mut(&mut first)?;
        let missing = limit - i64::try_from(thread.entries.len()).unwrap_or(i64::MAX);
        let body_offset = thread.next_body_offset;
        let Some(next) = thread
            .next_entry
            .filter(|_| missing > 0 || body_offset.is_some())
        else {
            break;
        };
        let mut part = ask(Request::ReadThread(ReadThread {
            topic: arguments.topic.clone(),
            from_entry: i64::try_from(next).ok(),
            // The entry whose body goes on is among those that are here.
            limit: Some(missing + i64::from(body_offset.is_some())),
            body_offset: body_offset.and_then(|offset| i64::try_from(offset).ok()),
            ..ReadThread::default()
        }))?;
        join(thread, thread_mut(&mut part)?);
    }
    Ok(first)
}

fn join(thread: &mut Thread, part: &mut Thread) {
    let cut = thread.next_body_offset.take();
    thread.next_entry = part.next_entry;
    thread.next_body_offset = part.next_body_offset;
    for entry in part.entries.drain(..) {
        match thread.entries.last_mut() {
            Some(last) if cut.is_some() && last.index == entry.index => {
                Arc::make_mut(last).body.push_str(&entry.body);
            }
            Some(_) | None => thread.entries.push(entry),
        }
    }
}

fn thread_mut(done: &mut Done) -> Result<&mut Thread, Problem> {
    if let Answer::Thread(thread) = &mut done.answer {
        Ok(thread)
    } else {
        Err(unexpected())
    }
}

#[cfg(test)]
mod tests {
    use protocol::answer::{Entry, Freshness, RepositoryState};

    use super::*;

    /// A daemon with a thread of these bodies that answers at most 4 characters of them at a time.
    fn answer(bodies: &[&str], request: &Request) -> Done {
        let Request::ReadThread(asked) = request else {
            panic!("{request:?}")
        };
        let mut room = 4;
        let mut offset = usize::try_from(asked.body_offset.unwrap_or(0)).unwrap();
        let mut next = usize::try_from(asked.from_entry.unwrap_or(0)).unwrap();
        let mut entries = Vec::new();
        let mut next_body_offset = None;
        while next < bodies.len() && room > 0 && (entries.len() as i64) < asked.limit.unwrap() {
            let rest = &bodies[next][offset..];
            let body = &rest[..rest.len().min(room)];
            entries.push(entry(next as u64, body));
            room -= body.len();
            if body.len() < rest.len() {
                next_body_offset = Some((offset + body.len()) as u64);
            } else {
                next += 1;
                offset = 0;
            }
        }
        done(
            entries,
            (next < bodies.len()).then_some(next as u64),
            next_body_offset,
        )
    }

    fn entry(index: u64, body: &str) -> Entry {
        Entry {
            index,
            entry_id: None,
            agent: "Codex (bob)".into(),
            timestamp: None,
            role: String::new(),
            entry_type: String::new(),
            title: String::new(),
            body: body.into(),
        }
    }

    fn done(entries: Vec<Entry>, next_entry: Option<u64>, offset: Option<u64>) -> Done {
        let thread = Thread {
            topic: "auth".into(),
            title: String::new(),
            status: String::new(),
            ball: String::new(),
            your_turn: false,
            total_entries: 0,
            next_entry,
            next_body_offset: offset,
            entries: entries.into_iter().map(Into::into).collect(),
            freshness: Freshness {
                head: None,
                fetched_at: None,
                age_seconds: None,
                state: RepositoryState::Synced,
                stale: false,
                as_of: None,
            },
        };
        Done {
            repository: None,
            your_turn: Vec::new(),
            answer: Answer::Thread(thread),
        }
    }

    fn check(bodies: &[&str], limit: Option<i64>, expected: &[&str], next: Option<u64>) {
        let arguments = Arguments {
            topic: "auth".into(),
            from: Some(0),
            limit,
        };
        let mut done = every_part(&arguments, |request| Ok(answer(bodies, &request))).unwrap();
        let thread = thread_mut(&mut done).unwrap();
        let read: Vec<_> = thread
            .entries
            .iter()
            .map(|each| each.body.as_str())
            .collect();
        assert_eq!(read, expected);
        assert_eq!(thread.next_entry, next);
        assert_eq!(thread.next_body_offset, None);
    }

    #[test]
    fn bodies_come_whole_and_entries_in_order() {
        check(&["abc"], None, &["abc"], None);
        check(
            &["abcdefghij", "k", "", "lmnopq"],
            None,
            &["abcdefghij", "k", "", "lmnopq"],
            None,
        );
        check(
            &["abcd", "efgh", "ijkl"],
            None,
            &["abcd", "efgh", "ijkl"],
            None,
        );
    }

    #[test]
    fn the_limit_counts_entries_and_cuts_none() {
        check(&["abcdefghij", "k", "l"], Some(1), &["abcdefghij"], Some(1));
        check(
            &["a", "bcdefghij", "l"],
            Some(2),
            &["a", "bcdefghij"],
            Some(2),
        );
    }
}
