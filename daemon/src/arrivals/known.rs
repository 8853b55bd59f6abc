//! Which entries have arrived: a number for each, by topic and mark.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use crate::arrivals::Arrival;

/// How many are held apart before they are sorted in.
const RECENT_MAX: usize = 4096;

/// The entries that arrived; eight bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    sorted: Vec<u64>,
    recent: HashSet<u64>,
}

impl Known {
    /// Those numbers, in any order.
    pub(super) fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        Self {
            sorted: numbers,
            recent: HashSet::new(),
        }
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.recent.contains(&number) || self.sorted.binary_search(&number).is_ok()
    }

    pub(super) fn insert(&mut self, number: u64) {
        if self.contains(number) {
            return;
        }
        self.recent.insert(number);
        // Where very many come at once they are sorted in a few times, not at every few thousand.
        if self.recent.len() > RECENT_MAX.max(self.sorted.len()) {
            self.sorted = self.sorted();
            self.recent.clear();
        }
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(u64) -> bool) {
        self.sorted.retain(|number| is_kept(*number));
        self.recent.retain(|number| is_kept(*number));
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.sorted.iter().chain(&self.recent).copied()
    }

    /// All of them, sorted.
    pub(super) fn sorted(&self) -> Vec<u64> {
        let mut all = Vec::with_capacity(self.sorted.len() + self.recent.len());
        all.extend_from_slice(&self.sorted);
        all.extend(&self.recent);
        all.sort_unstable();
        all
    }
}

/// The number of an arrival.
pub(super) fn known_key(arrival: &Arrival) -> u64 {
    mixed(of_topic(&arrival.topic), arrival.key, arrival.nth)
}

/// The topic's part of a number.
pub(super) fn of_topic(topic: &str) -> u64 {
    let digest = Sha256::digest(topic);
    u64::from_le_bytes(std::array::from_fn(|place| digest[place]))
}

/// The number of an entry. It is kept in files, so it never changes; the multiplier and the shift
/// are those of the finaliser of SplitMix64.
pub(super) fn mixed(of_topic: u64, key: u64, nth: u32) -> u64 {
    let sum = of_topic
        .rotate_left(32)
        .wrapping_add(key)
        .wrapping_add(u64::from(nth));
    let mixed = (sum ^ (sum >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}
