//! Battery and metered networks, as Linux tells of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::power::METERED_WAIT_MAX_SECONDS;

/// Source: the kernel's `Documentation/ABI/testing/sysfs-class-power`.
const SUPPLIES: &str = "/sys/class/power_supply";

/// There while NetworkManager runs.
const NETWORK_MANAGER: &str = "/run/NetworkManager";

pub(crate) fn on_battery() -> bool {
    discharges(Path::new(SUPPLIES))
}

/// A mouse has a battery too; it is of the scope `Device`.
fn discharges(supplies: &Path) -> bool {
    let mut has_mains = false;
    let mut discharging = false;
    for supply in fs::read_dir(supplies).into_iter().flatten().flatten() {
        let of = |name: &str| {
            let text = fs::read_to_string(supply.path().join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        match of("type").as_str() {
            "Mains" | "USB" | "Wireless" => has_mains |= of("online") == "1",
            "Battery" => discharging |= of("status") == "Discharging" && of("scope") != "Device",
            _ => (),
        }
    }
    discharging && !has_mains
}

/// The property `Metered` of NetworkManager: 1 is yes, 3 a guess at yes. `busctl` asks it in
/// milliseconds, so that no library for the bus is needed in every program.
pub(crate) fn is_metered() -> bool {
    if !Path::new(NETWORK_MANAGER).exists() {
        return false;
    }
    let name = "org.freedesktop.NetworkManager";
    let asked = Command::new("busctl")
        .args(["--system", "--auto-start=no"])
        .arg(format!("--timeout={METERED_WAIT_MAX_SECONDS}"))
        .args(["get-property", name, "/org/freedesktop/NetworkManager"])
        .args([name, "Metered"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|answer| says_metered(&answer.stdout))
}

fn says_metered(answer: &[u8]) -> bool {
    matches!(answer.trim_ascii(), b"u 1" | b"u 3")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name: file=value …`, a supply a line.
    fn check(supplies: &str, expected: bool) {
        let folder = tempfile::tempdir().unwrap();
        for line in supplies.lines() {
            let (name, files) = line.split_once(": ").unwrap();
            let supply = folder.path().join(name.trim());
            fs::create_dir(&supply).unwrap();
            for file in files.split_whitespace() {
                let (file, value) = file.split_once('=').unwrap();
                fs::write(supply.join(file), format!("{value}\n")).unwrap();
            }
        }
        assert_eq!(discharges(folder.path()), expected, "{supplies}");
    }

    #[test]
    fn a_battery_counts_where_it_alone_feeds_the_machine() {
        check("", false);
        check("AC: type=Mains online=1", false);
        check("BAT0: type=Battery status=Discharging", true);
        check(
            "AC: type=Mains online=0\nBAT0: type=Battery status=Discharging",
            true,
        );
        check(
            "AC: type=Mains online=1\nBAT0: type=Battery status=Charging",
            false,
        );
        check(
            "C0: type=USB online=1\nBAT0: type=Battery status=Discharging",
            false,
        );
        check("M: type=Battery status=Discharging scope=Device", false);
        assert!(!discharges(Path::new("/no/such/folder")));
    }

    #[test]
    fn what_the_network_manager_says_is_understood() {
        for (answer, expected) in [
            ("u 1\n", true),
            ("u 3\n", true),
            ("u 2\n", false),
            ("u 4\n", false),
            ("u 0\n", false),
            ("", false),
        ] {
            assert_eq!(says_metered(answer.as_bytes()), expected, "{answer}");
        }
    }
}
