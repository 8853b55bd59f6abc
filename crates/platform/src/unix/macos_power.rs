//! The battery, as macOS tells of it.

/// Mains: the time that is left has no limit. Source: `IOKit/ps/IOPowerSources.h`, where -1 stands
/// for a battery whose time is not known yet.
const UNLIMITED: f64 = -2.0;

#[expect(unsafe_code, reason = "the standard library has no call for it")]
#[link(name = "IOKit", kind = "framework")]
unsafe extern "C" {
    fn IOPSGetTimeRemainingEstimate() -> f64;
}

#[expect(unsafe_code, reason = "the standard library has no call for it")]
pub(crate) fn on_battery() -> bool {
    // SAFETY: it takes nothing and gives a number.
    let left = unsafe { IOPSGetTimeRemainingEstimate() };
    (left - UNLIMITED).abs() > f64::EPSILON
}

/// The system tells it to those alone who watch a path of its own framework.
pub(crate) fn is_metered() -> bool {
    false
}
