//! To which repository a place on the disk belongs: by the longest `code` path that holds it, where
//! another worktree of the same checkout holds it as the checkout itself does.

use std::path::{Component, Path, PathBuf};

use crate::checkout::Checkout;

/// A code checkout, or a folder in one, as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// The repository whose `code` it is.
    pub(crate) repository: String,
    /// An absolute path.
    pub(crate) path: PathBuf,
}

/// To which repository a place belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// None.
    Nothing,
    /// That one.
    One(String),
    /// Several claim it by the same path.
    Several(Vec<String>),
}

/// Looks at the disk, and may be kept waiting by it.
pub(crate) fn belongs(codes: &[Code], place: &Path) -> Match {
    let place = resolved(place);
    let codes: Vec<(&str, PathBuf)> = codes
        .iter()
        .map(|code| (code.repository.as_str(), resolved(&code.path)))
        .collect();
    let within = longest(&codes, &|_| Some(place.clone()));
    if within != Match::Nothing {
        return within;
    }
    let Some(checkout) = Checkout::around(&place) else {
        return Match::Nothing;
    };
    longest(&codes, &|code| {
        let main = Checkout::around(code)?;
        let inside = place.strip_prefix(&checkout.root).ok()?;
        (main.common == checkout.common).then(|| main.root.join(inside))
    })
}

/// The path without links, `.` and `..`, as far as it exists.
pub(crate) fn resolved(path: &Path) -> PathBuf {
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

/// The longest of the paths that holds the place, as that path's checkout would name it.
fn longest(codes: &[(&str, PathBuf)], place: &dyn Fn(&Path) -> Option<PathBuf>) -> Match {
    let mut names: Vec<String> = Vec::new();
    let mut parts = 0;
    for (name, code) in codes {
        let length = code.components().count();
        if length < parts || !place(code).is_some_and(|place| place.starts_with(code)) {
            continue;
        }
        if length > parts {
            names.clear();
            parts = length;
        }
        if !names.iter().any(|known| known == name) {
            names.push((*name).to_owned());
        }
    }
    match names.len() {
        0 => Match::Nothing,
        1 => Match::One(names.remove(0)),
        _ => Match::Several(names),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with the checkouts `app` and `other`, a worktree `tree` of `app`, and links.
    fn bench() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [
            "app/.git/worktrees/tree",
            "app/.git/refs/heads",
            "app/one/deep",
            "app/two",
            "other/.git/refs/heads",
            "tree/one/deep",
            "tree/two",
            "plain",
        ] {
            fs::create_dir_all(path(name)).unwrap();
        }
        for (name, text) in [
            ("app/.git/HEAD", "ref: refs/heads/main\n".to_owned()),
            ("other/.git/HEAD", "ref: refs/heads/main\n".to_owned()),
            (
                "app/.git/worktrees/tree/HEAD",
                "ref: refs/heads/x\n".to_owned(),
            ),
            ("app/.git/worktrees/tree/commondir", "../..\n".to_owned()),
            (
                "tree/.git",
                format!("gitdir: {}\n", path("app/.git/worktrees/tree").display()),
            ),
        ] {
            fs::write(path(name), text).unwrap();
        }
        folder
    }

    fn check(codes: &[(&str, &str)], place: &str, expected: &[&str]) {
        let folder = bench();
        let codes: Vec<Code> = codes
            .iter()
            .map(|(repository, path)| Code {
                repository: (*repository).to_owned(),
                path: folder.path().join(path),
            })
            .collect();
        let found = match belongs(&codes, &folder.path().join(place)) {
            Match::Nothing => Vec::new(),
            Match::One(name) => vec![name],
            Match::Several(names) => names,
        };
        assert_eq!(found, expected, "{codes:?} {place}");
    }

    #[test]
    fn the_longest_path_counts() {
        let codes = [("a", "app"), ("one", "app/one"), ("o", "other")];
        check(&codes, "app", &["a"]);
        check(&codes, "app/two/gone", &["a"]);
        check(&codes, "app/one/deep", &["one"]);
        check(&codes, "app/one/../two", &["a"]);
        check(&codes, "application", &[]);
        check(&codes, "plain", &[]);
        check(&codes, "", &[]);
        check(&[], "app", &[]);
    }

    #[test]
    fn a_worktree_is_where_its_checkout_is() {
        let codes = [("one", "app/one"), ("a", "app"), ("o", "other")];
        check(&codes, "tree", &["a"]);
        check(&codes, "tree/one/deep", &["one"]);
        check(&codes[..1], "tree/two", &[]);
        check(&[("t", "tree")], "app/two", &["t"]);
        check(&[("a", "app"), ("t", "tree")], "tree/two", &["t"]);
    }

    #[test]
    fn several_that_claim_one_path_are_all_named() {
        check(
            &[("a", "app"), ("b", "app"), ("a", "app/.")],
            "app/two",
            &["a", "b"],
        );
        check(
            &[("a", "app"), ("b", "app"), ("c", "app/two")],
            "app/two",
            &["c"],
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_where_it_leads() {
        let folder = bench();
        std::os::unix::fs::symlink(folder.path().join("other"), folder.path().join("app/link"))
            .unwrap();
        let code = |name: &str| Code {
            repository: name.to_owned(),
            path: folder.path().join(name),
        };
        let found = belongs(
            &[code("app"), code("other")],
            &folder.path().join("app/link"),
        );
        assert_eq!(found, Match::One("other".into()));
    }
}
