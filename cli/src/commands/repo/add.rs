//! `watercooler repo add`: into the settings, then waits for the first fetch.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use protocol::answer::{Answer, RepositoryListed, RepositoryState, Synced};
use protocol::request::{Request, Sync};
use serde_json::{Value, json};

use super::SettingsFile;
use super::list::of_daemon;
use crate::commands::sync::{WAIT_SECONDS, out_of_step};
use crate::link::{Link, unexpected};
use crate::problem::{Exit, Problem};
use crate::remote_url;
use crate::report::Report;
use crate::session::Session;
use crate::settings::{self, Edited, LOCAL, Wanted};
use crate::text;

/// What `repo add` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The remote: ssh, https, file, or a folder's path; without a password in it
    url: String,
    /// Its name here, of [a-z0-9-]; else derived from the URL
    #[arg(long)]
    name: Option<String>,
    /// The branch to follow; else the remote's own
    #[arg(long)]
    branch: Option<String>,
    /// Where threads live inside the tree
    #[arg(long, value_name = "D")]
    directory: Option<String>,
    /// A code checkout whose agents talk in this repository; may be repeated
    #[arg(long, value_name = "DIR")]
    code: Vec<PathBuf>,
    /// The form of new threads
    #[arg(long)]
    header: Option<Header>,
    /// A private key that is used alone
    #[arg(long, value_name = "F")]
    ssh_key: Option<PathBuf>,
}

/// The form of new threads; source: the outside contract, section 3.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Header {
    /// Classic where a classic thread stands, else front matter
    Auto,
    /// Key: value lines between two rules
    FrontMatter,
    /// A heading and Key: value lines
    Classic,
}

impl Header {
    fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::FrontMatter => "front-matter",
            Self::Classic => "classic",
        }
    }
}

/// Adds.
///
/// # Errors
/// A URL with a secret in it, settings that cannot be edited or that the daemon refuses (then they
/// are as they were), the daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let wanted = wanted(arguments)?;
    let mut file = SettingsFile::edit(session)?;
    let edited = settings::add(file.text(), &wanted)?;
    let changed = edited.text != file.text();
    let left = changed
        .then(|| left_behind(session, &file, &edited))
        .flatten();
    if changed {
        file.write(&edited.text)?;
    }
    let mut link = Link::started(session).map_err(|unreached| {
        let problem: Problem = unreached.into();
        let message = format!("{}; the settings are written", problem.message);
        Problem { message, ..problem }
    })?;
    if let Err(problem) = link.ask(Request::SettingsReload) {
        if changed && problem.exit != Exit::Unavailable {
            file.put_back()?;
            // The daemon's trouble ends with the bad edit; what it says of the old file is no news.
            let _ = link.ask(Request::SettingsReload);
        }
        return Err(problem);
    }
    file.release();
    first_fetch(session, &mut link, &edited.name, left)
}

fn first_fetch(
    session: &Session,
    link: &mut Link,
    name: &str,
    left: Option<String>,
) -> Result<Report, Problem> {
    let sync = Request::Sync(Sync {
        wait_seconds: WAIT_SECONDS,
    });
    let done = link.ask_in(name, sync)?;
    let Answer::Synced(synced) = &done.answer else {
        return Err(unexpected());
    };
    let tree = session.dirs.repositories.join(name);
    let mut text = text::synced::text(synced, name, session.paint);
    text.push_str(&format!("  threads are in {}\n", tree.display()));
    text.push_str(&left.unwrap_or_default());
    let listed = of_daemon(link)?.into_iter().find(|each| each.name == name);
    let report = Report::new(text, document(listed, synced, name));
    if text::synced::in_step(synced) {
        return Ok(report);
    }
    let exit = match synced.state {
        RepositoryState::SignedOut => Exit::NotPermitted,
        RepositoryState::Synced
        | RepositoryState::Syncing
        | RepositoryState::Offline
        | RepositoryState::Paused
        | RepositoryState::Attention
        | RepositoryState::Local => Exit::Failed,
    };
    Ok(report.with(out_of_step(name, synced).exit(exit)))
}

/// The line of `repo list`, with what `sync` says.
fn document(listed: Option<RepositoryListed>, synced: &Synced, name: &str) -> Value {
    let mut document = json!(listed);
    if let Value::Object(fields) = &mut document {
        fields.insert("repository".to_owned(), name.into());
        fields.insert("state".to_owned(), json!(synced.state));
        fields.insert("head".to_owned(), json!(synced.head));
        fields.insert("pending".to_owned(), json!(synced.pending));
    }
    document
}

fn wanted(arguments: Arguments) -> Result<Wanted, Problem> {
    if remote_url::holds_secret(&arguments.url) {
        let message = "a password or token stands in the URL; settings do not keep secrets";
        let hint = "Leave it out: git's own credential helpers or an ssh key sign in.";
        return Err(Problem::usage(message).hint(hint));
    }
    if let Some(name) = arguments
        .name
        .as_ref()
        .filter(|name| !remote_url::is_name(name))
    {
        let hint = format!("For instance `{}`.", remote_url::name(name, &[]));
        return Err(Problem::usage(format!("the name `{name}` is not of [a-z0-9-]")).hint(hint));
    }
    let code = arguments.code.iter().map(|folder| absolute(folder));
    Ok(Wanted {
        url: url(&arguments.url)?,
        name: arguments.name,
        branch: arguments.branch,
        directory: arguments.directory,
        code: code.collect::<Result<_, _>>()?,
        header: arguments.header.map(|header| header.as_str().to_owned()),
        ssh_key: arguments.ssh_key.as_deref().map(absolute).transpose()?,
    })
}

/// A folder's path is made absolute; any other address stays as it is.
fn url(given: &str) -> Result<String, Problem> {
    let path = Path::new(given);
    let is_folder = !given.contains("://") && (path.is_absolute() || path.is_dir());
    if is_folder {
        absolute(path)
    } else {
        Ok(given.to_owned())
    }
}

fn absolute(path: &Path) -> Result<String, Problem> {
    let shown = path.display();
    let whole = fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    let whole = whole.map_err(|error| Problem::usage(format!("`{shown}` is no path: {error}")))?;
    whole
        .into_os_string()
        .into_string()
        .map_err(|_| Problem::usage(format!("the path `{shown}` is no UTF-8 text")))
}

/// The first repository that is named takes the place of the one that the daemon makes by itself.
fn left_behind(session: &Session, file: &SettingsFile, edited: &Edited) -> Option<String> {
    let before = settings::list(file.text()).ok()?;
    let implicit = before
        .iter()
        .all(|each| each.name == LOCAL && each.url.is_none());
    let folder = session.dirs.repositories.join(LOCAL);
    let has_threads = fs::read_dir(&folder).ok()?.flatten().any(|entry| {
        let path = entry.path();
        path.extension().is_some_and(|extension| extension == "md")
    });
    let after = settings::list(&edited.text).ok()?;
    let is_served = after.iter().any(|each| each.name == LOCAL);
    (implicit && has_threads && !is_served).then(|| {
        let shown = folder.display();
        format!("  what was written so far stays in {shown}; with --name {LOCAL} it is uploaded\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(url: &str) -> Arguments {
        Arguments {
            url: url.into(),
            name: None,
            branch: None,
            directory: None,
            code: Vec::new(),
            header: None,
            ssh_key: None,
        }
    }

    #[test]
    fn a_secret_is_refused_and_never_repeated() {
        for url in [
            "https://alice:hunter2@host/t.git",
            "https://ghp_hunter2@github.com/a/b",
        ] {
            let problem = wanted(arguments(url)).unwrap_err();
            assert_eq!(problem.exit.code(), 2);
            assert!(!format!("{problem:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_wrong_name_is_refused_with_another() {
        let mut wrong = arguments("/srv/t.git");
        wrong.name = Some("My Threads".into());
        let problem = wanted(wrong).unwrap_err();
        assert_eq!(problem.exit.code(), 2);
        assert_eq!(problem.hint.as_deref(), Some("For instance `my-threads`."));
    }

    #[test]
    fn folders_are_made_absolute_and_addresses_stay() {
        let folder = tempfile::tempdir().unwrap();
        let there = fs::canonicalize(folder.path()).unwrap();
        let there = there.to_str().unwrap();
        assert_eq!(url(&format!("{there}/.")).unwrap(), there);
        for address in [
            "git@host:a/b.git",
            "https://host/a",
            "file:///srv/t.git",
            "host:b",
        ] {
            assert_eq!(url(address).unwrap(), address);
        }
        assert!(Path::new(&absolute(Path::new("src")).unwrap()).is_absolute());
    }
}
