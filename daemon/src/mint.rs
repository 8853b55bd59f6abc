//! Makes Entry-IDs: ULIDs that only grow on this machine.

use std::sync::{Mutex, PoisonError};

use threads::entry_id::EntryId;
use ulid::Generator;

/// Makes Entry-IDs.
#[derive(Debug)]
pub(crate) struct Mint(
    // Held for one draw; nobody waits for anything else inside.
    Mutex<Generator>,
);

impl Mint {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Generator::new()))
    }

    /// The next ID, greater than every one before.
    pub(crate) fn draw(&self) -> EntryId {
        let mut generator = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = generator
            .generate()
            .unwrap_or_else(|overflow| overflow.commit_overflow_increment());
        EntryId::parse(&drawn.to_string()).expect("a ULID is an Entry-ID")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_only_grow() {
        let mint = Mint::new();
        let drawn: Vec<EntryId> = (0..1000).map(|_| mint.draw()).collect();
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
