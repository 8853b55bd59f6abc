//! The news for one MCP connection: of the repository that it reaches and no other, from the view
//! of its reader.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use protocol::request::Context;
use protocol::update::Update;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::handle::Handle;
use crate::news::{Piece, What};
use crate::server::caller::Caller;
use crate::server::client::Client;
use crate::server::{reads, which};
use crate::shared::{Setup, Shared};

/// Hears all news, and passes on what concerns one connection.
pub(crate) struct Listening {
    shared: Arc<Shared>,
    client: Arc<Client>,
    context: Context,
    heard: Receiver<Arc<Piece>>,
    /// Heard, and not yet looked into.
    piece: Option<Arc<Piece>>,
    reached: Option<Reached>,
    /// Whether turns are told.
    channel: bool,
    /// The threads that were this reader's turn when that was last looked at, if it was.
    turns: Option<BTreeSet<String>>,
    waiting: VecDeque<mcp::Piece>,
}

/// The repository that the connection reaches, under the settings that say so.
struct Reached {
    setup: Arc<Setup>,
    handle: Option<Arc<Handle>>,
}

impl Listening {
    /// Hears what happens from now on.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        client: &Arc<Client>,
        context: Context,
        channel: bool,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            client: Arc::clone(client),
            context,
            heard: shared.news.listen(),
            piece: None,
            reached: None,
            channel,
            turns: None,
            waiting: VecDeque::new(),
        }
    }

    /// Takes what was heard, of the repository that is reached under the settings of now.
    async fn hear(&mut self) {
        self.reach().await;
        if let Some(piece) = self.piece.take() {
            self.take(&piece);
        }
    }

    fn take(&mut self, piece: &Piece) {
        let Some((setup, handle)) = self.reached() else {
            return;
        };
        if handle.name != piece.repository {
            return;
        }
        match &piece.what {
            What::Thread {
                topic,
                appeared_or_gone,
            } => self.waiting.push_back(mcp::Piece::Thread {
                topic: topic.clone(),
                appeared_or_gone: *appeared_or_gone,
            }),
            What::Ball { update, .. } => self.ball(&setup, &handle, update),
            What::State(update) => self.state(update),
            What::Everything => self.everything(),
            // The thread that holds it is told as another already.
            What::Entry { .. } | What::Counts => (),
        }
    }

    fn ball(&mut self, setup: &Setup, handle: &Handle, update: &Update) {
        let Update::Ball {
            topic, entry_id, ..
        } = update
        else {
            return;
        };
        if !self.channel {
            return;
        }
        let caller = Caller::of(&self.shared, setup, &self.client, &self.context);
        let turns = self.turns.get_or_insert_default();
        let is_turn = reads::find(&handle.shown(), topic)
            .is_ok_and(|(_, shown)| reads::is_turn(setup, &caller, &shown));
        if !is_turn {
            turns.remove(topic);
        } else if turns.insert(topic.clone()) {
            self.waiting.push_back(mcp::Piece::Turn {
                topic: topic.clone(),
                entry_id: entry_id.clone(),
            });
        }
    }

    fn state(&mut self, update: &Update) {
        if let Update::State {
            repository,
            state,
            trouble,
        } = update
        {
            self.waiting.push_back(mcp::Piece::State {
                repository: repository.clone(),
                state: *state,
                trouble: trouble.clone(),
            });
        }
    }

    fn everything(&mut self) {
        self.waiting.push_back(mcp::Piece::Everything);
        if !self.channel {
            return;
        }
        let turns = self.turns_now();
        let before = self.turns.take().unwrap_or_default();
        let new = turns.difference(&before).cloned();
        self.waiting.extend(new.map(|topic| mcp::Piece::Turn {
            topic,
            entry_id: None,
        }));
        self.turns = Some(turns);
    }

    fn turns_now(&self) -> BTreeSet<String> {
        let Some((setup, handle)) = self.reached() else {
            return BTreeSet::new();
        };
        let caller = Caller::of(&self.shared, &setup, &self.client, &self.context);
        let turns = reads::your_turn(&setup, &handle.shown(), &caller);
        turns.into_iter().collect()
    }

    /// Looks for the repository anew where the settings are others.
    async fn reach(&mut self) {
        let setup = self.shared.setup.load_full();
        let is_known = |reached: &Reached| Arc::ptr_eq(&reached.setup, &setup);
        if self.reached.as_ref().is_some_and(is_known) {
            return;
        }
        let handle = which::repository(&self.shared, &setup, &self.client, &self.context).await;
        let handle = handle.ok();
        self.reached = Some(Reached { setup, handle });
        if self.channel && self.turns.is_none() {
            self.turns = Some(self.turns_now());
        }
    }

    fn reached(&self) -> Option<(Arc<Setup>, Arc<Handle>)> {
        let reached = self.reached.as_ref()?;
        let handle = reached.handle.as_ref()?;
        Some((Arc::clone(&reached.setup), Arc::clone(handle)))
    }
}

impl mcp::News for Listening {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<mcp::Piece>> + Send + '_>> {
        Box::pin(async move {
            loop {
                // A call that is dropped in the middle loses nothing.
                self.hear().await;
                if let Some(piece) = self.waiting.pop_front() {
                    return Some(piece);
                }
                match self.heard.recv().await {
                    Ok(piece) => self.piece = Some(piece),
                    Err(RecvError::Lagged(_)) => self.everything(),
                    Err(RecvError::Closed) => return None,
                }
            }
        })
    }

    fn ready(&mut self) -> Option<mcp::Piece> {
        loop {
            if let Some(piece) = self.piece.take() {
                self.take(&piece);
            }
            if let Some(piece) = self.waiting.pop_front() {
                return Some(piece);
            }
            match self.heard.try_recv() {
                Ok(piece) => self.take(&piece),
                Err(TryRecvError::Lagged(_)) => self.everything(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}
