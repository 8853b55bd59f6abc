//! The news for one MCP connection: of the repository that it reaches and no other, from the view
//! of its reader.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use protocol::hello::Hello;
use protocol::request::Context;
use protocol::update::Update;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::handle::Handle;
use crate::news::{Piece, What};
use crate::server::caller::Caller;
use crate::server::{reads, which};
use crate::shared::{Setup, Shared};

/// Hears all news, and passes on what concerns one connection.
pub(crate) struct Listening {
    shared: Arc<Shared>,
    hello: Arc<Hello>,
    context: Context,
    heard: Receiver<Arc<Piece>>,
    reached: Option<Reached>,
    /// Whether turns are told.
    channel: bool,
    /// The threads that were this reader's turn when that was last looked at.
    turns: BTreeSet<String>,
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
        hello: &Arc<Hello>,
        context: Context,
        channel: bool,
    ) -> Self {
        let mut listening = Self {
            shared: Arc::clone(shared),
            hello: Arc::clone(hello),
            context,
            heard: shared.news.listen(),
            reached: None,
            channel,
            turns: BTreeSet::new(),
            waiting: VecDeque::new(),
        };
        if channel {
            listening.turns = listening.turns_now();
        }
        listening
    }

    fn take(&mut self, piece: &Piece) {
        let (setup, handle) = self.reached();
        let Some(handle) = handle.filter(|handle| handle.name == piece.repository) else {
            return;
        };
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
            What::Entry { .. } => (),
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
        let caller = Caller::of(&self.shared, setup, &self.hello, &self.context);
        let is_turn = reads::find(&handle.shown(), topic)
            .is_ok_and(|(_, shown)| reads::is_turn(setup, &caller, &shown));
        if !is_turn {
            self.turns.remove(topic);
        } else if self.turns.insert(topic.clone()) {
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
        let new = turns.difference(&self.turns).cloned();
        self.waiting.extend(new.map(|topic| mcp::Piece::Turn {
            topic,
            entry_id: None,
        }));
        self.turns = turns;
    }

    fn turns_now(&mut self) -> BTreeSet<String> {
        let (setup, handle) = self.reached();
        let Some(handle) = handle else {
            return BTreeSet::new();
        };
        let caller = Caller::of(&self.shared, &setup, &self.hello, &self.context);
        let turns = reads::your_turn(&setup, &handle.shown(), &caller);
        turns.into_iter().collect()
    }

    /// The repository in force now; looked for anew only where the settings are others.
    fn reached(&mut self) -> (Arc<Setup>, Option<Arc<Handle>>) {
        let setup = self.shared.setup.load_full();
        let is_known = |reached: &&Reached| Arc::ptr_eq(&reached.setup, &setup);
        if let Some(reached) = self.reached.as_ref().filter(is_known) {
            return (setup, reached.handle.clone());
        }
        let handle = which::repository(&setup, &self.hello, &self.context).ok();
        self.reached = Some(Reached {
            setup: Arc::clone(&setup),
            handle: handle.clone(),
        });
        (setup, handle)
    }
}

impl mcp::News for Listening {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<mcp::Piece>> + Send + '_>> {
        Box::pin(async move {
            loop {
                if let Some(piece) = self.waiting.pop_front() {
                    return Some(piece);
                }
                match self.heard.recv().await {
                    Ok(piece) => self.take(&piece),
                    Err(RecvError::Lagged(_)) => self.everything(),
                    Err(RecvError::Closed) => return None,
                }
            }
        })
    }

    fn ready(&mut self) -> Option<mcp::Piece> {
        loop {
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
