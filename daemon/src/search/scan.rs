//! Goes over a snapshot's entries in the order of [`Place`] and keeps the best hits.

use std::cmp::Reverse;
use std::sync::Arc;

use protocol::hits::Hit;
use repository::{Clone, CloneError};
use threads::outline::Outline;
use threads::topic::Topic;
use tracing::warn;

use super::best::Best;
use super::cursor::Cursor;
use super::place::{Place, Rank, ThreadKey};
use super::query::{Folded, Query};
use crate::bodies::{Bodies, Text};
use crate::entries::Entries;
use crate::snapshot::{Shown, Snapshot};

/// What a search reads from.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) bodies: &'a Bodies,
    pub(crate) clone: &'a Clone,
}

/// What one page of a search found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    /// Where to go on.
    pub(crate) next: Option<Cursor>,
    /// How many threads were not come to.
    pub(crate) unsearched: u64,
}

/// One thread in the order of the search.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Standing<'a> {
    updated: Reverse<i64>,
    key: ThreadKey,
    topic: &'a Topic,
}

/// A search under way.
struct Search<'a> {
    query: &'a Query,
    cursor: Cursor,
    best: Best<Hit>,
    folded: Folded,
}

/// An entry that is looked at.
struct Looked<'a> {
    index: u64,
    at: i64,
    title: &'a str,
    body: &'a str,
}

impl Scan<'_> {
    /// The next `limit` hits. `is_over` is asked after each thread, and in a long one after each
    /// entry, so that every call gets on.
    ///
    /// # Errors
    /// Where the clone cannot be read.
    pub(crate) fn page(
        &self,
        (query, cursor): (&Query, Cursor),
        limit: usize,
        mut is_over: impl FnMut() -> bool,
    ) -> Result<Found, CloneError> {
        let mut search = Search {
            query,
            cursor,
            // One more says whether there are more.
            best: Best::new(limit + 1),
            folded: Folded::default(),
        };
        let order = self.order();
        let (mut stopped, mut come_to) = (None, 0);
        for standing in &order {
            if cursor.begin.is_some_and(|begin| begin >= standing.end()) {
                come_to += 1;
                continue;
            }
            if cursor.end.is_some_and(|end| end < standing.place(u64::MAX)) {
                stopped = cursor.end;
                break;
            }
            let Some(shown) = self.snapshot.thread(standing.topic) else {
                continue;
            };
            stopped = self.thread(&mut search, (standing, shown), &mut is_over)?;
            if stopped.is_some() {
                break;
            }
            come_to += 1;
            if is_over() && come_to < order.len() {
                stopped = Some(standing.end());
                break;
            }
        }
        Ok(search.found(limit, stopped, (order.len() - come_to) as u64))
    }

    fn order(&self) -> Vec<Standing<'_>> {
        let threads = self.snapshot.threads().map(|(topic, shown)| {
            let updated = shown.summary.updated.map(|at| at.as_unix_seconds());
            Standing {
                updated: Reverse(updated.unwrap_or(i64::MIN)),
                key: ThreadKey::of(topic.as_str()),
                topic,
            }
        });
        let mut order: Vec<_> = threads.collect();
        order.sort_unstable();
        order
    }

    /// Looks through one thread; returns how far, where it is not through.
    fn thread(
        &self,
        search: &mut Search<'_>,
        (standing, shown): (&Standing<'_>, &Arc<Shown>),
        is_over: &mut impl FnMut() -> bool,
    ) -> Result<Option<Place>, CloneError> {
        match self.bodies.text(&shown.content, self.clone)? {
            Text::Short(text) => {
                short(search, (standing, shown), &text);
                Ok(None)
            }
            Text::Long(entries) => Ok(long(search, (standing, shown), &entries, is_over)),
        }
    }
}

fn short(search: &mut Search<'_>, (standing, shown): (&Standing<'_>, &Shown), text: &[u8]) {
    let mut index = 0;
    let (_head, _outline) = Outline::read(text, |entry| {
        let body = entry.body();
        let looked = Looked {
            index,
            at: entry.timestamp.map_or(i64::MIN, |at| at.as_unix_seconds()),
            title: &entry.title,
            body: &body,
        };
        search.look((standing, shown), &looked, || {
            (
                entry.id.as_ref().map(ToString::to_string),
                entry.agent.clone(),
                entry.timestamp.map(|at| at.to_string()),
            )
        });
        index += 1;
    });
}

fn long(
    search: &mut Search<'_>,
    (standing, shown): (&Standing<'_>, &Shown),
    entries: &Entries,
    is_over: &mut impl FnMut() -> bool,
) -> Option<Place> {
    for index in (0..entries.len()).rev() {
        let place = standing.place(index as u64);
        if search.cursor.begin.is_some_and(|begin| begin >= place) {
            continue;
        }
        if search.cursor.end.is_some_and(|end| end < place) {
            return search.cursor.end;
        }
        match entries.with_body(index, 0..usize::MAX) {
            Ok(entry) => {
                let at = shown.summary.entries.get(index).map(|mark| mark.at);
                let looked = Looked {
                    index: index as u64,
                    at: at.filter(|at| *at > 0).map_or(i64::MIN, i64::from),
                    title: &entry.title,
                    body: &entry.body,
                };
                search.look((standing, shown), &looked, || {
                    (
                        entry.entry_id.clone(),
                        entry.agent.clone(),
                        entry.timestamp.clone(),
                    )
                });
            }
            Err(error) => warn!(topic = %standing.topic, %error, "An entry was not searched"),
        }
        if index > 0 && is_over() {
            return Some(place);
        }
    }
    None
}

/// An entry's name, author and time.
type Named = (Option<String>, String, Option<String>);

impl Search<'_> {
    fn look(
        &mut self,
        (standing, shown): (&Standing<'_>, &Shown),
        looked: &Looked<'_>,
        named: impl FnOnce() -> Named,
    ) {
        let place = standing.place(looked.index);
        let is_outside = self.cursor.begin.is_some_and(|begin| begin >= place)
            || self.cursor.end.is_some_and(|end| end < place);
        if is_outside {
            return;
        }
        let mut title = looked.title.to_owned();
        if looked.index == 0 {
            // A thread is found by its first entry.
            title = format!("{title} {} {}", standing.topic, shown.summary.title);
        }
        let Some(found) = self.query.look(&mut self.folded, &title, looked.body) else {
            return;
        };
        let rank = Rank {
            stands: found.stands,
            at: Reverse(looked.at),
            thread: standing.key,
            index: Reverse(looked.index),
        };
        if self.cursor.after.is_some_and(|after| after >= rank) {
            return;
        }
        self.best.take(rank, || {
            let (entry_id, agent, timestamp) = named();
            Hit {
                topic: standing.topic.as_str().to_owned(),
                index: looked.index,
                entry_id,
                agent,
                timestamp,
                snippet: Query::snippet(found, looked.title, looked.body),
            }
        });
    }

    fn found(self, limit: usize, stopped: Option<Place>, unsearched: u64) -> Found {
        let mut sorted: Vec<(Rank, Hit)> = self.best.into_sorted().collect();
        let more = sorted.len() > limit;
        sorted.truncate(limit);
        let next = match (more, stopped) {
            (true, end) => Some(Cursor {
                begin: self.cursor.begin,
                end,
                after: sorted.last().map(|(rank, _)| *rank),
            }),
            (false, Some(stopped)) => Some(Cursor {
                begin: Some(stopped),
                ..Cursor::default()
            }),
            (false, None) => None,
        };
        Found {
            hits: sorted.into_iter().map(|(_, hit)| hit).collect(),
            next,
            unsearched,
        }
    }
}

impl Standing<'_> {
    /// Where that entry of it was looked at.
    fn place(&self, index: u64) -> Place {
        Place {
            updated: self.updated,
            thread: self.key,
            index: Reverse(index),
        }
    }

    /// Where all of it was looked at.
    fn end(&self) -> Place {
        self.place(0)
    }
}

#[cfg(test)]
mod tests;
