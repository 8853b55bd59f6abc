//! What starts the daemon at login, from the real files beside this program's source.

use std::path::{Path, PathBuf};

use crate::clients::{Places, System};

/// The names of the systemd units, what enables each below their folder, and what they hold.
const UNITS: [(&str, &str, &str); 2] = [
    (
        "watercoolerd.socket",
        "sockets.target.wants",
        include_str!("../linux/watercoolerd.socket"),
    ),
    (
        "watercoolerd.service",
        "default.target.wants",
        include_str!("../linux/watercoolerd.service"),
    ),
];

/// What the daemon's login file holds on Linux, macOS and Windows.
const DAEMON_TEXTS: [&str; 3] = [
    include_str!("../linux/watercoolerd.desktop"),
    include_str!("../macos/watercoolerd.plist"),
    include_str!("../windows/watercooler.cmd"),
];

/// What the tray's holds.
const TRAY_TEXTS: [&str; 3] = [
    include_str!("../linux/watercooler-tray.desktop"),
    include_str!("../macos/watercooler-tray.plist"),
    include_str!("../windows/watercooler-tray.cmd"),
];

/// What starts at login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Daemon,
    Tray,
}

/// A unit of systemd's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// The link that enables it.
    pub(crate) link: PathBuf,
}

/// The units below a folder, for programs in `bin`, in the order in which they are written: the
/// socket first, which the service is given by its name.
pub(crate) fn units(folder: &Path, bin: &Path) -> Vec<Unit> {
    let unit = |(name, wanted, text): &(&str, &str, &str)| Unit {
        path: folder.join(name),
        text: unit_text(text, bin),
        link: folder.join(wanted).join(name),
    };
    UNITS.iter().map(unit).collect()
}

/// The file that a person's login reads: the desktop's entry, launchd's agent, or what lies in the
/// Startup folder. For the daemon it serves where systemd is not what starts things, and ends at
/// once; a daemon that is lost later is started again by whoever calls it.
pub(crate) fn login_file(program: Program, places: &Places) -> PathBuf {
    let name = match program {
        Program::Daemon => "watercoolerd",
        Program::Tray => "watercooler-tray",
    };
    match (places.system, program) {
        (System::Linux, Program::Daemon | Program::Tray) => {
            places.settings.join(format!("autostart/{name}.desktop"))
        }
        (System::MacOs, Program::Daemon | Program::Tray) => places
            .home
            .join(format!("Library/LaunchAgents/{name}.plist")),
        (System::Windows, Program::Daemon) => places.settings.join(STARTUP).join("watercooler.cmd"),
        (System::Windows, Program::Tray) => {
            places.settings.join(STARTUP).join("watercooler-tray.cmd")
        }
    }
}

const STARTUP: &str = "Microsoft/Windows/Start Menu/Programs/Startup";

/// What that file holds, for programs in `bin`.
pub(crate) fn login_text(program: Program, system: System, bin: &Path) -> String {
    let [linux, macos, windows] = match program {
        Program::Daemon => DAEMON_TEXTS,
        Program::Tray => TRAY_TEXTS,
    };
    match system {
        System::Linux => entry(linux, bin),
        System::MacOs => agent(macos, bin),
        System::Windows => startup(windows, bin),
    }
}

/// What that file is to a person.
pub(crate) fn login_words(program: Program, system: System) -> String {
    let who = match system {
        System::Linux => "the desktop",
        System::MacOs => "launchd",
        System::Windows => "Windows",
    };
    match program {
        Program::Daemon => format!("what {who} starts at login"),
        Program::Tray => format!("what {who} starts at login for the tray"),
    }
}

fn unit_text(text: &str, bin: &Path) -> String {
    // What systemd reads as more than itself.
    let bin = bin.display().to_string();
    let bin = bin
        .replace('%', "%%")
        .replace('$', "$$")
        .replace(' ', "\\x20")
        .replace('"', "\\x22");
    text.replace("@BIN@", &bin)
}

fn entry(text: &str, bin: &Path) -> String {
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
    text.replace("@BIN@", &quoted)
}

fn agent(text: &str, bin: &Path) -> String {
    let bin = bin.display().to_string();
    let bin = bin
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace("@BIN@", &bin)
}

fn startup(text: &str, bin: &Path) -> String {
    let bin = bin.display().to_string().replace('%', "%%");
    text.replace("@BIN@", &bin).replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn odd_folders_are_written_so_that_they_are_read_back() {
        let bin = Path::new("/home/a b/100%/$x\"/bin");
        let units = units(Path::new("/units"), bin);
        let text = &units.last().unwrap().text;
        let start = text.lines().find(|line| line.starts_with("ExecStart="));
        let expected = "ExecStart=/home/a\\x20b/100%%/$$x\\x22/bin/watercoolerd";
        assert_eq!(start, Some(expected));
        let entry = login_text(Program::Daemon, System::Linux, bin);
        let exec = entry.lines().find(|line| line.starts_with("Exec="));
        let expected = "Exec=\"/home/a b/100%%/\\\\$x\\\\\"/bin/watercooler\" daemon start";
        assert_eq!(exec, Some(expected));
    }

    #[test]
    fn each_system_has_its_files() {
        fn check(system: System, daemon: &str, tray: &str) {
            let places = Places {
                system,
                home: "/home".into(),
                settings: "/settings".into(),
                codex_home: None,
            };
            for (program, expected) in [(Program::Daemon, daemon), (Program::Tray, tray)] {
                assert_eq!(login_file(program, &places), Path::new(expected));
                let text = login_text(program, system, Path::new("/a & b/bin"));
                assert!(!text.contains("@BIN@"), "{text}");
                let is_trays = text.contains("watercooler-tray");
                assert_eq!(is_trays, program == Program::Tray, "{text}");
            }
        }
        check(
            System::Linux,
            "/settings/autostart/watercoolerd.desktop",
            "/settings/autostart/watercooler-tray.desktop",
        );
        check(
            System::MacOs,
            "/home/Library/LaunchAgents/watercoolerd.plist",
            "/home/Library/LaunchAgents/watercooler-tray.plist",
        );
        check(
            System::Windows,
            &format!("/settings/{STARTUP}/watercooler.cmd"),
            &format!("/settings/{STARTUP}/watercooler-tray.cmd"),
        );
    }

    #[test]
    fn windows_reads_the_folder_back() {
        let bin = Path::new(r"C:\A 100%\bin");
        for (program, line) in [
            (
                Program::Daemon,
                "start \"\" /min \"C:\\A 100%%\\bin\\watercooler.exe\" daemon start\r\n",
            ),
            (
                Program::Tray,
                "start \"\" \"C:\\A 100%%\\bin\\watercooler-tray.exe\"\r\n",
            ),
        ] {
            let text = login_text(program, System::Windows, bin);
            assert!(text.ends_with(line), "{text}");
        }
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
        let write = |path: &Path, text: &str| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let runtime = format!("XDG_RUNTIME_DIR={}", folder.path().display());
        let strict = ["--user", "--man=no", "--recursive-errors=yes", "verify"];
        let mut analyze = vec![runtime.as_str(), "systemd-analyze"];
        analyze.extend(strict);
        let units = units(&folder.path().join("units"), &bin);
        let units: Vec<String> = units
            .iter()
            .map(|unit| write(&unit.path, &unit.text))
            .collect();
        analyze.extend(units.iter().map(String::as_str));
        if Path::new("/usr/bin/systemd-analyze").exists() {
            is_sound("env", &analyze);
        }
        let read = "import plistlib, sys; found = plistlib.load(open(sys.argv[1], 'rb')); \
                    words = found['ProgramArguments']; \
                    assert words == [sys.argv[2]] + sys.argv[3:], found; assert found['RunAtLoad']";
        for (program, starts, words) in [
            (Program::Daemon, "watercooler", &["daemon", "start"][..]),
            (Program::Tray, "watercooler-tray", &[]),
        ] {
            let entry = login_text(program, System::Linux, &bin);
            let entry = write(&folder.path().join("w.desktop"), &entry);
            is_sound("desktop-file-validate", &[entry.as_str()]);
            let agent = login_text(program, System::MacOs, &bin);
            let agent = write(&folder.path().join("w.plist"), &agent);
            let starts = bin.join(starts);
            let mut asked = vec!["-c", read, &agent, starts.to_str().unwrap()];
            asked.extend(words);
            is_sound("python3", &asked);
        }
    }
}
