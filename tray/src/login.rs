//! Whether the tray starts when the person logs in: one file, where the system looks for such.
//!
//! The same files on every machine of a system, so that they are tested on each. Sources: the XDG
//! autostart specification; launchd.plist(5); Windows runs what lies in the folder Startup.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use platform::dirs::PersonsFolders;

/// What a package puts on for everybody, where the system reads such. The person's own file of that
/// name counts before it.
const EVERYBODYS: &str = "/etc/xdg/autostart/watercooler-tray.desktop";

/// The line by which the person's own file undoes what is there for everybody.
const HIDDEN: &str = "Hidden=true";

/// A file that starts the tray.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Starter {
    path: PathBuf,
    text: String,
    /// The one for everybody, where the system reads such.
    everybodys: Option<PathBuf>,
}

/// Whether it does; as the system would look at it, at this moment.
pub(crate) fn is_set() -> bool {
    here().is_ok_and(|starter| starter.is_set())
}

/// Makes it so, or no longer.
///
/// # Errors
/// The operating system's.
pub(crate) fn set(wanted: bool) -> io::Result<()> {
    here()?.set(wanted)
}

impl Starter {
    fn is_set(&self) -> bool {
        match fs::read_to_string(&self.path) {
            Ok(text) => !text.lines().any(|line| line.trim() == HIDDEN),
            Err(_) => self.is_everybodys(),
        }
    }

    fn is_everybodys(&self) -> bool {
        self.everybodys.as_ref().is_some_and(|path| path.is_file())
    }

    fn set(&self, wanted: bool) -> io::Result<()> {
        let text = match (wanted, self.is_everybodys()) {
            (true, false) => self.text.clone(),
            (false, true) => {
                format!("[Desktop Entry]\nType=Application\nName=Watercooler\n{HIDDEN}\n")
            }
            (true, true) | (false, false) => {
                return match fs::remove_file(&self.path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                    removed => removed,
                };
            }
        };
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        platform::durable::write_unsettled(&self.path, text.as_bytes())
    }
}

fn here() -> io::Result<Starter> {
    let folders = PersonsFolders::find().map_err(io::Error::other)?;
    let program = std::env::current_exe()?;
    Ok(starter(std::env::consts::OS, &folders, &program))
}

fn starter(system: &str, folders: &PersonsFolders, program: &Path) -> Starter {
    let shown = program.display();
    match system {
        "macos" => Starter {
            path: (folders.home).join("Library/LaunchAgents/watercooler-tray.plist"),
            text: format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                 <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
                 \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
                 <plist version=\"1.0\"><dict>\n\
                 <key>Label</key><string>watercooler-tray</string>\n\
                 <key>ProgramArguments</key><array><string>{}</string></array>\n\
                 <key>RunAtLoad</key><true/>\n\
                 <key>LimitLoadToSessionType</key><string>Aqua</string>\n\
                 </dict></plist>\n",
                crate::plain::escaped(&shown.to_string())
            ),
            everybodys: None,
        },
        "windows" => Starter {
            path: (folders.settings)
                .join("Microsoft/Windows/Start Menu/Programs/Startup/watercooler-tray.cmd"),
            text: format!("@start \"\" \"{shown}\"\r\n"),
            everybodys: None,
        },
        _ => Starter {
            path: folders.settings.join("autostart/watercooler-tray.desktop"),
            text: format!(
                "[Desktop Entry]\nType=Application\nName=Watercooler\n\
                 Comment=What is new, and whose turn it is\nExec={}\nIcon=mail-message-new\n\
                 Terminal=false\n",
                quoted(&shown.to_string())
            ),
            everybodys: Some(EVERYBODYS.into()),
        },
    }
}

/// As an argument of `Exec`; source: the desktop entry specification.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from("\"");
    for character in argument.chars() {
        match character {
            // A backslash is escaped twice: for the value, and for the argument in it.
            '"' | '`' | '$' => quoted.push_str("\\\\"),
            '\\' => quoted.push_str("\\\\\\"),
            '%' => quoted.push('%'),
            _ => (),
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(system: &str, program: &str, expected: &Expect) {
        let folders = PersonsFolders {
            home: "/home/alice".into(),
            settings: "/home/alice/.config".into(),
        };
        let starter = starter(system, &folders, Path::new(program));
        let text = starter.text.replace('\r', "");
        expected.assert_eq(&format!("{}\n{text}", starter.path.display()));
    }

    #[test]
    fn each_system_has_its_file() {
        check(
            "linux",
            "/opt/a b/100%/watercooler-tray",
            &expect![[r#"
                /home/alice/.config/autostart/watercooler-tray.desktop
                [Desktop Entry]
                Type=Application
                Name=Watercooler
                Comment=What is new, and whose turn it is
                Exec="/opt/a b/100%%/watercooler-tray"
                Icon=mail-message-new
                Terminal=false
            "#]],
        );
        check(
            "macos",
            "/Applications/A & B/watercooler-tray",
            &expect![[r#"
                /home/alice/Library/LaunchAgents/watercooler-tray.plist
                <?xml version="1.0" encoding="UTF-8"?>
                <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
                <plist version="1.0"><dict>
                <key>Label</key><string>watercooler-tray</string>
                <key>ProgramArguments</key><array><string>/Applications/A &amp; B/watercooler-tray</string></array>
                <key>RunAtLoad</key><true/>
                <key>LimitLoadToSessionType</key><string>Aqua</string>
                </dict></plist>
            "#]],
        );
        check(
            "windows",
            r"C:\Programs\watercooler-tray.exe",
            &expect![[r#"
                /home/alice/.config/Microsoft/Windows/Start Menu/Programs/Startup/watercooler-tray.cmd
                @start "" "C:\Programs\watercooler-tray.exe"
            "#]],
        );
    }

    #[test]
    fn a_person_decides_also_where_it_starts_for_everybody() {
        fn check(for_everybody: bool) {
            let folder = tempfile::tempdir().unwrap();
            let everybodys = folder.path().join("etc.desktop");
            if for_everybody {
                fs::write(&everybodys, "[Desktop Entry]\n").unwrap();
            }
            let starter = Starter {
                path: folder.path().join("autostart/own.desktop"),
                text: "[Desktop Entry]\nExec=watercooler-tray\n".to_owned(),
                everybodys: Some(everybodys),
            };
            assert_eq!(starter.is_set(), for_everybody);
            for wanted in [false, true, true, false, false, true] {
                starter.set(wanted).unwrap();
                assert_eq!(starter.is_set(), wanted, "for everybody: {for_everybody}");
            }
            // What is as it is for everybody needs no file of one's own.
            assert_eq!(starter.path.exists(), !for_everybody);
        }
        check(true);
        check(false);
    }
}
