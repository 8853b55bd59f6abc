//! What the daemon tells a connection by itself: the news of the one repository that it reaches,
//! gathered so that a slow client is told once of what happened meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::Arc,
};

use protocol::{
    answer::{RepositoryState, Trouble},
    request::Context,
};

/// Opens the news of the repository that a connection reaches. What happens after the call is heard.
pub type Listen = Arc<dyn Fn(Context) -> Box<dyn News> + Send + Sync>;

/// The news of one repository, for one reader.
pub trait News: Send {
    /// The next piece, once there is one; `None` where no more will come.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<Piece>> + Send + '_>>;

    /// The next piece, where there is one now.
    fn ready(&mut self) -> Option<Piece>;
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A thread is another than before.
    Thread {
        /// Its name.
        topic: String,
        /// Whether it was not there before, or is gone.
        appeared_or_gone: bool,
    },
    /// It became this reader's turn.
    Turn {
        /// The thread's name.
        topic: String,
        /// Its newest entry; `None` for entries that have no name.
        entry_id: Option<String>,
    },
    /// The repository stands in another way than before.
    State {
        /// The repository's name.
        repository: String,
        /// How it stands.
        state: RepositoryState,
        /// What stands in its way.
        trouble: Option<Trouble>,
    },
    /// More happened than was told: any thread may be another, and the list of them.
    Everything,
}

/// Pieces that are gathered into one telling.
pub(crate) const GATHERED_MAX: usize = 1024;

/// What happened since the last telling.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Gathered {
    everything: bool,
    threads: BTreeSet<String>,
    list_changed: bool,
    /// Topics, each with its newest entry.
    pub(crate) turns: BTreeMap<String, Option<String>>,
    /// The latest of the repository's states.
    pub(crate) state: Option<State>,
}

/// [`Piece::State`].
#[derive(Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) repository: String,
    pub(crate) state: RepositoryState,
    pub(crate) trouble: Option<Trouble>,
}

impl Gathered {
    /// Whether a thread of that name may be another.
    pub(crate) fn touches(&self, topic: &str) -> bool {
        self.everything || self.threads.contains(topic)
    }

    /// Whether any thread may be another.
    pub(crate) fn touches_any(&self) -> bool {
        self.everything || !self.threads.is_empty() || !self.turns.is_empty()
    }

    /// Whether threads may have appeared or gone.
    pub(crate) fn changes_list(&self) -> bool {
        self.everything || self.list_changed
    }

    fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Thread {
                topic,
                appeared_or_gone,
            } => {
                self.threads.insert(topic);
                self.list_changed |= appeared_or_gone;
            }
            Piece::Turn { topic, entry_id } => {
                self.turns.insert(topic, entry_id);
            }
            Piece::State {
                repository,
                state,
                trouble,
            } => {
                self.state = Some(State {
                    repository,
                    state,
                    trouble,
                });
            }
            Piece::Everything => self.everything = true,
        }
    }
}

/// Waits for news, and takes along what else there is; `None` where no more will come.
pub(crate) async fn gather(news: &mut dyn News) -> Option<Gathered> {
    let mut gathered = Gathered::default();
    gathered.add(news.next().await?);
    for _ in 1..GATHERED_MAX {
        let Some(piece) = news.ready() else {
            break;
        };
        gathered.add(piece);
    }
    Some(gathered)
}
