//! What the rest of the daemon holds of one repository: its snapshot to read, its loop to ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use protocol::answer::Origin;
use repository::{Clone as GitClone, Remote};
use threads::entry_id::EntryId;
use threads::operation::Operation;
use tokio::sync::{mpsc, oneshot, watch};

use crate::arrivals::Arrivals;
use crate::asked::Asked;
use crate::damage::Damage;
use crate::mutes::Mutes;
use crate::outbox::Written;
use crate::pauses::Pause;
use crate::reading_marks::ReadingMarks;
use crate::settings::RepositorySettings;
use crate::snapshot::Snapshot;
use crate::teller::Told;
use crate::transfer::Link;

/// How long the loop is not told again that somebody is there: far less than the shortest wait that
/// depends on it, and long enough that a request seldom wakes the loop.
const ACTIVE_AGAIN: Duration = Duration::from_secs(1);

/// What the rest of the daemon holds of one repository.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) name: String,
    pub(crate) settings: RepositorySettings,
    /// The remote as it may be shown.
    pub(crate) url_shown: Option<String>,
    pub(crate) origin: Origin,
    /// What is shown; replaced by the loop alone.
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    /// Counts the replacements, for those who wait for one.
    pub(crate) replaced: watch::Receiver<u64>,
    /// Bodies are read from it; the loop's workers change it.
    pub(crate) clone: Arc<GitClone>,
    /// Told where they cannot be.
    pub(crate) damage: Damage,
    pub(crate) marks: Arc<ReadingMarks>,
    /// About which threads the person wants no popups.
    pub(crate) mutes: Arc<Mutes>,
    /// The folder of the thread files in the working tree.
    pub(crate) folder: std::path::PathBuf,
    /// Which entries arrived here, in order.
    pub(crate) arrivals: Arc<Arrivals>,
    /// Up to where the arrivals and the news are told; its other end goes when the teller ends.
    pub(crate) told: watch::Receiver<Told>,
    /// Up to where each agent asked for updates.
    pub(crate) asked: Arc<Asked>,
    /// None where our own branch is the truth.
    pub(crate) remote: Option<Remote>,
    /// To the remote.
    pub(crate) link: Arc<Link>,
    /// To the loop.
    pub(crate) inbox: mpsc::Sender<Message>,
    /// When the loop was last told that somebody is there.
    // Held for a comparison only.
    pub(crate) told_active: Mutex<Option<Instant>>,
}

/// What a connection asks of a repository's loop.
#[derive(Debug)]
pub(crate) enum Message {
    /// Keep this operation; answered when it is durable and shown.
    Submit(Box<Submission>),
    /// Fetch and push now; answered with how many fetches had begun before this.
    Refresh(oneshot::Sender<u64>),
    /// The same, and what the remote refused is tried once more.
    Sync(oneshot::Sender<u64>),
    /// A credential or a known host was changed: try again, with what there is now.
    CredentialChanged,
    /// The person has seen to what vanished.
    SeenTo,
    /// Exchange nothing for so long, or exchange again.
    Pause(Option<Pause>),
    /// Somebody waits for this operation to be on the remote.
    Await(EntryId),
    /// Somebody reads or writes here.
    Active,
    /// End; answered when nothing of the loop runs on.
    Stop(oneshot::Sender<()>),
}

/// An operation on its way to the outbox.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) operation: Operation,
    /// What makes the very same call recognisable when it is sent again.
    pub(crate) resent_as: Option<String>,
    pub(crate) answer: oneshot::Sender<Result<Accepted, NotAccepted>>,
}

/// A durable operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Its entry; of an earlier operation where the call was a repetition.
    pub(crate) id: EntryId,
    /// Whether the call was a repetition.
    pub(crate) repeated: bool,
    /// How the thread stood when a repeated call's operation was done, where it is done.
    pub(crate) then: Option<Written>,
}

/// Why an operation was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotAccepted {
    /// The key was used with other arguments.
    KeyReused,
    /// The outbox holds as much as it may.
    OutboxFull,
    /// The disk refused it.
    NotDurable(String),
    /// The disk failed in a way that leaves it open whether it was kept.
    Uncertain(String),
    /// The daemon ends.
    Stopping,
}

impl Handle {
    /// A thread could not be read from the clone: the loop looks after it.
    pub(crate) fn report_damage(&self) {
        self.damage.met();
        // Whoever reads is active; a loop with a full inbox looks anyway.
        let _ = self.inbox.try_send(Message::Active);
    }

    /// What is shown now.
    pub(crate) fn shown(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Tells the loop that somebody reads or writes here, unless it was just told.
    pub(crate) fn active(&self, now: Instant) {
        let mut told = self
            .told_active
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|at| now.saturating_duration_since(at) < ACTIVE_AGAIN) {
            return;
        }
        // A full inbox means that the loop is busy with this client's like; it needs no nudge then.
        if self.inbox.try_send(Message::Active).is_ok() {
            *told = Some(now);
        }
    }

    /// Waits until the snapshot satisfies `enough`, for `limit` at most, and gives the last one.
    pub(crate) async fn wait_until(
        &self,
        limit: Duration,
        mut enough: impl FnMut(&Snapshot) -> bool,
    ) -> Arc<Snapshot> {
        let mut replaced = self.replaced.clone();
        let waiting = async {
            loop {
                replaced.mark_unchanged();
                if enough(&self.shown()) || replaced.changed().await.is_err() {
                    return;
                }
            }
        };
        // Running out of time is an outcome like the other: the caller looks at the snapshot.
        let _ = tokio::time::timeout(limit, waiting).await;
        self.shown()
    }
}
