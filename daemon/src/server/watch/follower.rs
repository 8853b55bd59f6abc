//! What one watching client was told, and what it is to be told next.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use protocol::failure::{Failure, FailureCode};
use protocol::hello::Program;
use protocol::request::Context;
use protocol::update::Update;
use threads::topic::Topic;

use crate::arrivals::Arrival;
use crate::handle::Handle;
use crate::headline::Headline;
use crate::news::{Piece, What};
use crate::server::caller::Caller;
use crate::server::client::Client;
use crate::server::updates::page::Places;
use crate::server::{reads, which};
use crate::shared::{Setup, Shared};
use crate::snapshot::Snapshot;
use crate::teller::{self, Told};

/// How many arrivals are looked up at once, and held until they are sent.
const PART_MAX: usize = 256;

/// What one watching client was told.
#[derive(Debug)]
pub(super) struct Follower {
    client: Client,
    context: Context,
    /// The one repository that it follows; all where it named none.
    only: Option<String>,
    told: BTreeMap<String, ToldOf>,
}

/// What it was told of one repository.
#[derive(Debug)]
struct ToldOf {
    /// The arrival log, which is another where the repository was made anew.
    log: String,
    /// The last arrival that it was told, or that was passed over.
    upto: u64,
    /// The threads whose turn was the reader's when it last heard.
    turns: HashSet<String>,
    /// The threads of entries that were caught up with, whose balls are told last.
    touched: HashSet<String>,
    /// How it stood.
    state: Update,
}

/// What is to be sent.
#[derive(Debug)]
pub(super) enum Lines {
    /// These.
    These(Vec<Update>),
    /// All that these repositories have, in parts: [`Follower::catch_up`].
    AllOf(Vec<String>),
}

/// A part of what a repository has.
#[derive(Debug)]
pub(super) struct PartOf {
    pub(super) updates: Vec<Update>,
    pub(super) is_last: bool,
}

impl Follower {
    /// Follows from here on.
    ///
    /// # Errors
    /// `repository_not_found`.
    pub(super) fn new(shared: &Shared, client: Client, context: Context) -> Result<Self, Failure> {
        let setup = shared.setup.load_full();
        let bound = which::bound(&setup, &client, &context)?;
        let only = bound.map(|handle| handle.name.clone());
        let mut follower = Self {
            client,
            context,
            only,
            told: BTreeMap::new(),
        };
        let caller = follower.caller(shared, &setup);
        let followed = setup
            .repositories
            .iter()
            .filter(|it| follower.follows(&it.name));
        let told =
            followed.map(|handle| (handle.name.clone(), ToldOf::now(&setup, handle, &caller)));
        follower.told = told.collect();
        Ok(follower)
    }

    /// What a piece of news means to this client.
    pub(super) fn hear(&mut self, shared: &Shared, piece: &Piece) -> Lines {
        let nothing = Lines::These(Vec::new());
        let setup = shared.setup.load_full();
        if piece.what == What::Counts {
            return self.counts(&piece.repository);
        }
        let Some(handle) = setup.repository(&piece.repository) else {
            return nothing;
        };
        if !self.follows(&handle.name) {
            return nothing;
        }
        let caller = self.caller(shared, &setup);
        let told = self.told_of(&setup, handle, &caller);
        match &piece.what {
            What::Everything => Lines::AllOf(vec![handle.name.clone()]),
            What::Counts => nothing,
            What::State(update) => {
                told.state = update.clone();
                Lines::These(vec![update.clone()])
            }
            What::Thread { topic, .. } => {
                let topic = Topic::of_file_name(&format!("{topic}.md"));
                let is_gone = topic.is_none_or(|topic| handle.shown().thread(&topic).is_none());
                if is_gone && let What::Thread { topic, .. } = &piece.what {
                    told.turns.remove(topic);
                }
                nothing
            }
            What::Entry {
                arrival, update, ..
            } => {
                if *arrival <= told.upto {
                    return nothing;
                }
                told.upto = *arrival;
                Lines::These(vec![update.clone()])
            }
            What::Ball { moved, update } => {
                let Update::Ball { topic, .. } = update else {
                    return nothing;
                };
                let line = told.ball((&setup, handle, &caller), &handle.shown(), topic, *moved);
                Lines::These(line.into_iter().collect())
            }
        }
    }

    /// The tray alone asks for counts; the settings, which have no name, concern it too.
    fn counts(&self, repository: &str) -> Lines {
        let concerns = repository.is_empty() || self.follows(repository);
        let is_told = concerns && self.client.hello.program == Program::Tray;
        let line = || Update::Counts {
            repository: repository.to_owned(),
        };
        Lines::These(is_told.then(line).into_iter().collect())
    }

    /// It heard too late: everything that it follows is caught up with.
    pub(super) fn lagged(&self) -> Lines {
        Lines::AllOf(self.told.keys().cloned().collect())
    }

    /// The next part of what a repository has that this client was not told.
    ///
    /// # Errors
    /// `cursor_expired` where the client is too far behind.
    pub(super) async fn catch_up(
        &mut self,
        shared: &Arc<Shared>,
        name: &str,
    ) -> Result<PartOf, Failure> {
        let setup = shared.setup.load_full();
        let nothing = PartOf {
            updates: Vec::new(),
            is_last: true,
        };
        let Some(handle) = setup.repository(name) else {
            return Ok(nothing);
        };
        let caller = self.caller(shared, &setup);
        let told = self.told_of(&setup, handle, &caller);
        let Told { snapshot, last, .. } = handle.told.borrow().clone();
        let bounds = handle.arrivals.bounds();
        // What stood there when the repository was first read is no news.
        told.upto = told.upto.max(bounds.early);
        if bounds.dropped > told.upto {
            return Err(too_far_behind(name));
        }
        let mut arrivals = handle.arrivals.between(told.upto, last);
        let is_last = arrivals.len() <= PART_MAX;
        arrivals.truncate(PART_MAX);
        told.upto = arrivals.last().map_or(told.upto, |last| last.number);
        told.touched
            .extend(arrivals.iter().map(|each| each.topic.clone()));
        let (of, lookup, shared) = (
            Arc::clone(handle),
            Arc::clone(&snapshot),
            Arc::clone(shared),
        );
        let looking = tokio::task::spawn_blocking(move || lines(&shared, &of, &lookup, &arrivals));
        let mut updates = looking.await.unwrap_or_default();
        if is_last {
            updates.extend(told.balls((&setup, handle, &caller), &snapshot));
            let state = teller::state(name, &snapshot);
            if state != told.state {
                told.state = state.clone();
                updates.push(state);
            }
        }
        Ok(PartOf { updates, is_last })
    }

    fn follows(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == name)
    }

    fn caller(&self, shared: &Shared, setup: &Setup) -> Caller {
        Caller::of(shared, setup, &self.client, &self.context)
    }

    /// A repository that is new in the settings is followed from here on.
    fn told_of(&mut self, setup: &Setup, handle: &Handle, caller: &Caller) -> &mut ToldOf {
        let log = handle.arrivals.bounds().log;
        let is_another = self
            .told
            .get(&handle.name)
            .is_some_and(|told| told.log != log);
        if is_another {
            self.told.remove(&handle.name);
        }
        let now = || ToldOf::now(setup, handle, caller);
        self.told.entry(handle.name.clone()).or_insert_with(now)
    }
}

impl ToldOf {
    /// All that stands there counts as told.
    fn now(setup: &Setup, handle: &Handle, caller: &Caller) -> Self {
        let bounds = handle.arrivals.bounds();
        let turns = reads::your_turn(setup, &handle.shown(), caller);
        Self {
            upto: bounds.last,
            log: bounds.log,
            turns: turns.into_iter().collect(),
            touched: HashSet::new(),
            state: teller::state(&handle.name, &handle.shown()),
        }
    }

    /// The line for a thread's ball, where it moved or the reader's turn is another.
    fn ball(
        &mut self,
        (setup, handle, caller): (&Setup, &Handle, &Caller),
        snapshot: &Snapshot,
        topic: &str,
        moved: bool,
    ) -> Option<Update> {
        let parsed = Topic::of_file_name(&format!("{topic}.md"))?;
        let thread = snapshot.thread(&parsed)?;
        let your_turn = reads::is_turn(setup, caller, thread);
        let changed = if your_turn {
            self.turns.insert(topic.to_owned())
        } else {
            self.turns.remove(topic)
        };
        let line = || teller::ball(&handle.name, topic, &thread.summary, your_turn);
        (moved || changed).then(line)
    }

    /// The lines for all balls that may have moved while nobody heard.
    fn balls(&mut self, of: (&Setup, &Handle, &Caller), snapshot: &Snapshot) -> Vec<Update> {
        let (setup, _, caller) = of;
        let touched = std::mem::take(&mut self.touched);
        let now: HashSet<String> = reads::your_turn(setup, snapshot, caller)
            .into_iter()
            .collect();
        let mut topics: Vec<String> = now.symmetric_difference(&self.turns).cloned().collect();
        topics.extend(touched.iter().cloned());
        topics.sort_unstable();
        topics.dedup();
        let line = |topic: &String| self.ball(of, snapshot, topic, touched.contains(topic));
        let lines = topics.iter().filter_map(line).collect();
        self.turns = now;
        lines
    }
}

/// The lines of those arrivals that are shown.
fn lines(shared: &Shared, handle: &Handle, snapshot: &Snapshot, of: &[Arrival]) -> Vec<Update> {
    let mut places = Places::default();
    let mut updates = Vec::new();
    for arrival in of {
        let Some((thread, index)) = places.of(snapshot, arrival) else {
            continue;
        };
        let headline = Headline::of_last(&thread, index).or_else(|| {
            let entries = shared.bodies.entries(&thread.content, &handle.clone).ok()?;
            Headline::of(&entries, index).ok()
        });
        let line = |it| teller::entry(&handle.name, (&arrival.topic, index), it);
        updates.extend(headline.map(line));
    }
    updates
}

fn too_far_behind(name: &str) -> Failure {
    Failure::new(
        FailureCode::CursorExpired,
        format!("More arrived in '{name}' than is kept for a watch that does not read."),
        "Watch again, and list the updates since then for what was missed.",
    )
}
