//! Tells from what git, ssh, a server or libgit2 said what can be done about it. The one place that
//! reads the text of errors, because codes alone are too coarse.

use std::path::Path;

use git2::{ErrorClass, ErrorCode};

use crate::exchange::Exchange;
use crate::{
    CloneError, Kind, TransferError, bearer, host_key, os, ssh_key, transport, web_settings,
};

/// How much of another program's words is shown, in characters.
const WORDS_CHARS_MAX: usize = 600;

/// Less than this is a full disk, in bytes.
const FREE_BYTES_MIN: u64 = 64 << 10;

/// What the remote answered to a push of our ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It moved meanwhile.
    Rejected,
    /// Its rules forbid it.
    Refused,
    /// Something else, which may pass.
    Failed,
}

/// Words and what they mean: kind and hint.
type Meaning = (&'static str, Kind, &'static str);

pub(crate) const HINT_RETRY: &str = "it is tried again by itself";
const HINT_NAME: &str = "correct the repository's url, or ask for access to it";
const HINT_ACCESS: &str = "use a key or token that may read and write this repository";
const HINT_DAMAGED: &str = "the clone is made anew; nothing that was written is lost";
const HINT_DISK: &str = "free some space on this machine";
const HINT_AGENT: &str = "unlock the key in the ssh agent ('ssh-add'), or set ssh_key";
const HINT_PASSPHRASE: &str =
    "let ssh_key name a key without a passphrase, or leave it out and use an ssh agent";
pub(crate) const HINT_CERTIFICATE: &str = "see that it is in date and of an authority that git trusts: a private one goes into git's \
     http.sslCAInfo";
pub(crate) const HINT_PROXY: &str = "give the proxy's user and password: git config --global http.proxy http://USER:PASSWORD@HOST:PORT";
const HINT_PORTAL: &str =
    "a web page answered in its place: open a browser, this network may want a login";
const HINT_CONFIG: &str = "correct the ssh configuration; 'ssh -G HOST' shows what is wrong";
const HINT_HOST: &str =
    "compare the server's fingerprint and accept its key: watercooler credential trust HOST";
const HINT_CHANGED: &str = "ask who runs the server whether its key was changed; only then: watercooler credential trust HOST";

/// What ssh, or git at the far end, writes to stderr. The first that is found counts.
const STDERR: &[Meaning] = &[
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        Kind::HostKeyChanged,
        HINT_CHANGED,
    ),
    ("REVOKED HOST KEY", Kind::HostKeyChanged, HINT_CHANGED),
    (
        "has changed and you have requested strict checking",
        Kind::HostKeyChanged,
        HINT_CHANGED,
    ),
    (
        "Host key verification failed",
        Kind::HostKeyUnknown,
        HINT_HOST,
    ),
    ("host key is known for", Kind::HostKeyUnknown, HINT_HOST),
    (
        "Bad owner or permissions on",
        Kind::SettingsInvalid,
        HINT_CONFIG,
    ),
    (
        "Bad configuration option",
        Kind::SettingsInvalid,
        HINT_CONFIG,
    ),
    ("terminating, ", Kind::SettingsInvalid, HINT_CONFIG),
    ("agent refused operation", Kind::KeychainLocked, HINT_AGENT),
    ("incorrect passphrase", Kind::CredentialMissing, HINT_AGENT),
    (
        "UNPROTECTED PRIVATE KEY",
        Kind::CredentialRefused,
        "make the key file yours alone: chmod 600",
    ),
    (
        "not accessible: No such file",
        Kind::CredentialMissing,
        "set ssh_key to a private key file that is there",
    ),
    ("Permission denied (", Kind::CredentialRefused, HINT_ACCESS),
    (
        "Too many authentication failures",
        Kind::CredentialRefused,
        "set ssh_key to the right key",
    ),
    ("marked as read only", Kind::CredentialRefused, HINT_ACCESS),
    (
        "write access to repository not granted",
        Kind::CredentialRefused,
        HINT_ACCESS,
    ),
    ("not allowed to push", Kind::CredentialRefused, HINT_ACCESS),
    (
        "dubious ownership",
        Kind::SettingsInvalid,
        "the folder belongs to another user; allow it: git config --global --add safe.directory PATH",
    ),
    ("Repository not found", Kind::NotFound, HINT_NAME),
    ("repository not found", Kind::NotFound, HINT_NAME),
    (
        "does not appear to be a git repository",
        Kind::NotFound,
        HINT_NAME,
    ),
    ("not a git repository", Kind::NotFound, HINT_NAME),
    (
        "project you were looking for could not be found",
        Kind::NotFound,
        HINT_NAME,
    ),
    (
        "pack: command not found",
        Kind::NotFound,
        "install git on the server",
    ),
    (
        "pack: not found",
        Kind::NotFound,
        "install git on the server",
    ),
    ("Could not resolve hostname", Kind::Offline, HINT_RETRY),
    ("Connection refused", Kind::Offline, HINT_RETRY),
    ("timed out", Kind::Offline, HINT_RETRY),
    ("rate limit", Kind::RateLimited, HINT_RETRY),
];

/// How libgit2's own messages begin. `remote error` is what `git daemon` answers.
const PREFIXES: &[Meaning] = &[
    (
        "remote error: no such repository",
        Kind::NotFound,
        HINT_NAME,
    ),
    (
        "remote error: repository not exported",
        Kind::NotFound,
        HINT_NAME,
    ),
    (
        "remote error: access denied or repository not exported",
        Kind::NotFound,
        HINT_NAME,
    ),
    (
        "remote error: service not enabled",
        Kind::CredentialRefused,
        "the server takes no pushes this way: use an address that may be written to",
    ),
    (
        "invalid content-type: 'text/html",
        Kind::Offline,
        HINT_PORTAL,
    ),
    (
        "unexpected http status code: 401",
        Kind::CredentialRefused,
        HINT_ACCESS,
    ),
    (
        "unexpected http status code: 403",
        Kind::CredentialRefused,
        HINT_ACCESS,
    ),
    (
        "unexpected http status code: 404",
        Kind::NotFound,
        HINT_NAME,
    ),
    (
        "unexpected http status code: 410",
        Kind::NotFound,
        HINT_NAME,
    ),
    (
        "unexpected http status code: 429",
        Kind::RateLimited,
        HINT_RETRY,
    ),
    (
        "remote authentication required",
        Kind::CredentialMissing,
        HINT_ACCESS,
    ),
    (
        "proxy authentication required",
        Kind::CredentialMissing,
        HINT_PROXY,
    ),
    (
        "proxy returned unexpected status: 401",
        Kind::CredentialRefused,
        HINT_PROXY,
    ),
    (
        "proxy returned unexpected status: 407",
        Kind::CredentialRefused,
        HINT_PROXY,
    ),
    (
        "proxy returned unexpected status: 403",
        Kind::CredentialRefused,
        "ask who runs the proxy to let this server through",
    ),
    (
        bearer::NOTHING_ELSE,
        Kind::CredentialRefused,
        "add a token: watercooler credential add NAME --token",
    ),
    (
        "unexpected authentication failure",
        Kind::CredentialRefused,
        HINT_ACCESS,
    ),
    (
        "cannot redirect from",
        Kind::SettingsInvalid,
        "set url to the address it leads to",
    ),
    (
        "unexpected redirect",
        Kind::SettingsInvalid,
        "set url to the address it leads to",
    ),
    (
        "the SSL certificate is invalid",
        Kind::HostKeyUnknown,
        HINT_CERTIFICATE,
    ),
    (
        "hostname does not match certificate",
        Kind::HostKeyUnknown,
        "set url to the name that its certificate is for",
    ),
    ("cannot extend packfile", Kind::DiskFull, HINT_DISK),
];

/// What an exchange that failed means. A trouble that one of our own parts noted comes first.
pub(crate) fn transfer(exchange: &Exchange, error: git2::Error) -> TransferError {
    exchange.settle();
    web_settings::forget();
    transport::forget_settings();
    if let Some(trouble) = exchange.take_trouble() {
        return trouble.caused_by(error);
    }
    if exchange.remaining().is_zero() {
        return exchange.timed_out().caused_by(error);
    }
    let stderr = exchange.stderr();
    let said = plain(&format!("{stderr}\n{}", exchange.sideband()));
    let (kind, hint) = meaning(&stderr, &error, &exchange.clone);
    // ssh says the same of a key that it could not open.
    let refused = hint == HINT_ACCESS && stderr.contains("Permission denied (");
    if let Some(key) = refused.then(|| ssh_key::locked(exchange)).flatten() {
        let key = key.display();
        return TransferError::new(
            Kind::CredentialMissing,
            format!(
                "{}: {key} opens with a passphrase alone, or is no private key",
                exchange.url
            ),
            HINT_PASSPHRASE,
        )
        .caused_by(error);
    }
    let said = if kind == Kind::HostKeyChanged {
        format!("{}{said}", host_key::fingerprints(&stderr, exchange))
    } else {
        said
    };
    let cause = if said.is_empty() {
        plain(error.message())
    } else {
        said
    };
    let cause = if kind == Kind::DiskFull {
        "no space is left here".to_owned()
    } else {
        cause
    };
    TransferError::new(kind, format!("{}: {cause}", exchange.url), hint).caused_by(error)
}

fn meaning(stderr: &str, error: &git2::Error, clone: &Path) -> (Kind, &'static str) {
    if let Some((_, kind, hint)) = STDERR.iter().find(|(words, ..)| stderr.contains(words)) {
        return (*kind, hint);
    }
    let message = error.message();
    if let Some((_, kind, hint)) = PREFIXES
        .iter()
        .find(|(words, ..)| message.starts_with(words))
    {
        return (*kind, hint);
    }
    if is_disk_full(error, clone) {
        return (Kind::DiskFull, HINT_DISK);
    }
    if error.code() == ErrorCode::Auth {
        (Kind::CredentialRefused, HINT_ACCESS)
    } else if error.code() == ErrorCode::Certificate {
        (Kind::HostKeyUnknown, HINT_CERTIFICATE)
    } else if is_damage(error) {
        (Kind::Damaged, HINT_DAMAGED)
    } else {
        (Kind::Offline, HINT_RETRY)
    }
}

/// What the remote's status of our ref, with its words to people, means.
pub(crate) fn verdict(status: &str, sideband: &str) -> Verdict {
    /// The ref is not where we saw it.
    const MOVED: [&str; 4] = [
        "non-fast-forward",
        "fetch first",
        "stale info",
        "but expected",
    ];
    /// A rule of the server, or of the repository.
    const RULES: [&str; 12] = [
        "hook declined",
        "declined",
        "protected",
        "prohibited",
        "denied",
        "forbidden",
        "not allowed",
        "not permitted",
        "policy",
        "refus",
        "currently checked out",
        "rule violation",
    ];
    let holds = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    let status = status.to_ascii_lowercase();
    if holds(&status, &MOVED) {
        return Verdict::Rejected;
    }
    if status.starts_with("failed to update ref") || status.contains("cannot lock ref") {
        // A lock that lies there, unlike a ref that moved, does not go away by fetching.
        let locked = sideband.contains("File exists") && !holds(sideband, &MOVED);
        return if locked {
            Verdict::Failed
        } else {
            Verdict::Rejected
        };
    }
    if holds(&status, &RULES) {
        Verdict::Refused
    } else {
        Verdict::Failed
    }
}

/// What a failure within the clone means.
pub(crate) fn local(clone: &Path, doing: &'static str, source: git2::Error) -> CloneError {
    if is_disk_full(&source, clone) {
        CloneError::DiskFull {
            path: clone.to_owned(),
        }
    } else if is_damage(&source) || source.code() == ErrorCode::NotFound {
        CloneError::Damaged { doing, source }
    } else {
        CloneError::Git { doing, source }
    }
}

/// libgit2 says "no error" where writing a blob finds no space, so the disk is asked.
fn is_disk_full(error: &git2::Error, clone: &Path) -> bool {
    // A remote's words on its own disk come as an error of the network.
    let is_here = !matches!(error.class(), ErrorClass::Net | ErrorClass::Http);
    let says = |words| error.message().contains(words);
    (is_here && (says("No space left") || says("Disk quota exceeded")))
        || (error.class() == ErrorClass::None && is_space_gone(clone))
}

/// Whether the disk has next to nothing left.
pub(crate) fn is_space_gone(path: &Path) -> bool {
    os::free_bytes(path).is_some_and(|free| free < FREE_BYTES_MIN)
}

fn is_damage(error: &git2::Error) -> bool {
    matches!(
        error.class(),
        ErrorClass::Zlib | ErrorClass::Odb | ErrorClass::Object
    ) || (error.class() == ErrorClass::Os && error.message().contains("failed to mmap"))
        // "corrupted loose reference file", "corrupted packed references file".
        || (error.class() == ErrorClass::Reference && error.message().contains("corrupted"))
}

/// Another program's words in one bounded line: no control characters, the first lines first.
pub(crate) fn plain(words: &str) -> String {
    let lines = words.split(['\n', '\r']).map(|line| {
        let kept: String = line
            .chars()
            .filter(|c| !c.is_control() && !is_unseen(*c))
            .collect();
        kept.trim().to_owned()
    });
    let lines: Vec<String> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("@@@@@") && !is_progress(line))
        .collect();
    let line = lines.join("; ");
    match line.char_indices().nth(WORDS_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Whether it is how far git has come: `Resolving deltas:  33% (17/51)`.
fn is_progress(line: &str) -> bool {
    let of_all = line.rsplit_once(": ").map(|(_, far)| far.trim_start());
    let share = of_all.and_then(|far| far.split_once("% ("));
    share.is_some_and(|(percent, _)| percent.parse::<u8>().is_ok())
}

/// Marks that turn the direction of text or hide in it.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
