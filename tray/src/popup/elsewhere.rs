//! What popups can do on macOS and Windows, where nobody can be asked.

use super::Able;

/// They can be clicked, and show text as it is.
pub(super) fn asked() -> Able {
    Able {
        actions: true,
        markup: false,
    }
}
