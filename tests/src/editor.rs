//! Real editors at a terminal: a pseudo-terminal that Python opens, keys that a test presses.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};

use crate::machine::Machine;
use crate::processes;
use crate::wait::{PATIENCE, wait_until};

/// Runs a program at a terminal whose keyboard is standard input.
const TERMINAL: &str = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";

/// An editor at a terminal.
#[derive(Debug)]
pub struct Editor {
    child: Child,
    keyboard: Option<ChildStdin>,
    screen: PathBuf,
}

impl Editor {
    /// Opens a file on this machine with a command, and waits until the screen shows `shown`.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn open(machine: &Machine, command: &[&str], file: &Path, shown: &str) -> Self {
        let screen = machine.root().join(format!("screen-{}", command[0]));
        let to = File::create(&screen).expect("the machine's folder can be written");
        let mut child = machine
            .command("python3")
            .args(["-c", TERMINAL])
            .args(command)
            .arg(file)
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(to.try_clone().expect("a file can be opened twice"))
            .stderr(to)
            .spawn()
            .expect("python3 starts");
        let editor = Self {
            keyboard: child.stdin.take(),
            child,
            screen,
        };
        editor.wait_for(shown);
        editor
    }

    /// Presses keys.
    ///
    /// # Panics
    /// Where the editor has ended.
    pub fn press(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("it is there until the end");
        keyboard
            .write_all(keys.as_bytes())
            .and_then(|()| keyboard.flush())
            .expect("the editor reads its keys");
    }

    /// Presses keys and waits until the screen shows something once more.
    ///
    /// # Panics
    /// Where it never does.
    pub fn press_until(&mut self, keys: &str, shown: &str) {
        let before = self.screen().matches(shown).count();
        self.press(keys);
        wait_until(&format!("`{shown}` on the screen again"), PATIENCE, || {
            self.screen().matches(shown).count() > before
        });
    }

    /// Waits until the screen has shown something.
    ///
    /// # Panics
    /// Where it never does.
    pub fn wait_for(&self, shown: &str) {
        wait_until(&format!("`{shown}` on the screen"), PATIENCE, || {
            self.screen().contains(shown)
        });
    }

    /// All that was written to the screen.
    #[must_use]
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.screen).unwrap_or_default()).into_owned()
    }

    /// Waits until the editor, told to, has ended.
    pub fn wait_for_end(mut self) {
        let _end = processes::reap("the editor ends", &mut self.child, PATIENCE);
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        drop(self.keyboard.take());
        // One that has ended is no more to be killed.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
