//! The battery, as Windows tells of it.

use windows_sys::Win32::System::Power::{GetSystemPowerStatus, SYSTEM_POWER_STATUS};

/// `ACLineStatus` without mains. Source: the documentation of `SYSTEM_POWER_STATUS`.
const OFFLINE: u8 = 0;

#[expect(unsafe_code, reason = "the standard library has no call for it")]
pub(crate) fn on_battery() -> bool {
    let mut status = SYSTEM_POWER_STATUS::default();
    // SAFETY: one structure is written, of its own size.
    let known = unsafe { GetSystemPowerStatus(&raw mut status) } != 0;
    known && status.ACLineStatus == OFFLINE
}

/// The system tells it through objects of its own alone.
pub(crate) fn is_metered() -> bool {
    false
}
