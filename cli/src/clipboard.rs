//! Copies what is no secret to where a person can paste it: by a program of the desktop, else by the
//! terminal itself.

use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::session::Session;

/// The most that a program of the desktop may take.
const PROGRAM_WAIT_MAX: Duration = Duration::from_secs(2);

/// How often a program that has not ended is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The longest text that a terminal is asked to copy, in bytes: several take no more.
const TERMINAL_BYTES_MAX: usize = 8 << 10;

/// Programs that copy their standard input, the variable without which one has no desktop to copy to,
/// and whether it copies to this machine's own desktop alone. `clip.exe` is there under WSL too.
const PROGRAMS: [(&[&str], Option<&str>, Seat); 5] = [
    (&["wl-copy"], Some("WAYLAND_DISPLAY"), Seat::Anywhere),
    (
        &["xclip", "-selection", "clipboard"],
        Some("DISPLAY"),
        Seat::Anywhere,
    ),
    (
        &["xsel", "--clipboard", "--input"],
        Some("DISPLAY"),
        Seat::Anywhere,
    ),
    (&["pbcopy"], None, Seat::Here),
    (&["clip.exe"], None, Seat::Here),
];

/// Where the person may sit for a program to reach their clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    /// Before this machine.
    Here,
    /// Wherever the desktop is that the variable names.
    Anywhere,
}

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    /// It is on the clipboard.
    ToClipboard,
    /// The terminal was asked to put it there, and does not say whether it did.
    ByTerminal,
    /// Nobody took it.
    Nowhere,
}

/// Copies the text, which a terminal may show, for the person before it; `None` where standard output
/// is no terminal, or one JSON document is wanted. It fails no command.
pub(crate) fn copy(session: &Session, text: &str) -> Option<Copied> {
    if session.json || !io::stdout().is_terminal() {
        return None;
    }
    let variable = |name: &str| session.variable(name).is_some();
    let is_here = !variable("SSH_CONNECTION");
    let by_program = PROGRAMS.iter().any(|(words, needed, seat)| {
        needed.is_none_or(variable) && (is_here || *seat == Seat::Anywhere) && takes(words, text)
    });
    if by_program {
        return Some(Copied::ToClipboard);
    }
    let is_dumb = session.variable("TERM").is_none_or(|term| term == "dumb");
    let asked = (!is_dumb && text.len() <= TERMINAL_BYTES_MAX).then(|| {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(escape(text).as_bytes())
            .and_then(|()| stdout.flush())
    });
    match asked {
        Some(Ok(())) => Some(Copied::ByTerminal),
        Some(Err(_)) | None => Some(Copied::Nowhere),
    }
}

/// What asks a terminal to copy: `OSC 52 ; c ; base64 BEL`; source: xterm's "Control Sequences",
/// "Manipulate Selection Data".
fn escape(text: &str) -> String {
    format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(text))
}

/// Whether that program is there and takes the text.
fn takes(words: &[&str], text: &str) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    // What stays behind to offer the text must not hold our output open.
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else { return false };
    let mut stdin = child.stdin.take();
    let written = stdin.as_mut().map(|stdin| stdin.write_all(text.as_bytes()));
    drop(stdin);
    matches!(written, Some(Ok(()))) & succeeds(&mut child)
}

/// Waits for the program's end; one that takes too long is ended.
fn succeeds(child: &mut Child) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PROGRAM_WAIT_MAX {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => thread::sleep(LOOK_EVERY),
            Err(_) => return false,
        }
    }
    // Both fail only where it has ended meanwhile.
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_asked_by_osc_52() {
        assert_eq!(
            escape("ssh-ed25519 A"),
            "\u{1b}]52;c;c3NoLWVkMjU1MTkgQQ==\u{7}"
        );
        // Nothing of the text itself reaches the terminal.
        assert_eq!(escape("\u{1b}[2J\u{7}"), "\u{1b}]52;c;G1sySgc=\u{7}");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_fails_hangs_or_is_not_there_does_not_count() {
        assert!(takes(
            &["sh", "-c", "read line; test \"$line\" = text"],
            "text\n"
        ));
        assert!(!takes(&["sh", "-c", "cat; exit 1"], "text\n"));
        assert!(!takes(&["no-such-program-of-the-desktop"], "text"));
        let begun = Instant::now();
        assert!(!takes(&["sleep", "60"], "text"));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
