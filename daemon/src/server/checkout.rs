//! From which code checkout a call comes: with its agent and user it is who asks for updates.

use std::path::{Path, PathBuf};

use protocol::hello::Hello;
use protocol::request::Context;

use crate::server::caller::Caller;

/// How many characters a name has at most; a path that is longer is known by its beginning.
const NAME_CHARS_MAX: usize = 4096;

/// Agent, user and code checkout, as one name.
pub(crate) fn agent(hello: &Hello, context: &Context, caller: &Caller) -> String {
    let checkout = checkout(hello, context).map(|path| path.display().to_string());
    let name = format!("{} {}", caller.reader_key(), checkout.unwrap_or_default());
    name.chars().take(NAME_CHARS_MAX).collect()
}

/// The checkout that holds the place of the call. What is named is one even without git; the
/// working folder counts only within one, since a person's shell stands anywhere.
fn checkout(hello: &Hello, context: &Context) -> Option<PathBuf> {
    let folder = hello.folder.as_deref().map(Path::new);
    let project = hello.environment.get("CLAUDE_PROJECT_DIR");
    let named = [context.code_path.as_ref(), hello.code.as_ref(), project];
    let named = named.into_iter().flatten().next();
    let named = named.map(|text| folder.map_or_else(|| PathBuf::from(text), |at| at.join(text)));
    match (named, folder) {
        (Some(named), _) => Some(root(&named).unwrap_or(named)),
        (None, Some(folder)) => root(folder),
        (None, None) => None,
    }
}

/// The nearest folder above with a `.git`, which in a worktree is a file.
fn root(place: &Path) -> Option<PathBuf> {
    let mut folders = place.ancestors().filter(|folder| folder.is_absolute());
    let root = folders.find(|folder| folder.join(".git").exists());
    root.map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use protocol::hello::{PROTOCOL, Program, Speaks};

    use super::*;

    #[test]
    fn the_checkout_is_the_folder_with_git_around_the_place() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path();
        std::fs::create_dir_all(top.join("code/.git")).unwrap();
        std::fs::create_dir_all(top.join("code/src")).unwrap();
        std::fs::create_dir_all(top.join("worktree/src")).unwrap();
        std::fs::write(top.join("worktree/.git"), "gitdir: elsewhere").unwrap();
        let check = |folder: &str, code_path: Option<&str>, expected: Option<&str>| {
            let hello = Hello {
                protocol: PROTOCOL,
                version: String::new(),
                program: Program::Cli,
                pid: 1,
                speaks: Speaks::Requests,
                session: String::new(),
                agent: None,
                repository: None,
                code: None,
                folder: Some(top.join(folder).display().to_string()),
                environment: std::collections::BTreeMap::new(),
                read_only: false,
            };
            let context = Context {
                code_path: code_path.map(str::to_owned),
                ..Context::default()
            };
            let expected = expected.map(|path| top.join(path));
            assert_eq!(
                checkout(&hello, &context),
                expected,
                "{folder} {code_path:?}"
            );
        };
        check("code/src", None, Some("code"));
        check("code", None, Some("code"));
        check("worktree/src", None, Some("worktree"));
        check("code", Some("../worktree/src"), Some("code/../worktree"));
        check("", Some("elsewhere"), Some("elsewhere"));
        check("elsewhere", None, None);
    }
}
