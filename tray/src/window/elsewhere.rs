//! What macOS and Windows say of their desktop.

use winit::window::Theme;

/// Whether windows can be shown.
pub(super) fn has_display() -> bool {
    true
}

/// Whether the desktop is dark.
pub(super) fn is_dark(told: Option<Theme>) -> bool {
    told == Some(Theme::Dark)
}

/// What a window's process must not inherit.
pub(super) fn unwanted_variables() -> &'static [&'static str] {
    &[]
}
