//! The programs: ours, all of one version; git and ssh; what agents start.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Finding;
use crate::session::Session;

/// Ours beside this one, which are of no use alone.
const SIBLINGS: [&str; 2] = ["watercoolerd", "watercooler-mcp"];

/// The first git whose `init` takes a branch's name, which ours relies on.
const GIT_VERSION_MIN: (u32, u32) = (2, 28);

/// Releases that fail where an earlier and a later one do not: with a template that has hooks they
/// clone nothing. Source: the release notes of git 2.45.2.
const GIT_BAD: [(u32, u32, u32); 7] = [
    (2, 39, 4),
    (2, 40, 2),
    (2, 41, 1),
    (2, 42, 2),
    (2, 43, 4),
    (2, 44, 1),
    (2, 45, 1),
];

/// The first ssh that knows `IdentityAgent`, which ours relies on.
const SSH_VERSION_MIN: (u32, u32) = (7, 3);

/// How long a program may take to say its version, or the installer its plan.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Between two looks at whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What of the system is there.
pub(super) fn look(session: &Session) -> Vec<Finding> {
    let mut found = vec![ours()];
    found.push(git(said(Path::new("git"), &["--version"]).as_deref()));
    found.push(ssh(said(Path::new("ssh"), &["-V"]).as_deref()));
    let path = session.variable("PATH").unwrap_or_default();
    let own = std::env::current_exe().ok();
    let folder = own.as_deref().and_then(Path::parent);
    found.push(match folder {
        Some(folder) if std::env::split_paths(path).any(|part| part == folder) => {
            Finding::well("PATH", format!("{} is in it", folder.display()))
        }
        Some(folder) => Finding::note(
            "PATH",
            format!("{} is not in PATH", folder.display()),
            "Add it in your shell's profile; agents start the programs by their full path.",
        ),
        None => Finding::note("PATH", "this program's own place is not known", ""),
    });
    found
}

fn git(words: Option<&str>) -> Finding {
    let Some(words) = words.map(str::trim) else {
        return Finding::note(
            "git",
            "git is not found; file remotes and housekeeping need it",
            "Install git.",
        );
    };
    let newer = "Install a newer git.";
    match git_version(words) {
        Some((major, minor, _)) if (major, minor) < GIT_VERSION_MIN => {
            let (major, minor) = GIT_VERSION_MIN;
            let words = format!("{words} is older than {major}.{minor}");
            Finding::note("git", words, newer)
        }
        Some(version) if GIT_BAD.contains(&version) => {
            let words = format!("{words} is known to fail where a template has hooks");
            Finding::note("git", words, newer)
        }
        Some(_) | None => Finding::well("git", words),
    }
}

fn ssh(words: Option<&str>) -> Finding {
    let Some(words) = words.map(str::trim) else {
        return Finding::note(
            "ssh",
            "ssh is not found; ssh remotes need it",
            "Install the OpenSSH client.",
        );
    };
    match ssh_version(words) {
        Some(version) if version < SSH_VERSION_MIN => {
            let (major, minor) = SSH_VERSION_MIN;
            let words = format!("{words} is older than {major}.{minor}");
            Finding::note("ssh", words, "Install a newer OpenSSH client.")
        }
        Some(_) => Finding::well("ssh", words),
        None => Finding::note(
            "ssh",
            format!("{words} is no OpenSSH, and was not tried"),
            "Install the OpenSSH client, and see that it is first in PATH.",
        ),
    }
}

/// What the installer would still do for the agents that it finds.
pub(super) fn clients() -> Vec<Finding> {
    let Some(installer) = sibling("watercooler-installer") else {
        return vec![Finding::note(
            "agents",
            "the installer is not beside this program, so their settings were not looked at",
            "docs/agents.md shows how each agent is set up.",
        )];
    };
    let prefix = installer.parent().and_then(Path::parent);
    let prefix = prefix.map(|prefix| prefix.display().to_string());
    let mut arguments = vec!["plan", "--json"];
    if let Some(prefix) = &prefix {
        arguments.extend(["--prefix", prefix]);
    }
    let plan = said(&installer, &arguments).and_then(|said| serde_json::from_str(&said).ok());
    let plan: Value = plan.unwrap_or_default();
    let Some(steps) = plan["steps"].as_array() else {
        let words = "the installer does not say what is set up";
        return vec![Finding::note(
            "agents",
            words,
            "Run: watercooler-installer plan",
        )];
    };
    let open: Vec<&str> = steps
        .iter()
        .filter(|step| step["client"].is_string())
        .filter_map(|step| step["step"].as_str())
        .collect();
    if open.is_empty() {
        return vec![Finding::well(
            "agents",
            "every agent that is found knows watercooler",
        )];
    }
    let hint = "Run: watercooler-installer install";
    open.into_iter()
        .map(|words| Finding::note("agents", format!("to do: {words}"), hint))
        .collect()
}

fn ours() -> Finding {
    let own = env!("CARGO_PKG_VERSION");
    for name in SIBLINGS {
        let Some(program) = sibling(name) else {
            return Finding::problem(
                "programs",
                format!("{name} is not beside this program"),
                "Run the installer again.",
            );
        };
        let said = said(&program, &["--version"]).unwrap_or_default();
        let version = said.split_whitespace().nth(1).unwrap_or("nothing");
        if version != own {
            return Finding::problem(
                "programs",
                format!("{name} says it is {version}, and this is {own}"),
                "Run the installer again, so that all are of one version.",
            );
        }
    }
    Finding::well("programs", format!("all are {own}"))
}

fn sibling(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let path = own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    path.is_file().then_some(path)
}

/// What a program prints, on either stream; `None` where it fails or takes too long.
pub(super) fn said(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let limit = Instant::now() + WAIT_MAX;
    // What these print is less than a pipe holds.
    while child.try_wait().ok()?.is_none() {
        if Instant::now() > limit {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let ran = child.wait_with_output().ok()?;
    if !ran.status.success() {
        return None;
    }
    let of = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let out = of(ran.stdout);
    Some(if out.trim().is_empty() {
        of(ran.stderr)
    } else {
        out
    })
}

/// Of `git version 2.47.3`; a third number that is missing counts as 0.
fn git_version(words: &str) -> Option<(u32, u32, u32)> {
    let mut parts = words.split_whitespace().nth(2)?.split('.');
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?, number().unwrap_or(0)))
}

/// Of `OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.15`, or `OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2`.
fn ssh_version(words: &str) -> Option<(u32, u32)> {
    let named = words.strip_prefix("OpenSSH_")?;
    let named = named.strip_prefix("for_Windows_").unwrap_or(named);
    let (major, rest) = named.split_once('.')?;
    let minor = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_each_system_prints_them() {
        fn check(words: &str, expected: Option<(u32, u32, u32)>) {
            assert_eq!(git_version(words), expected, "{words}");
        }
        check("git version 2.47.3\n", Some((2, 47, 3)));
        check("git version 2.39.5 (Apple Git-154)\n", Some((2, 39, 5)));
        check("git version 2.45.1.windows.1\r\n", Some((2, 45, 1)));
        check("git version 2.50-rc1", None);
        check("git", None);
        check("", None);
        fn check_ssh(words: &str, expected: Option<(u32, u32)>) {
            assert_eq!(ssh_version(words), expected, "{words}");
        }
        check_ssh(
            "OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17",
            Some((9, 2)),
        );
        check_ssh("OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2", Some((8, 1)));
        check_ssh("OpenSSH_10.0p2", Some((10, 0)));
        check_ssh("Dropbear v2022.83", None);
    }

    #[test]
    fn versions_that_do_not_do_are_told() {
        use super::super::Standing::{Note, Well};
        let of = |found: Finding| (found.standing, found.hint.is_empty());
        for (words, expected) in [
            (None, Note),
            (Some("git version 2.27.0"), Note),
            (Some("git version 2.28.0"), Well),
            (Some("git version 2.45.0"), Well),
            (Some("git version 2.45.1.windows.1"), Note),
            (Some("git version 2.45.2"), Well),
            (Some("git of another make"), Well),
        ] {
            assert_eq!(of(git(words)), (expected, expected == Well), "{words:?}");
        }
        for (words, expected) in [
            (None, Note),
            (Some("OpenSSH_7.2p2"), Note),
            (Some("OpenSSH_7.3p1"), Well),
            (Some("Dropbear v2022.83"), Note),
        ] {
            assert_eq!(of(ssh(words)), (expected, expected == Well), "{words:?}");
        }
    }
}
