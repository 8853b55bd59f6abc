//! Waits for a condition with a limit, and never for a time.

use std::time::{Duration, Instant};

/// For what has no limit of its own in the contract: long enough for a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at a condition.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `condition` holds; returns how long that took.
///
/// # Panics
/// After `limit`, with `what` was waited for.
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    wait_for(what, limit, || condition().then_some(()));
    start.elapsed()
}

/// Waits until `look` finds something.
///
/// # Panics
/// After `limit`, with `what` was waited for.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        // Nobody unparks: this is the pause between two looks.
        std::thread::park_timeout(LOOK_EVERY);
    }
}
