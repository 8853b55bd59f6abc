//! Looks at the machine and changes nothing: what is there of ours, and what could be registered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use platform::dirs::{Dirs, PersonsFolders};

use crate::clients::hooks::{HOOK_FILES, HookFile};
use crate::clients::{CLIENTS, Client, Places, System};
use crate::receipt::Receipt;
use crate::services;

/// The programs, in the order in which they are put there: the daemon's starter last.
pub(crate) const PROGRAMS: [&str; 5] = [
    "watercoolerd",
    "watercooler-mcp",
    "watercooler-installer",
    "watercooler-tray",
    "watercooler",
];

/// The longest client file that is read; a longer one is left alone.
const CLIENT_FILE_BYTES_MAX: u64 = 16 << 20;

/// What a package puts beside the folder of its programs.
const PACKAGED_UNIT: &str = "lib/systemd/user/watercoolerd.service";

/// Where everything is, from the environment.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) places: Places,
    pub(crate) dirs: Dirs,
    /// Where the programs to put on lie.
    pub(crate) source: PathBuf,
    /// `$PATH`.
    pub(crate) path: Vec<PathBuf>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Absent,
    Present(String),
    /// Why it cannot be read.
    Unreadable(String),
}

/// A client and its file.
#[derive(Clone, Debug)]
pub(crate) struct ClientSeen {
    pub(crate) client: &'static Client,
    /// `None` where the client does not run on this system.
    pub(crate) file: Option<PathBuf>,
    /// Whether anything of it is there.
    pub(crate) used: bool,
    pub(crate) text: Text,
    /// The vendor's program, where it registers servers and is found.
    pub(crate) vendor: Option<PathBuf>,
}

/// A client's file of hooks.
#[derive(Clone, Debug)]
pub(crate) struct HooksSeen {
    pub(crate) hooks: &'static HookFile,
    pub(crate) file: PathBuf,
    pub(crate) text: Text,
}

/// How this machine is.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    pub(crate) source: PathBuf,
    /// Where the programs go.
    pub(crate) bin: PathBuf,
    /// The programs that lie in the source, and whether the same bytes are in `bin`.
    pub(crate) programs: BTreeMap<&'static str, bool>,
    pub(crate) bin_in_path: bool,
    pub(crate) clients: Vec<ClientSeen>,
    pub(crate) hooks: Vec<HooksSeen>,
    /// The folder of the person's systemd units; `None` where systemd is not what starts things.
    pub(crate) units: Option<PathBuf>,
    /// Whether the programs came with a package, which also starts them at login.
    pub(crate) packaged: bool,
    pub(crate) places: Places,
    /// `systemctl`, where a manager of this person's units answers.
    pub(crate) manager: Option<PathBuf>,
    /// What the units and the login's files hold now.
    pub(crate) files: BTreeMap<PathBuf, Text>,
    pub(crate) daemon_runs: bool,
    pub(crate) receipt: Receipt,
    pub(crate) dirs: Dirs,
}

impl Environment {
    /// As this process finds it.
    ///
    /// # Errors
    /// There is no home folder, or this program's own place is not known.
    pub(crate) fn of_process() -> anyhow::Result<Self> {
        let dirs = Dirs::find()?;
        let own = std::env::current_exe().context("the installer's own place is not known")?;
        let source = own.parent().context("the installer lies in no folder")?;
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let person = PersonsFolders::find()?;
        let system = match std::env::consts::OS {
            "windows" => System::Windows,
            "macos" => System::MacOs,
            _ => System::Linux,
        };
        Ok(Self {
            places: Places {
                system,
                home: person.home,
                settings: person.settings,
                codex_home: variable("CODEX_HOME").map(PathBuf::from),
            },
            dirs,
            source: source.to_owned(),
            path: variable("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
        })
    }
}

impl Survey {
    /// Looks; `prefix` is where the programs go, `~/.local` where nothing is said.
    ///
    /// # Errors
    /// The receipt of an earlier run is damaged.
    pub(crate) fn take(environment: &Environment, prefix: Option<&Path>) -> anyhow::Result<Self> {
        let Environment {
            places,
            dirs,
            source,
            path,
        } = environment;
        let receipt = Receipt::load(&dirs.state)?;
        let packaged = (source.parent()).is_some_and(|above| above.join(PACKAGED_UNIT).is_file());
        let bin = match prefix {
            Some(prefix) => prefix.join("bin"),
            None if packaged => source.clone(),
            None => places.home.join(".local/bin"),
        };
        let is_packaged = packaged && bin == *source;
        let programs = PROGRAMS
            .into_iter()
            .filter_map(|name| {
                let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
                let built = source.join(&file);
                built
                    .is_file()
                    .then(|| (name, same(&built, &bin.join(&file))))
            })
            .collect();
        let find = |name: &str| {
            let found = path.iter().map(|folder| folder.join(name));
            found.into_iter().find(|file| file.is_file())
        };
        let units = places.settings.join("systemd/user");
        let systemd = places.system == System::Linux && Path::new("/run/systemd/system").is_dir();
        let at_login = [services::Program::Daemon, services::Program::Tray];
        let files = (services::units(&units, &bin).into_iter())
            .map(|unit| unit.path)
            .chain(at_login.map(|program| services::login_file(program, places)));
        Ok(Self {
            source: source.clone(),
            bin_in_path: path.contains(&bin),
            bin,
            programs,
            clients: CLIENTS
                .iter()
                .map(|client| ClientSeen::look(client, places, &find))
                .collect(),
            hooks: HOOK_FILES
                .iter()
                .map(|hooks| {
                    let file = (hooks.file)(places);
                    HooksSeen {
                        text: read(&file),
                        hooks,
                        file,
                    }
                })
                .collect(),
            manager: find("systemctl").filter(|_| systemd),
            units: systemd.then_some(units),
            packaged: is_packaged,
            places: places.clone(),
            files: files.map(|file| (file.clone(), read(&file))).collect(),
            daemon_runs: platform::single_instance::owner(&dirs.state).is_some(),
            receipt,
            dirs: dirs.clone(),
        })
    }

    /// A program at its place.
    pub(crate) fn installed(&self, name: &str) -> PathBuf {
        self.bin
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

impl ClientSeen {
    fn look(
        client: &'static Client,
        places: &Places,
        find: &impl Fn(&str) -> Option<PathBuf>,
    ) -> Self {
        let file = (client.file)(places);
        let used = file.is_some() && (client.traces)(places).iter().any(|trace| trace.exists());
        let vendor = client.vendor.and_then(find);
        Self {
            client,
            text: file.as_deref().map_or(Text::Absent, read),
            used: used || vendor.is_some(),
            file,
            vendor,
        }
    }
}

fn read(path: &Path) -> Text {
    let long = fs::metadata(path).is_ok_and(|file| file.len() > CLIENT_FILE_BYTES_MAX);
    if long {
        return Text::Unreadable("it is too long".to_owned());
    }
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Text::Present(text),
            Err(_) => Text::Unreadable("it is no UTF-8".to_owned()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Text::Absent,
        Err(error) => Text::Unreadable(error.to_string()),
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let length = |path| fs::metadata(path).map(|file| file.len()).ok();
    length(one).is_some()
        && length(one) == length(other)
        && fs::read(one).ok() == fs::read(other).ok()
}
