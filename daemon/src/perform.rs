//! Does what the engine asks for, off the loop: each action is one blocking task whose result
//! comes back to the loop as [`Finished`].

mod hearing;
pub(crate) mod looking;
mod projecting;
mod sending;
mod tidying;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use repository::{Author, Clone as GitClone, Remote, Tidied, Tip, TransferError};
use threads::entry_id::EntryId;
use threads::timestamp::Timestamp;
use threads::topic::Topic;
use tokio::sync::mpsc;
use tracing::{info, info_span};

use crate::base;
use crate::bodies::Bodies;
use crate::damage::Damage;
use crate::handle::NotAccepted;
use crate::lookout::{Changes, Lookout};
use crate::mint::Mint;
use crate::outbox::{KeepError, Keeper, Settling, Slot};
use crate::perform::looking::{Dealt, TreeLooked};
use crate::snapshot::{Base, Content};
use crate::transfer::Link;
use crate::vanished::{Loss, Vanished, VanishedFile};
use crate::working_tree::WorkingTree;

/// How many operations of a push the log names.
const IDS_MAX: usize = 20;

/// What one repository's actions work on.
#[derive(Clone, Debug)]
pub(crate) struct Performer {
    pub(crate) name: String,
    pub(crate) clone: Arc<GitClone>,
    pub(crate) keeper: Keeper,
    pub(crate) bodies: Bodies,
    pub(crate) damage: Damage,
    /// None where our own branch is the truth.
    pub(crate) remote: Option<Remote>,
    /// To the remote.
    pub(crate) link: Arc<Link>,
    pub(crate) author: Author,
    pub(crate) vanished_file: VanishedFile,
    /// Over the working tree.
    pub(crate) lookout: Lookout,
    /// Where that changed.
    pub(crate) changes: Arc<Changes>,
    /// Entry-IDs.
    pub(crate) mint: Arc<Mint>,
    /// Whose the working tree is: the author of what is done by hand.
    pub(crate) person: String,
    pub(crate) results: mpsc::Sender<Finished>,
}

/// What came of an action.
#[derive(Debug)]
pub(crate) enum Finished {
    /// Of a batch for the outbox, in its order.
    Kept {
        results: Vec<Result<(), NotAccepted>>,
        /// What the system said, where there was no room.
        disk_full: Option<String>,
    },
    /// Of a fetch.
    Fetched(Box<FetchOutcome>),
    /// Of a push, or of commits into our own branch.
    Pushed(Box<PushOutcome>),
    /// Of putting held operations back among those that wait, in their order.
    Released {
        slots: Vec<Slot>,
        results: Vec<Result<(), KeepError>>,
    },
    /// Of moving done operations from the outbox to the answers.
    Settled {
        settling: Settling,
        result: Result<(), KeepError>,
    },
    /// Of looking whether the outbox can be written again.
    Looked(Result<(), KeepError>),
    /// Of making the clone small.
    Tidied(Result<Tidied, TransferError>),
    /// Of writing files into the working tree, which is given back.
    Projected(Box<WorkingTree>),
    /// Of a look at the working tree.
    TreeLooked(Box<TreeLooked>),
    /// Of an edit's operation.
    EditKept {
        dealt: Dealt,
        /// Whose file got this name.
        moved_from: Option<Topic>,
        kept: bool,
    },
}

/// What came of a fetch.
#[derive(Debug)]
pub(crate) struct FetchOutcome {
    pub(crate) took: Duration,
    /// The clone should be made small.
    pub(crate) cluttered: bool,
    pub(crate) result: Result<Fetched, TransferError>,
}

/// A fetch that went through.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) base: Arc<Base>,
    pub(crate) changed: Vec<Topic>,
    pub(crate) branch: String,
    /// Who wrote what is new; see [`base::writers`].
    pub(crate) writers: BTreeSet<u64>,
    /// The tip before, where the new one does not descend from it.
    pub(crate) rewritten: Option<Tip>,
    /// Entries that stood in the base before and do not in this one.
    pub(crate) vanished: Option<Loss>,
    /// Pending operations that the tip before held: they are done.
    pub(crate) landed: Vec<EntryId>,
    /// Those of them whose entries had been taken out before that.
    pub(crate) taken_out: Vec<Loss>,
    /// The clone was made anew.
    pub(crate) renewed: bool,
    pub(crate) bytes_received: u64,
}

/// What came of a push.
#[derive(Debug, Default)]
pub(crate) struct PushOutcome {
    /// What each exchange with the remote took.
    pub(crate) exchanges: Vec<Duration>,
    /// The clone should be made small.
    pub(crate) cluttered: bool,
    /// On the remote, in order.
    pub(crate) done: Vec<EntryId>,
    /// Refused by the remote's rules, and set aside with its words.
    pub(crate) held: Vec<(Slot, String)>,
    /// Of what is on the remote: entries that its history alone still holds.
    pub(crate) taken_out: Vec<Loss>,
    /// What the remote said of those: a message and a hint.
    pub(crate) refused: Option<(String, String)>,
    /// The base of the new tip, where there is one.
    pub(crate) base: Option<Arc<Base>>,
    pub(crate) changed: Vec<Topic>,
    pub(crate) bytes_sent: u64,
    /// Why what is neither done nor held is still pending.
    pub(crate) failure: Option<PushFailure>,
}

/// Why a push did not go through.
#[derive(Debug)]
pub(crate) enum PushFailure {
    /// The remote moved; whether to come again at once.
    Rejected { at_once: bool },
    /// It may have gone through.
    Unknown(TransferError),
    /// It did not.
    Failed(TransferError),
    /// The remote's rules refuse all of it, as far as was tried.
    Refused,
}

impl Performer {
    /// Whether our own branch is the truth.
    pub(crate) fn is_local(&self) -> bool {
        self.remote.is_none()
    }

    /// Makes operations durable.
    pub(crate) fn keep(&self, batch: Vec<Slot>) {
        self.start(move |performer| {
            let results = performer.keeper.keep_all(&batch);
            let disk_full = results.iter().find_map(|result| match result {
                Err(KeepError::DiskFull(error)) => Some(error.to_string()),
                Ok(()) | Err(KeepError::NotDurable(_) | KeepError::Uncertain(_)) => None,
            });
            Finished::Kept {
                results: results.into_iter().map(|r| r.map_err(not_kept)).collect(),
                disk_full,
            }
        });
    }

    /// Learns the remote's tip.
    pub(crate) fn fetch(&self, before: Arc<Base>, pending: Vec<Slot>) {
        self.start(move |performer| {
            let begun = Instant::now();
            let result = performer.fetch_now(&before, &pending);
            Finished::Fetched(Box::new(FetchOutcome {
                took: begun.elapsed(),
                cluttered: result
                    .as_ref()
                    .is_ok_and(|fetched| fetched.base.tip != before.tip)
                    && performer.is_cluttered(),
                result,
            }))
        });
    }

    /// Notes what vanished; the write with the greatest number stays.
    pub(crate) fn note(&self, vanished: Vanished, number: u64) {
        let file = self.vanished_file.clone();
        tokio::task::spawn_blocking(move || file.write(&vanished, number));
    }

    /// Moves done operations from the outbox to the answers.
    pub(crate) fn settle(&self, settling: Settling) {
        self.start(move |performer| {
            let result = performer.keeper.settle(&settling);
            Finished::Settled { settling, result }
        });
    }

    /// Looks whether the outbox can be written again.
    pub(crate) fn look_for_room(&self) {
        self.start(|performer| Finished::Looked(performer.keeper.look_for_room()));
    }

    /// Puts the operations on the tip and sends them; at most `room_to_hold` of them are set aside
    /// where the remote's rules refuse them.
    pub(crate) fn push(&self, before: Arc<Base>, slots: Vec<Slot>, room_to_hold: usize) {
        let span = info_span!("push", repository = %self.name, ids = %ids(&slots));
        self.start(move |performer| {
            let _in = span.enter();
            let mut outcome = performer.push_now(&before, &slots, room_to_hold);
            outcome.cluttered = !outcome.done.is_empty() && performer.is_cluttered();
            let (done, held) = (outcome.done.len(), outcome.held.len());
            info!(done, held, took = ?outcome.took(), "Push ended");
            Finished::Pushed(Box::new(outcome))
        });
    }

    /// Puts held operations back among those that wait.
    pub(crate) fn release(&self, slots: Vec<Slot>) {
        self.start(move |performer| {
            let results = performer.keeper.release_all(&slots);
            Finished::Released { slots, results }
        });
    }

    /// Writes files into the working tree; no content removes the file.
    pub(crate) fn project(
        &self,
        mut tree: WorkingTree,
        dealt: Vec<Dealt>,
        contents: Vec<(Topic, Option<Content>)>,
    ) {
        self.start(move |performer| {
            performer.remember_dealt(&mut tree, dealt);
            performer.project_now(&mut tree, &contents);
            Finished::Projected(Box::new(tree))
        });
    }

    /// Ends what runs for the remote, and waits for that.
    pub(crate) async fn end_transfers(&self) {
        let link = Arc::clone(&self.link);
        // It does not panic, and where it is not run everything ends anyway.
        let _ = tokio::task::spawn_blocking(move || link.end()).await;
    }

    fn start(&self, work: impl FnOnce(&Self) -> Finished + Send + 'static) {
        let performer = self.clone();
        tokio::task::spawn_blocking(move || {
            let finished = work(&performer);
            // The loop may have ended; its outbox is read again at the next start.
            let _ = performer.results.blocking_send(finished);
        });
    }

    fn fetch_now(&self, before: &Arc<Base>, pending: &[Slot]) -> Result<Fetched, TransferError> {
        let remote = self.remote.as_ref().expect("only a remote is fetched");
        let fetched = self.link.fetch(remote)?;
        let base = base::advance(&self.clone, before, fetched.tip.as_ref())?;
        let changed = base::changed(before, &base);
        let rewritten = fetched.rewritten.is_some();
        let landed = if base.tip == before.tip {
            Vec::new()
        } else {
            self.landed(before, pending, rewritten)?
        };
        Ok(Fetched {
            vanished: self.vanished(before, &base, &changed, rewritten)?,
            taken_out: self.taken_out(before, &base, pending, &landed)?,
            landed,
            writers: base::writers(before, &base, &changed),
            base,
            changed,
            branch: fetched.branch,
            rewritten: fetched.rewritten,
            renewed: false,
            bytes_received: fetched.bytes_received,
        })
    }
}

impl PushOutcome {
    /// What one exchange took.
    pub(crate) fn took(&self) -> Duration {
        self.exchanges.last().copied().unwrap_or_default()
    }

    /// The Entry-IDs of what was set aside.
    pub(crate) fn held_ids(&self) -> Vec<EntryId> {
        self.held
            .iter()
            .map(|(slot, _)| slot.kept.operation.id.clone())
            .collect()
    }
}

/// The Entry-IDs, which stand in the remote's history too: of many, the first ones.
fn ids(slots: &[Slot]) -> String {
    let shown = slots.iter().take(IDS_MAX);
    let mut ids: Vec<String> = shown
        .map(|slot| slot.kept.operation.id.to_string())
        .collect();
    if slots.len() > IDS_MAX {
        ids.push(format!("and {} more", slots.len() - IDS_MAX));
    }
    ids.join(" ")
}

fn not_kept(error: KeepError) -> NotAccepted {
    match error {
        KeepError::DiskFull(error) | KeepError::NotDurable(error) => {
            NotAccepted::NotDurable(error.to_string())
        }
        KeepError::Uncertain(error) => NotAccepted::Uncertain(error.to_string()),
    }
}

/// The time, in the whole seconds that files hold.
pub(crate) fn unix_now() -> Timestamp {
    Timestamp::from_unix_seconds(jiff::Timestamp::now().as_second())
}
