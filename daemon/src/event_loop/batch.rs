//! How many of the pending operations one push takes; the rest goes with the next, right after. All
//! of a push share a deadline, so that it must not be too much work for a slow machine.

use threads::topic::Topic;

use crate::outbox::Slot;

/// How many operations at most.
const OPERATIONS_MAX: usize = 1_000;

/// How many bytes of text in them at most, where it is more than one operation: what one frame to
/// the worker is for.
const BYTES_MAX: usize = 16 << 20;

/// How many bytes of threads they may make at most, where it is more than one operation: each is a
/// version of its whole thread, which is hashed and packed. A machine with much else to do was
/// measured at 40 MB a second.
const VERSIONS_BYTES_MAX: usize = 256 << 20;

/// The first that one push takes, in their order; one at least. `text_len` says how long a thread is
/// once all are in it.
pub(super) fn first(slots: Vec<Slot>, text_len: impl Fn(&Topic) -> usize) -> Vec<Slot> {
    let mut room = Room::default();
    let fits = |slot: &Slot| room.takes(slot.weight(), text_len(&slot.kept.operation.topic));
    slots.into_iter().take_while(fits).collect()
}

/// What a push has taken so far.
#[derive(Debug, Default)]
struct Room {
    operations: usize,
    bytes: usize,
    versions_bytes: usize,
}

impl Room {
    fn takes(&mut self, bytes: usize, version_bytes: usize) -> bool {
        self.operations += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.versions_bytes = self.versions_bytes.saturating_add(version_bytes);
        self.operations == 1
            || (self.operations <= OPERATIONS_MAX
                && self.bytes <= BYTES_MAX
                && self.versions_bytes <= VERSIONS_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_takes_one_operation_at_least_and_no_more_than_each_limit() {
        let check = |bytes: usize, version_bytes: usize, expected: usize| {
            let mut room = Room::default();
            let taken = (0..).take_while(|_| room.takes(bytes, version_bytes));
            assert_eq!(taken.count(), expected, "{bytes} {version_bytes}");
        };
        check(0, 0, OPERATIONS_MAX);
        check(BYTES_MAX / 4, 0, 4);
        check(BYTES_MAX / 4 + 1, 0, 3);
        check(0, VERSIONS_BYTES_MAX / 5, 5);
        check(0, VERSIONS_BYTES_MAX / 5 + 1, 4);
        check(BYTES_MAX + 1, VERSIONS_BYTES_MAX + 1, 1);
        check(usize::MAX, usize::MAX, 1);
    }
}
