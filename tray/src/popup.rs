//! Shows popups and hears what is done with them: each waits in a thread of its own, up to a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use notify_rust::{Notification, NotificationResponse};
use tracing::{info, warn};

use crate::clicks::Click;
use crate::desk::Event;
use crate::notify::Popup;
use crate::plain::escaped;

/// How many popups are waited for at once; what is done with further ones is not heard.
const WAITING_MAX: usize = 8;

/// The stack of a thread that waits.
const STACK_BYTES: usize = 256 << 10;

const NAME: &str = "Watercooler";
const SNOOZE: &str = "snooze";

/// Shows popups.
#[derive(Debug)]
pub(crate) struct Popups {
    events: Sender<Event>,
    waiting: Arc<AtomicUsize>,
}

impl Popups {
    /// Tells there what is done with them.
    pub(crate) fn new(events: Sender<Event>) -> Self {
        Self {
            events,
            waiting: Arc::default(),
        }
    }

    /// Shows it; a desktop that does not answer holds up nobody.
    pub(crate) fn show(&self, popup: Popup) {
        let events = self.events.clone();
        let waiting = Arc::clone(&self.waiting);
        let begin = thread::Builder::new().stack_size(STACK_BYTES);
        let begun = begin.spawn(move || {
            let is_heard = waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX;
            let shown = show(&popup, &events, is_heard);
            waiting.fetch_sub(1, Ordering::Relaxed);
            if let Err(error) = shown {
                warn!(%error, "A popup was not shown");
                let _gone = events.send(Event::Unshown);
            }
        });
        if let Err(error) = begun {
            warn!(%error, "A popup was not shown");
            let _gone = self.events.send(Event::Unshown);
        }
    }
}

fn show(
    popup: &Popup,
    events: &Sender<Event>,
    is_heard: bool,
) -> Result<(), notify_rust::error::Error> {
    let can = able::asked();
    let body = if can.markup {
        escaped(&popup.body)
    } else {
        popup.body.clone()
    };
    let mut notification = Notification::new();
    notification
        .appname(NAME)
        .summary(&popup.title)
        .body(&body)
        .icon("mail-message-new");
    let is_clicked = is_heard && can.actions;
    if is_clicked && popup.place.is_some() {
        notification.action("default", "Open");
        if popup.is_turn {
            notification.action(SNOOZE, "Snooze 1 hour");
        }
    }
    let handle = notification.show()?;
    info!(title = popup.title, "Popup");
    if !is_clicked || popup.place.is_none() {
        return Ok(());
    }
    let popup = popup.clone();
    let events = events.clone();
    handle.wait_for_response(move |response: &NotificationResponse| {
        if let Some(click) = click(&popup, response) {
            let _gone = events.send(Event::Clicked(click));
        }
    })
}

fn click(popup: &Popup, response: &NotificationResponse) -> Option<Click> {
    let (repository, topic) = popup.place.clone()?;
    if matches!(response, NotificationResponse::Default) {
        return Some(Click::Open { repository, topic });
    }
    let is_snooze = matches!(response, NotificationResponse::Action(id) if id == SNOOZE);
    is_snooze.then_some(Click::Snooze { repository, topic })
}

/// What the desktop's popups can do.
#[derive(Clone, Copy, Debug)]
struct Able {
    actions: bool,
    markup: bool,
}

#[cfg(any(target_os = "macos", windows))]
#[path = "popup/elsewhere.rs"]
mod able;
#[cfg(not(any(target_os = "macos", windows)))]
#[path = "popup/freedesktop.rs"]
mod able;
