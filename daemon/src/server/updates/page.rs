//! One page of updates: which arrivals it tells, which it passes over, where the next one begins.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use protocol::failure::{Failure, FailureCode};
use repository::CloneError;
use threads::topic::Topic;
use tracing::warn;

use crate::arrivals::{Arrival, known_keys};
use crate::entries::Entries;
use crate::handle::Handle;
use crate::headline::Headline;
use crate::server::updates::since::Stood;
use crate::shared::Shared;
use crate::snapshot::{Shown, Snapshot};
use crate::teller::{Told, is_whole};

/// What a page is to hold.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// How many updates at most.
    pub(super) limit: usize,
    /// Whose own entries are left out.
    pub(super) own: String,
    /// The number after which it begins.
    pub(super) upto: u64,
    /// What stood in a commit, and is left out.
    pub(super) stood: Option<Arc<Stood>>,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// The number up to which all was told or passed over.
    pub(super) upto: u64,
    /// Whether there is more.
    pub(super) more: bool,
    /// What the rows were read from.
    pub(super) snapshot: Arc<Snapshot>,
}

/// An entry that arrived.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) topic: String,
    pub(super) index: usize,
    pub(super) headline: Headline,
    pub(super) thread: Arc<Shown>,
}

impl Page {
    /// Finds what follows up to what was told: in a snapshot that is older than an arrival its entry
    /// would count as gone. What takes long is done beside
    /// the thread that serves connections.
    ///
    /// # Errors
    /// `uncertain` where the clone cannot be read.
    pub(super) async fn next(
        &self,
        shared: &Arc<Shared>,
        handle: &Arc<Handle>,
        told: Told,
    ) -> Result<Found, Failure> {
        if told.last <= self.upto {
            return Ok(Found::nothing(self.upto, told.snapshot));
        }
        let (page, shared, of) = (self.clone(), Arc::clone(shared), Arc::clone(handle));
        let finding = tokio::task::spawn_blocking(move || page.find(&shared, &of, told));
        let unreadable = |error: &dyn std::error::Error| {
            warn!(%error, "An entry's text is missing from the clone");
            handle.report_damage();
            Failure::new(
                FailureCode::Uncertain,
                "The text of an entry could not be read from the local clone.",
                "It is fetched again by itself; try again in a moment, or run: watercooler status",
            )
        };
        let found = finding.await.map_err(|error| unreadable(&error))?;
        found.map_err(|error| unreadable(&error))
    }

    fn find(
        &self,
        shared: &Shared,
        handle: &Handle,
        Told { snapshot, last, .. }: Told,
    ) -> Result<Found, CloneError> {
        let mut found = Found::nothing(self.upto, Arc::clone(&snapshot));
        let mut places = Places::default();
        let mut texts: HashMap<String, Arc<Entries>> = HashMap::new();
        let mut passed_over = false;
        for arrival in handle.arrivals.between(self.upto, last) {
            let Some((thread, index)) = places.of(&snapshot, &arrival) else {
                // What cannot be read now may stand there all the same.
                if !is_whole(&snapshot) {
                    break;
                }
                passed_over = true;
                found.upto = arrival.number;
                continue;
            };
            let is_own = thread.summary.author_of(index) == Some(self.own.as_str());
            let stood = self.stood.as_ref().is_some_and(|it| it.holds(&arrival));
            if is_own || stood {
                found.upto = arrival.number;
                continue;
            }
            if found.rows.len() == self.limit {
                found.more = true;
                break;
            }
            let headline = match Headline::of_last(&thread, index) {
                Some(headline) => headline,
                None => {
                    let entries = match texts.entry(arrival.topic.clone()) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(free) => {
                            let entries = shared.bodies.entries(&thread.content, &handle.clone)?;
                            free.insert(entries)
                        }
                    };
                    Headline::of(entries, index)?
                }
            };
            found.upto = arrival.number;
            found.rows.push(Row {
                topic: arrival.topic,
                index,
                headline,
                thread,
            });
        }
        if passed_over {
            handle.arrivals.flush();
        }
        Ok(found)
    }
}

impl Found {
    fn nothing(upto: u64, snapshot: Arc<Snapshot>) -> Self {
        Self {
            rows: Vec::new(),
            upto,
            more: false,
            snapshot,
        }
    }
}

/// Where entries stand, thread by thread.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<String, Option<Standing>>);

/// A thread, and the index of each of its entries by what it is known by.
type Standing = (Arc<Shown>, HashMap<u64, usize>);

impl Places {
    /// Where that entry stands; none where it is gone.
    pub(crate) fn of(
        &mut self,
        snapshot: &Snapshot,
        arrival: &Arrival,
    ) -> Option<(Arc<Shown>, usize)> {
        let standing = self
            .0
            .entry(arrival.topic.clone())
            .or_insert_with(|| standing(snapshot, &arrival.topic));
        let (thread, places) = standing.as_ref()?;
        let index = places.get(&arrival.known_key())?;
        Some((Arc::clone(thread), *index))
    }
}

fn standing(snapshot: &Snapshot, topic: &str) -> Option<Standing> {
    let topic = Topic::of_file_name(&format!("{topic}.md"))?;
    let thread = snapshot.thread(&topic)?;
    let keys = known_keys(&topic, &thread.summary);
    let places = keys
        .into_iter()
        .enumerate()
        .map(|(index, key)| (key, index));
    Some((Arc::clone(thread), places.collect()))
}
