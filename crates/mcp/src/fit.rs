//! Cuts a page of a thread until its result fits: whole entries where one fits, else one body.

use std::sync::Arc;

use protocol::answer::{Entry, Thread};

/// The most characters of a title, an author or another short field that others wrote.
pub(crate) const FIELD_CHARS_MAX: usize = 200;

/// Cuts `thread`, which does not fit, so that `fits`. Read forward, the page keeps its beginning, and `next_entry` and
/// `next_body_offset` say where to go on; else it keeps its end. `body_offset` is where the first
/// body begins.
pub(crate) fn cut(
    thread: &mut Thread,
    forward: bool,
    body_offset: u64,
    fits: impl Fn(&Thread) -> bool,
) {
    let entries_len = thread.entries.len();
    let page = |len: usize| {
        if forward {
            first(thread, len)
        } else {
            last(thread, len)
        }
    };
    let kept = largest(entries_len, |len| fits(&page(len)));
    if kept > 0 {
        *thread = page(kept);
        return;
    }
    let whole = page(1);
    let Some(only) = whole.entries.first() else {
        return;
    };
    // Read from the end, the page begins with an entry's first character, unless it is the first.
    let begins_at = if forward || entries_len == 1 {
        body_offset
    } else {
        0
    };
    let part = |chars: usize| beginning(&whole, only, begins_at, chars);
    let chars = largest(only.body.chars().count(), |chars| fits(&part(chars)));
    *thread = part(chars);
}

/// The greatest of 0 to `max` for which `holds`, which is true up to some number and false beyond.
fn largest(max: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, max);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

fn first(thread: &Thread, len: usize) -> Thread {
    let mut page = with_entries(thread, thread.entries.iter().take(len).cloned().collect());
    if let Some(next) = thread.entries.get(len) {
        page.next_entry = Some(next.index);
        page.next_body_offset = None;
    }
    page
}

fn last(thread: &Thread, len: usize) -> Thread {
    let dropped = thread.entries.len().saturating_sub(len);
    with_entries(
        thread,
        thread.entries.iter().skip(dropped).cloned().collect(),
    )
}

fn beginning(page: &Thread, entry: &Entry, begins_at: u64, chars: usize) -> Thread {
    let part = Entry {
        entry_id: entry.entry_id.clone(),
        agent: entry.agent.clone(),
        timestamp: entry.timestamp.clone(),
        role: entry.role.clone(),
        entry_type: entry.entry_type.clone(),
        title: entry.title.clone(),
        body: entry.body.chars().take(chars).collect(),
        ..*entry
    };
    let mut page = with_entries(page, vec![Arc::new(part)]);
    page.next_entry = Some(entry.index);
    page.next_body_offset = Some(begins_at.saturating_add(chars as u64));
    page
}

fn with_entries(thread: &Thread, entries: Vec<Arc<Entry>>) -> Thread {
    Thread {
        topic: thread.topic.clone(),
        title: thread.title.clone(),
        status: thread.status.clone(),
        ball: thread.ball.clone(),
        freshness: thread.freshness.clone(),
        entries,
        ..*thread
    }
}
