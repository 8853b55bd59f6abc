//! A display without a monitor, and a person before it who looks at titles and uses the keyboard.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::cli::Ran;
use crate::machine::Machine;
use crate::wait::{PATIENCE, wait_for};

/// The display. It ends with this.
#[derive(Debug)]
pub struct Screen {
    server: Child,
    name: String,
}

/// A window on it that has the keyboard.
#[derive(Debug)]
pub struct Window<'a> {
    screen: &'a Screen,
    id: String,
}

impl Screen {
    /// Starts one.
    ///
    /// # Panics
    /// Where none is installed or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp"])
            .args(["-screen", "0", "1000x900x24"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("it was asked for");
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("the display says which it is");
        let number = number.trim();
        assert!(!number.is_empty(), "there is no display");
        let name = format!(":{number}");
        Self { server, name }
    }

    /// From here on the machine's programs show their windows there.
    pub fn used_by(&self, machine: &mut Machine) {
        machine.set("DISPLAY", &self.name);
    }

    /// How many windows have a title that matches.
    #[must_use]
    pub fn count(&self, title: &str) -> usize {
        self.found(title).len()
    }

    /// Waits for a window whose title matches, and gives it the keyboard.
    #[must_use]
    pub fn wait(&self, title: &str) -> Window<'_> {
        let id = wait_for(&format!("a window '{title}'"), PATIENCE, || {
            let id = self.found(title).pop()?;
            let focused = self.tool(&["windowfocus", "--sync", &id]);
            (focused.code == Some(0)).then_some(id)
        });
        Window { screen: self, id }
    }

    /// What was copied last.
    #[must_use]
    pub fn clipboard(&self) -> String {
        let mut command = Command::new("xclip");
        command.args(["-o", "-selection", "clipboard"]);
        Ran::run(command.env("DISPLAY", &self.name), "").stdout
    }

    fn found(&self, title: &str) -> Vec<String> {
        let found = self.tool(&["search", "--onlyvisible", "--name", title]);
        found.stdout.lines().map(str::to_owned).collect()
    }

    fn tool(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new("xdotool");
        Ran::run(command.args(arguments).env("DISPLAY", &self.name), "")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // One that has ended is nobody's to kill.
        let _gone = self.server.kill();
        let _ended = self.server.wait();
    }
}

impl Window<'_> {
    /// Presses these keys, one after the other.
    pub fn keys(&self, keys: &[&str]) {
        for key in keys {
            let pressed = self.screen.tool(&["key", key]);
            assert_eq!(pressed.code, Some(0), "{}", pressed.stderr);
        }
    }

    /// Types that.
    pub fn type_in(&self, text: &str) {
        let typed = self.screen.tool(&["type", "--delay", "15", text]);
        assert_eq!(typed.code, Some(0), "{}", typed.stderr);
    }

    /// Goes with the keyboard to what stands at that place of the screen, counted from 1, and presses
    /// it.
    pub fn press(&self, place: usize) {
        self.keys(&vec!["Tab"; place]);
        self.keys(&["space"]);
    }

    /// Its number on the display.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}
