//! How one repository stands, in the contract's words: for `status`, `freshness` and answers.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::answer::{Freshness, RepositoryState, Trouble};
use protocol::status::LeftAlone;
use repository::Tip;
use sync_engine::state::Standing;

/// How one repository stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) state: RepositoryState,
    pub(crate) trouble: Option<Trouble>,
    /// The branch that is followed; none before it is known.
    pub(crate) branch: Option<String>,
    /// When the remote was last heard.
    pub(crate) fetched_at: Option<Timestamp>,
    /// When the remote last took something.
    pub(crate) pushed_at: Option<Timestamp>,
    /// Operations that the remote refused, and that were set aside.
    pub(crate) held: u64,
    /// Pending operations that wait because it refused all that was tried; they are tried again.
    pub(crate) held_back: u64,
    /// How often the remote is asked; an age over twice this is told.
    pub(crate) poll_interval: Duration,
    /// When the user's pause ends; none where it has no end, or there is none.
    pub(crate) paused_until: Option<Timestamp>,
    /// What of the working tree is left alone.
    pub(crate) left_alone: Arc<Vec<LeftAlone>>,
    /// How many fetches have ended since the start, for those who wait for a fresh one.
    pub(crate) fetches_ended: u64,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            state: RepositoryState::Syncing,
            trouble: None,
            branch: None,
            fetched_at: None,
            pushed_at: None,
            held: 0,
            held_back: 0,
            poll_interval: Duration::from_secs(60),
            paused_until: None,
            left_alone: Arc::default(),
            fetches_ended: 0,
        }
    }
}

impl Condition {
    /// How fresh a read at `now` is that shows `tip`.
    pub(crate) fn freshness(&self, tip: Option<&Tip>, now: Timestamp) -> Freshness {
        let age = self
            .fetched_at
            .map(|at| now.duration_since(at).as_secs_f64().max(0.0));
        let in_step = matches!(self.state, RepositoryState::Synced | RepositoryState::Local);
        let old = age.is_some_and(|age| age > 2.0 * self.poll_interval.as_secs_f64());
        let local = self.state == RepositoryState::Local;
        Freshness {
            head: tip.map(ToString::to_string),
            fetched_at: self.fetched_at.map(seconds),
            age_seconds: age,
            state: self.state,
            stale: !local && (!in_step || old),
            as_of: self.as_of(),
        }
    }

    /// `10:42, offline`, in the time zone of this machine.
    fn as_of(&self) -> Option<String> {
        let at = self.fetched_at?.to_zoned(jiff::tz::TimeZone::system());
        let words = match self.state {
            RepositoryState::Synced | RepositoryState::Local => "not heard since",
            RepositoryState::Syncing => "syncing",
            RepositoryState::Offline => "offline",
            RepositoryState::Paused => "paused",
            RepositoryState::SignedOut => "needs sign-in",
            RepositoryState::Attention => "needs attention",
        };
        Some(format!("{}, {words}", at.strftime("%H:%M")))
    }

    /// What a write's answer gives as `delivery_reason`.
    pub(crate) fn delivery_reason(&self) -> Option<String> {
        match (&self.trouble, self.state) {
            (_, RepositoryState::Paused) => Some("paused".to_owned()),
            (Some(trouble), _) => Some(trouble.kind.clone()),
            (None, RepositoryState::Local) => None,
            (
                None,
                RepositoryState::Synced
                | RepositoryState::Syncing
                | RepositoryState::Offline
                | RepositoryState::SignedOut
                | RepositoryState::Attention,
            ) => Some("syncing".to_owned()),
        }
    }
}

/// The contract's word for what the engine sees.
pub(crate) fn state_of(standing: Standing) -> RepositoryState {
    match standing {
        Standing::Synced => RepositoryState::Synced,
        Standing::Syncing => RepositoryState::Syncing,
        Standing::Offline => RepositoryState::Offline,
        Standing::Paused => RepositoryState::Paused,
        Standing::SignedOut => RepositoryState::SignedOut,
        Standing::Attention => RepositoryState::Attention,
        Standing::Local => RepositoryState::Local,
    }
}

/// A time as the contract writes it: RFC 3339, whole seconds, `Z`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
