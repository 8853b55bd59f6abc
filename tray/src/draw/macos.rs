//! Keeps the tray out of the Dock.

use tao::event_loop::EventLoop;
use tao::platform::macos::{ActivationPolicy, EventLoopExtMacOS};

/// No Dock icon and no menu bar of its own.
pub(super) fn stay_out<T>(event_loop: &mut EventLoop<T>) {
    event_loop.set_activation_policy(ActivationPolicy::Accessory);
}
