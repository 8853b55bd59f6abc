//! The repositories that a client's environment names, by the variables of the Python server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::answer::Origin;
use protocol::environment::EnvironmentRepository;
use protocol::failure::Failure;
use repository::RemoteUrl;
use tokio::sync::oneshot;

use crate::checkout::project_of;
use crate::environment::name_of;
use crate::handle::Handle;
use crate::server::client::Client;
use crate::server::places::resolved;
use crate::server::refusals;
use crate::shared::{Order, Setup, Shared};

/// The longest text of a variable that becomes part of a commit's author.
const AUTHOR_CHARS_MAX: usize = 100;

/// The repository with that remote: of the settings where one has it, else the one that is kept
/// because clients name it, which is made where there is none.
///
/// # Errors
/// `invalid_argument` for what is no address, `repository_not_found` where it was taken out since
/// this connection brought it or no more are kept, `not_durable`.
pub(crate) async fn remote(
    shared: &Shared,
    setup: &Setup,
    client: &Client,
    url: &str,
) -> Result<Arc<Handle>, Failure> {
    let url = url.trim();
    if let Err(error) = RemoteUrl::parse(url) {
        return Err(refusals::no_remote(&error.to_string()));
    }
    if let Some(handle) = of_settings(setup, url) {
        return Ok(Arc::clone(handle));
    }
    let name = name_of(url);
    if client.has_named(url) {
        let kept = setup.repository(&name).map(Arc::clone);
        return kept.ok_or_else(|| refusals::taken_out(&name));
    }
    let wanted = EnvironmentRepository {
        name: name.clone(),
        url: url.to_owned(),
        ssh_key: client.variable("WATERCOOLER_GIT_SSH_KEY").and_then(path),
        author: client.variable("WATERCOOLER_GIT_AUTHOR").and_then(author),
        email: client.variable("WATERCOOLER_GIT_EMAIL").and_then(author),
        used: jiff::Timestamp::now().as_second(),
    };
    let (answer, kept) = oneshot::channel();
    let order = Order::Keep(Box::new(wanted), answer);
    shared
        .orders
        .send(order)
        .await
        .map_err(|_| refusals::stopping())?;
    kept.await.map_err(|_| refusals::stopping())??;
    client.names(url);
    let setup = shared.setup.load();
    let opened = setup.repository(&name).map(Arc::clone);
    opened.ok_or_else(|| refusals::not_opened(&name))
}

/// The repository of the settings with that remote.
pub(crate) fn of_settings<'a>(setup: &'a Setup, url: &str) -> Option<&'a Arc<Handle>> {
    setup.repositories.iter().find(|handle| {
        let known = handle.settings.url.as_deref();
        handle.origin == Origin::Settings && known.is_some_and(|known| is_same(known, url))
    })
}

/// The repository whose working tree the folder is, or lies in.
///
/// # Errors
/// `repository_not_found` for any other folder.
pub(crate) fn folder(shared: &Shared, setup: &Setup, named: &Path) -> Result<Arc<Handle>, Failure> {
    let named = named.to_str().and_then(path).map(PathBuf::from);
    let folder = named.map(|named| resolved(&named));
    let trees = resolved(&shared.trees);
    let found = folder.and_then(|folder| {
        let inside = folder.strip_prefix(&trees).ok()?;
        let name = inside.components().next()?.as_os_str().to_str()?;
        setup.repository(name).map(Arc::clone)
    });
    found.ok_or_else(refusals::no_tree)
}

/// What of the client's environment does not count, in words.
pub(crate) fn notes(client: &Client) -> Vec<String> {
    let both = ["WATERCOOLER_GIT_REPO", "WATERCOOLER_DIR"];
    if client.hello.repository.is_none() && both.iter().all(|name| client.variable(name).is_some())
    {
        return vec![
            "Both WATERCOOLER_GIT_REPO and WATERCOOLER_DIR are set: the first counts.".to_owned(),
        ];
    }
    Vec::new()
}

/// The pattern with `{org}` and `{repo}` of a code checkout's remote in it.
pub(crate) fn filled(pattern: &str, remote: &str) -> Option<String> {
    let project = project_of(remote)?;
    let (org, repo) = project.rsplit_once('/').unwrap_or(("", &project));
    if org.is_empty() && pattern.contains("{org}") {
        return None;
    }
    Some(pattern.replace("{org}", org).replace("{repo}", repo))
}

/// Whether two addresses are one but for how their end is written.
fn is_same(one: &str, other: &str) -> bool {
    fn bare(url: &str) -> &str {
        let url = url.trim_end_matches('/');
        url.strip_suffix(".git").unwrap_or(url)
    }
    bare(one) == bare(other)
}

fn path(text: &str) -> Option<String> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => std::env::home_dir()?.join(rest),
        None => PathBuf::from(text),
    };
    let text = path.to_str()?;
    path.is_absolute().then(|| text.to_owned())
}

/// As git takes it in a commit's author.
fn author(text: &str) -> Option<String> {
    let legal = |c: &char| !c.is_control() && !"<>".contains(*c);
    let text: String = text.chars().filter(legal).take(AUTHOR_CHARS_MAX).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_filled_from_the_codes_remote() {
        fn check(pattern: &str, remote: &str, expected: Option<&str>) {
            assert_eq!(filled(pattern, remote).as_deref(), expected, "{remote}");
        }
        let usual = "https://github.com/{org}/{repo}-threads.git";
        let acme = Some("https://github.com/acme/app-threads.git");
        check(usual, "git@github.com:acme/app.git", acme);
        check(usual, "https://alice:hunter2@github.com/acme/app", acme);
        let deep = Some("https://github.com/acme/sub/app-threads.git");
        check(usual, "https://gitlab.com/acme/sub/app", deep);
        check(usual, "/srv/app.git", None);
        check("/srv/{repo}.git", "/home/app.git", Some("/srv/app.git"));
        check(usual, "https://host/--upload-pack=x;y/app", None);
    }

    #[test]
    fn addresses_are_the_same_however_they_end() {
        assert!(is_same("git@h:a/b.git", "git@h:a/b"));
        assert!(is_same("https://h/a/b/", "https://h/a/b.git"));
        assert!(!is_same("https://h/a/b", "https://h/a/c"));
    }

    #[test]
    fn an_author_is_one_line_without_brackets() {
        assert_eq!(author(" Ada <x>\n Agent ").as_deref(), Some("Ada x Agent"));
        assert_eq!(author("<>"), None);
        let long = "x".repeat(AUTHOR_CHARS_MAX + 1);
        assert_eq!(author(&long).map(|text| text.len()), Some(AUTHOR_CHARS_MAX));
    }
}
