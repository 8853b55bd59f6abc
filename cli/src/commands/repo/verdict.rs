//! What a remote's answer means to who adds it: whether it is written into the settings, and what to
//! run next where there is no way in.

use protocol::answer::{Probed, Trouble};

use crate::problem::{Exit, Problem};
use crate::remote_url;

/// What a remote's answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is there.
    Reached,
    /// It is not reached now, and may be later.
    Away,
    /// Somebody must let us in: it is kept, so that a credential can be given to it.
    NoWayIn(Trouble),
    /// No credential and no time will help: nothing is written.
    Wrong(Problem),
}

impl Verdict {
    /// Of that answer for that address.
    pub(super) fn of(probed: &Probed, url: &str) -> Self {
        let Some(trouble) = &probed.trouble else {
            return Self::Reached;
        };
        match trouble.kind.as_str() {
            "credential_missing" | "credential_refused" | "keychain_locked"
            | "host_key_unknown" | "host_key_changed" => Self::NoWayIn(trouble.clone()),
            // A server hides what it does not let us see.
            "not_found" if !remote_url::is_folder(url) => Self::NoWayIn(trouble.clone()),
            "not_found" => Self::Wrong(wrong(trouble, Exit::Failed)),
            "settings_invalid" => Self::Wrong(wrong(trouble, Exit::Usage)),
            _ => Self::Away,
        }
    }
}

fn wrong(trouble: &Trouble, exit: Exit) -> Problem {
    Problem {
        exit,
        code: trouble.kind.clone(),
        message: format!("{}; nothing was changed", trouble.message),
        hint: Some(trouble.hint.clone()),
    }
}

/// The commands that make a way in, the likeliest first.
pub(super) fn next_commands(name: &str, url: &str, trouble: &Trouble) -> Vec<String> {
    let add = |how: &str| format!("watercooler credential add {name} {how}");
    let mut commands = match trouble.kind.as_str() {
        "host_key_unknown" | "host_key_changed" => {
            let host = remote_url::host(url).unwrap_or_else(|| "HOST".to_owned());
            vec![format!("watercooler credential trust {host}")]
        }
        "keychain_locked" => Vec::new(),
        _ if url.starts_with("http") => vec![add("--sign-in"), add("--token")],
        _ => vec![add("--deploy-key"), add("--ssh-key FILE")],
    };
    commands.push(format!("watercooler credential test {name}"));
    if trouble.kind == "not_found" {
        commands.push(format!("watercooler repo remove {name}"));
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(kind: &str) -> Trouble {
        Trouble {
            kind: kind.into(),
            message: "M".into(),
            hint: "H".into(),
        }
    }

    #[test]
    fn what_a_credential_can_mend_is_kept() {
        fn check(kind: Option<&str>, url: &str, expected: &str) {
            let probed = Probed {
                branch: None,
                tip: None,
                trouble: kind.map(trouble),
                checkout: None,
            };
            let verdict = match Verdict::of(&probed, url) {
                Verdict::Reached => "reached".to_owned(),
                Verdict::Away => "away".to_owned(),
                Verdict::NoWayIn(_) => "no way in".to_owned(),
                Verdict::Wrong(problem) => format!("wrong, {}", problem.exit.code()),
            };
            assert_eq!(verdict, expected, "{kind:?} {url}");
        }
        let url = "git@host:a/b.git";
        check(None, url, "reached");
        check(Some("offline"), url, "away");
        check(Some("rate_limited"), url, "away");
        check(Some("a kind of a later daemon"), url, "away");
        check(Some("credential_missing"), url, "no way in");
        check(Some("credential_refused"), url, "no way in");
        check(Some("keychain_locked"), url, "no way in");
        check(Some("host_key_unknown"), url, "no way in");
        check(Some("host_key_changed"), url, "no way in");
        check(Some("not_found"), url, "no way in");
        check(Some("not_found"), "https://host/a", "no way in");
        check(Some("not_found"), "/srv/a.git", "wrong, 1");
        check(Some("not_found"), "file:///srv/a.git", "wrong, 1");
        check(Some("settings_invalid"), url, "wrong, 2");
    }

    #[test]
    fn the_next_commands_are_those_that_help() {
        fn check(kind: &str, url: &str, expected: &[&str]) {
            let commands = next_commands("acme", url, &trouble(kind));
            let short: Vec<_> = commands
                .iter()
                .map(|line| line.strip_prefix("watercooler ").unwrap())
                .collect();
            assert_eq!(short, expected, "{kind} {url}");
        }
        let ssh = "git@host:a/b.git";
        let key = [
            "credential add acme --deploy-key",
            "credential add acme --ssh-key FILE",
        ];
        let test = "credential test acme";
        check("credential_refused", ssh, &[key[0], key[1], test]);
        check(
            "not_found",
            ssh,
            &[key[0], key[1], test, "repo remove acme"],
        );
        let web = [
            "credential add acme --sign-in",
            "credential add acme --token",
        ];
        check(
            "credential_missing",
            "https://host/a",
            &[web[0], web[1], test],
        );
        check("host_key_unknown", ssh, &["credential trust host", test]);
        check(
            "host_key_changed",
            "ssh://git@h:2/a",
            &["credential trust h", test],
        );
        check("keychain_locked", ssh, &[test]);
    }
}
