//! Draws on macOS and Windows, where an icon lives in the event loop of the program's first thread.

use std::thread;

use tao::event::{Event, StartCause};
use tao::event_loop::{ControlFlow, EventLoopBuilder};
use tracing::warn;
use tray_icon::TrayIcon;

use super::{Work, built};
use crate::menu::Shown;

#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod dock;
#[cfg(windows)]
#[path = "windows.rs"]
mod dock;

/// What the event loop is told.
#[derive(Debug)]
enum Told {
    Shown(Shown),
    Ended,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the toolkit has events of many kinds that concern no icon"
)]
pub(super) fn run(work: Work) {
    let mut event_loop = EventLoopBuilder::<Told>::with_user_event().build();
    dock::stay_out(&mut event_loop);
    let proxy = event_loop.create_proxy();
    let mut work = Some(work);
    let mut icon: Option<(TrayIcon, Shown)> = None;
    event_loop.run(move |event, _, flow| {
        *flow = ControlFlow::Wait;
        match event {
            // macOS takes icons once its loop runs.
            Event::NewEvents(StartCause::Init) => {
                if let Some(work) = work.take() {
                    let (draw, end) = (proxy.clone(), proxy.clone());
                    thread::spawn(move || {
                        work(Box::new(move |shown| {
                            // A loop that has ended draws nothing.
                            let _ = draw.send_event(Told::Shown(shown));
                        }));
                        let _ = end.send_event(Told::Ended);
                    });
                }
            }
            Event::UserEvent(Told::Shown(shown)) => {
                let drawn = match icon.take() {
                    Some((icon, before)) => built::change(&icon, &before, &shown).map(|()| icon),
                    None => built::new(&shown),
                };
                match drawn {
                    Ok(drawn) => icon = Some((drawn, shown)),
                    Err(error) => warn!(%error, "Not drawn"),
                }
            }
            Event::UserEvent(Told::Ended) => {
                icon = None;
                *flow = ControlFlow::Exit;
            }
            _ => (),
        }
    });
}
