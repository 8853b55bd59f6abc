//! Moments for the engines, counted from the daemon's start.

use std::time::Duration;

use sync_engine::moment::Moment;
use tokio::time::Instant;

/// Counts from the daemon's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that stands at zero.
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Where it stands.
    pub(crate) fn now(&self) -> Moment {
        Moment::from_ms(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// When it will stand there.
    pub(crate) fn instant(&self, moment: Moment) -> Instant {
        self.start + Duration::from_millis(moment.as_ms())
    }
}
