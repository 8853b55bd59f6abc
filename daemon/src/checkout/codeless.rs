//! Places that lately lay in no checkout: a write from one of them waits for no look at the disk.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long that is believed; a checkout may be made there.
const BELIEVED_FOR: Duration = Duration::from_secs(5);

/// How many places are remembered.
const PLACES_MAX: usize = 256;

/// Places that lately lay in no checkout.
#[derive(Debug, Default)]
pub(crate) struct Codeless {
    // Held to look up or to note the places of one call.
    places: Mutex<HashMap<PathBuf, Instant>>,
}

impl Codeless {
    /// Whether none of the places is worth a look.
    pub(crate) fn holds(&self, places: &[PathBuf], now: Instant) -> bool {
        let known = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Instant| now.saturating_duration_since(*at) < BELIEVED_FOR;
        places
            .iter()
            .all(|place| known.get(place).is_some_and(is_recent))
    }

    /// None of the places lies in a checkout.
    pub(crate) fn note(&self, places: Vec<PathBuf>, now: Instant) {
        let mut known = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        for place in places {
            if known.len() >= PLACES_MAX {
                known.clear();
            }
            known.insert(place, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_believed_for_a_while_and_not_too_many() {
        let (codeless, now) = (Codeless::default(), Instant::now());
        let place = |number: usize| PathBuf::from(format!("/{number}"));
        codeless.note(vec![place(0), place(1)], now);
        assert!(codeless.holds(&[place(0), place(1)], now));
        assert!(!codeless.holds(&[place(0), place(2)], now));
        assert!(!codeless.holds(&[place(0)], now + BELIEVED_FOR));
        codeless.note((0..=PLACES_MAX).map(place).collect(), now);
        assert!(codeless.holds(&[place(PLACES_MAX)], now));
        assert!(codeless.places.lock().unwrap().len() <= PLACES_MAX);
    }
}
