//! Whether a part of the clone that is needed could not be read: noticed by whoever meets it, acted
//! on by the loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether one repository's clone was found damaged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Damage(Arc<AtomicBool>);

impl Damage {
    /// Something could not be read.
    pub(crate) fn met(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether something could not be, since the last mending.
    pub(crate) fn is_met(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The clone was made anew.
    pub(crate) fn mended(&self) {
        self.0.store(false, Ordering::Release);
    }
}
