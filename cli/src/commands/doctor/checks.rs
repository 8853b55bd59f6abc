//! The daemon, its folders, the disk, the clock, and each repository.

use std::fs;
use std::time::{Duration, SystemTime};

use platform::dirs::Dirs;
use platform::{private_folder, volume};
use protocol::answer::{Answer, RepositoryState};
use protocol::request::Request;
use protocol::status::{RepositoryStatus, Status};

use super::Finding;
use crate::link::{Link, Why, unexpected};
use crate::problem::Problem;
use crate::session::Session;
use crate::settings;

/// Less room than this is told before it is felt.
const FREE_BYTES_MIN: u64 = 512 << 20;

/// Fewer than these are soon used up by editors and build tools.
const WATCHES_MIN: u64 = 8_192;

/// By so much a file may be younger than now.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(300);

/// Mends what needs no question, and tells what was mended.
///
/// # Errors
/// The daemon does not start.
pub(super) fn fix(session: &Session) -> Result<Vec<String>, Problem> {
    let mut fixed = Vec::new();
    for folder in [&session.dirs.state, &session.dirs.runtime] {
        if let Err(private_folder::FolderError::Open { path, .. }) = private_folder::check(folder) {
            private_folder::close(&path)
                .map_err(|error| Problem::file(format!("{} stays open", path.display()), &error))?;
            fixed.push(format!("closed {} to others", path.display()));
        }
    }
    let none_runs = Link::to_running(session)
        .err()
        .map(|unreached| unreached.why);
    if none_runs == Some(Why::NoDaemon) {
        Link::started(session)?;
        fixed.push("started the daemon".to_owned());
    }
    Ok(fixed)
}

/// Looks at all of them.
pub(super) fn look(session: &Session) -> Vec<Finding> {
    let dirs = &session.dirs;
    let mut found = vec![
        folder("state folder", dirs, |dirs| &dirs.state),
        folder("runtime folder", dirs, |dirs| &dirs.runtime),
        settings_file(session),
        disk(dirs),
        file_system(dirs),
        clock(dirs),
    ];
    found.extend(watches());
    match status(session) {
        Ok(status) => {
            found.extend(daemon(&status));
            found.extend(status.repositories.iter().map(repository));
            found.extend(status.repositories.iter().filter_map(left_alone));
        }
        Err(finding) => found.push(finding),
    }
    found
}

fn folder(name: &str, dirs: &Dirs, of: impl Fn(&Dirs) -> &std::path::PathBuf) -> Finding {
    let path = of(dirs);
    if !path.exists() {
        return Finding::well(
            name,
            format!("{} is made when it is needed", path.display()),
        );
    }
    match private_folder::check(path) {
        Ok(()) => Finding::well(name, format!("{} is ours alone", path.display())),
        Err(error) => Finding::problem(name, error.to_string(), "Run: watercooler doctor --fix"),
    }
}

fn settings_file(session: &Session) -> Finding {
    let path = &session.dirs.config;
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => match settings::list(&text) {
            Ok(listed) => {
                let words = format!("{shown} names {} repositories", listed.len());
                Finding::well("settings", words)
            }
            Err(error) => Finding::problem(
                "settings",
                error.to_string(),
                format!("Mend {shown}; the daemon goes on with the last good settings."),
            ),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::well(
            "settings",
            format!("{shown} is not there; the defaults hold"),
        ),
        Err(error) => Finding::problem(
            "settings",
            format!("{shown} cannot be read: {error}"),
            "See that you may read it.",
        ),
    }
}

/// The nearest folder that is there, of one that may not be.
fn there(dirs: &Dirs) -> &std::path::Path {
    let found = dirs.state.ancestors().find(|folder| folder.exists());
    found.unwrap_or(&dirs.state)
}

fn disk(dirs: &Dirs) -> Finding {
    match volume::free_bytes(there(dirs)) {
        Ok(free) if free < FREE_BYTES_MIN => Finding::problem(
            "disk",
            format!("{} MB are free where the state is", free >> 20),
            "Make room: writes are refused when the disk is full.",
        ),
        Ok(free) => Finding::well("disk", format!("{} MB are free", free >> 20)),
        Err(error) => Finding::note("disk", format!("its room is not known: {error}"), ""),
    }
}

fn file_system(dirs: &Dirs) -> Finding {
    let kinds = [there(dirs), &dirs.repositories].map(volume::remote_kind);
    match kinds.into_iter().flatten().next() {
        Some(kind) => Finding::note(
            "file system",
            format!("the folders lie on {kind}, which may tell late of changes, or lose locks"),
            "Keep state and threads on a disk of this machine: WATERCOOLER_HOME names the folder.",
        ),
        None => Finding::well("file system", "the folders lie on a disk of this machine"),
    }
}

fn watches() -> Option<Finding> {
    let most = volume::watches_max()?;
    Some(if most < WATCHES_MIN {
        Finding::note(
            "watches",
            format!("this user may watch {most} folders at once"),
            "Raise fs.inotify.max_user_watches (sysctl).",
        )
    } else {
        Finding::well("watches", format!("{most} folders may be watched"))
    })
}

/// A file that was written later than now: the clock went back, or was wrong then.
fn clock(dirs: &Dirs) -> Finding {
    let now = SystemTime::now();
    let files = fs::read_dir(&dirs.state).into_iter().flatten().flatten();
    let newest = files
        .filter_map(|file| file.metadata().ok()?.modified().ok())
        .max();
    let ahead = newest.and_then(|newest| newest.duration_since(now).ok());
    match ahead {
        Some(ahead) if ahead > CLOCK_SKEW_MAX => Finding::problem(
            "clock",
            format!(
                "files here were written {} minutes after now",
                ahead.as_secs() / 60
            ),
            "Set the clock: entries are stamped with it, and certificates are judged by it.",
        ),
        Some(_) | None => Finding::well("clock", "no file here is younger than now"),
    }
}

fn status(session: &Session) -> Result<Status, Finding> {
    let name = "daemon";
    let problem = |problem: &Problem| {
        let hint = problem.hint.clone().unwrap_or_default();
        Finding::problem(name, problem.message.clone(), hint)
    };
    let mut link = Link::to_running(session).map_err(|unreached| match unreached.why {
        Why::NoDaemon | Why::Ending => Finding::problem(
            name,
            "none runs",
            "Run: watercooler daemon start, or watercooler doctor --fix",
        ),
        Why::NotPermitted | Why::NotServed | Why::Other => problem(&unreached.problem),
    })?;
    let done = link.ask(Request::Status).map_err(|error| problem(&error))?;
    if let Answer::Status(status) = done.answer {
        return Ok(status);
    }
    Err(problem(&unexpected()))
}

fn daemon(status: &Status) -> Option<Finding> {
    let daemon = status.daemon.as_ref()?;
    let own = env!("CARGO_PKG_VERSION");
    if daemon.version != own {
        return Some(Finding::problem(
            "daemon",
            format!("it is {}, and this is {own}", daemon.version),
            "Run: watercooler daemon restart",
        ));
    }
    Some(match &daemon.trouble {
        Some(trouble) => Finding::problem("daemon", &trouble.message, &trouble.hint),
        None => Finding::well("daemon", format!("process {}, {own}", daemon.pid)),
    })
}

fn repository(status: &RepositoryStatus) -> Finding {
    let name = format!("repository {}", status.name);
    if let Some(trouble) = &status.trouble {
        let words = format!("{}: {}", trouble.kind, trouble.message);
        return match status.state {
            // It heals by itself.
            RepositoryState::Offline | RepositoryState::Syncing => {
                Finding::note(&name, words, &trouble.hint)
            }
            RepositoryState::Synced
            | RepositoryState::Paused
            | RepositoryState::SignedOut
            | RepositoryState::Attention
            | RepositoryState::Local => Finding::problem(&name, words, &trouble.hint),
        };
    }
    if status.held > 0 {
        return Finding::problem(
            &name,
            format!("{} entries are held: the remote refused them", status.held),
            "docs/troubles.md, push_refused; `watercooler sync` tries them once more.",
        );
    }
    let state = crate::text::freshness::state(status.state);
    Finding::well(&name, format!("{state}, {} threads", status.threads))
}

/// Files of the working tree that are for a person to see to; they hinder nothing.
fn left_alone(status: &RepositoryStatus) -> Option<Finding> {
    let first = status.left_alone.first()?;
    let words = format!("{} {}", first.file, first.why);
    let more = status.left_alone.len() - 1;
    let words = if more == 0 {
        words
    } else {
        format!("{words}; {more} more: watercooler status")
    };
    let hint = "docs/hand-edits.md says what to do with it.";
    let name = format!("working tree {}", status.name);
    Some(Finding::note(&name, words, hint))
}
