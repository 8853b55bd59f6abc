//! The way to a web server as the person's own git takes it: which authorities sign its certificate,
//! and through which proxy it is reached.
//!
//! `http.sslVerify` and `GIT_SSL_NO_VERIFY` are never asked for: nothing turns the check off.

mod proxy;
pub(crate) mod retry_after;
mod tunnel;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use git2::ProxyOptions;

use crate::exchange::Exchange;
use crate::transport::{run, with_users_configuration, without_git_variables};
use crate::url::{Place, Scheme, authority};
use crate::{Kind, TransferError, libgit2, program};
use proxy::Proxy;

/// The most that asking git for its settings may take.
const SETTINGS_TIMEOUT_MAX: Duration = Duration::from_secs(5);

/// The most that git may say of them, in bytes.
const SETTINGS_BYTES_MAX: u64 = 64 << 10;

/// What was found for the last remote, until an exchange with it fails: a worker has one remote, and
/// a poll should not start a program to learn what it knew before.
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

#[derive(Debug)]
struct Known {
    url: String,
    proxy: Option<Proxy>,
}

/// What git and the environment say; `None`: nothing.
#[derive(Debug, Default, PartialEq, Eq)]
struct WebSettings {
    /// A file of certificates, PEM.
    authorities_file: Option<PathBuf>,
    /// A folder of them, named by hash.
    authorities_folder: Option<PathBuf>,
    /// `http.proxy`; empty: no proxy at all.
    proxy: Option<String>,
}

/// How libgit2 is to go to the remote of `exchange`. From here on the process also trusts the
/// authorities that the person's git trusts. Fails with the trouble noted in the exchange.
pub(crate) fn proxy(exchange: &Exchange) -> Result<ProxyOptions<'static>, git2::Error> {
    let mut options = ProxyOptions::new();
    let Some(url) = asked_for(exchange) else {
        return Ok(options);
    };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let proxy = match known.take().filter(|known| known.url == url) {
        Some(known) => known.proxy,
        None => found(exchange, &url).map_err(|trouble| {
            let error = git2::Error::from_str(&trouble.message);
            exchange.note(trouble);
            error
        })?,
    };
    if let Some(proxy) = &proxy {
        options.url(proxy.address());
    }
    *known = Some(Known { url, proxy });
    Ok(options)
}

/// An exchange failed: perhaps because of what is known here, which the person may have corrected.
pub(crate) fn forget() {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
}

/// The address that git's settings are looked up for; `None` where they do not matter.
fn asked_for(exchange: &Exchange) -> Option<String> {
    let Place::Web {
        scheme: scheme @ (Scheme::Https | Scheme::Http),
        user,
        host,
        port,
        path,
    } = exchange.url.place()
    else {
        return None;
    };
    let user = user.as_ref().map(|user| format!("{user}@"));
    let (scheme, user) = (scheme.as_str(), user.unwrap_or_default());
    Some(format!("{scheme}://{user}{}{path}", authority(host, *port)))
}

fn found(exchange: &Exchange, url: &str) -> Result<Option<Proxy>, TransferError> {
    let settings = settings(exchange, url);
    if let Some(file) = &settings.authorities_file {
        libgit2::trust_authorities_file(file)
            .map_err(|error| unreadable("http.sslCAInfo", file).caused_by(error))?;
    }
    if let Some(folder) = &settings.authorities_folder {
        libgit2::trust_authorities_folder(folder)
            .map_err(|error| unreadable("http.sslCAPath", folder).caused_by(error))?;
    }
    let Place::Web { scheme, host, .. } = exchange.url.place() else {
        return Ok(None);
    };
    let proxy = proxy::chosen(settings.proxy, *scheme, host, |name| env::var(name).ok())?;
    if proxy.is_some() && *scheme == Scheme::Https {
        // OpenSSL looks at this variable by itself; not every git does.
        let file = settings.authorities_file.map(PathBuf::into_os_string);
        let file = file.or_else(|| env::var_os("SSL_CERT_FILE"));
        tunnel::checked(exchange, url, file.as_deref())?;
    }
    Ok(proxy)
}

fn unreadable(name: &str, path: &Path) -> TransferError {
    let path = path.display();
    TransferError::new(
        Kind::SettingsInvalid,
        format!("git's {name} names {path}, where no certificates can be read"),
        format!("correct it ('git config --global {name} FILE'), or put the file there"),
    )
}

/// What git says, then what the environment says, which is how git itself ranks them.
fn settings(exchange: &Exchange, url: &str) -> WebSettings {
    let said = git_says(exchange, &["--get-urlmatch", "http", url]);
    let mut settings = parsed(&said.unwrap_or_default());
    // A path from the home folder is git's to spell out.
    for (path, name) in [
        (&mut settings.authorities_file, "http.sslCAInfo"),
        (&mut settings.authorities_folder, "http.sslCAPath"),
    ] {
        if path.as_ref().is_some_and(|path| path.starts_with("~")) {
            let whole = git_says(exchange, &["--type=path", "--get-urlmatch", name, url]);
            let whole = whole.map(|whole| PathBuf::from(whole.trim_end_matches('\0')));
            *path = whole.or_else(|| path.take());
        }
    }
    for (path, name) in [
        (&mut settings.authorities_file, "GIT_SSL_CAINFO"),
        (&mut settings.authorities_folder, "GIT_SSL_CAPATH"),
    ] {
        *path = env::var_os(name).map(PathBuf::from).or_else(|| path.take());
    }
    settings
}

/// What `git config` prints; `None` where it knows nothing, or is not there.
fn git_says(exchange: &Exchange, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program::find("git")?);
    without_git_variables(&mut command);
    with_users_configuration(&mut command);
    command
        .arg("--git-dir")
        .arg(&exchange.clone)
        .args(["config", "--null"])
        .args(arguments)
        .current_dir(&exchange.clone);
    let limit = exchange.remaining().min(SETTINGS_TIMEOUT_MAX);
    match run(command, b"", limit, SETTINGS_BYTES_MAX, exchange.group) {
        Ok(finished) if finished.status.success() => String::from_utf8(finished.stdout).ok(),
        // 1: nothing is set.
        Ok(finished) if finished.status.code() == Some(1) => None,
        Ok(finished) => {
            tracing::warn!(status = %finished.status, "git's settings for http cannot be read");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "git's settings for http could not be asked for");
            None
        }
    }
}

/// Source of the format: git-config(1), `--null` and `--get-urlmatch`: `NAME\nVALUE\0`, names in
/// lower case.
fn parsed(said: &str) -> WebSettings {
    let value = |name: &str| {
        said.split('\0')
            .filter_map(|item| item.split_once('\n'))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    };
    let path = |name| value(name).filter(|path| !path.is_empty());
    WebSettings {
        authorities_file: path("http.sslcainfo").map(PathBuf::from),
        authorities_folder: path("http.sslcapath").map(PathBuf::from),
        proxy: value("http.proxy"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_gits_format() {
        let check = |said: &str, file: Option<&str>, proxy: Option<&str>| {
            let settings = parsed(said);
            assert_eq!(settings.authorities_file.as_deref(), file.map(Path::new));
            assert_eq!(settings.proxy.as_deref(), proxy, "{said:?}");
        };
        check("", None, None);
        check(
            "http.sslcainfo\n/etc/acme.pem\0http.proxy\nhttp://p:1\0",
            Some("/etc/acme.pem"),
            Some("http://p:1"),
        );
        check("http.proxy\n\0http.sslverify\nfalse\0", None, Some(""));
        check("http.sslverify\0http.sslcainfo\n\0", None, None);
    }
}
