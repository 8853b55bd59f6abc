//! Shows a file or folder with the program that the person's desktop has for it.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// Hands the path to the desktop's opener: `xdg-open`, `open` or `explorer`. It is started and not
/// waited for; whether it can show such a file is its own affair. Nothing but a path is taken, so
/// no address that somebody wrote is ever followed.
///
/// # Errors
/// The operating system's, among them that there is no such program.
pub fn open(path: &Path) -> io::Result<()> {
    run(program(std::env::consts::OS), path.as_os_str())
}

fn program(system: &str) -> &'static str {
    match system {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    }
}

fn run(program: &str, path: &OsStr) -> io::Result<()> {
    let mut child = Command::new(program)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Nobody reads how it ends, but it is waited for so that nothing of it stays.
    thread::spawn(move || drop(child.wait()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_opener_and_a_missing_one_is_told() {
        let check = |system: &str, expected: &str| assert_eq!(program(system), expected);
        check("linux", "xdg-open");
        check("freebsd", "xdg-open");
        check("macos", "open");
        check("windows", "explorer");
        let missing = run("no-such-opener", OsStr::new("/"));
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
