//! Keeps the tray out of the task bar, where Windows puts nothing without a window.

use tao::event_loop::EventLoop;

/// Nothing to do.
pub(super) fn stay_out<T>(_event_loop: &mut EventLoop<T>) {}
