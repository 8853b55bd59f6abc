//! A connection even where no daemon runs: starts one, and waits for its welcome.
//!
//! Any number of clients may do so at once: the ownership lock leaves one daemon, and the others end
//! by themselves.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use platform::dirs::{Dirs, HOME_VARIABLE};
use platform::private_folder::{self, FolderError};
use platform::process::{self, Started};
use protocol::failure::{Failure, FailureCode};
use protocol::hello::{FORWARDED_VARIABLES, Hello};

use crate::connection::{ConnectError, Connection};

/// How long a daemon may take from its start to its welcome.
pub const START_WAIT_MAX: Duration = Duration::from_secs(5);

/// The variable that names the daemon's program, where it is not beside ours or in `PATH`.
pub const DAEMON_VARIABLE: &str = "WATERCOOLER_DAEMON";

/// Set in the environment of a daemon that was started here: its standard error goes to
/// [`START_LOG`], and should say no more than why it could not start.
pub const DETACHED_VARIABLE: &str = "WATERCOOLER_DETACHED";

/// Where a daemon's standard error goes, in the folder of the logs.
pub const START_LOG: &str = "start.log";

/// Over this the log begins anew.
pub const START_LOG_BYTES_MAX: u64 = 1 << 20;

const PROGRAM: &str = "watercoolerd";
const ASK_STEP: Duration = Duration::from_millis(10);
const ASK_STEP_MAX: Duration = Duration::from_millis(100);

/// How soon a daemon that ended at once is started again: the one before it may still be ending.
const START_AGAIN: Duration = Duration::from_millis(400);

/// Variables that point git at the repository of whoever called us.
const GIT_VARIABLES: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
];

/// Why no daemon could be had.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// One is there, and does not serve us.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is no such program.
    #[error(
        "the program {PROGRAM} is neither beside this one nor in PATH; install it, or name it in \
         {DAEMON_VARIABLE}"
    )]
    NoProgram,
    /// It could not be started.
    #[error("{program:?} could not be started: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The state folder, where it would run and log, cannot be had.
    #[error("{0}")]
    Folder(#[from] FolderError),
    /// It was started and did not answer in time.
    #[error(
        "the daemon was started and did not answer within {} ms{}{last_words}",
        waited.as_millis(), if last_words.is_empty() { "" } else { ": " }
    )]
    NoAnswer {
        /// For how long.
        waited: Duration,
        /// The last line that it wrote on standard error, if any.
        last_words: String,
    },
}

impl LaunchError {
    /// The exit code of a program that ends on this; source: the outside contract, section 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Connect(error) => error.exit_code(),
            Self::Folder(error) if error.is_not_permitted() => 77,
            Self::Folder(_) | Self::NoProgram | Self::Start { .. } | Self::NoAnswer { .. } => 69,
        }
    }

    /// The failure that a client is told.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let hint = match self {
            Self::Connect(error) => return error.failure(),
            Self::NoProgram | Self::Start { .. } => "Install watercooler again.",
            Self::Folder(_) => "Make that folder usable, then try again.",
            Self::NoAnswer { .. } => "Look into it with `watercooler logs`.",
        };
        Failure::new(FailureCode::DaemonUnavailable, self.to_string(), hint)
    }
}

/// Connects to the daemon, which is started if none runs, and returns once its welcome is heard.
/// Takes `limit` at most; [`START_WAIT_MAX`] is enough for a start. A daemon that is there and
/// silent is no reason to start another: that is told as soon as its handshake ran out of time.
///
/// # Errors
/// [`LaunchError`], in words for a person.
pub fn open(dirs: &Dirs, hello: &Hello, limit: Duration) -> Result<Connection, LaunchError> {
    let deadline = Instant::now() + limit;
    let mut launch: Option<Launch> = None;
    let mut step = ASK_STEP;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match Connection::open(dirs, hello, left) {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let is_starting = launch.is_some() && matches!(error, ConnectError::Silent { .. });
        if !error.is_absence() && !is_starting {
            return Err(error.into());
        }
        if Instant::now() + step >= deadline {
            return Err(match launch {
                Some(_) => LaunchError::NoAnswer {
                    waited: limit,
                    last_words: last_words(dirs),
                },
                None => error.into(),
            });
        }
        match &mut launch {
            None => launch = Some(Launch::begin(dirs)?),
            Some(launch) => launch.again(dirs)?,
        }
        thread::sleep(step);
        step = (step * 2).min(ASK_STEP_MAX);
    }
}

/// Sees to it that a daemon runs and answers; as [`open`].
///
/// # Errors
/// As [`open`].
pub fn ensure_daemon(dirs: &Dirs, hello: &Hello, limit: Duration) -> Result<(), LaunchError> {
    open(dirs, hello, limit).map(drop)
}

#[derive(Debug)]
struct Launch {
    program: PathBuf,
    started: Started,
    at: Instant,
}

impl Launch {
    fn begin(dirs: &Dirs) -> Result<Self, LaunchError> {
        let program = program().ok_or(LaunchError::NoProgram)?;
        let started = start(dirs, &program)?;
        Ok(Self {
            program,
            started,
            at: Instant::now(),
        })
    }

    /// Starts it once more where it ended: another daemon was ending, and held the lock.
    fn again(&mut self, dirs: &Dirs) -> Result<(), LaunchError> {
        if self.at.elapsed() >= START_AGAIN && self.started.has_ended() {
            self.started = start(dirs, &self.program)?;
            self.at = Instant::now();
        }
        Ok(())
    }
}

fn start(dirs: &Dirs, program: &Path) -> Result<Started, LaunchError> {
    private_folder::ensure(&dirs.state)?;
    private_folder::ensure(&dirs.logs())?;
    let failed = |source| LaunchError::Start {
        program: program.to_owned(),
        source,
    };
    let log = start_log(&dirs.logs().join(START_LOG)).map_err(failed)?;
    let none: [OsString; 0] = [];
    process::spawn_detached(program, none, log, |command| settle(command, dirs)).map_err(failed)
}

/// The daemon serves a user, not whoever happened to start it.
fn settle(command: &mut Command, dirs: &Dirs) {
    for name in FORWARDED_VARIABLES.iter().chain(&GIT_VARIABLES) {
        command.env_remove(name);
    }
    command.env(DETACHED_VARIABLE, "1").current_dir(&dirs.state);
    if let Some(home) = &dirs.home {
        // It may have been given relative to our working folder.
        command.env(HOME_VARIABLE, home);
    }
}

fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os(DAEMON_VARIABLE).filter(|named| !named.is_empty()) {
        return std::path::absolute(named).ok();
    }
    let name = format!("{PROGRAM}{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe()
        .ok()
        .and_then(|ours| fs::canonicalize(&ours).ok().or(Some(ours)))
        .and_then(|ours| ours.parent().map(Path::to_owned));
    let path = env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(env::split_paths(&path).filter(|folder| folder.is_absolute()))
        .map(|folder| folder.join(&name))
        .find(|program| program.is_file())
}

fn start_log(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|found| found.len() > START_LOG_BYTES_MAX) {
        fs::remove_file(path)?;
    }
    File::options().create(true).append(true).open(path)
}

fn last_words(dirs: &Dirs) -> String {
    const TAIL_BYTES: u64 = 4 << 10;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(dirs.logs().join(START_LOG))?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(TAIL_BYTES)))?;
        let mut tail = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut tail)?;
        Ok(tail)
    };
    let tail = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&tail);
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_log_of_starts_is_kept_short_and_its_last_words_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let dirs = Dirs::under(folder.path());
        fs::create_dir_all(dirs.logs()).unwrap();
        let path = dirs.logs().join(START_LOG);
        assert_eq!(last_words(&dirs), "");
        let max = usize::try_from(START_LOG_BYTES_MAX).unwrap();
        let mut log = start_log(&path).unwrap();
        log.write_all(&vec![b'x'; max - 6]).unwrap();
        log.write_all(b"\nlast\n").unwrap();
        start_log(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), START_LOG_BYTES_MAX);
        assert_eq!(last_words(&dirs), "last");
        log.write_all(b"y").unwrap();
        start_log(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    }
}
