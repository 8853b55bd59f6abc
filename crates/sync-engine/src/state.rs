//! How things stand: for the daemon's log ([`State`]) and for people ([`View`]).

use crate::moment::Moment;
use crate::trouble::Trouble;

/// What kind of place the repository's truth is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A remote that is fetched and pushed.
    Remote {
        /// Whether pushes are counted; false for file and loopback remotes.
        metered_budget: bool,
    },
    /// Our own branch; a push is a commit into it.
    Local,
}

/// What the engine does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing, until the next poll or write.
    Resting,
    /// A fetch is under way.
    Fetching,
    /// A push is under way.
    Pushing,
    /// It waits before it tries again by itself.
    Pausing {
        /// When it does.
        until: Moment,
        /// How many times in a row it did not work.
        attempt: u32,
    },
    /// The credential is left alone.
    SignedOut {
        /// When it is tried again even though nothing changed.
        until: Moment,
    },
    /// A person is needed.
    Attention {
        /// When it looks again even though nothing changed.
        until: Moment,
    },
    /// The user wants quiet. Work that was under way may still end.
    Paused {
        /// When that ends by itself.
        until: Option<Moment>,
    },
}

/// How a repository stands, in the words of the contract, section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing to fetch or push, as far as we know.
    Synced,
    /// The first fetch is under way, or operations are pending, without trouble.
    Syncing,
    /// The remote cannot be reached.
    Offline,
    /// The user wants quiet.
    Paused,
    /// A credential is missing or refused.
    SignedOut,
    /// A person is needed.
    Attention,
    /// There is no remote.
    Local,
}

impl Standing {
    /// The state's name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Syncing => "syncing",
            Self::Offline => "offline",
            Self::Paused => "paused",
            Self::SignedOut => "signed_out",
            Self::Attention => "attention",
            Self::Local => "local",
        }
    }
}

/// What people are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// In one word.
    pub standing: Standing,
    /// What stands in the way; also shown while paused.
    pub trouble: Option<Trouble>,
    /// How many durable operations are not on the remote yet.
    pub pending: usize,
}
