//! What is new in the repositories, told to every connection that listens: a piece for each entry
//! that arrived, each ball that moved, each state that is another.
//!
//! A listener that is slower than the news gets `Lagged` from its receiver and goes on from the
//! arrival log ([`crate::arrivals`]), in which every entry stands before it is told here.

use std::sync::Arc;

use protocol::update::Update;
use tokio::sync::broadcast;

/// How many pieces wait for one listener at most; past that it lags.
pub(crate) const WAITING_MAX: usize = 1024;

/// One piece of news.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    /// The repository's name in the settings.
    pub(crate) repository: String,
    /// What happened there.
    pub(crate) what: What,
}

/// What happened in a repository.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// A thread's text is another than before.
    Thread {
        /// Its name.
        topic: String,
        /// Whether it was not there before, or is gone: the list of threads is another.
        appeared_or_gone: bool,
    },
    /// An entry is shown that was not: [`Update::Entry`].
    Entry {
        /// Its number in the arrival log.
        arrival: u64,
        /// Its author, for those who leave out their own.
        author: String,
        /// The line of a watch.
        update: Update,
    },
    /// Whose turn it is in a thread may be another than before.
    Ball {
        /// Whether its ball is with somebody else; where not, another author or status can make it
        /// somebody's turn all the same.
        moved: bool,
        /// [`Update::Ball`], whose `your_turn` is for the listener to find out, since it is another
        /// for each reader.
        update: Update,
    },
    /// State or trouble are others: [`Update::State`].
    State(Update),
    /// What a person was shown, or has muted, is another than before.
    Counts,
    /// More changed at once than is told piece by piece. The entries stand in the arrival log; any
    /// thread and any ball may be another.
    Everything,
}

/// Where news is told and heard. Clones tell and hear the same.
#[derive(Clone, Debug)]
pub(crate) struct News(broadcast::Sender<Arc<Piece>>);

impl News {
    /// Nobody listens yet.
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(WAITING_MAX))
    }

    /// What is told from now on, of all repositories; the listener leaves out what it may not
    /// reach. Outlives a repository that is opened again.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Piece>> {
        self.0.subscribe()
    }

    /// Tells everybody who listens.
    pub(crate) fn tell(&self, piece: Piece) {
        // Where nobody listens there is nobody to tell.
        let _ = self.0.send(Arc::new(piece));
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    fn piece(repository: String) -> Piece {
        Piece {
            repository,
            what: What::Everything,
        }
    }

    #[test]
    fn a_listener_hears_what_is_told_after_it_came() {
        let news = News::new();
        news.tell(piece("before".into()));
        let mut listener = news.listen();
        news.clone().tell(piece("after".into()));
        assert_eq!(listener.try_recv().unwrap().repository, "after");
        assert_eq!(listener.try_recv(), Err(TryRecvError::Empty));
    }

    #[test]
    fn a_slow_listener_is_told_that_it_lagged_and_hears_the_rest() {
        let news = News::new();
        let mut listener = news.listen();
        for number in 0..=WAITING_MAX {
            news.tell(piece(number.to_string()));
        }
        assert_eq!(listener.try_recv(), Err(TryRecvError::Lagged(1)));
        assert_eq!(listener.try_recv().unwrap().repository, "1");
    }
}
