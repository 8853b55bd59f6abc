//! Credentials for https, from git's own helpers: asked once, without a terminal or a window.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use git2::{Cred, CredentialType};

use crate::exchange::Exchange;
use crate::transport::{program_missing, run, with_users_configuration, without_git_variables};
use crate::url::{Place, Scheme, authority};
use crate::{Given, Kept, Kind, TransferError, program};

/// The most that a helper may take; one that takes longer waits for a person.
const HELPER_TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// The most that a helper may say, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// How often libgit2 may ask in one exchange. It asks again, without end, where a server goes on
/// refusing.
const ASKED_MAX: usize = 1;

struct Credential {
    user: String,
    password: String,
}

/// Answers libgit2's question for a credential. `url` is the server that asks, which a redirect may
/// have changed: ours is for the configured host alone.
pub(crate) fn answer(
    exchange: &Exchange,
    url: &str,
    allowed: CredentialType,
) -> Result<Cred, TransferError> {
    use std::sync::atomic::Ordering;
    if !is_at(exchange, url) {
        return Err(TransferError::new(
            Kind::CredentialRefused,
            format!(
                "{} leads to another server, which asks for a credential",
                exchange.url
            ),
            "set the repository's url to the address that it leads to",
        ));
    }
    if exchange.credentials_asked.fetch_add(1, Ordering::Relaxed) >= ASKED_MAX {
        return Err(TransferError::new(
            Kind::CredentialRefused,
            format!("{} refused the credential", exchange.url),
            "see what it may do, or add another: watercooler credential add NAME --token",
        ));
    }
    if !allowed.contains(CredentialType::USER_PASS_PLAINTEXT) {
        return Err(missing(
            exchange,
            "asks for a kind of credential that is not served",
        ));
    }
    if let Some(kept) = &exchange.ways.kept {
        return kept_password(exchange, kept);
    }
    let credential = filled(exchange)?;
    Cred::userpass_plaintext(&credential.user, &credential.password)
        .map_err(|error| missing(exchange, "could not be given the credential").caused_by(error))
}

/// The credential that is kept for the repository is used alone: git's helpers are not asked.
fn kept_password(exchange: &Exchange, kept: &Kept) -> Result<Cred, TransferError> {
    let taken = match kept.hand_over()? {
        Given::Password { user, password } => Cred::userpass_plaintext(&user, &password).ok(),
        Given::Key(_) => None,
    };
    taken.ok_or_else(|| {
        missing(
            exchange,
            "cannot be given the credential that is kept for it",
        )
    })
}

fn is_at(exchange: &Exchange, asking: &str) -> bool {
    let Place::Web {
        scheme, host, port, ..
    } = exchange.url.place()
    else {
        return false;
    };
    // libgit2 leaves a usual port out.
    let port = port.filter(|port| *port != usual_port(*scheme));
    let start = format!("{}://{}/", scheme.as_str(), authority(host, port)).to_ascii_lowercase();
    asking.to_ascii_lowercase().starts_with(&start)
}

fn usual_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Https => 443,
        Scheme::Http => 80,
        Scheme::Git => 9418,
    }
}

fn filled(exchange: &Exchange) -> Result<Credential, TransferError> {
    let git = program::find("git").ok_or_else(|| program_missing("git"))?;
    let mut command = Command::new(git);
    without_git_variables(&mut command);
    // The user's helpers stand in the user's configuration, and in no repository but our own.
    with_users_configuration(&mut command);
    command
        .arg("--git-dir")
        .arg(&exchange.clone)
        .args(["-c", "credential.interactive=false", "-c", "core.askPass="])
        .args(["credential", "fill"])
        .env("GIT_TERMINAL_PROMPT", "0")
        // Set but empty: git then asks no program at all.
        .env("GIT_ASKPASS", "")
        .env_remove("SSH_ASKPASS")
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env("GCM_INTERACTIVE", "never")
        .current_dir(&exchange.clone);
    let limit = exchange.remaining().min(HELPER_TIMEOUT_MAX);
    let finished = run(
        command,
        question(exchange).as_bytes(),
        limit,
        ANSWER_BYTES_MAX,
        exchange.group,
    );
    let finished = finished.map_err(|error| {
        if error.kind() == ErrorKind::TimedOut {
            TransferError::new(
                Kind::KeychainLocked,
                format!(
                    "git's credential helper gave no answer for {}",
                    exchange.url
                ),
                "unlock the keychain, or run 'git credential fill' once by hand",
            )
        } else {
            missing(exchange, "could not be answered by git's credential helper")
        }
    })?;
    if !finished.status.success() {
        return Err(missing(
            exchange,
            "asks for a credential, and git's helpers have none",
        ));
    }
    parsed(&finished.stdout).ok_or_else(|| {
        missing(
            exchange,
            "asks for a credential, and git's helpers have none",
        )
    })
}

/// The question in git's format (git-credential(1), "INPUT/OUTPUT FORMAT").
fn question(exchange: &Exchange) -> String {
    let Place::Web {
        scheme,
        user,
        host,
        port,
        path,
    } = exchange.url.place()
    else {
        return String::new();
    };
    let user = user
        .as_ref()
        .map(|user| format!("username={user}\n"))
        .unwrap_or_default();
    let host = authority(host, *port);
    let path = path.trim_start_matches('/');
    format!(
        "protocol={}\nhost={host}\npath={path}\n{user}\n",
        scheme.as_str()
    )
}

fn parsed(answer: &[u8]) -> Option<Credential> {
    let answer = std::str::from_utf8(answer).ok()?;
    let value = |key: &str| {
        answer
            .lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| *name == key)
    };
    let (_, user) = value("username")?;
    let (_, password) = value("password")?;
    Some(Credential {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

fn missing(exchange: &Exchange, what: &str) -> TransferError {
    TransferError::new(
        Kind::CredentialMissing,
        format!("{} {what}", exchange.url),
        "add one: watercooler credential add NAME --token (or store it with git's credential helper)",
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::{Remote, RemoteUrl};

    fn exchange(url: &str) -> Arc<Exchange> {
        let url = RemoteUrl::parse(url).unwrap();
        let timeout = Duration::from_secs(5);
        Exchange::new(
            &Remote {
                url,
                branch: None,
                ssh_key: None,
                timeout,
            },
            PathBuf::from("/"),
        )
    }

    #[test]
    fn a_credential_goes_to_the_configured_server_alone() {
        let check = |configured: &str, asking: &str, expected: bool| {
            assert_eq!(
                is_at(&exchange(configured), asking),
                expected,
                "{configured} {asking}"
            );
        };
        check("https://h.example/b", "https://h.example/b", true);
        check("https://h.example:443/b", "https://h.example/c", true);
        check("https://H.example/b", "https://h.EXAMPLE/b", true);
        check("https://h.example:8443/b", "https://h.example:8443/b", true);
        check("https://h.example/b", "https://h.example.evil/b", false);
        check("https://h.example/b", "https://evil/h.example/b", false);
        check("https://h.example/b", "https://h.example:8443/b", false);
        check("https://h.example/b", "http://h.example/b", false);
        check("http://127.0.0.1:81/b", "http://127.0.0.1:81/b", true);
    }

    #[test]
    fn questions_and_answers_have_gits_format() {
        assert_eq!(
            question(&exchange("https://al@h.example:8443/a/b.git")),
            "protocol=https\nhost=h.example:8443\npath=a/b.git\nusername=al\n\n"
        );
        let credential = parsed(b"protocol=https\nusername=al\npassword=a=b\n").unwrap();
        assert_eq!(
            (credential.user.as_str(), credential.password.as_str()),
            ("al", "a=b")
        );
        assert!(parsed(b"username=al\n").is_none());
        assert!(parsed(b"quit=1\n").is_none());
    }
}
