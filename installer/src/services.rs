//! What starts the daemon at login, from the real files beside this program's source.

use std::path::Path;

/// The name of the systemd unit.
pub(crate) const UNIT: &str = "watercoolerd.service";

/// The name of the desktop's entry.
pub(crate) const ENTRY: &str = "watercoolerd.desktop";

/// What enables a unit, below the folder of units: a link to it.
pub(crate) const WANTED: &str = "default.target.wants/watercoolerd.service";

const UNIT_TEXT: &str = include_str!("../linux/watercoolerd.service");
const ENTRY_TEXT: &str = include_str!("../linux/watercoolerd.desktop");

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
pub(crate) fn entry(bin: &Path) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_folders_are_written_so_that_they_are_read_back() {
        let bin = Path::new("/home/a b/100%/$x\"/bin");
        let unit = unit(bin);
        let start = unit.lines().find(|line| line.starts_with("ExecStart="));
        let expected = "ExecStart=/home/a\\x20b/100%%/$$x\\x22/bin/watercoolerd";
        assert_eq!(start, Some(expected));
        let entry = entry(bin);
        let exec = entry.lines().find(|line| line.starts_with("Exec="));
        let expected = "Exec=\"/home/a b/100%%/\\\\$x\\\\\"/bin/watercooler\" daemon start";
        assert_eq!(exec, Some(expected));
    }
}
