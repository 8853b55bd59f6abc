//! What starts the daemon at login, from the real files beside this program's source.

use std::path::{Path, PathBuf};

use crate::clients::{Places, System};

/// The name of the systemd unit.
pub(crate) const UNIT: &str = "watercoolerd.service";

/// What enables a unit, below the folder of units: a link to it.
pub(crate) const WANTED: &str = "default.target.wants/watercoolerd.service";

const UNIT_TEXT: &str = include_str!("../linux/watercoolerd.service");
const ENTRY_TEXT: &str = include_str!("../linux/watercoolerd.desktop");
const AGENT_TEXT: &str = include_str!("../macos/watercoolerd.plist");
const STARTUP_TEXT: &str = include_str!("../windows/watercooler.cmd");

/// The file that a person's login reads where systemd is not what starts things: the desktop's
/// entry, launchd's agent, or what lies in the Startup folder. Each ends at once; a daemon that is
/// lost later is started again by whoever calls it.
pub(crate) fn login_file(places: &Places) -> PathBuf {
    match places.system {
        System::Linux => places.settings.join("autostart/watercoolerd.desktop"),
        System::MacOs => places.home.join("Library/LaunchAgents/watercoolerd.plist"),
        System::Windows => {
            let startup = "Microsoft/Windows/Start Menu/Programs/Startup/watercooler.cmd";
            places.settings.join(startup)
        }
    }
}

/// What that file holds, for programs in `bin`.
pub(crate) fn login_text(system: System, bin: &Path) -> String {
    match system {
        System::Linux => entry(bin),
        System::MacOs => agent(bin),
        System::Windows => startup(bin),
    }
}

/// What that file is to a person.
pub(crate) fn login_words(system: System) -> &'static str {
    match system {
        System::Linux => "what the desktop starts at login",
        System::MacOs => "what launchd starts at login",
        System::Windows => "what Windows starts at login",
    }
}

/// The unit for programs in `bin`.
pub(crate) fn unit(bin: &Path) -> String {
    // What systemd reads as more than itself.
    let bin = bin.display().to_string();
    let bin = bin
        .replace('%', "%%")
        .replace('$', "$$")
        .replace(' ', "\\x20")
        .replace('"', "\\x22");
    UNIT_TEXT.replace("@BIN@", &bin)
}

/// The desktop's entry for programs in `bin`.
fn entry(bin: &Path) -> String {
    let bin = bin.display().to_string();
    let mut quoted = String::with_capacity(bin.len());
    for letter in bin.chars() {
        // Twice: once for the string, once for the quoting in it.
        match letter {
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => {
                quoted.push_str("\\\\");
                quoted.push(letter);
            }
            '%' => quoted.push_str("%%"),
            _ => quoted.push(letter),
        }
    }
    ENTRY_TEXT.replace("@BIN@", &quoted)
}

fn agent(bin: &Path) -> String {
    let bin = bin.display().to_string();
    let bin = bin
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    AGENT_TEXT.replace("@BIN@", &bin)
}

fn startup(bin: &Path) -> String {
    let bin = bin.display().to_string().replace('%', "%%");
    STARTUP_TEXT.replace("@BIN@", &bin).replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn odd_folders_are_written_so_that_they_are_read_back() {
        let bin = Path::new("/home/a b/100%/$x\"/bin");
        let unit = unit(bin);
        let start = unit.lines().find(|line| line.starts_with("ExecStart="));
        let expected = "ExecStart=/home/a\\x20b/100%%/$$x\\x22/bin/watercoolerd";
        assert_eq!(start, Some(expected));
        let entry = login_text(System::Linux, bin);
        let exec = entry.lines().find(|line| line.starts_with("Exec="));
        let expected = "Exec=\"/home/a b/100%%/\\\\$x\\\\\"/bin/watercooler\" daemon start";
        assert_eq!(exec, Some(expected));
    }

    #[test]
    fn each_system_has_its_file() {
        fn check(system: System, expected: &str) {
            let places = Places {
                system,
                home: "/home".into(),
                settings: "/settings".into(),
                codex_home: None,
            };
            assert_eq!(login_file(&places), Path::new(expected));
            let text = login_text(system, Path::new("/a & b/bin"));
            assert!(!text.contains("@BIN@"), "{text}");
            assert!(text.contains("daemon"), "{text}");
        }
        check(System::Linux, "/settings/autostart/watercoolerd.desktop");
        check(
            System::MacOs,
            "/home/Library/LaunchAgents/watercoolerd.plist",
        );
        let startup = "/settings/Microsoft/Windows/Start Menu/Programs/Startup/watercooler.cmd";
        check(System::Windows, startup);
    }

    #[test]
    fn windows_reads_the_folder_back() {
        let text = login_text(System::Windows, Path::new(r"C:\A 100%\bin"));
        let line = "start \"\" /min \"C:\\A 100%%\\bin\\watercooler.exe\" daemon start\r\n";
        assert!(text.ends_with(line), "{text}");
    }

    /// Whether a program of the system finds nothing wrong; it is said where there is none.
    fn is_sound(program: &str, arguments: &[&str]) {
        match Command::new(program).args(arguments).output() {
            Ok(ran) => assert!(ran.status.success(), "{program}: {ran:?}"),
            Err(_) => println!("*** SKIPPED: there is no {program}"),
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_systems_own_programs_find_nothing_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("a & b");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink("/bin/true", bin.join("watercoolerd")).unwrap();
        let written = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let unit = written(UNIT, unit(&bin));
        let strict = ["--user", "--man=no", "--recursive-errors=yes", "verify"];
        let runtime = format!("XDG_RUNTIME_DIR={}", folder.path().display());
        let analyze = [
            &[runtime.as_str(), "systemd-analyze"],
            &strict[..],
            &[unit.as_str()],
        ]
        .concat();
        if Path::new("/usr/bin/systemd-analyze").exists() {
            is_sound("env", &analyze);
        }
        let entry = written("w.desktop", login_text(System::Linux, &bin));
        is_sound("desktop-file-validate", &[entry.as_str()]);
        let agent = written("w.plist", login_text(System::MacOs, &bin));
        let read = "import plistlib, sys; found = plistlib.load(open(sys.argv[1], 'rb')); \
                    assert found['ProgramArguments'] == [sys.argv[2] + '/watercooler', 'daemon', 'start'], found";
        is_sound("python3", &["-c", read, &agent, bin.to_str().unwrap()]);
    }
}
