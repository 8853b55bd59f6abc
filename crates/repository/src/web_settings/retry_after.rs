//! How long a server that wants fewer requests asks to be left alone.
//!
//! libgit2 hands on the status alone, so git asks once more and tells of the headers.

use std::process::Command;

use crate::exchange::Exchange;
use crate::transport::{complaint, with_users_configuration, without_git_variables};
use crate::{Kind, TransferError, program};

/// How much of what git tells is read, in bytes: the headers of a few answers.
const WORDS_BYTES_MAX: u64 = 256 << 10;

/// What begins an answer's header in git's words. Source: git(1), `GIT_TRACE_CURL`.
const HEADER: &str = "<= Recv header: ";

/// The same trouble, with the time that the server names where it is one of too many requests and
/// the exchange has time left to ask.
pub(crate) fn heeded(exchange: &Exchange, trouble: TransferError) -> TransferError {
    if trouble.kind != Kind::RateLimited || exchange.remaining().is_zero() {
        return trouble;
    }
    match super::asked_for(exchange).and_then(|url| asked(exchange, &url)) {
        Some(seconds) => trouble.after_seconds(seconds),
        None => trouble,
    }
}

fn asked(exchange: &Exchange, url: &str) -> Option<u64> {
    let mut command = Command::new(program::find("git")?);
    without_git_variables(&mut command);
    with_users_configuration(&mut command);
    command
        .arg("--git-dir")
        .arg(&exchange.clone)
        .arg("-c")
        .arg(format!("http.{url}.sslVerify=true"))
        .args(["-c", "credential.helper=", "-c", "core.askPass="])
        .args(["ls-remote", "--quiet", url, "refs/heads/none"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env_remove("SSH_ASKPASS")
        .env("GIT_TRACE_CURL", "2")
        .env("GIT_TRACE_CURL_NO_DATA", "1")
        .current_dir(&exchange.clone);
    let words = complaint(
        command,
        exchange.remaining(),
        WORDS_BYTES_MAX,
        exchange.group,
    );
    named(&words.ok()?)
}

/// In seconds; a date is not understood. Source: RFC 9110, section 10.2.3.
fn named(words: &str) -> Option<u64> {
    let headers = words.lines().filter_map(|line| line.split_once(HEADER));
    let mut values = headers.filter_map(|(_, header)| {
        let (name, value) = header.split_once(':')?;
        let is_it = name.trim().eq_ignore_ascii_case("retry-after");
        is_it.then(|| value.trim().parse().ok())?
    });
    values.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_found_among_gits_words() {
        let check = |header: &str, expected: Option<u64>| {
            let words = format!(
                "09:00:00.1 http.c:845 => Send header: Retry-After: 7\n\
                 09:00:00.2 http.c:845 <= Recv header: HTTP/2 429\n\
                 09:00:00.2 http.c:845 <= Recv header: {header}\n\
                 fatal: unable to access 'https://h/b.git/': error: 429\n"
            );
            assert_eq!(named(&words), expected, "{header}");
        };
        check("Retry-After: 30\r", Some(30));
        check("retry-after:120", Some(120));
        check("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", None);
        check("Retry-After: -1", None);
        check("Content-Length: 30", None);
        assert_eq!(named(""), None);
    }
}
