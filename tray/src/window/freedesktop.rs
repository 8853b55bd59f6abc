//! What a desktop by the conventions of freedesktop.org says of itself.

use std::env;
use std::time::Duration;

use winit::window::Theme;

/// How long the desktop's portal may take; a window opens light where it says nothing.
const PORTAL_WAIT_MAX: Duration = Duration::from_millis(300);

/// Whether windows can be shown.
pub(super) fn has_display() -> bool {
    is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Whether the desktop is dark: by the variable that GTK heeds, else by the portal, else by the window.
pub(super) fn is_dark(told: Option<Theme>) -> bool {
    if let Ok(theme) = env::var("GTK_THEME") {
        return theme.ends_with(":dark") || theme.ends_with("-dark");
    }
    portal().unwrap_or(told == Some(Theme::Dark))
}

/// What a window's process must not inherit. Where both displays are there the one of X is taken:
/// there the desktop itself draws the title bar.
pub(super) fn unwanted_variables() -> &'static [&'static str] {
    if is_set("DISPLAY") {
        &["WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
    } else {
        &[]
    }
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Source: the portal `org.freedesktop.portal.Settings`, `color-scheme`, where 1 prefers dark.
fn portal() -> Option<bool> {
    let (answers, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _late = answers.send(zbus::block_on(asked()).ok());
    });
    answer.recv_timeout(PORTAL_WAIT_MAX).ok().flatten()
}

async fn asked() -> zbus::Result<bool> {
    let bus = zbus::Connection::session().await?;
    let reply = bus
        .call_method(
            Some("org.freedesktop.portal.Desktop"),
            "/org/freedesktop/portal/desktop",
            Some("org.freedesktop.portal.Settings"),
            "ReadOne",
            &("org.freedesktop.appearance", "color-scheme"),
        )
        .await?;
    let value: zbus::OwnedVariant = reply.body().deserialize()?;
    Ok(u32::try_from(value).is_ok_and(|scheme| scheme == 1))
}
