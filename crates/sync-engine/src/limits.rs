//! The spans that an engine keeps to: what a person can set, and what is fixed.

use crate::moment::Span;

/// How many operations may be pending or about to be kept at once; the next write is refused.
///
/// Source: the outbox's limit in the design, section 2.
pub const PENDING_MAX: usize = 10_000;

/// How long a server may tell us to stay away; a longer `Retry-After` is cut to this.
pub const RETRY_AFTER_MAX: Span = Span::from_secs(60 * 60);

/// How late a timeout must come for us to believe that the machine slept.
pub const SLEEP_MIN: Span = Span::from_secs(10);

/// The spans of one repository; [`Limits::default`] has those of the contract, section 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Between two polls while somebody is active.
    pub poll_active: Span,
    /// Between two polls when nobody has been active for long.
    pub poll_idle: Span,
    /// How long a write that follows another one closely waits for more to go with it.
    pub push_delay: Span,
    /// How long the first of such writes waits at most.
    pub gather_max: Span,
    /// How long somebody counts as active after what they did last.
    pub active_window: Span,
    /// The first back-off after trouble; it doubles from here.
    pub backoff_min: Span,
    /// The greatest back-off after trouble. A remote that cannot be reached is tried at least each
    /// `poll_idle` while something is pending or somebody is active.
    pub backoff_max: Span,
    /// How long a refused credential is left alone.
    pub auth_pause: Span,
    /// How long another writer counts for the push budget after it was last seen.
    pub writers_window: Span,
}

impl Limits {
    /// The same with polls so many times slower: on a battery, or where bytes are paid for.
    #[must_use]
    pub fn slowed(&self, times: u32) -> Self {
        Self {
            poll_active: self.poll_active * u64::from(times.max(1)),
            poll_idle: self.poll_idle * u64::from(times.max(1)),
            ..self.clone()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            poll_active: Span::from_secs(5),
            poll_idle: Span::from_secs(60),
            push_delay: Span::from_ms(300),
            gather_max: Span::from_secs(3),
            active_window: Span::from_secs(2 * 60),
            backoff_min: Span::from_secs(1),
            backoff_max: Span::from_secs(5 * 60),
            auth_pause: Span::from_secs(15 * 60),
            writers_window: Span::from_secs(5 * 60),
        }
    }
}
