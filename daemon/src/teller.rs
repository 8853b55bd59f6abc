//! Follows one repository's snapshots: gives arriving entries their numbers and tells the news.
//!
//! It runs beside the loop, so that a write never waits for it; snapshots that follow each other
//! faster than it reads them are told as one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use protocol::update::Update;
use repository::Clone as GitClone;
use tokio::sync::watch;
use tracing::{error, warn};

use crate::arrivals::{Arrival, Arrivals, Time};
use crate::bodies::Bodies;
use crate::changes::{self, Change};
use crate::headline::Headline;
use crate::news::{News, Piece, What};
use crate::perform::unix_now;
use crate::snapshot::{Missing, Shown, Snapshot};

/// How many pieces of news one snapshot brings at most; past that it is told in one.
const PIECES_MAX: usize = 256;

/// Follows one repository's snapshots.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    pub(crate) name: String,
    pub(crate) shown: Arc<ArcSwap<Snapshot>>,
    pub(crate) replaced: watch::Receiver<u64>,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) bodies: Bodies,
    pub(crate) clone: Arc<GitClone>,
    pub(crate) news: News,
}

impl Teller {
    /// Tells until the loop ends, of the last snapshot too.
    pub(crate) async fn run(mut self) {
        let mut told: Option<Arc<Snapshot>> = None;
        loop {
            self.replaced.mark_unchanged();
            let shown = self.shown.load_full();
            let is_new = told.as_ref().is_none_or(|told| !Arc::ptr_eq(told, &shown));
            if is_new {
                let (teller, before, after) = (self.clone(), told.take(), Arc::clone(&shown));
                let telling = tokio::task::spawn_blocking(move || {
                    teller.tell(before.as_deref(), &after);
                });
                if telling.await.is_err() {
                    error!(repository = %self.name, "The teller failed at a snapshot");
                }
                told = Some(shown);
                continue;
            }
            if self.replaced.changed().await.is_err() {
                let is_last = told
                    .as_ref()
                    .is_some_and(|told| Arc::ptr_eq(told, &self.shown.load()));
                if is_last {
                    return;
                }
            }
        }
    }

    fn tell(&self, before: Option<&Snapshot>, after: &Snapshot) {
        let nothing = Snapshot::default();
        let is_first = before.is_none();
        let before = before.unwrap_or(&nothing);
        let changes = changes::between(before, after);
        let now = unix_now().as_unix_seconds();
        let time = if before.base.tip.is_none() && after.base.tip.is_some() {
            Time::Early(now)
        } else {
            Time::Now(now)
        };
        let threads = changes.iter().filter_map(|change| {
            let after = change.after.as_ref()?;
            Some((&change.topic, &after.summary))
        });
        let arrived = self.arrivals.take(threads, time);
        self.forget_gone(after);
        if !is_first {
            self.tell_pieces(&changes, &arrived);
            self.tell_state(before, after);
        }
    }

    fn forget_gone(&self, shown: &Snapshot) {
        if shown.base.missing != Missing::Nothing {
            return;
        }
        let lens = shown
            .threads()
            .map(|(_, shown)| shown.summary.entries.len());
        let threads = shown
            .threads()
            .map(|(topic, shown)| (topic, &shown.summary));
        self.arrivals.forget_gone(lens.sum(), threads);
    }

    fn tell_pieces(&self, changes: &[Change], arrived: &[Arrival]) {
        let balls = changes.iter().filter(|change| change.ball_moved()).count();
        if changes.len() + arrived.len() + balls > PIECES_MAX {
            self.piece(What::Everything);
            return;
        }
        for change in changes {
            self.piece(What::Thread {
                topic: change.topic.as_str().to_owned(),
                appeared_or_gone: change.before.is_none() || change.after.is_none(),
            });
        }
        for change in changes {
            let topic = change.topic.as_str();
            let Some(thread) = &change.after else {
                continue;
            };
            for arrival in arrived.iter().filter(|each| each.topic == topic) {
                self.tell_entry(arrival, thread);
            }
            if change.ball_moved() {
                self.piece(What::Ball(ball(&self.name, topic, thread)));
            }
        }
    }

    fn tell_entry(&self, arrival: &Arrival, thread: &Shown) {
        let Some(index) = arrival.place_in(&thread.summary) else {
            return;
        };
        let headline = Headline::of_last(thread, index).map_or_else(
            || {
                let entries = self.bodies.entries(&thread.content, &self.clone)?;
                Ok(entries.bare(index).into())
            },
            Ok::<_, repository::CloneError>,
        );
        match headline {
            Ok(headline) => self.piece(What::Entry {
                arrival: arrival.number,
                author: headline.agent.clone(),
                update: entry(&self.name, (&arrival.topic, index), headline),
            }),
            // It stands in the arrival log; who reads it there reports the damage.
            Err(error) => warn!(repository = %self.name, %error, "An entry was not told"),
        }
    }

    fn tell_state(&self, before: &Snapshot, after: &Snapshot) {
        let (was, is) = (&before.condition, &after.condition);
        if was.state != is.state || was.trouble != is.trouble {
            self.piece(What::State(state(&self.name, after)));
        }
    }

    fn piece(&self, what: What) {
        self.news.tell(Piece {
            repository: self.name.clone(),
            what,
        });
    }
}

/// The line of a watch for an entry at that place of a thread.
pub(crate) fn entry(repository: &str, (topic, index): (&str, usize), headline: Headline) -> Update {
    Update::Entry {
        repository: repository.to_owned(),
        topic: topic.to_owned(),
        entry_id: headline.entry_id,
        index: index as u64,
        agent: headline.agent,
        title: headline.title,
        timestamp: headline.timestamp,
    }
}

/// The line of a watch for a thread's ball; whose turn that makes it is not known here.
pub(crate) fn ball(repository: &str, topic: &str, thread: &Shown) -> Update {
    Update::Ball {
        repository: repository.to_owned(),
        topic: topic.to_owned(),
        ball: thread.summary.ball.clone(),
        your_turn: false,
        entry_id: thread.summary.newest.as_ref().map(ToString::to_string),
    }
}

/// The line of a watch for how a repository stands.
pub(crate) fn state(repository: &str, shown: &Snapshot) -> Update {
    Update::State {
        repository: repository.to_owned(),
        state: shown.condition.state,
        trouble: shown.condition.trouble.clone(),
    }
}
