//! A real notification service on a session bus, as a desktop has one: it takes popups and keeps
//! them, and clicks what the test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use zbus::OwnedVariant;

use crate::wait::{PATIENCE, wait_for};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A popup as the service got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popup {
    /// Its number.
    pub id: u32,
    /// One line.
    pub title: String,
    /// As it was sent, markup and all.
    pub body: String,
    /// Each action's id and words, one after the other.
    pub actions: Vec<String>,
}

/// The service. It ends with this.
#[derive(Debug)]
pub struct Popups {
    connection: zbus::Connection,
    shown: Arc<Mutex<Vec<Popup>>>,
}

impl Popups {
    /// Begins to serve on the bus at that address.
    ///
    /// # Panics
    /// Where it cannot.
    #[must_use]
    pub fn serve(address: &str) -> Self {
        let shown = Arc::default();
        let service = Service {
            shown: Arc::clone(&shown),
        };
        let connection = zbus::block_on(async {
            let builder = zbus::connection::Builder::address(address);
            let builder = builder.name(NAME).serve_at(PATH, service);
            builder.build().await
        });
        Self {
            connection: connection.expect("the bus gives out the name"),
            shown,
        }
    }

    /// All popups so far.
    #[must_use]
    pub fn all(&self) -> Vec<Popup> {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for a popup whose title is that.
    #[must_use]
    pub fn wait_for(&self, title: &str) -> Popup {
        wait_for(&format!("a popup '{title}'"), PATIENCE, || {
            self.all().into_iter().find(|popup| popup.title == title)
        })
    }

    /// Clicks one of its actions; `default` is the popup itself.
    ///
    /// # Panics
    /// Where the bus is gone.
    pub fn click(&self, popup: &Popup, action: &str) {
        for (signal, body) in [
            ("ActionInvoked", Some(action)),
            ("NotificationClosed", None),
        ] {
            let sent = zbus::block_on(async {
                let to = None::<zbus::names::BusName<'_>>;
                match body {
                    Some(action) => {
                        let body = &(popup.id, action);
                        self.connection
                            .emit_signal(to, PATH, NAME, signal, body)
                            .await
                    }
                    None => {
                        let body = &(popup.id, 2_u32);
                        self.connection
                            .emit_signal(to, PATH, NAME, signal, body)
                            .await
                    }
                }
            });
            sent.expect("the bus takes it");
        }
    }
}

#[derive(Debug)]
struct Service {
    shown: Arc<Mutex<Vec<Popup>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    fn notify(
        &mut self,
        _app: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _timeout: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let id = u32::try_from(shown.len() + 1).unwrap_or(u32::MAX);
        shown.push(Popup {
            id,
            title: summary,
            body,
            actions,
        });
        id
    }

    fn get_capabilities(&self) -> Vec<String> {
        ["body", "body-markup", "actions"].map(str::to_owned).into()
    }

    fn close_notification(&self, _id: u32) {}

    fn get_server_information(&self) -> (String, String, String, String) {
        let own = |text: &str| text.to_owned();
        (own("bench"), own("watercooler"), own("1"), own("1.2"))
    }
}
