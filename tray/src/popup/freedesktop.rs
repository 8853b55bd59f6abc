//! Asks the desktop's notification service what its popups can do.

use super::Able;

/// What it says; where it says nothing, as little as possible is counted on.
pub(super) fn asked() -> Able {
    let can = notify_rust::get_capabilities().unwrap_or_default();
    let has = |name: &str| can.iter().any(|one| one == name);
    Able {
        actions: has("actions"),
        markup: has("body-markup"),
    }
}
