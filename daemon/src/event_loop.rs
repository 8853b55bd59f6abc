//! Owns one repository's changing state: takes what happened, asks the engine what to do, starts
//! it, and shows the outcome. It awaits nothing but the next thing that happens.

pub(crate) mod hand_edits;
mod losses;
pub(crate) mod mending;
mod outcomes;
mod outside;
mod pausing;
pub(crate) mod pending;
pub(crate) mod submissions;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use protocol::answer::Trouble as ShownTrouble;
use sync_engine::action::Action;
use sync_engine::delivery::{self, BatchMax, Weight};
use sync_engine::engine::Engine;
use sync_engine::event::Event;
use sync_engine::limits::Limits;
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::topic::Topic;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{debug, info};

use crate::clock::Clock;
use crate::condition::{Condition, state_of};
use crate::credentials::Freed;
use crate::event_loop::hand_edits::HandEdits;
use crate::event_loop::mending::Mending;
use crate::event_loop::pending::Pending;
use crate::event_loop::submissions::Submissions;
use crate::handle::{Message, NotAccepted};
use crate::metrics::Metrics;
use crate::outbox::{Outbox, Slot};
use crate::outside::Outside;
use crate::pauses::Pause;
use crate::perform::{Finished, Performer, unix_now};
use crate::snapshot::{Base, Snapshot};
use crate::vanished::Vanished;
use crate::working_tree::WorkingTree;

/// How many operations one push takes at most; the rest goes with the next, right after. All of a
/// push share a deadline, so that it must not be too much work for a slow machine.
const PUSH_OPERATIONS_MAX: usize = 1_000;

/// How many bytes of text in them at most, where it is more than one operation: what one frame to
/// the worker is for.
const PUSH_BYTES_MAX: usize = 16 << 20;

/// How many bytes of threads they may make at most, where it is more than one operation: each is a
/// version of its whole thread, which is hashed and packed. A machine with much else to do was
/// measured at 40 MB a second.
const PUSH_VERSIONS_BYTES_MAX: usize = 256 << 20;

/// How many messages wait for the loop at most; a sender beyond waits itself.
pub(crate) const INBOX_MAX: usize = 1024;

/// How many results wait for the loop at most; there are at most four workers.
pub(crate) const RESULTS_MAX: usize = 16;

/// How many files are written in one go, so that their text is not held all at once.
const PROJECT_MAX: usize = 64;

/// One repository's changing state.
#[derive(Debug)]
pub(crate) struct EventLoop {
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    pub(crate) performer: Performer,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) inbox: mpsc::Receiver<Message>,
    pub(crate) results: mpsc::Receiver<Finished>,
    pub(crate) shown: Arc<ArcSwap<Snapshot>>,
    pub(crate) replaced: watch::Sender<u64>,
    pub(crate) base: Arc<Base>,
    pub(crate) condition: Condition,
    pub(crate) outbox: Outbox,
    pub(crate) pending: Pending,
    pub(crate) submissions: Submissions,
    /// Who asked for a sync and waits until held operations are released.
    pub(crate) asked: Vec<oneshot::Sender<u64>>,
    /// What each kind of trouble last said.
    pub(crate) words: HashMap<TroubleKind, (String, String)>,
    /// Entries that are gone from the remote and that nobody has seen to.
    pub(crate) vanished: Vanished,
    /// How often that was handed to the disk.
    pub(crate) notes: u64,
    /// The threads whose file may not be what is shown.
    pub(crate) unprojected: BTreeSet<Topic>,
    pub(crate) mending: Mending,
    /// None while files are being written, or looked at.
    pub(crate) working_tree: Option<WorkingTree>,
    /// As the settings have them.
    pub(crate) limits: Limits,
    pub(crate) outside: watch::Receiver<Outside>,
    /// What of it is heeded.
    pub(crate) heeded: Outside,
    /// By the user; it may be over.
    pub(crate) pause: Option<Pause>,
    pub(crate) hand_edits: HandEdits,
    /// Told when a keychain that stood in the way does so no more.
    pub(crate) way_freed: Arc<Freed>,
}

impl EventLoop {
    /// Runs until it is told to stop, or nobody holds its handle.
    pub(crate) async fn run(mut self) {
        self.begin();
        loop {
            self.settle();
            let timeout = self
                .engine
                .poll_timeout()
                .map(|moment| self.clock.instant(moment));
            let tree_due_at = self.tree_due_at();
            tokio::select! {
                message = self.inbox.recv() => match message {
                    Some(Message::Stop(answer)) => return self.stop(Some(answer)).await,
                    Some(message) => self.take(message),
                    None => return self.stop(None).await,
                },
                Some(finished) = self.results.recv() => self.finish(finished),
                () = self.way_freed.told() => self.credential_changed(),
                Ok(()) = self.outside.changed() => self.outside_changed(),
                () = sleep_until(timeout) => self.engine.handle_timeout(self.clock.now()),
                () = sleep_until(self.mending.look_at) => self.look_again(),
                () = self.performer.changes.told() => (),
                () = sleep_until(tree_due_at) => (),
            }
        }
    }

    fn begin(&mut self) {
        self.doubt_files();
        self.pending.rebase(&self.base, &self.performer);
        let pending = self.pending.ids().cloned().collect();
        self.tell_of_pause();
        self.tell(Event::Started { pending });
        if self.condition.held > 0 {
            let trouble = Trouble::new(TroubleKind::PushRefused);
            self.tell(Event::TroubleFound { trouble });
        }
        self.tell_of_losses();
        if self.performer.is_cluttered() {
            self.tell(Event::Cluttered);
        }
    }

    /// Any file of the working tree may not be what is shown.
    fn doubt_files(&mut self) {
        self.unprojected.extend(self.base.threads.keys().cloned());
        self.unprojected.extend(self.pending.topics().cloned());
        let written = self.working_tree.iter().flat_map(WorkingTree::topics);
        self.unprojected.extend(written.cloned());
    }

    fn tell(&mut self, event: Event) {
        debug!(repository = %self.performer.name, ?event, "Event");
        self.engine.handle(event, self.clock.now());
    }

    /// Starts what the engine asks for and shows how things stand then.
    fn settle(&mut self) {
        self.note_damage();
        while let Some(action) = self.engine.poll_action() {
            self.perform(action);
        }
        self.look_at_tree();
        self.project();
        self.show();
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Keep { id } => {
                if let Some(slot) = self.outbox.slot(&id) {
                    self.submissions.queue(slot);
                }
                self.keep_next();
            }
            Action::Refuse { id } => {
                self.outbox.not_kept(&id);
                self.submissions.refuse(&id, &NotAccepted::OutboxFull);
            }
            Action::Fetch if self.performer.damage.is_met() => {
                let slots = self.pending_slots();
                self.performer.renew(Arc::clone(&self.base), slots);
            }
            Action::Fetch => {
                let slots = self.pending_slots();
                self.performer.fetch(Arc::clone(&self.base), slots);
            }
            Action::Tidy => self.performer.tidy(),
            Action::Push => {
                let slots = self.batch();
                let room = self.outbox.room_to_hold();
                self.performer.push(Arc::clone(&self.base), slots, room);
            }
        }
    }

    fn pending_slots(&self) -> Vec<Slot> {
        let slots = self.pending.ids().filter_map(|id| self.outbox.slot(id));
        slots.collect()
    }

    /// What the next push takes, in order.
    fn batch(&self) -> Vec<Slot> {
        let mut slots: Vec<_> = self.pending_slots().into_iter().map(Some).collect();
        let weigh = |slot: &Slot| Weight {
            bytes: slot.weight(),
            version_bytes: self.pending.text_len(&slot.kept.operation.topic),
        };
        let weights: Vec<Weight> = slots.iter().flatten().map(weigh).collect();
        let max = BatchMax {
            operations: PUSH_OPERATIONS_MAX,
            bytes: PUSH_BYTES_MAX,
            versions_bytes: PUSH_VERSIONS_BYTES_MAX,
        };
        let held_back = (self.pending.held_back_len() > 0).then(|| fastrand::usize(..));
        let places = delivery::batch(&weights, max, held_back);
        places
            .into_iter()
            .filter_map(|at| slots[at].take())
            .collect()
    }

    /// Hands what waits for the disk to it, all at once, unless it is busy.
    fn keep_next(&mut self) {
        if let Some(batch) = self.submissions.next_batch() {
            self.performer.keep(batch);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Submit(submission) => {
                let outbox = &mut self.outbox;
                match self.submissions.admit(*submission, outbox, unix_now()) {
                    Ok(Some(id)) => self.tell(Event::Submitted { id }),
                    Ok(None) => (),
                    Err(full) => self.outbox_was_full(&full),
                }
                self.tell(Event::ClientActive);
            }
            Message::CredentialChanged => self.credential_changed(),
            Message::SeenTo => self.seen_to(),
            Message::Refresh(answer) => self.sync(answer),
            Message::Sync(answer) => self.release_and_sync(answer),
            Message::Await(id) => self.tell(Event::Awaited { id }),
            Message::Pause(pause) => self.paused(pause),
            Message::Active => self.tell(Event::ClientActive),
            Message::Stop(_) => unreachable!("taken by run"),
        }
    }

    /// The next exchange logs in anew, and begins at once.
    fn credential_changed(&mut self) {
        self.performer.link.renew();
        self.tell(Event::CredentialChanged);
        // A host that is known now was no trouble of the credential's.
        self.tell(Event::SyncAsked);
    }

    fn sync(&mut self, answer: oneshot::Sender<u64>) {
        let begun = self.engine.fetches_started();
        self.tell(Event::SyncAsked);
        // Whoever asked may have gone.
        let _ = answer.send(begun);
    }

    /// What the remote refused is tried once more when somebody asks: its rules may be others.
    fn release_and_sync(&mut self, answer: oneshot::Sender<u64>) {
        let held = self.outbox.held_slots();
        if held.is_empty() {
            return self.sync(answer);
        }
        let is_releasing = !self.asked.is_empty();
        self.asked.push(answer);
        if !is_releasing {
            self.performer.release(held);
        }
    }

    fn finish(&mut self, finished: Finished) {
        match finished {
            Finished::Kept { results, disk_full } => {
                self.kept(results);
                self.disk_was(disk_full);
            }
            Finished::Fetched(outcome) => self.fetched(*outcome),
            Finished::Pushed(outcome) => self.pushed(*outcome),
            Finished::Released { slots, results } => self.released(slots, results),
            Finished::Settled { settling, result } => self.settled(settling, result),
            Finished::Looked(result) => self.looked(result),
            Finished::Tidied(result) => self.tidied(result),
            Finished::Projected(tree) => {
                debug!(repository = %self.performer.name, foreign = tree.foreign().len(), "Projected");
                self.tree_is_back(*tree);
            }
            Finished::TreeLooked(looked) => self.tree_looked(*looked),
            Finished::EditKept {
                dealt,
                moved_from,
                kept,
            } => self.edit_kept(dealt, moved_from, kept),
        }
    }

    /// Writes the next files that may not be what is shown, unless some are being written.
    fn project(&mut self) {
        let topics = self.unprojected.iter();
        let topics = topics.filter(|topic| !self.hand_edits.is_keeping(topic));
        let topics: Vec<Topic> = topics.take(PROJECT_MAX).cloned().collect();
        if topics.is_empty() {
            return;
        }
        let Some(tree) = self.working_tree.take() else {
            return;
        };
        let contents = topics.into_iter().filter_map(|topic| {
            self.unprojected.remove(&topic);
            let content = self.pending.content(&topic).or_else(|| {
                let settled = self.base.threads.get(&topic);
                let settled = settled.filter(|_| !self.pending.is_gone(&topic));
                settled.map(|shown| shown.content.clone())
            });
            // The file of a thread that could not be read may be all that there is of it.
            let is_known = content.is_some() || !self.base.may_hide(&topic);
            is_known.then_some((topic, content))
        });
        let contents = contents.collect();
        let dealt = self.hand_edits.take_dealt();
        self.performer.project(tree, dealt, contents);
    }

    /// Replaces what is shown, where it changed.
    fn show(&mut self) {
        let view = self.engine.view();
        self.condition.state = state_of(view.standing);
        self.condition.paused_until = self.pause.and_then(Pause::until);
        self.condition.held_back = self.pending.held_back_len() as u64;
        self.condition.fetches_ended = self.engine.fetches_finished();
        self.condition.poll_interval = self.engine.poll_interval().into();
        self.condition.trouble = view.trouble.map(|trouble| self.shown_trouble(trouble.kind));
        let before = self.shown.load();
        let same_threads = Arc::ptr_eq(&before.base, &self.base)
            && Arc::ptr_eq(&before.overlay, self.pending.overlay());
        if same_threads && *before.condition == self.condition {
            return;
        }
        let alike = if same_threads {
            Arc::clone(&before.alike)
        } else {
            Arc::default()
        };
        let kind = |condition: &Condition| condition.trouble.as_ref().map(|t| t.kind.clone());
        let is_news = before.condition.state != self.condition.state
            || kind(&before.condition) != kind(&self.condition);
        if is_news {
            let (state, trouble) = (self.condition.state, &self.condition.trouble);
            info!(repository = %self.performer.name, ?state, ?trouble, "State");
        }
        self.shown.store(Arc::new(Snapshot {
            base: Arc::clone(&self.base),
            overlay: Arc::clone(self.pending.overlay()),
            gone: self.pending.gone(),
            pending: self.pending.id_set(),
            held: self.pending.held(),
            condition: Arc::new(self.condition.clone()),
            alike,
        }));
        self.replaced.send_modify(|count| *count += 1);
    }

    fn shown_trouble(&self, kind: TroubleKind) -> ShownTrouble {
        let (message, hint) = self.words.get(&kind).cloned().unwrap_or_else(|| {
            let message = format!("Trouble: {}.", kind.as_str().replace('_', " "));
            (message, "See: watercooler logs".to_owned())
        });
        ShownTrouble {
            kind: kind.as_str().to_owned(),
            message,
            hint,
        }
    }

    /// What was handed to the disk is kept or refused before the loop ends.
    async fn stop(mut self, answer: Option<oneshot::Sender<()>>) {
        while self.submissions.is_keeping() {
            let Some(finished) = self.results.recv().await else {
                break;
            };
            self.finish(finished);
        }
        self.submissions.end();
        self.performer.end_transfers().await;
        self.performer.end_watch().await;
        self.show();
        if let Some(answer) = answer {
            // Whoever asked may have given up waiting.
            let _ = answer.send(());
        }
    }
}

async fn sleep_until(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
