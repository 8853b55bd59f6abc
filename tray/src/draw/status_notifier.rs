//! Draws through the session bus, as a StatusNotifierItem: no display and no toolkit is needed here.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tracing::{info, warn};
use tray_icon::TrayIcon;

use super::{Work, built};
use crate::menu::Shown;

/// Between two attempts where there is no session bus: at first, and at most.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// Who shows such items, on a desktop that does.
const HOST: &str = "org.kde.StatusNotifierWatcher";

pub(super) fn run(work: Work) {
    let (draw, drawn) = mpsc::channel();
    let worker = thread::spawn(move || {
        work(Box::new(move |shown| {
            // Whoever draws lives as long as there is something to draw.
            let _ = draw.send(shown);
        }));
    });
    show(&drawn);
    let _ended = worker.join();
}

/// Draws what comes, until nothing comes any more.
fn show(drawn: &mpsc::Receiver<Shown>) {
    let Ok(mut shown) = drawn.recv() else {
        return;
    };
    let mut pause = AGAIN_MIN;
    let mut is_told = false;
    let mut icon: Option<TrayIcon> = None;
    loop {
        if icon.is_none() {
            match built::new(&shown) {
                Ok(new) => {
                    info!("The icon is on the session bus");
                    look_for_host();
                    icon = Some(new);
                }
                Err(error) if is_told => tracing::debug!(%error, "Still no session bus"),
                Err(error) => {
                    is_told = true;
                    say(&format!(
                        "no session bus to show an icon on ({error}); waiting for one"
                    ));
                }
            }
        }
        let next = match &icon {
            Some(_) => drawn.recv().map_err(|_| RecvTimeoutError::Disconnected),
            None => drawn.recv_timeout(pause),
        };
        match next {
            Ok(next) => {
                if let Some(icon) = &icon
                    && let Err(error) = built::change(icon, &shown, &next)
                {
                    warn!(%error, "Not drawn");
                }
                shown = next;
            }
            Err(RecvTimeoutError::Timeout) => pause = (pause * 2).min(AGAIN_MAX),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Without a host the icon is there for programs to read, and nobody sees it.
fn look_for_host() {
    let found = zbus::block_on(async {
        let bus = zbus::Connection::session().await?;
        let names = zbus::fdo::DBusProxy::new(&bus).await?;
        let name = zbus::names::BusName::try_from(HOST)?;
        Ok::<_, zbus::Error>(names.name_has_owner(name).await?)
    });
    match found {
        Ok(true) => (),
        Ok(false) => say(
            "this desktop shows no tray icons (GNOME needs the AppIndicator extension); waiting \
             for one that does",
        ),
        Err(error) => warn!(%error, "The session bus was not asked for a tray"),
    }
}

/// To the log, and to whoever started the tray by hand.
fn say(words: &str) {
    warn!(words, "Waiting");
    // A closed stderr is nobody's.
    let _ = writeln!(std::io::stderr(), "watercooler-tray: {words}");
}
