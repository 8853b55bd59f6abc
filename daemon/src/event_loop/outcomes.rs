//! What the workers' results mean for one repository.

use jiff::Timestamp;
use repository::TransferError;
use sync_engine::delivery::{self, Stopped};
use sync_engine::event::Event;
use sync_engine::moment::Span;
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;
use tracing::{debug, warn};

use crate::event_loop::EventLoop;
use crate::handle::NotAccepted;
use crate::outbox::{KeepError, Slot, Written};
use crate::perform::{FetchOutcome, Fetched, PushFailure, PushOutcome, unix_now};

impl EventLoop {
    /// A batch was handed to the disk; this is what came of each operation, in order.
    pub(super) fn kept(&mut self, results: Vec<Result<(), NotAccepted>>) {
        let batch = self.submissions.take_batch();
        let mut kept = Vec::new();
        for (slot, result) in batch.into_iter().zip(results) {
            let id = slot.kept.operation.id.clone();
            match result {
                Ok(()) => {
                    self.outbox.kept(&id);
                    self.unprojected.insert(slot.kept.operation.topic.clone());
                    kept.push(slot.kept);
                }
                Err(why) => {
                    warn!(repository = %self.performer.name, ?why, "An operation was not kept");
                    self.outbox.not_kept(&id);
                    self.tell(Event::NotKept { id: id.clone() });
                    self.submissions.refuse(&id, &why);
                }
            }
        }
        let accepted: Vec<EntryId> = kept.iter().map(|kept| kept.operation.id.clone()).collect();
        self.pending.push_all(kept, &self.base, &self.performer);
        for id in &accepted {
            self.tell(Event::Kept { id: id.clone() });
        }
        // Shown before it is answered, so that a writer reads its own entry at once.
        self.show();
        for id in accepted {
            self.submissions.accept(&id);
        }
        self.keep_next();
    }

    /// A fetch ended.
    pub(super) fn fetched(&mut self, outcome: FetchOutcome) {
        let took = Span::from(outcome.took);
        self.metrics.fetches.record(outcome.took);
        match outcome.result {
            Ok(fetched) => {
                self.metrics.bytes_received.add(fetched.bytes_received);
                self.heard(&fetched);
                let moved = fetched.base.tip != self.base.tip;
                let was_whole = self.base_is_whole();
                if moved || fetched.renewed {
                    self.unprojected.extend(fetched.changed.iter().cloned());
                    self.unprojected.extend(self.pending.topics().cloned());
                    self.base = fetched.base;
                    self.pending.rebase(&self.base, &self.performer);
                    if !was_whole {
                        self.doubt_files();
                    }
                }
                if fetched.renewed {
                    self.mended();
                }
                if outcome.cluttered {
                    self.tell(Event::Cluttered);
                }
                let writers = u32::try_from(fetched.writers.len()).unwrap_or(u32::MAX);
                for writer in fetched.writers {
                    self.tell(Event::WriterSeen { writer });
                }
                self.tell(Event::Fetched {
                    moved,
                    writers,
                    took,
                });
            }
            Err(error) => {
                let trouble = self.trouble(&error);
                self.metrics.retries.add(1);
                self.tell(Event::FetchFailed { trouble });
            }
        }
    }

    fn heard(&mut self, fetched: &Fetched) {
        self.condition.fetched_at = Some(Timestamp::now());
        self.condition.branch = Some(fetched.branch.clone());
        if let Some(old) = &fetched.rewritten {
            warn!(repository = %self.performer.name, %old, "The remote's history was rewritten");
        }
        self.landed(&fetched.landed);
        self.compared(fetched);
    }

    /// A push ended.
    pub(super) fn pushed(&mut self, mut outcome: PushOutcome) {
        let took = Span::from(outcome.took());
        for exchange in &outcome.exchanges {
            self.metrics.pushes.record(*exchange);
        }
        self.metrics.bytes_sent.add(outcome.bytes_sent);
        if outcome.cluttered {
            self.tell(Event::Cluttered);
        }
        if !outcome.done.is_empty() || !outcome.held.is_empty() {
            self.pending.go_on();
            self.advance(&outcome);
        }
        self.taken_out(std::mem::take(&mut outcome.taken_out));
        if let Some(words) = &outcome.refused {
            self.words.insert(TroubleKind::PushRefused, words.clone());
        }
        let stopped = outcome.failure.take().map(|failure| self.stopped(failure));
        let held = outcome.held_ids();
        for event in delivery::events(outcome.done, held, stopped, took) {
            self.tell(event);
        }
    }

    fn stopped(&mut self, failure: PushFailure) -> Stopped {
        self.metrics.push_failures.add(1);
        self.metrics.retries.add(1);
        match failure {
            PushFailure::Rejected { at_once } => {
                self.metrics.conflicts.add(1);
                Stopped::Rejected { at_once }
            }
            PushFailure::Refused => {
                self.pending.hold_back();
                Stopped::Failed(Trouble::new(TroubleKind::PushRefused))
            }
            PushFailure::Unknown(error) => Stopped::Unknown(self.trouble(&error)),
            PushFailure::Failed(error) => Stopped::Failed(self.trouble(&error)),
        }
    }

    /// Part of what was pending is on the remote, or set aside.
    fn advance(&mut self, outcome: &PushOutcome) {
        if let Some(base) = &outcome.base {
            self.base = std::sync::Arc::clone(base);
        }
        if !outcome.done.is_empty() && !self.performer.is_local() {
            self.condition.pushed_at = Some(Timestamp::now());
            self.condition.fetched_at = self.condition.pushed_at;
        }
        self.condition.held += outcome.held.len() as u64;
        self.unprojected.extend(outcome.changed.iter().cloned());
        self.unprojected.extend(self.pending.topics().cloned());
        self.pending.remove(&outcome.done, &outcome.held_ids());
        self.pending.rebase(&self.base, &self.performer);
        let now = unix_now();
        for (slot, reason) in &outcome.held {
            self.outbox.held(slot, reason.clone(), now);
        }
        // The snapshot that is replaced next holds the entries at their final places.
        self.settle_done(&outcome.done);
    }

    /// Moves done operations to the answers, with their entries' places in what is shown.
    pub(super) fn settle_done(&self, done: &[EntryId]) {
        let done = done.iter().map(|id| (id.clone(), self.written(id)));
        let settling = self.outbox.settling(done.collect::<Vec<_>>(), unix_now());
        self.performer.settle(settling);
    }

    /// Held operations wait again, and whoever asked for that is served.
    pub(super) fn released(&mut self, slots: Vec<Slot>, results: Vec<Result<(), KeepError>>) {
        let mut released = Vec::new();
        for (slot, result) in slots.into_iter().zip(results) {
            let id = slot.kept.operation.id.clone();
            match result {
                Ok(()) => {
                    self.outbox.released(&slot);
                    self.unprojected.insert(slot.kept.operation.topic.clone());
                    self.condition.held -= 1;
                    released.push(slot.kept);
                }
                Err(error) => {
                    warn!(repository = %self.performer.name, %id, %error, "A held operation stays held");
                }
            }
        }
        let ids: Vec<EntryId> = released
            .iter()
            .map(|kept| kept.operation.id.clone())
            .collect();
        self.pending.release(released, &self.base, &self.performer);
        for id in ids {
            self.tell(Event::Kept { id });
        }
        if self.condition.held == 0 {
            let kind = TroubleKind::PushRefused;
            self.tell(Event::TroubleGone { kind });
        }
        for answer in std::mem::take(&mut self.asked) {
            self.sync(answer);
        }
    }

    /// How the thread of a done operation stands.
    fn written(&self, id: &EntryId) -> Written {
        let slot = self.outbox.slot(id);
        let topic = slot.as_ref().map(|slot| &slot.kept.operation.topic);
        let shown = topic.and_then(|topic| {
            self.pending
                .overlay()
                .get(topic)
                .or_else(|| self.base.threads.get(topic))
        });
        shown.map_or_else(Written::default, |shown| Written {
            index: shown.summary.place_of(id).map(|index| index as u64),
            ball: shown.summary.ball.clone(),
            status: shown.summary.status.clone(),
        })
    }

    fn trouble(&mut self, error: &TransferError) -> Trouble {
        let kind = kind_of(error);
        let words = (error.message.clone(), error.hint.clone());
        let source = std::error::Error::source(error).map(ToString::to_string);
        let shown = self.condition.trouble.as_ref();
        let stands = shown.is_some_and(|shown| shown.kind == kind.as_str())
            && self.words.get(&kind) == Some(&words);
        // A remote that is away for days is away at every poll.
        if stands {
            debug!(repository = %self.performer.name, kind = kind.as_str(), "Still in trouble");
        } else {
            warn!(repository = %self.performer.name, kind = kind.as_str(), message = %error.message, source, "Trouble");
        }
        self.words.insert(kind, words);
        if kind == TroubleKind::Damaged {
            self.performer.damage.met();
        }
        Trouble {
            retry_after: error.retry_after_seconds.map(Span::from_secs),
            ..Trouble::new(kind)
        }
    }
}

fn kind_of(error: &TransferError) -> TroubleKind {
    TroubleKind::parse(error.kind.as_str()).expect("both crates name the contract's kinds")
}
