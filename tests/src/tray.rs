//! A machine's tray, driven over the session bus as a desktop does: reads icon, title, tooltip and
//! menu, and clicks in it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::cli::Ran;
use crate::machine::Machine;
use crate::processes::{self, Signal};
use crate::programs;
use crate::wait::{PATIENCE, wait_until};

const PATH: &str = "/StatusNotifierItem";
const INTERFACE: &str = "org.kde.StatusNotifierItem";

/// A tray that runs. It ends with its machine, or with this.
#[derive(Debug)]
pub struct Tray {
    child: Child,
}

/// Where the program was built.
#[must_use]
pub fn program() -> PathBuf {
    programs::folder().join("watercooler-tray")
}

impl Tray {
    /// Starts it, and waits until its icon is on the bus.
    #[must_use]
    pub fn start(machine: &Machine) -> Self {
        let tray = Self::begin(machine);
        wait_until("the icon is on the bus", PATIENCE, || {
            tray.property(machine, "Id").contains("watercooler")
        });
        tray
    }

    /// Starts it, whether or not there is a bus.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn begin(machine: &Machine) -> Self {
        let stderr = File::create(machine.root().join("tray.stderr"));
        let child = machine
            .command(program())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr.expect("the machine's folder can be written"))
            .spawn()
            .expect("the tray starts; the suite builds it");
        Self { child }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it wrote on standard error.
    #[must_use]
    pub fn stderr(machine: &Machine) -> String {
        std::fs::read_to_string(machine.root().join("tray.stderr")).unwrap_or_default()
    }

    /// Ends it as a session's end does.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn end(mut self) {
        processes::signal(self.child.id(), Signal::TERM);
        let _ended = processes::reap("the tray ends", &mut self.child, PATIENCE);
    }

    /// Waits until it has ended by itself; its exit code.
    pub fn wait_end(mut self) -> Option<i32> {
        processes::reap("the tray ends", &mut self.child, PATIENCE).code()
    }

    /// A property of the icon, as `gdbus` prints it; empty where there is none.
    #[must_use]
    pub fn property(&self, machine: &Machine, name: &str) -> String {
        let get = "org.freedesktop.DBus.Properties.Get";
        self.call(machine, PATH, get, &[INTERFACE, name]).stdout
    }

    /// The whole menu, as `gdbus` prints it.
    #[must_use]
    pub fn menu(&self, machine: &Machine) -> String {
        let method = "com.canonical.dbusmenu.GetLayout";
        let arguments = ["0", "--", "-1", "['label','type','toggle-state','enabled']"];
        self.call(machine, "/MenuBar", method, &arguments).stdout
    }

    /// Waits until a property holds that text.
    pub fn wait_property(&self, machine: &Machine, name: &str, text: &str) {
        let mut last = String::new();
        let found = within(PATIENCE, || {
            last = self.property(machine, name);
            last.contains(text)
        });
        assert!(found, "{name} has no '{text}': {last}\n{}", log(machine));
    }

    /// Waits until the menu has a line that begins so.
    pub fn wait_menu(&self, machine: &Machine, text: &str) {
        let mut last = String::new();
        let found = within(PATIENCE, || {
            last = self.menu(machine);
            last.contains(&format!("'{text}"))
        });
        assert!(found, "no '{text}' in {last}\n{}", log(machine));
    }

    /// Clicks the line of the menu whose words begin so.
    ///
    /// # Panics
    /// Where there is none.
    pub fn click(&self, machine: &Machine, words: &str) {
        let method = "com.canonical.dbusmenu.Event";
        wait_until(&format!("'{words}' in the menu"), PATIENCE, || {
            let Some(id) = item(&self.menu(machine), words) else {
                return false;
            };
            let ran = self.call(machine, "/MenuBar", method, &[&id, "clicked", "<''>", "0"]);
            // The menu was made anew since it was read.
            let is_gone = ran.stderr.contains("id not found");
            assert!(ran.code == Some(0) || is_gone, "{}", ran.stderr);
            !is_gone
        });
    }

    /// Clicks the icon itself.
    pub fn activate(&self, machine: &Machine) {
        let method = "org.kde.StatusNotifierItem.Activate";
        let ran = self.call(machine, PATH, method, &["10", "10"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }

    fn call(&self, machine: &Machine, path: &str, method: &str, arguments: &[&str]) -> Ran {
        let name = format!("org.kde.StatusNotifierItem-{}-1", self.child.id());
        let mut command = machine.command("gdbus");
        command
            .args([
                "call",
                "--session",
                "--timeout",
                "20",
                "-d",
                &name,
                "-o",
                path,
                "-m",
                method,
            ])
            .args(arguments);
        Ran::run(&mut command, "")
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        // One that has ended is nobody's to kill.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// What the machine's trays logged.
#[must_use]
pub fn log(machine: &Machine) -> String {
    let folder = machine.folder().join("state/tray/logs");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| std::fs::read_to_string(file.path()).ok())
        .collect()
}

/// The number of the item whose label begins so: the last number before it.
fn item(layout: &str, words: &str) -> Option<String> {
    let at = layout.find(&format!("'label': <'{words}"))?;
    let open = layout[..at].rfind("<(")?;
    let number = layout[open + 2..at].split(',').next()?;
    let number = number.trim().trim_start_matches("int32 ");
    number.parse::<i32>().ok()?;
    Some(number.to_owned())
}

/// How often a process was given the processor, all its threads together, while that passed.
///
/// # Panics
/// Where it is gone.
#[must_use]
pub fn wake_ups(pid: u32, during: Duration) -> u64 {
    let count = || -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
        let of = |task: std::fs::DirEntry| {
            let status = std::fs::read_to_string(task.path().join("status")).ok()?;
            let line = status
                .lines()
                .find(|line| line.starts_with("voluntary_ctxt_switches"))?;
            line.split_whitespace().last()?.parse::<u64>().ok()
        };
        tasks.flatten().filter_map(of).sum()
    };
    let before = count();
    std::thread::park_timeout(during);
    count() - before
}

fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        // Nobody unparks: this is the pause between two looks.
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
