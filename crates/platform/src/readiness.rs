//! Tells whoever started this process for the person, such as systemd, that it serves.

use crate::os;

/// Says that this process serves. Nothing happens where nobody asked to be told, or on a system on
/// which nobody asks. Source: sd_notify(3).
///
/// # Errors
/// The operating system's; whoever asked may end the process then.
pub fn say_ready() -> std::io::Result<()> {
    os::say_ready()
}
