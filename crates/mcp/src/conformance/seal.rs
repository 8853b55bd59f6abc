//! State that a client hands back, unchanged or not at all.

use std::{collections::hash_map::RandomState, hash::BuildHasher, sync::LazyLock};

// Keyed by the operating system's randomness: each request is served by a server of its own, and a
// state passes from one to the next.
static KEYED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The state, sealed.
pub(super) fn sealed(state: &str) -> String {
    format!("{state}.{:016x}", KEYED.hash_one(state))
}

/// The state of an unbroken seal.
pub(super) fn opened(sealed_state: &str) -> Option<&str> {
    let (state, _) = sealed_state.rsplit_once('.')?;
    (sealed(state) == sealed_state).then_some(state)
}
