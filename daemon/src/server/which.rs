//! Which repository a call means; source: the outside contract, section 3.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use protocol::failure::{Failure, FailureCode};
use protocol::hello::Hello;
use protocol::request::Context;

use crate::handle::Handle;
use crate::shared::Setup;

/// The repository that the call means: the first match of the contract's rule.
///
/// # Errors
/// `repository_not_found` for a name that is not set up, `repository_ambiguous` where several
/// could be meant or none is set up.
pub(crate) fn repository(
    setup: &Setup,
    hello: &Hello,
    context: &Context,
) -> Result<Arc<Handle>, Failure> {
    if let Some(name) = hello.repository.as_ref().or(context.repository.as_ref()) {
        return setup
            .repository(name)
            .map(Arc::clone)
            .ok_or_else(|| not_found(setup, name));
    }
    let project = hello.environment.get("CLAUDE_PROJECT_DIR");
    let folder = hello.folder.as_deref().map(Path::new);
    let given = [context.code_path.as_ref(), hello.code.as_ref(), project];
    let named = given
        .into_iter()
        .flatten()
        .map(|text| absolute(folder, Path::new(text)));
    for place in named.chain(folder.map(Path::to_path_buf)) {
        if let Some(handle) = by_code(setup, &place) {
            return Ok(handle);
        }
    }
    match setup.repositories.as_slice() {
        [only] => Ok(Arc::clone(only)),
        [] | [_, _, ..] => Err(ambiguous(setup)),
    }
}

/// The repository with the longest `code` path that holds the place.
fn by_code(setup: &Setup, place: &Path) -> Option<Arc<Handle>> {
    let mut codes = setup
        .repositories
        .iter()
        .map(|handle| &handle.settings.code);
    if codes.all(Vec::is_empty) {
        return None;
    }
    let place = resolved(place);
    let matches = setup.repositories.iter().flat_map(|handle| {
        let holding = handle.settings.code.iter().map(|code| resolved(code));
        holding
            .filter(|code| place.starts_with(code))
            .map(move |code| (code, handle))
    });
    let (_, handle) = matches.max_by_key(|(code, _)| code.components().count())?;
    Some(Arc::clone(handle))
}

/// A path given by a client, which the daemon's own working folder must not change.
fn absolute(folder: Option<&Path>, path: &Path) -> PathBuf {
    match folder {
        Some(folder) => folder.join(path),
        None => path.to_path_buf(),
    }
}

/// The path without links, `.` and `..`, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => (),
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                plain.push(component);
            }
        }
    }
    plain
}

fn not_found(setup: &Setup, name: &str) -> Failure {
    Failure::new(
        FailureCode::RepositoryNotFound,
        format!("No repository is named '{name}'."),
        format!(
            "Set up are: {}. Add one with: watercooler repo add URL",
            names(setup)
        ),
    )
}

fn ambiguous(setup: &Setup) -> Failure {
    Failure::new(
        FailureCode::RepositoryAmbiguous,
        "It is not clear which repository is meant.",
        format!(
            "Set up are: {}. Name one with --repository, or tell which code belongs to it: \
             watercooler repo add URL --code DIR",
            names(setup)
        ),
    )
}

fn names(setup: &Setup) -> String {
    let names: Vec<&str> = setup
        .repositories
        .iter()
        .map(|handle| handle.name.as_str())
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
