//! Draws what is shown: an icon with its words, and a menu. Thin: it decides nothing.

mod built;

#[cfg(any(target_os = "macos", windows))]
#[path = "draw/event_loop.rs"]
mod os;
#[cfg(not(any(target_os = "macos", windows)))]
#[path = "draw/status_notifier.rs"]
mod os;

use std::sync::mpsc::Sender;

use tray_icon::menu::MenuEvent;
use tray_icon::{MouseButton, MouseButtonState, TrayIconEvent};

use crate::clicks::Click;
use crate::desk::Event;
use crate::menu::Shown;

/// What has something drawn, until it returns.
pub(crate) type Work = Box<dyn FnOnce(Box<dyn Fn(Shown)>) + Send>;

/// Does the work in a thread of its own, and draws what it says on this one, which must be the
/// program's first; clicks are told as events. Returns when the work does. Where nothing can be
/// drawn yet it says so once, and waits.
pub(crate) fn run(events: Sender<Event>, work: Work) {
    let clicks = events.clone();
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        if let Some(click) = Click::of_id(&event.id.0) {
            let _gone = clicks.send(Event::Clicked(click));
        }
    }));
    TrayIconEvent::set_event_handler(Some(move |event: TrayIconEvent| {
        if let TrayIconEvent::Click {
            button: MouseButton::Left,
            button_state: MouseButtonState::Up,
            ..
        } = event
        {
            let _gone = events.send(Event::Activated);
        }
    }));
    os::run(work);
}
