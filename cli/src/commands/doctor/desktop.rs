//! What of the desktop and the login the programs rely on: what starts the daemon, the keychain, and
//! who shows the tray.

use std::path::{Path, PathBuf};

use platform::dirs::PersonsFolders;
use secrets::keychain::{self, KeychainError};
use secrets::store::Keep;

use super::Finding;
use super::programs::said;
use crate::session::Session;
use crate::settings;

/// What starts the daemon at login, below the person's home and settings, where systemd does not.
const LOGIN_FILES: [(&str, &str); 3] = [
    ("", "autostart/watercoolerd.desktop"),
    ("Library/LaunchAgents/watercoolerd.plist", ""),
    (
        "",
        "Microsoft/Windows/Start Menu/Programs/Startup/watercooler.cmd",
    ),
];

/// As `systemctl is-enabled` says it of a unit that is started by itself.
const ENABLED: [&str; 4] = ["enabled", "static", "linked", "alias"];

/// No credential has this name; a keychain that says so answers.
const NOBODYS: &str = "watercooler-doctor";

/// Whoever shows trays on a desktop that is not macOS or Windows. Source: the StatusNotifierItem
/// specification.
const TRAY_HOST: &str = "org.kde.StatusNotifierWatcher";

/// Looks at all of them.
pub(super) fn look(session: &Session) -> Vec<Finding> {
    let mut found = vec![login(), keychain(session)];
    found.extend(tray(session));
    found
}

fn login() -> Finding {
    let name = "login";
    let hint = "Run: watercooler-installer install. Until then whoever calls the daemon starts it.";
    if Path::new("/run/systemd/system").is_dir() {
        let units = ["watercoolerd.socket", "watercoolerd.service"];
        let ask = |what: &str, unit: &str| {
            let words = said(Path::new("systemctl"), &["--user", what, unit]);
            words.unwrap_or_default().trim().to_owned()
        };
        for unit in units {
            if ENABLED.contains(&ask("is-enabled", unit).as_str()) {
                let active = ask("is-active", unit);
                return if active == "active" {
                    Finding::well(name, format!("systemd's {unit} is enabled and active"))
                } else {
                    let words = format!("systemd's {unit} is enabled and not active");
                    Finding::note(name, words, format!("Run: systemctl --user start {unit}"))
                };
            }
        }
    }
    let found = PersonsFolders::find().ok().and_then(|person| {
        let mut files = LOGIN_FILES.iter().map(|(home, settings)| {
            if home.is_empty() {
                person.settings.join(settings)
            } else {
                person.home.join(home)
            }
        });
        files.find(|file: &PathBuf| file.is_file())
    });
    match found {
        Some(file) => Finding::well(name, format!("{} starts the daemon", file.display())),
        None => Finding::note(name, "nothing starts the daemon at login", hint),
    }
}

fn keychain(session: &Session) -> Finding {
    let name = "keychain";
    let text = std::fs::read_to_string(&session.dirs.config).unwrap_or_default();
    // Settings that cannot be read are a finding of their own.
    if settings::credentials::keep(&text).ok() == Some(Keep::File) {
        return Finding::well(name, "not used: credentials are kept in files");
    }
    match keychain::look(NOBODYS) {
        Ok(()) | Err(KeychainError::NoEntry) => Finding::well(name, "it answers"),
        Err(error) => Finding::note(name, error.to_string(), error.hint()),
    }
}

/// Nothing where there is no desktop of that kind, and so no tray.
fn tray(session: &Session) -> Option<Finding> {
    let is_desktop = ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| session.variable(name).is_some());
    if std::env::consts::OS != "linux" || !is_desktop {
        return None;
    }
    let asked = format!("string:{TRAY_HOST}");
    let question = [
        "--session",
        "--print-reply=literal",
        "--reply-timeout=2000",
        "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.NameHasOwner",
        &asked,
    ];
    let name = "tray";
    Some(match said(Path::new("dbus-send"), &question) {
        Some(words) if words.contains("true") => Finding::well(name, "the desktop shows trays"),
        Some(_) => Finding::note(
            name,
            "this desktop shows no trays",
            "GNOME: install the extension AppIndicator and KStatusNotifierItem Support. The \
             commands and popups work without.",
        ),
        None => Finding::note(
            name,
            "the session's bus does not say whether the desktop shows trays",
            "Install dbus-send, or see that a session bus runs.",
        ),
    })
}
