//! Where everything is kept: under one folder that `WATERCOOLER_HOME` names, else where the
//! conventions of the operating system have it. Source: the outside contract, section 2.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use crate::os;
use crate::private_folder::{self, FolderError};

/// The variable that moves everything under one folder.
pub const HOME_VARIABLE: &str = "WATERCOOLER_HOME";

/// The longest path that a socket may have, in bytes, without the NUL that ends it.
pub const SOCKET_PATH_BYTES_MAX: usize = os::SOCKET_PATH_BYTES_MAX;

const APPLICATION: &str = "watercooler";

/// The places of one user, or of one `WATERCOOLER_HOME`. All are absolute; none need exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// The settings: the file `config.toml`.
    pub config: PathBuf,
    /// The folder of the working trees, plain files to read and edit.
    pub repositories: PathBuf,
    /// The folder of private clones, outboxes, logs and the ownership lock.
    pub state: PathBuf,
    /// The folder of the socket.
    pub runtime: PathBuf,
    /// What `WATERCOOLER_HOME` says, made absolute; absent where the user's own folders are meant.
    pub home: Option<PathBuf>,
}

/// Why there are no places.
#[derive(Debug, thiserror::Error)]
pub enum DirsError {
    /// Neither `WATERCOOLER_HOME` nor a home folder is known.
    #[error(
        "there is no home folder: HOME is not set and the user has none; set HOME or WATERCOOLER_HOME"
    )]
    NoHome,
    /// The home folder is not an absolute path.
    #[error("the home folder {0:?} is not an absolute path; set HOME or WATERCOOLER_HOME")]
    RelativeHome(PathBuf),
    /// `WATERCOOLER_HOME` is relative and the working folder is gone.
    #[error("WATERCOOLER_HOME is relative and the working folder cannot be named")]
    NoWorkingFolder(#[source] std::io::Error),
}

impl Dirs {
    /// The places that the environment and the operating system give.
    ///
    /// # Errors
    /// [`DirsError`], in words for a person.
    pub fn find() -> Result<Self, DirsError> {
        match env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
            Some(home) => Self::of_variable(home),
            None => Self::of_user(),
        }
    }

    /// The places under one folder, as `WATERCOOLER_HOME=home` gives them; `home` is absolute.
    #[must_use]
    pub fn under(home: &Path) -> Self {
        Self {
            config: home.join("config.toml"),
            repositories: home.join("repositories"),
            state: home.join("state"),
            runtime: home.join("run"),
            home: Some(home.to_owned()),
        }
    }

    /// The folder of the daemon's logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    fn of_variable(home: OsString) -> Result<Self, DirsError> {
        let home = std::path::absolute(PathBuf::from(home)).map_err(DirsError::NoWorkingFolder)?;
        Ok(Self::under(&home))
    }

    fn of_user() -> Result<Self, DirsError> {
        let project = ProjectDirs::from("", "", APPLICATION).ok_or(DirsError::NoHome)?;
        let state = project
            .state_dir()
            .map_or_else(|| project.data_local_dir().join("state"), Path::to_owned);
        if !state.is_absolute() {
            return Err(DirsError::RelativeHome(state));
        }
        Ok(Self {
            config: project.config_dir().join("config.toml"),
            repositories: project.data_local_dir().join("repositories"),
            runtime: project
                .runtime_dir()
                .map_or_else(|| state.join("run"), Path::to_owned),
            state,
            home: None,
        })
    }
}

/// A person's folders, in which other programs keep theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonsFolders {
    /// The home folder.
    pub home: PathBuf,
    /// `$XDG_CONFIG_HOME`, `~/Library/Application Support` or `%APPDATA%`.
    pub settings: PathBuf,
}

impl PersonsFolders {
    /// Those of the user that this process runs as.
    ///
    /// # Errors
    /// [`DirsError::NoHome`].
    pub fn find() -> Result<Self, DirsError> {
        let found = BaseDirs::new().ok_or(DirsError::NoHome)?;
        Ok(Self {
            home: found.home_dir().to_owned(),
            settings: found.config_dir().to_owned(),
        })
    }
}

/// A private folder with a short path, for a socket whose own path would be too long. It is made
/// where it is missing, and is proved to be ours.
///
/// # Errors
/// [`FolderError`] where somebody else holds every place for it.
pub fn short_folder() -> Result<PathBuf, FolderError> {
    let [first, last] = os::short_folders();
    if let Some(folder) = first
        && private_folder::ensure(&folder).is_ok()
    {
        return Ok(folder);
    }
    let folder = last.unwrap_or_else(env::temp_dir);
    private_folder::ensure(&folder)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHILD: &str = "dirs::tests::child_prints_what_it_finds";

    /// Not a test of its own: prints what `find` gives to the test that starts it.
    #[test]
    fn child_prints_what_it_finds() {
        if env::var_os("SHOW_DIRS").is_some() {
            match Dirs::find() {
                Ok(found) => println!("FOUND {found:?}"),
                Err(error) => println!("FOUND {error}"),
            }
        }
    }

    fn found_with(environment: &[(&str, &str)]) -> String {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture"])
            .env_clear()
            .env("SHOW_DIRS", "1")
            .envs(environment.iter().copied())
            .current_dir("/")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let at = text.find("FOUND ").expect("the child prints one line");
        text[at + 6..].lines().next().unwrap_or_default().to_owned()
    }

    fn check(environment: &[(&str, &str)], expected: &Dirs) {
        assert_eq!(found_with(environment), format!("{expected:?}"));
    }

    #[test]
    fn places_follow_the_contract() {
        check(&[("WATERCOOLER_HOME", "/h")], &Dirs::under(Path::new("/h")));
        check(&[("WATERCOOLER_HOME", "h")], &Dirs::under(Path::new("/h")));
        let home = Dirs {
            config: "/home/alice/.config/watercooler/config.toml".into(),
            repositories: "/home/alice/.local/share/watercooler/repositories".into(),
            state: "/home/alice/.local/state/watercooler".into(),
            runtime: "/home/alice/.local/state/watercooler/run".into(),
            home: None,
        };
        check(&[("HOME", "/home/alice")], &home);
        check(&[("HOME", "/home/alice"), ("WATERCOOLER_HOME", "")], &home);
        let xdg = Dirs {
            config: "/c/watercooler/config.toml".into(),
            repositories: "/d/watercooler/repositories".into(),
            state: "/s/watercooler".into(),
            runtime: "/r/watercooler".into(),
            home: None,
        };
        check(
            &[
                ("HOME", "/home/alice"),
                ("XDG_CONFIG_HOME", "/c"),
                ("XDG_DATA_HOME", "/d"),
                ("XDG_STATE_HOME", "/s"),
                ("XDG_RUNTIME_DIR", "/r"),
            ],
            &xdg,
        );
    }

    #[test]
    fn a_relative_home_is_refused_in_words() {
        assert!(found_with(&[("HOME", "here")]).contains("set HOME or WATERCOOLER_HOME"));
    }

    #[test]
    fn a_short_folder_is_short_and_ours() {
        let folder = short_folder().unwrap();
        assert!(folder.as_os_str().len() < SOCKET_PATH_BYTES_MAX / 2);
        private_folder::check(&folder).unwrap();
    }
}
