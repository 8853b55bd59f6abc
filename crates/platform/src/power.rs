//! What exchanges cost on this machine now: whether it runs on its battery, and whether somebody
//! pays for the bytes.

use crate::os;

/// Whether this machine runs on a battery; false where that is not known.
#[must_use]
pub fn on_battery() -> bool {
    os::on_battery()
}

/// Whether the network in use is paid for by the byte, as far as the system says so without much
/// ado; false where that is not known, as on macOS and Windows. May wait for
/// [`METERED_WAIT_MAX_SECONDS`].
#[must_use]
pub fn is_metered() -> bool {
    os::is_metered()
}

/// How long the system may take to say whether the network is metered.
pub const METERED_WAIT_MAX_SECONDS: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_asked_at_any_time() {
        assert_eq!(on_battery(), on_battery());
        let begun = std::time::Instant::now();
        let _depends_on_the_machine = is_metered();
        assert!(begun.elapsed().as_secs() <= METERED_WAIT_MAX_SECONDS * 10);
    }
}
