//! A session bus with a real gnome-keyring, as a desktop has it: open, locked, absent or late.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::canary;
use crate::cli::Ran;
use crate::machine::Machine;
use crate::scratch;
use crate::servers::served::program;
use crate::wait::{PATIENCE, wait_until};

/// What opens the keychain.
const PASSWORD: &str = "opens-the-keychain";

/// A bus that starts no service by itself, so that a keychain is there only where a test starts one.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir=FOLDER</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"#;

/// A desktop session. Its bus and keychain end with it.
#[derive(Debug)]
pub struct Session {
    folder: TempDir,
    bus: Child,
    address: String,
    keychain: Option<Child>,
}

impl Session {
    /// A session whose keychain is open.
    #[must_use]
    pub fn with_keychain() -> Self {
        let mut session = Self::without_keychain();
        session.open();
        session
    }

    /// A session in which no keychain runs yet.
    ///
    /// # Panics
    /// Where there is no bus.
    #[must_use]
    pub fn without_keychain() -> Self {
        canary::watch_over_the_suite();
        let folder = scratch::folder();
        let place = folder.path();
        fs::set_permissions(place, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let settings = BUS.replace("FOLDER", &place.display().to_string());
        fs::write(place.join("bus.conf"), settings).expect("a scratch folder can be written");
        let mut bus = Command::new(program("dbus-run-session"))
            .arg("--config-file")
            .arg(place.join("bus.conf"))
            .args(["--", "sh", "-c", "echo $DBUS_SESSION_BUS_ADDRESS; exec cat"])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the bus starts");
        let mut address = String::new();
        let stdout = bus.stdout.take().expect("it was asked for");
        BufReader::new(stdout)
            .read_line(&mut address)
            .expect("the bus says where it is");
        let address = address.trim().to_owned();
        assert!(!address.is_empty(), "there is no bus");
        Self {
            folder,
            bus,
            address,
            keychain: None,
        }
    }

    /// Where the bus is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From here on the machine is in this session.
    pub fn used_by(&self, machine: &mut Machine) {
        machine.set("DBUS_SESSION_BUS_ADDRESS", &self.address);
    }

    /// Starts the keychain, open, with what it held before.
    ///
    /// # Panics
    /// Where it does not come.
    pub fn open(&mut self) {
        self.close();
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--unlock", "--components=secrets", "--foreground"]);
        let mut keychain = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("gnome-keyring starts");
        let mut stdin = keychain.stdin.take().expect("it was asked for");
        stdin.write_all(PASSWORD.as_bytes()).expect("it reads");
        drop(stdin);
        self.keychain = Some(keychain);
        wait_until("the keychain answers", PATIENCE, || self.is_there());
        wait_until("the keychain is open", PATIENCE, || !self.is_locked());
    }

    /// Locks it, as a screen saver may.
    ///
    /// # Panics
    /// Where it does not lock.
    pub fn lock(&self) {
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let locked = self.send("secrets", "/secrets", "Secret.Service.Lock", &[collection]);
        assert_eq!(locked.code, Some(0), "{}", locked.stderr);
        wait_until("the keychain is locked", PATIENCE, || self.is_locked());
    }

    /// Ends the keychain; what it holds stays on the disk.
    pub fn close(&mut self) {
        let Some(mut keychain) = self.keychain.take() else {
            return;
        };
        keychain.kill().expect("it is our child");
        let _ended = keychain.wait();
        wait_until("the keychain is gone", PATIENCE, || !self.is_there());
    }

    fn is_there(&self) -> bool {
        let name = "string:org.freedesktop.secrets";
        let said = self.send("DBus", "/DBus", "DBus.NameHasOwner", &[name]);
        said.stdout.contains("boolean true")
    }

    fn is_locked(&self) -> bool {
        let wanted = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
        let place = "/secrets/collection/login";
        let said = self.send("secrets", place, "DBus.Properties.Get", &wanted);
        !said.stdout.contains("boolean false")
    }

    fn send(&self, to: &str, object: &str, method: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command("dbus-send");
        command
            .args(["--session", "--print-reply"])
            .arg(format!("--dest=org.freedesktop.{to}"))
            .arg(format!("/org/freedesktop{object}"))
            .arg(format!("org.freedesktop.{method}"))
            .args(arguments);
        Ran::run(&mut command, "")
    }

    fn command(&self, name: &str) -> Command {
        let place = self.folder.path();
        let mut command = Command::new(program(name));
        command
            .env_clear()
            .env("HOME", place)
            .env("XDG_RUNTIME_DIR", place)
            .env("XDG_DATA_HOME", place.join("data"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        fs::create_dir_all(place.join("data")).expect("a scratch folder can be written");
        command
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(mut keychain) = self.keychain.take() {
            let _gone = keychain.kill();
            let _reaped = keychain.wait();
        }
        // The end of its input is the end of the bus.
        drop(self.bus.stdin.take());
        let _ended = self.bus.wait();
    }
}
