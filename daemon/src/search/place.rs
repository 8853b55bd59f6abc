//! The two orders of a search: in which entries are looked at, and in which hits are shown.

use std::cmp::Reverse;

use sha2::{Digest as _, Sha256};

use super::query::Stands;

/// How far a search is: newest threads first, and in a thread the newest entries first. What comes
/// later is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Unix second of the thread's newest entry.
    pub(crate) updated: Reverse<i64>,
    /// The thread.
    pub(crate) thread: ThreadKey,
    /// The entry, which was looked at.
    pub(crate) index: Reverse<u64>,
}

/// How good a hit is; what is better is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// Title before body.
    pub(crate) stands: Stands,
    /// Unix second of the entry; newest first.
    pub(crate) at: Reverse<i64>,
    /// So that no two are equal.
    pub(crate) thread: ThreadKey,
    /// So that no two are equal; in a thread the newest first.
    pub(crate) index: Reverse<u64>,
}

/// What stands for a topic where only its place in an order counts: a cursor holds nothing that
/// others wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ThreadKey(pub(crate) u64);

impl ThreadKey {
    /// Of that topic.
    pub(crate) fn of(topic: &str) -> Self {
        Self(first_eight(topic))
    }
}

/// The first eight bytes of a text's SHA-256.
pub(super) fn first_eight(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    u64::from_le_bytes(std::array::from_fn(|place| digest[place]))
}
