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

/// How long a program may take to say its version, or the installer its plan.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Between two looks at whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What of the system is there.
pub(super) fn look(session: &Session) -> Vec<Finding> {
    let mut found = vec![ours()];
    found.push(match said(Path::new("git"), &["--version"]) {
        None => Finding::note(
            "git",
            "git is not found; file remotes and housekeeping need it",
            "Install git.",
        ),
        Some(words) => match git_version(&words) {
            Some(version) if version < GIT_VERSION_MIN => Finding::note(
                "git",
                format!(
                    "{} is older than {}.{}",
                    words.trim(),
                    GIT_VERSION_MIN.0,
                    GIT_VERSION_MIN.1
                ),
                "Install a newer git.",
            ),
            Some(_) | None => Finding::well("git", words.trim()),
        },
    });
    found.push(match said(Path::new("ssh"), &["-V"]) {
        None => Finding::note(
            "ssh",
            "ssh is not found; ssh remotes need it",
            "Install the OpenSSH client.",
        ),
        Some(words) => Finding::well("ssh", words.trim()),
    });
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
fn said(program: &Path, arguments: &[&str]) -> Option<String> {
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

/// Of `git version 2.47.3`.
fn git_version(words: &str) -> Option<(u32, u32)> {
    let mut parts = words.split_whitespace().nth(2)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_version_is_read_as_each_system_prints_it() {
        fn check(words: &str, expected: Option<(u32, u32)>) {
            assert_eq!(git_version(words), expected, "{words}");
        }
        check("git version 2.47.3\n", Some((2, 47)));
        check("git version 2.39.5 (Apple Git-154)\n", Some((2, 39)));
        check("git version 2.45.1.windows.1\r\n", Some((2, 45)));
        check("git", None);
        check("", None);
    }
}
