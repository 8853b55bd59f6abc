//! Follows one repository's snapshots: gives arriving entries their numbers and tells the news.
//!
//! It runs beside the loop, so that a write never waits for it; snapshots that follow each other
//! faster than it reads them are told as one. Whoever reads the arrival log reads it with the
//! snapshot that was [`Told`], not with a newer or an older one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use protocol::answer::RepositoryState;
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
use crate::snapshot::{Missing, Shown, Snapshot, Summary};

/// How many pieces of news one snapshot brings at most; past that it is told in one.
const PIECES_MAX: usize = 256;

/// The last snapshot of which all is in the arrival log.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// That snapshot.
    pub(crate) snapshot: Arc<Snapshot>,
    /// How many replacements of the snapshot are in it, at least; none before the first.
    pub(crate) replaced: Option<u64>,
    /// The last arrival of that snapshot: an entry under a later number is of a newer one.
    pub(crate) last: u64,
}

impl Told {
    /// Before the first.
    pub(crate) fn nothing() -> Self {
        Self {
            snapshot: Arc::default(),
            replaced: None,
            last: 0,
        }
    }
}

/// Follows one repository's snapshots.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    pub(crate) name: String,
    pub(crate) shown: Arc<ArcSwap<Snapshot>>,
    pub(crate) replaced: watch::Receiver<u64>,
    pub(crate) told: watch::Sender<Told>,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) bodies: Bodies,
    pub(crate) clone: Arc<GitClone>,
    pub(crate) news: News,
}

impl Teller {
    /// Tells until the loop ends, of the last snapshot too.
    pub(crate) async fn run(mut self) {
        let mut before: Option<Arc<Snapshot>> = None;
        let mut ended = false;
        loop {
            // A snapshot is there before its replacement is counted.
            let replaced = *self.replaced.borrow_and_update();
            let shown = self.shown.load_full();
            if before.as_ref().is_none_or(|it| !Arc::ptr_eq(it, &shown)) {
                let (teller, after) = (self.clone(), Arc::clone(&shown));
                let telling = tokio::task::spawn_blocking(move || {
                    teller.tell(before.as_deref(), (&after, replaced));
                });
                if telling.await.is_err() {
                    error!(repository = %self.name, "The teller failed at a snapshot");
                }
                before = Some(Arc::clone(&shown));
            }
            self.publish(shown, replaced);
            if ended {
                return;
            }
            ended = self.replaced.changed().await.is_err();
        }
    }

    fn publish(&self, snapshot: Arc<Snapshot>, replaced: u64) {
        self.told.send_replace(Told {
            snapshot,
            replaced: Some(replaced),
            last: self.arrivals.bounds().last,
        });
    }

    fn tell(&self, before: Option<&Snapshot>, (after, replaced): (&Arc<Snapshot>, u64)) {
        let nothing = Snapshot::default();
        let is_first = before.is_none();
        let before = before.unwrap_or(&nothing);
        let changes = changes::between(before, after);
        let now = unix_now().as_unix_seconds();
        let is_early = !self.arrivals.bounds().begun;
        let time = if is_early {
            Time::Early(now)
        } else {
            Time::Now(now)
        };
        let threads = changes.iter().filter_map(|change| {
            let after = change.after.as_ref()?;
            Some((&change.topic, &after.summary))
        });
        let arrived = self.arrivals.take(threads, time);
        if was_read(after) {
            self.arrivals.begin();
        }
        self.forget_gone(before, is_first, &changes, after);
        // Who hears the news looks the entries up in what was told.
        self.publish(Arc::clone(after), replaced);
        if !is_first {
            if is_early {
                self.piece(What::Everything);
            } else {
                self.tell_pieces(&changes, &arrived);
            }
            self.tell_state(before, after);
        }
    }

    fn forget_gone(&self, before: &Snapshot, is_first: bool, changes: &[Change], after: &Snapshot) {
        if !is_whole(after) {
            return;
        }
        if is_first || !is_whole(before) {
            let threads = after.threads();
            let threads = threads.map(|(topic, shown)| (topic, &shown.summary));
            self.arrivals.forget_all_but(threads);
            return;
        }
        let changed = changes.iter().filter_map(|change| {
            let after = change.after.as_deref().map(|after| &after.summary);
            let before = &change.before.as_ref()?.summary;
            Some((&change.topic, before, after))
        });
        self.arrivals.forget(changed);
    }

    fn tell_pieces(&self, changes: &[Change], arrived: &[Arrival]) {
        if 2 * changes.len() + arrived.len() > PIECES_MAX {
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
            self.piece(What::Ball {
                moved: change.ball_moved(),
                update: ball(&self.name, topic, &thread.summary, false),
            });
        }
    }

    fn tell_entry(&self, arrival: &Arrival, thread: &Shown) {
        let Some(index) = arrival.place_in(&thread.summary) else {
            return;
        };
        let headline = Headline::of_last(thread, index).map_or_else(
            || {
                let entries = self.bodies.entries(&thread.content, &self.clone)?;
                Headline::of(&entries, index)
            },
            Ok,
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

/// Whether an entry that is not in the snapshot is gone: all threads are there, and could be read.
pub(crate) fn is_whole(snapshot: &Snapshot) -> bool {
    snapshot.base.missing == Missing::Nothing && snapshot.base.tip.is_some()
}

/// Whether the snapshot shows what the remote holds, be it nothing.
fn was_read(snapshot: &Snapshot) -> bool {
    let condition = &snapshot.condition;
    is_whole(snapshot)
        || condition.fetched_at.is_some()
        || condition.state == RepositoryState::Local
}

/// The line of a watch for a thread's ball.
pub(crate) fn ball(repository: &str, topic: &str, thread: &Summary, your_turn: bool) -> Update {
    Update::Ball {
        repository: repository.to_owned(),
        topic: topic.to_owned(),
        ball: thread.ball.clone(),
        your_turn,
        entry_id: thread.newest.as_ref().map(ToString::to_string),
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use repository::CloneConfig;
    use threads::topic::Topic;

    use super::*;

    fn snapshot(entries: usize) -> Arc<Snapshot> {
        let mut text = "# t — Thread\nStatus: OPEN\nBall: Team\n".to_owned();
        for number in 0..entries {
            text.push_str(&format!(
                "\n---\nEntry: Codex (bob) 2026-01-05T09:00:00Z\nTitle: T\n\n{number}\n"
            ));
        }
        let topic = Topic::parse("t").unwrap();
        let thread = Shown::pending(text.into_bytes()).unwrap();
        Arc::new(Snapshot {
            overlay: Arc::new(HashMap::from([(topic, Arc::new(thread))])),
            ..Snapshot::default()
        })
    }

    /// Whoever hears the news and looks up the log finds every entry in what was told: that is
    /// published with the news, not after it.
    #[test]
    fn what_is_told_is_there_with_the_news_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = CloneConfig {
            directory: String::new(),
            branch: None,
        };
        let clone = GitClone::open(&folder.path().join("clone.git"), config).unwrap();
        let (told, heard) = watch::channel(Told::nothing());
        let teller = Teller {
            name: "acme".into(),
            shown: Arc::new(ArcSwap::default()),
            replaced: watch::channel(0).1,
            told,
            arrivals: Arc::new(Arrivals::open(folder.path())),
            bodies: Bodies::new(folder.path().to_owned()),
            clone: Arc::new(clone),
            news: News::new(),
        };
        teller.arrivals.begin();
        let mut news = teller.news.listen();
        let mut before = snapshot(1);
        teller.tell(None, (&before, 0));
        assert!(news.try_recv().is_err(), "what stood there is no news");
        // A few, told one by one, and more than are.
        for (replaced, entries) in [(1, 3), (2, 3 + PIECES_MAX)] {
            let after = snapshot(entries);
            teller.tell(Some(&before), (&after, replaced));
            let told = heard.borrow().clone();
            assert_eq!(told.replaced, Some(replaced));
            let kept = teller.arrivals.between(0, told.last);
            assert_eq!(kept.len(), entries);
            let thread = &told.snapshot.overlay[&Topic::parse("t").unwrap()].summary;
            assert!(kept.iter().all(|each| each.place_in(thread).is_some()));
            before = after;
        }
        let mut pieces = std::iter::from_fn(|| news.try_recv().ok());
        let kinds = pieces.by_ref().map(|piece| match &piece.what {
            What::Thread { .. } => "thread",
            What::Entry { .. } => "entry",
            What::Ball { moved, .. } => ["turn", "ball"][usize::from(*moved)],
            What::State(_) => "state",
            What::Counts => "counts",
            What::Everything => "everything",
        });
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(kinds, ["thread", "entry", "entry", "turn", "everything"]);
    }
}
