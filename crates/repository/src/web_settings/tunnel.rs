//! Looks, before libgit2 goes through a proxy, whether git gets to the server and trusts it.
//!
//! Where a certificate is not to be trusted, libgit2 1.9.7 writes through the proxy's stream after
//! having freed it (`http_client_connect` in its httpclient.c), and hangs at best. So it goes there
//! only where git, going the same way, was answered by the server itself.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::Command;

use crate::classify::{HINT_CERTIFICATE, HINT_PROXY, HINT_RETRY, plain};
use crate::exchange::Exchange;
use crate::transport::{
    complaint, program_missing, with_users_configuration, without_git_variables,
};
use crate::{Kind, TransferError, program};

/// How much of what git says is read, in bytes.
const WORDS_BYTES_MAX: u64 = 16 << 10;

/// What git says where the server itself answered: whatever it answered, libgit2 is told too.
const ANSWERED: [&str; 7] = [
    "could not read Username for ",
    "could not read Password for ",
    "Authentication failed for ",
    "The requested URL returned error: ",
    "/' not found",
    "is this a git repository?",
    "unable to update url base from redirection",
];

/// Fails where git, going the same way and trusting the same file of `authorities`, does not reach or
/// trust the server at `url`. No credential is given for it.
pub(super) fn checked(
    exchange: &Exchange,
    url: &str,
    authorities: Option<&OsStr>,
) -> Result<(), TransferError> {
    let git = program::find("git").ok_or_else(|| program_missing("git"))?;
    let mut command = Command::new(git);
    without_git_variables(&mut command);
    with_users_configuration(&mut command);
    command
        .arg("--git-dir")
        .arg(&exchange.clone)
        // Nothing turns the check off, neither for all nor for this address.
        .arg("-c")
        .arg(format!("http.{url}.sslVerify=true"))
        .args(["-c", "credential.helper=", "-c", "core.askPass="])
        .args(["ls-remote", "--quiet", url, "refs/heads/none"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env_remove("SSH_ASKPASS")
        .current_dir(&exchange.clone);
    if let Some(authorities) = authorities {
        command.env("GIT_SSL_CAINFO", authorities);
    }
    let words = match complaint(
        command,
        exchange.remaining(),
        WORDS_BYTES_MAX,
        exchange.group,
    ) {
        Ok(words) => words,
        Err(error) if error.kind() == ErrorKind::TimedOut => return Err(exchange.timed_out()),
        Err(error) => {
            let message = format!("git could not be run: {error}");
            return Err(TransferError::new(Kind::Offline, message, HINT_RETRY));
        }
    };
    match obstacle(&words) {
        None => Ok(()),
        Some((kind, hint, why)) => {
            let message = format!("{}, by the proxy: {}", exchange.url, plain(why));
            Err(TransferError::new(kind, message, hint))
        }
    }
}

/// What keeps git from the server, in the words of whichever TLS library its curl has: nothing where
/// it said nothing, or was answered.
fn obstacle(words: &str) -> Option<(Kind, &'static str, &str)> {
    let words = words.trim();
    if words.is_empty() || ANSWERED.iter().any(|answer| words.contains(answer)) {
        return None;
    }
    // The address before it may hold any word.
    let why = words.rsplit_once("': ").map_or(words, |(_, why)| why);
    // curl before 8: "Received HTTP code 407 from proxy after CONNECT".
    let refused = |code: &str| why.contains("CONNECT") && why.contains(code);
    let (kind, hint) = if why.contains("certificate") || why.contains("CA cert") {
        (Kind::HostKeyUnknown, HINT_CERTIFICATE)
    } else if refused("407") || refused("401") {
        (Kind::CredentialRefused, HINT_PROXY)
    } else if refused("403") {
        let ask = "ask who runs the proxy to let this server through";
        (Kind::CredentialRefused, ask)
    } else {
        (Kind::Offline, HINT_RETRY)
    };
    Some((kind, hint, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_tells_what_keeps_it_from_the_server() {
        let check = |why: &str, expected: Option<Kind>| {
            let words = format!(
                "fatal: unable to access 'https://certificate.example/407/CONNECT.git/': {why}\n"
            );
            let found = obstacle(&words);
            assert_eq!(found.map(|(kind, ..)| kind), expected, "{words}");
            assert!(found.is_none_or(|(.., said)| said == why), "{words}");
        };
        let distrust = Some(Kind::HostKeyUnknown);
        check("SSL certificate problem: certificate has expired", distrust);
        check(
            "server certificate verification failed. CAfile: none CRLfile: none",
            distrust,
        );
        check(
            "SSL: no alternative certificate subject name matches target host name 'h'",
            distrust,
        );
        check(
            "Problem with the SSL CA cert (path? access rights?)",
            distrust,
        );
        let refused = Some(Kind::CredentialRefused);
        check("CONNECT tunnel failed, response 407", refused);
        check("CONNECT tunnel failed, response 403", refused);
        check("Received HTTP code 407 from proxy after CONNECT", refused);
        check("CONNECT tunnel failed, response 502", Some(Kind::Offline));
        check("Couldn't connect to server", Some(Kind::Offline));
        check("words that nobody has seen before", Some(Kind::Offline));
        check("The requested URL returned error: 403", None);
    }

    #[test]
    fn where_the_server_answered_nothing_keeps_it() {
        let check = |words: &str| assert_eq!(obstacle(words), None, "{words}");
        check("");
        check("fatal: could not read Username for 'https://h': terminal prompts disabled");
        check("fatal: Authentication failed for 'https://h/b.git/'");
        check("remote: no\nfatal: repository 'https://h/b.git/' not found");
    }
}
