//! Reads `HEAD` and what it names: loose refs, packed ones, and tables.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use platform::plain_file;

use super::{line, reftable};

/// How often a ref may name another.
const LINKS_MAX: usize = 5;

/// How much of packed refs is read.
const PACKED_BYTES_MAX: u64 = 64 << 20;

/// The longest line of packed refs.
const PACKED_LINE_BYTES_MAX: u64 = 4 << 10;

const BRANCHES: &str = "refs/heads/";

/// What is checked out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Its branch; none where it is detached.
    pub(super) branch: Option<String>,
    /// Its commit, in hex digits; none where the branch is not born yet.
    pub(super) commit: Option<String>,
}

/// What a ref says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// That commit, in hex digits.
    Commit(String),
    /// What that ref says.
    Link(String),
}

/// What the checkout's own folder `git` and the shared one say of its head.
pub(super) fn head(git: &Path, common: &Path) -> Option<Head> {
    let tables = reftable::is_used(common);
    let said = if tables {
        reftable::find(git, "HEAD")?
    } else {
        head_file(&git.join("HEAD"))?
    };
    let mut name = match said {
        Says::Commit(commit) => {
            return Some(Head {
                branch: None,
                commit: Some(commit),
            });
        }
        Says::Link(name) => name,
    };
    let branch = name.strip_prefix(BRANCHES).unwrap_or(&name).to_owned();
    let mut commit = None;
    for _ in 0..LINKS_MAX {
        let found = if tables {
            reftable::find(common, &name)
        } else {
            loose(common, &name).or_else(|| packed(common, &name))
        };
        match found {
            Some(Says::Link(next)) => name = next,
            Some(Says::Commit(found)) => {
                commit = Some(found);
                break;
            }
            None => break,
        }
    }
    Some(Head {
        branch: Some(branch),
        commit,
    })
}

fn head_file(path: &Path) -> Option<Says> {
    // The oldest form of a link is one of the file system.
    if let Ok(target) = fs::read_link(path)
        && let Some(name) = target.to_str().filter(|name| is_ref(name))
    {
        return Some(Says::Link(name.to_owned()));
    }
    said(&line(path)?)
}

fn loose(common: &Path, name: &str) -> Option<Says> {
    said(&line(&common.join(name))?)
}

/// What the text of a ref says.
pub(super) fn said(text: &str) -> Option<Says> {
    let text = text.trim_end();
    match text.strip_prefix("ref:") {
        Some(name) => {
            let name = name.trim_start();
            is_ref(name).then(|| Says::Link(name.to_owned()))
        }
        None => is_commit(text).then(|| Says::Commit(text.to_owned())),
    }
}

fn packed(common: &Path, name: &str) -> Option<Says> {
    let file = plain_file::open(&common.join("packed-refs")).ok()?;
    let mut lines = BufReader::new(file.take(PACKED_BYTES_MAX));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut lines)
            .take(PACKED_LINE_BYTES_MAX)
            .read_until(b'\n', &mut line);
        // The end, or no such file at all.
        if read.ok()? == 0 || !line.ends_with(b"\n") {
            return None;
        }
        let found = std::str::from_utf8(&line).ok();
        let found = found.and_then(|line| line.trim_end().split_once(' '));
        if let Some((commit, found)) = found
            && found == name
        {
            return said(commit);
        }
    }
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this is a ref's full name, by the rules of git-check-ref-format(1): as a path it stays
/// inside its folder, and as text it stays on its line.
fn is_ref(name: &str) -> bool {
    let part_is_legal =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.starts_with("refs/")
        && !name.contains("..")
        && !name.ends_with('.')
        && !name.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c))
        && name.split('/').all(part_is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_is_a_commit_or_the_name_of_another() {
        fn check(text: &str, expected: Option<Says>) {
            assert_eq!(said(text), expected, "{text:?}");
        }
        let commit = "0123456789abcdef0123456789ABCDEF01234567";
        check(&format!("{commit}\n"), Some(Says::Commit(commit.into())));
        check(&"a".repeat(64), Some(Says::Commit("a".repeat(64))));
        check(&"a".repeat(41), None);
        check(&"g".repeat(40), None);
        let link = |name: &str| Some(Says::Link(name.into()));
        check("ref: refs/heads/a/b-c\n", link("refs/heads/a/b-c"));
        check("ref:refs/heads/ü", link("refs/heads/ü"));
        for name in [
            "refs/heads/../../x",
            "refs/heads/.invalid",
            "refs//x",
            "/etc/passwd",
            "HEAD",
            "refs/heads/a\nb",
            "refs/heads/a b",
            "refs/heads/x.lock",
            "refs/heads/a\\b",
            "refs/heads/",
        ] {
            check(&format!("ref: {name}"), None);
        }
    }
}
