//! Lists and reads threads from the snapshot; nothing here waits for the network or the loop,
//! but `fresh`, which waits for at most `fresh_wait`.

use std::sync::Arc;

use jiff::Timestamp;
use protocol::answer::{Answer, Thread, ThreadSummary, Threads};
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Filter, ListThreads, ReadThread};
use threads::entry_id::EntryId;
use threads::topic::Topic;

use crate::entries::Entries;
use crate::handle::Handle;
use crate::server::caller::Caller;
use crate::server::page::{self, Cursor, Part, Place};
use crate::server::waits;
use crate::shared::{Setup, Shared};
use crate::snapshot::{Content, Shown, Snapshot};

/// How many threads a list gives where none is asked for, and at most.
const LIST_LIMIT: i64 = 50;
const LIST_LIMIT_MAX: i64 = 1000;

/// Up to how many bytes a thread that waits here is read at once: some tens of microseconds.
const READ_AT_ONCE_BYTES_MAX: usize = 64 << 10;

/// How many nearest topics an error names.
const NEAREST: usize = 5;

/// `list_threads`.
///
/// # Errors
/// `invalid_argument`, `cursor_expired`.
pub(crate) fn list(
    setup: &Setup,
    handle: &Handle,
    caller: &Caller,
    asked: &ListThreads,
) -> Result<Answer, Failure> {
    let limit = page::limit(asked.limit, LIST_LIMIT, LIST_LIMIT_MAX)?;
    let after = asked.cursor.as_deref().map(Cursor::parse).transpose()?;
    let snapshot = handle.shown();
    let mut places: Vec<(Place<'_>, &Shown)> = snapshot
        .threads()
        .map(|(topic, shown)| (place_of(setup, caller, topic, shown), &**shown))
        .filter(|(place, shown)| lets_through(asked.filter, (handle, caller), *place, shown))
        .collect();
    places.sort_by_key(|(place, _)| *place);
    let total = places.len() as u64;
    let begin = after.map_or(0, |after| {
        places.partition_point(|(place, _)| *place <= after.place())
    });
    let page = &places[begin..places.len().min(begin + limit)];
    let more = begin + page.len() < places.len();
    let next_cursor = page.last().filter(|_| more);
    Ok(Answer::Threads(Threads {
        threads: page
            .iter()
            .map(|(place, shown)| row(handle, caller, *place, shown))
            .collect(),
        total,
        next_cursor: next_cursor.map(|(place, _)| Cursor::at(*place).to_string()),
        freshness: snapshot
            .condition
            .freshness(snapshot.base.tip.as_ref(), Timestamp::now()),
    }))
}

/// The topics whose turn is this reader's, newest first.
pub(crate) fn your_turn(setup: &Setup, snapshot: &Snapshot, caller: &Caller) -> Vec<String> {
    let alike = snapshot.alike();
    alike.topics(|shown| is_turn(setup, caller, shown))
}

fn place_of<'a>(setup: &Setup, caller: &Caller, topic: &'a Topic, shown: &Shown) -> Place<'a> {
    let updated = shown.summary.updated.map(|at| at.as_unix_seconds());
    page::place(is_turn(setup, caller, shown), updated, topic.as_str())
}

fn row(
    handle: &Handle,
    caller: &Caller,
    (not_yours, _, topic): Place<'_>,
    shown: &Shown,
) -> ThreadSummary {
    let thread = &shown.summary;
    ThreadSummary {
        topic: topic.to_owned(),
        title: thread.title.clone(),
        status: thread.status.clone(),
        ball: thread.ball.clone(),
        your_turn: !not_yours,
        is_new: is_new(handle, caller, topic, shown),
        entries: thread.entries.len() as u64,
        updated: thread.updated.map(|at| at.to_string()),
        last_author: thread.authors.first().cloned(),
    }
}

fn is_new(handle: &Handle, caller: &Caller, topic: &str, shown: &Shown) -> bool {
    let reader = caller.reader_key();
    handle.marks.unread(&reader, &reader, topic, &shown.summary) > 0
}

/// Whether the thread is the reader's turn.
pub(crate) fn is_turn(setup: &Setup, caller: &Caller, shown: &Shown) -> bool {
    let thread = &shown.summary;
    let last_author = thread.authors.first().map(String::as_str);
    !thread.closed
        && threads::ball::is_turn(
            &caller.reader,
            &thread.ball,
            &thread.status,
            last_author,
            &setup.names,
        )
}

fn lets_through(
    filter: Filter,
    (handle, caller): (&Handle, &Caller),
    (not_yours, _, topic): Place<'_>,
    shown: &Shown,
) -> bool {
    match filter {
        Filter::Open => !shown.summary.closed,
        Filter::Mine => !not_yours,
        Filter::New => is_new(handle, caller, topic, shown),
        Filter::Closed => shown.summary.closed,
        Filter::All => true,
    }
}

/// `read_thread`.
///
/// # Errors
/// `thread_not_found` with the nearest topics, `entry_not_found`, `invalid_argument`.
pub(crate) async fn read(
    (shared, setup): (&Shared, &Setup),
    handle: &Handle,
    caller: &Caller,
    asked: &ReadThread,
) -> Result<Answer, Failure> {
    let snapshot = if asked.fresh {
        waits::for_a_fetch(handle, setup.settings.sync.fresh_wait).await
    } else {
        handle.shown()
    };
    let (topic, shown) = find(&snapshot, &asked.topic)?;
    let after = after(asked, &shown)?;
    let entries = entries(shared, handle, (&topic, &shown)).await?;
    let page = page_of(asked, after, &entries).await?;
    let known = shown.summary.entries.len();
    if !asked.without_bodies && !asked.unmarked {
        let reader = caller.reader_key();
        let now = Timestamp::now().as_second();
        handle.marks.shown(
            (&reader, now),
            &topic,
            &snapshot,
            page.part.shown_len().min(known),
        );
    }
    Ok(Answer::Thread(Thread {
        topic: topic.as_str().to_owned(),
        title: shown.summary.title.clone(),
        status: shown.summary.status.clone(),
        ball: shown.summary.ball.clone(),
        your_turn: is_turn(setup, caller, &shown),
        total_entries: entries.len() as u64,
        next_entry: page.part.next_entry.map(|index| index as u64),
        next_body_offset: page.part.next_body_offset.map(|offset| offset as u64),
        entries: page.entries,
        freshness: snapshot
            .condition
            .freshness(snapshot.base.tip.as_ref(), Timestamp::now()),
    }))
}

/// The place of the entry after which is read.
fn after(asked: &ReadThread, shown: &Shown) -> Result<Option<usize>, Failure> {
    let Some(id) = &asked.since_entry else {
        return Ok(None);
    };
    let place = EntryId::parse(id).ok();
    let place = place.and_then(|id| shown.summary.place_of(&id));
    place.map(Some).ok_or_else(|| {
        Failure::new(
            FailureCode::EntryNotFound,
            format!("No entry of '{}' has the ID '{id}'.", asked.topic),
            "Call again without since_entry for the newest entries.",
        )
    })
}

/// The part of a thread that one answer holds, with its entries.
struct Page {
    part: Part,
    entries: Vec<Arc<protocol::answer::Entry>>,
}

impl Page {
    fn of(asked: &ReadThread, after: Option<usize>, entries: &Entries) -> Result<Self, Failure> {
        let part = Part::of(asked, after, entries)?;
        let rows = part.rows().map(|(index, range)| {
            if asked.without_bodies {
                entries.bare(index).map(Arc::new)
            } else {
                entries.with_body(index, range)
            }
        });
        let entries = rows.collect::<Result<_, _>>().map_err(page::unreadable)?;
        Ok(Self { part, entries })
    }
}

/// That part; of a long thread it is made beside the thread that serves connections.
async fn page_of(
    asked: &ReadThread,
    after: Option<usize>,
    entries: &Arc<Entries>,
) -> Result<Page, Failure> {
    if entries.is_at_hand() {
        return Page::of(asked, after, entries);
    }
    let (asked, entries) = (asked.clone(), Arc::clone(entries));
    let made = tokio::task::spawn_blocking(move || Page::of(&asked, after, &entries));
    made.await.map_err(page::unreadable)?
}

/// The entries of a thread. What takes long is done beside the thread that serves connections, so
/// that nobody else's request waits for it.
async fn entries(
    shared: &Shared,
    handle: &Handle,
    (topic, shown): (&Topic, &Shown),
) -> Result<Arc<Entries>, Failure> {
    match &shown.content {
        Content::Bytes(text) if text.len() <= READ_AT_ONCE_BYTES_MAX => {
            return Ok(Arc::new(Entries::of(Arc::clone(text))));
        }
        Content::Blob(blob) => {
            if let Some(entries) = shared.bodies.known_entries(blob) {
                return Ok(entries);
            }
        }
        Content::Bytes(_) => (),
    }
    let (bodies, clone) = (shared.bodies.clone(), Arc::clone(&handle.clone));
    let content = shown.content.clone();
    let reading = tokio::task::spawn_blocking(move || bodies.entries(&content, &clone));
    let unreadable = |error: &dyn std::error::Error| {
        tracing::warn!(%error, %topic, "A thread's text is missing from the clone");
        handle.report_damage();
        Failure::new(
            FailureCode::Uncertain,
            format!("The text of '{topic}' could not be read from the local clone."),
            "It is fetched again by itself; try again in a moment, or run: watercooler status",
        )
    };
    let read = reading.await.map_err(|error| unreadable(&error))?;
    read.map_err(|error| unreadable(&error))
}

/// The thread of that name.
///
/// # Errors
/// `thread_not_found` with the nearest topics.
pub(crate) fn find(snapshot: &Snapshot, name: &str) -> Result<(Topic, Arc<Shown>), Failure> {
    let wanted = name.strip_suffix(".md").unwrap_or(name);
    let found = [name, wanted].into_iter().find_map(|name| {
        let topic = Topic::of_file_name(&format!("{name}.md"))?;
        let shown = snapshot.thread(&topic)?;
        Some((topic, Arc::clone(shown)))
    });
    found.ok_or_else(|| missing(snapshot, wanted))
}

fn missing(snapshot: &Snapshot, name: &str) -> Failure {
    let nearest = threads::nearest::nearest(
        name,
        snapshot.threads().map(|(topic, _)| topic.as_str()),
        NEAREST,
    );
    let hint = if nearest.is_empty() {
        "There is no thread yet; `say` makes one.".to_owned()
    } else {
        format!(
            "Nearest: {}. List the threads to see all; `say` makes a new one.",
            nearest.join(", ")
        )
    };
    Failure::new(
        FailureCode::ThreadNotFound,
        format!("No thread is named '{name}'."),
        hint,
    )
}
