//! What can be shown where a sandbox refuses the socket: the files of the working tree, marked with
//! their time. Whose turn it is and what is new is the daemon's to know, and is null here.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use protocol::answer::RepositoryListed;
use protocol::failure::FailureCode;
use protocol::request::Filter;
use serde_json::{Value, json};

use crate::plain::{lines, one_line};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::settings;
use crate::text::{freshness, table};

/// The longest file that is shown.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// How much of a file is looked at for its header.
const HEADER_BYTES_MAX: u64 = 4 << 10;

/// How many files are listed.
const FILES_MAX: usize = 10_000;

/// Statuses that close a thread; source: the outside contract, section 6.
const CLOSED: [&str; 6] = [
    "done",
    "closed",
    "merged",
    "resolved",
    "abandoned",
    "obsolete",
];

/// The folder of one repository's thread files.
#[derive(Debug)]
struct Tree {
    repository: String,
    folder: PathBuf,
}

/// A thread's file, as far as its first lines tell.
#[derive(Debug)]
struct Listed {
    topic: String,
    written: SystemTime,
    title: Option<String>,
    status: Option<String>,
    ball: Option<String>,
}

/// Lists the files, the newest first.
///
/// # Errors
/// No repository can be meant, or its folder cannot be read.
pub(crate) fn list(session: &Session, filter: Filter, reason: &Problem) -> Result<Report, Problem> {
    let tree = tree(session)?;
    let mut files = files(&tree).map_err(|error| unreadable(reason, &tree.folder, &error))?;
    files.retain(|file| match filter {
        Filter::Open | Filter::Mine | Filter::New => !file.is_closed(),
        Filter::Closed => file.is_closed(),
        Filter::All => true,
    });
    files.sort_by(|a, b| {
        b.written
            .cmp(&a.written)
            .then_with(|| a.topic.cmp(&b.topic))
    });
    let newest = files.first().map(|file| file.written);
    let mut text = session.paint.bad(&marked(newest));
    text.push('\n');
    let rows: Vec<_> = files.iter().map(Listed::row).collect();
    text.push_str(&table::lines(&rows, |_, _, cell| cell.to_owned()));
    match filter {
        Filter::Mine | Filter::New => {
            text.push_str("Whose turn it is and what is new only the daemon knows.\n");
        }
        Filter::Open | Filter::Closed | Filter::All => (),
    }
    let threads: Vec<Value> = files.iter().map(Listed::document).collect();
    let document = json!({
        "threads": threads, "next_cursor": null, "repository": tree.repository,
        "freshness": unknown_freshness(newest),
    });
    Ok(Report::new(text, document))
}

/// Shows the thread's file as it is.
///
/// # Errors
/// No repository can be meant, or there is no such file.
pub(crate) fn read(session: &Session, topic: &str, reason: &Problem) -> Result<Report, Problem> {
    let tree = tree(session)?;
    let missing = || {
        let message = format!(
            "no file of the thread `{topic}` is in {}",
            tree.folder.display()
        );
        Problem::new(FailureCode::ThreadNotFound, message)
            .hint("`watercooler list --all` shows the threads.")
    };
    if !is_plain_name(topic) {
        return Err(missing());
    }
    let path = tree.folder.join(format!("{topic}.md"));
    let found = fs::symlink_metadata(&path)
        .ok()
        .filter(fs::Metadata::is_file);
    let written = found.ok_or_else(missing)?.modified().ok();
    let content =
        beginning(&path, FILE_BYTES_MAX).map_err(|error| unreadable(reason, &path, &error))?;
    let mut text = session.paint.bad(&marked(written));
    text.push('\n');
    for line in lines(&content).split_terminator('\n') {
        text.push_str(format!("  {line}").trim_end());
        text.push('\n');
    }
    let document = json!({
        "topic": topic, "title": null, "status": null, "ball": null, "your_turn": null,
        "total_entries": null, "next_entry": null, "next_body_offset": null, "entries": null,
        "file": content, "repository": tree.repository, "freshness": unknown_freshness(written),
    });
    Ok(Report::new(text, document))
}

impl Listed {
    fn is_closed(&self) -> bool {
        let status = self.status.as_deref().unwrap_or_default();
        CLOSED
            .iter()
            .any(|closed| closed.eq_ignore_ascii_case(status))
    }

    fn row(&self) -> [String; 5] {
        let shown = |field: &Option<String>| field.as_deref().map(one_line).unwrap_or_default();
        [
            one_line(&self.topic),
            shown(&self.status),
            shown(&self.ball),
            freshness::minute(&time(self.written)),
            shown(&self.title),
        ]
    }

    fn document(&self) -> Value {
        json!({
            "topic": self.topic, "title": self.title, "status": self.status, "ball": self.ball,
            "your_turn": null, "is_new": null, "entries": null, "updated": time(self.written),
            "last_author": null,
        })
    }
}

/// The tree that is meant: by name, else the client's own folder, else the one whose code is worked
/// on, else the only one.
fn tree(session: &Session) -> Result<Tree, Problem> {
    if session.repository.is_none()
        && session.variable("WATERCOOLER_GIT_REPO").is_none()
        && let Some(folder) = session.variable("WATERCOOLER_DIR")
    {
        return Ok(Tree {
            repository: folder.to_owned(),
            folder: folder.into(),
        });
    }
    let text = fs::read_to_string(&session.dirs.config).unwrap_or_default();
    let listed = settings::list(&text).map_err(|error| Problem::usage(error.to_string()))?;
    let chosen = match &session.repository {
        Some(name) => listed.iter().find(|each| each.name == *name),
        None => meant(&listed, session.folder()),
    };
    let Some(repository) = chosen else {
        let names: Vec<&str> = listed.iter().map(|each| each.name.as_str()).collect();
        let (code, message) = match &session.repository {
            Some(name) => (
                FailureCode::RepositoryNotFound,
                format!("no repository is `{name}`"),
            ),
            None => (
                FailureCode::RepositoryAmbiguous,
                "several repositories could be meant".into(),
            ),
        };
        let hint = format!("Name one with --repository: {}.", names.join(", "));
        return Err(Problem::new(code, message).hint(hint));
    };
    let folder = session.dirs.repositories.join(&repository.name);
    Ok(Tree {
        repository: repository.name.clone(),
        folder: folder.join(&repository.directory),
    })
}

fn meant<'a>(
    listed: &'a [RepositoryListed],
    folder: Option<&Path>,
) -> Option<&'a RepositoryListed> {
    let depth = |each: &RepositoryListed| {
        let code = each.code.iter().map(Path::new);
        let around = code.filter(|code| folder.is_some_and(|folder| folder.starts_with(code)));
        around.map(|code| code.components().count()).max()
    };
    let around = listed.iter().filter(|each| depth(each).is_some());
    around.max_by_key(|each| depth(each)).or(match listed {
        [only] => Some(only),
        _ => None,
    })
}

fn files(tree: &Tree) -> io::Result<Vec<Listed>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(&tree.folder)?.take(FILES_MAX) {
        let entry = entry?;
        let name = entry.file_name();
        let Some(topic) = name.to_str().and_then(|name| name.strip_suffix(".md")) else {
            continue;
        };
        let Ok(found) = entry.metadata() else {
            continue;
        };
        if !found.is_file() || !is_plain_name(topic) {
            continue;
        }
        let header = beginning(&entry.path(), HEADER_BYTES_MAX).unwrap_or_default();
        let [title, status, ball] = header_fields(&header);
        if status.is_none() && ball.is_none() && !header.contains("Entry: ") {
            continue;
        }
        files.push(Listed {
            topic: topic.to_owned(),
            written: found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            title: title.or_else(|| heading(&header)),
            status,
            ball,
        });
    }
    Ok(files)
}

/// `Title`, `Status` and `Ball`, where they stand before the first entry.
fn header_fields(header: &str) -> [Option<String>; 3] {
    let before = header
        .lines()
        .take_while(|line| !line.starts_with("Entry: "));
    let pairs: Vec<(&str, &str)> = before.filter_map(|line| line.split_once(':')).collect();
    ["title", "status", "ball"].map(|key| {
        let named = |pair: &&(&str, &str)| pair.0.trim().eq_ignore_ascii_case(key);
        let value = pairs.iter().find(named)?.1.trim();
        Some(value.to_owned()).filter(|value| !value.is_empty())
    })
}

fn heading(header: &str) -> Option<String> {
    let heading = header.lines().find_map(|line| line.strip_prefix("# "))?;
    Some(heading.trim().to_owned())
}

fn is_plain_name(topic: &str) -> bool {
    !topic.is_empty() && !topic.starts_with('.') && !topic.contains(['/', '\\', ':', '\0'])
}

fn beginning(path: &Path, bytes_max: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Where the files cannot be shown either, the reason for which they were looked at counts.
fn unreadable(reason: &Problem, path: &Path, error: &io::Error) -> Problem {
    let message = format!(
        "{}; {} cannot be read: {error}",
        reason.message,
        path.display()
    );
    Problem {
        message,
        ..reason.clone()
    }
}

fn marked(written: Option<SystemTime>) -> String {
    let when = written.map_or_else(|| "nothing".to_owned(), |at| freshness::minute(&time(at)));
    format!("(files as of {when}; the daemon cannot be reached from this sandbox)")
}

fn unknown_freshness(written: Option<SystemTime>) -> Value {
    let age = written
        .and_then(|at| at.elapsed().ok())
        .map(|age| age.as_secs_f64());
    json!({
        "head": null, "fetched_at": null, "age_seconds": age, "state": null,
        "files_as_of": written.map(time),
    })
}

fn time(at: SystemTime) -> String {
    let timestamp = jiff::Timestamp::try_from(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let seconds = jiff::Timestamp::from_second(timestamp.as_second());
    seconds.unwrap_or(timestamp).to_string()
}

#[cfg(test)]
mod tests;
