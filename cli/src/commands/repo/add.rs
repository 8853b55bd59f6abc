//! `watercooler repo add`: asks the remote, writes the settings, then waits for the first fetch.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use protocol::answer::{Answer, Probed, RepositoryListed, RepositoryState, Synced, Trouble};
use protocol::request::{RepositoryProbe, Request, Sync};
use serde_json::{Value, json};

use super::SettingsFile;
use super::list::of_daemon;
use super::verdict::{Verdict, next_commands};
use crate::commands::sync::{WAIT_SECONDS, out_of_step};
use crate::link::{Link, unexpected};
use crate::plain::one_line;
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
    /// A code checkout whose agents talk in this repository; may be repeated. Else the one that
    /// the working folder is in
    #[arg(long, value_name = "DIR")]
    code: Vec<PathBuf>,
    /// The form of new threads
    #[arg(long)]
    header: Option<Header>,
    /// Whether commits are signed
    #[arg(long)]
    sign: Option<Sign>,
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

/// Whether commits are signed; source: the outside contract, section 3.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sign {
    /// No
    Off,
    /// With an ssh key
    Ssh,
}

impl Sign {
    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ssh => "ssh",
        }
    }
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
/// A URL with a secret in it, a remote that no credential and no time will open, settings that cannot
/// be edited or that the daemon refuses (then they are as they were), the daemon's failure, or why it
/// cannot be reached; that there is no way in yet, when it is added.
pub(crate) fn run(session: &Session, arguments: Arguments) -> Result<Report, Problem> {
    let session = &session.of_no_repository();
    let mut wanted = wanted(arguments)?;
    let mut link = Link::started(session)?;
    let probed = probe(&mut link, &wanted)?;
    let verdict = Verdict::of(&probed, &wanted.url);
    if let Verdict::Wrong(problem) = verdict {
        return Err(problem);
    }
    let mut file = SettingsFile::edit(session)?;
    if wanted.code.is_empty() {
        let found = probed.checkout.filter(|found| is_free(&file, found));
        wanted.code.extend(found);
    }
    let edited = settings::add(file.text(), &wanted)?;
    let changed = edited.text != file.text();
    let left = changed
        .then(|| left_behind(session, &file, &edited))
        .flatten();
    if changed {
        file.write(&edited.text)?;
    }
    if let Err(problem) = link.ask(Request::SettingsReload) {
        if changed && problem.exit != Exit::Unavailable {
            file.put_back()?;
            // The daemon's trouble ends with the bad edit; what it says of the old file is no news.
            let _ = link.ask(Request::SettingsReload);
        }
        return Err(problem);
    }
    file.release();
    match verdict {
        Verdict::NoWayIn(trouble) => no_way_in(&mut link, &edited.name, &wanted, &trouble),
        Verdict::Reached | Verdict::Away | Verdict::Wrong(_) => {
            let found = words_of(&wanted, probed.branch.as_deref());
            let more = format!("{found}{}", left.unwrap_or_default());
            first_fetch(session, &mut link, &edited.name, &more)
        }
    }
}

fn probe(link: &mut Link, wanted: &Wanted) -> Result<Probed, Problem> {
    let done = link.ask(Request::RepositoryProbe(RepositoryProbe {
        url: wanted.url.clone(),
        branch: wanted.branch.clone(),
        ssh_key: wanted.ssh_key.clone(),
    }))?;
    let Answer::Probed(probed) = done.answer else {
        return Err(unexpected());
    };
    Ok(probed)
}

/// Whether no repository of the settings has that code; one that has it gets it once.
fn is_free(file: &SettingsFile, found: &str) -> bool {
    let listed = settings::list(file.text()).unwrap_or_default();
    !listed
        .iter()
        .any(|each| each.code.iter().any(|code| code == found))
}

/// What was found out, a line each.
fn words_of(wanted: &Wanted, branch: Option<&str>) -> String {
    let branch = branch.map(|branch| format!("  follows the branch {}\n", one_line(branch)));
    let code = wanted.code.iter();
    let code = code.map(|code| format!("  is for the code in {}\n", one_line(code)));
    branch.into_iter().chain(code).collect()
}

/// It is kept, and these commands make a way in.
fn no_way_in(
    link: &mut Link,
    name: &str,
    wanted: &Wanted,
    trouble: &Trouble,
) -> Result<Report, Problem> {
    let commands = next_commands(name, &wanted.url, trouble);
    let mut text = format!("{name}: added, and there is no way in yet\n");
    text.push_str(&words_of(wanted, None));
    for command in &commands {
        text.push_str(&format!("  next: {command}\n"));
    }
    let listed = of_daemon(link)?.into_iter().find(|each| each.name == name);
    let mut document = json!(listed);
    if let Value::Object(fields) = &mut document {
        fields.insert("repository".to_owned(), name.into());
        fields.insert("next".to_owned(), json!(commands));
    }
    let problem = Problem {
        exit: Exit::NotPermitted,
        code: trouble.kind.clone(),
        message: trouble.message.clone(),
        hint: Some(trouble.hint.clone()),
    };
    Ok(Report::new(text, document).with(problem))
}

fn first_fetch(
    session: &Session,
    link: &mut Link,
    name: &str,
    more: &str,
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
    text.push_str(more);
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
        sign: arguments.sign.map(|sign| sign.as_str().to_owned()),
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
            sign: None,
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
