//! `watercooler repo`: the repositories in the settings.

mod add;
mod environment;
mod list;
mod remove;
mod verdict;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Subcommand;
use protocol::failure::FailureCode;

use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;
use crate::settings::SettingsError;

/// What `repo` does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a repository, or give the one with that remote more code checkouts
    Add(add::Arguments),
    /// List the repositories
    List,
    /// Take a repository out; its files stay
    Remove(remove::Arguments),
}

/// Does it.
///
/// # Errors
/// The settings cannot be edited, the daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, command: Command) -> Result<Report, Problem> {
    match command {
        Command::Add(arguments) => add::run(session, arguments),
        Command::List => list::run(session),
        Command::Remove(arguments) => remove::run(session, &arguments),
    }
}

/// How long another edit of the settings is waited for.
const EDIT_WAIT_MAX: Duration = Duration::from_secs(5);

/// Between two looks at whether it is done.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The lock of those who edit the settings, in the state folder.
const EDIT_LOCK: &str = "settings.lock";

/// The settings file and what stands in it.
#[derive(Debug)]
struct SettingsFile {
    path: PathBuf,
    /// `None` where there is no file.
    text: Option<String>,
    /// Held while we edit, so that two commands at once do not lose one's repository.
    lock: Option<File>,
}

impl SettingsFile {
    /// Reads the file to change it; no other command changes it before this is dropped.
    fn edit(session: &Session) -> Result<Self, Problem> {
        let state = &session.dirs.state;
        platform::private_folder::ensure(state).map_err(|error| {
            let exit = match error.is_not_permitted() {
                true => Exit::NotPermitted,
                false => Exit::Failed,
            };
            Problem::new(FailureCode::NotDurable, error.to_string()).exit(exit)
        })?;
        let lock = locked(&state.join(EDIT_LOCK), EDIT_WAIT_MAX)?;
        Ok(Self {
            lock: Some(lock),
            ..Self::read(session)?
        })
    }

    /// Lets others edit; what was written stays.
    fn release(&mut self) {
        self.lock = None;
    }

    fn read(session: &Session) -> Result<Self, Problem> {
        // A linked file, as people who keep their settings in git have it, stays a link.
        let path = fs::canonicalize(&session.dirs.config);
        let path = path.unwrap_or_else(|_| session.dirs.config.clone());
        let text = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Problem::file(
                    format!("{} cannot be read", path.display()),
                    &error,
                ));
            }
        };
        Ok(Self {
            path,
            text,
            lock: None,
        })
    }

    fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    fn write(&self, text: &str) -> Result<(), Problem> {
        let folder = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        folder
            .and_then(|()| platform::durable::write_durably(&self.path, text.as_bytes()))
            .map_err(|error| {
                Problem::file(format!("{} cannot be written", self.path.display()), &error)
            })
    }

    /// Makes the file what it was when it was read.
    fn put_back(&self) -> Result<(), Problem> {
        match &self.text {
            Some(text) => self.write(text),
            None => fs::remove_file(&self.path).map_err(|error| {
                Problem::file(format!("{} cannot be removed", self.path.display()), &error)
            }),
        }
    }
}

fn locked(path: &Path, wait_max: Duration) -> Result<File, Problem> {
    let cannot = |error: &io::Error| Problem::file("the settings cannot be locked", error);
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(path);
    let file = file.map_err(|error| cannot(&error))?;
    let end = Instant::now() + wait_max;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(LOOK_EVERY),
            Err(TryLockError::WouldBlock) => {
                let message = "another command is editing the settings";
                return Err(Problem::new(FailureCode::NotDurable, message).hint("Try again."));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(&error)),
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        let message = error.to_string();
        match error {
            SettingsError::Malformed(_) | SettingsError::OtherForm => Self {
                exit: Exit::Failed,
                code: "settings_invalid".to_owned(),
                message,
                hint: Some("Correct the file config.toml, and try again.".to_owned()),
            },
            SettingsError::NoSuchName(_) => Self::new(FailureCode::RepositoryNotFound, message)
                .hint("`watercooler repo list` shows the repositories."),
            SettingsError::NameTaken(_) => {
                Self::usage(message).hint("Give it another name with --name.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_waits_for_the_other_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(EDIT_LOCK);
        let held = locked(&path, Duration::ZERO).unwrap();
        assert_eq!(locked(&path, LOOK_EVERY).unwrap_err().exit, Exit::Failed);
        drop(held);
        locked(&path, Duration::ZERO).unwrap();
    }
}
