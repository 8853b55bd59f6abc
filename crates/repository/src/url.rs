//! Addresses of remotes: which are allowed, and how each is shown.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest address taken, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// How the tokens of known forges begin; one of them in the place of a user name is a password.
const TOKEN_PREFIXES: [&str; 8] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "ATBB",
];

/// A remote's address, checked: `https://`, `ssh://`, `[user@]host:path`, `file://` or an absolute
/// path; `http://` and `git://` to this machine alone. Never with a password. What is displayed
/// names no user of https. In JSON it is the text that it was read from.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemoteUrl {
    text: String,
    place: Place,
    shown: String,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Served by libgit2 itself: https, and http or git on loopback.
    Web {
        scheme: Scheme,
        user: Option<String>,
        host: String,
        port: Option<u16>,
        path: String,
    },
    /// Served by a child `ssh`. `path` is as the far shell gets it, before quoting.
    Ssh {
        user: Option<String>,
        host: String,
        port: Option<u16>,
        path: String,
    },
    /// Served by a child `git` on this machine.
    File(PathBuf),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Https,
    Http,
    Git,
}

/// Why an address is refused. Never repeats the address, which may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// Nothing was given.
    #[error("the address is empty")]
    Empty,
    /// Longer than 2048 bytes.
    #[error("the address is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// Control characters or white space.
    #[error("the address holds a space or a control character")]
    Character,
    /// A password, or a token in the place of the user.
    #[error("the address holds a password; leave it out and store it as a credential instead")]
    Password,
    /// A scheme that is not served.
    #[error("only https://, ssh://, user@host:path, file:// and absolute paths are served")]
    Scheme,
    /// http or git to another machine.
    #[error("http:// and git:// are not encrypted and are served for this machine alone")]
    NotLoopback,
    /// The host is missing, malformed, or would be read as an option.
    #[error("the address has no proper host name")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("the address has no proper port")]
    Port,
    /// The path is missing, relative, or would be read as an option.
    #[error("the address has no proper path")]
    Path,
}

impl RemoteUrl {
    /// Checks an address. The grammar is an allow-list: nothing in it can become an option, a
    /// command or a helper of git or ssh.
    pub fn parse(text: &str) -> Result<RemoteUrl, UrlError> {
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if text.len() > URL_BYTES_MAX {
            return Err(UrlError::TooLong);
        }
        let place = match text.split_once("://") {
            Some((scheme, rest)) => with_scheme(scheme, rest)?,
            None if Path::new(text).is_absolute() => Place::File(path_checked(text)?),
            None => scp_like(text)?,
        };
        let shown = match &place {
            Place::Web {
                scheme,
                host,
                port,
                path,
                ..
            } => {
                format!("{}://{}{path}", scheme.as_str(), authority(host, *port))
            }
            Place::Ssh { .. } | Place::File(_) => text.to_owned(),
        };
        Ok(RemoteUrl {
            text: text.to_owned(),
            place,
            shown,
        })
    }

    /// The address as people may see it, without the user of an https address.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether it is reached by ssh.
    pub fn is_ssh(&self) -> bool {
        matches!(self.place, Place::Ssh { .. })
    }

    /// Whether it is a folder of this machine.
    pub fn is_file(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// Whether its host is this machine, by name or address.
    pub fn is_loopback(&self) -> bool {
        match &self.place {
            Place::Web { host, .. } | Place::Ssh { host, .. } => is_loopback(host),
            Place::File(_) => false,
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// What libgit2 gets: it picks the transport by the scheme. A user in it would be tried with an
    /// empty password first, so it is left out and goes to the credential helper.
    pub(crate) fn for_libgit2(&self) -> String {
        match &self.place {
            Place::Web { .. } => self.shown.clone(),
            Place::Ssh { host, .. } => format!("ssh://{host}/"),
            Place::File(_) => "file:///".to_owned(),
        }
    }
}

impl TryFrom<String> for RemoteUrl {
    type Error = UrlError;

    fn try_from(text: String) -> Result<RemoteUrl, UrlError> {
        RemoteUrl::parse(&text)
    }
}

impl From<RemoteUrl> for String {
    fn from(url: RemoteUrl) -> String {
        url.text
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RemoteUrl({})", self.shown)
    }
}

impl Scheme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
            Scheme::Git => "git",
        }
    }
}

/// `host` or `host:port`, with the brackets that an IPv6 address needs.
pub(crate) fn authority(host: &str, port: Option<u16>) -> String {
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

fn with_scheme(scheme: &str, rest: &str) -> Result<Place, UrlError> {
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "file" => return file(rest),
        "ssh" => return ssh(rest),
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        "git" => Scheme::Git,
        _ => return Err(UrlError::Scheme),
    };
    let (user, host, port, path) = parts(rest)?;
    if path.len() < 2 {
        return Err(UrlError::Path);
    }
    if scheme != Scheme::Https && !is_loopback(&host) {
        return Err(UrlError::NotLoopback);
    }
    Ok(Place::Web {
        scheme,
        user,
        host,
        port,
        path: path.to_owned(),
    })
}

fn ssh(rest: &str) -> Result<Place, UrlError> {
    let (user, host, port, path) = parts(rest)?;
    let path = percent_decoded(path).ok_or(UrlError::Path)?;
    // As git does: ssh://host/~alice/x means a path in alice's home.
    let path = if path.starts_with("/~") {
        path[1..].to_owned()
    } else {
        path
    };
    if path.len() < 2 {
        return Err(UrlError::Path);
    }
    Ok(Place::Ssh {
        user,
        host,
        port,
        path,
    })
}

fn file(rest: &str) -> Result<Place, UrlError> {
    let path = rest
        .strip_prefix("localhost")
        .filter(|path| path.starts_with('/'))
        .unwrap_or(rest);
    let path = percent_decoded(path).ok_or(UrlError::Path)?;
    // file:///C:/x names a drive.
    let drive = path.as_bytes().get(2) == Some(&b':') && cfg!(windows);
    Ok(Place::File(path_checked(if drive {
        &path[1..]
    } else {
        &path
    })?))
}

fn scp_like(text: &str) -> Result<Place, UrlError> {
    let (user, rest) = match text.split_once('@') {
        Some((user, rest)) if !user.contains('/') => (Some(user_checked(user)?), rest),
        Some(_) | None => (None, text),
    };
    let (host, path) = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once("]:").ok_or(UrlError::Host)?,
        None => rest.split_once(':').ok_or(UrlError::Scheme)?,
    };
    // A slash before the colon makes it a relative path; `ext::x` and `C:\x` are no hosts.
    if host.contains('/') || path.starts_with(':') || (host.len() == 1 && user.is_none()) {
        return Err(UrlError::Scheme);
    }
    if path.is_empty() || path.starts_with('-') {
        return Err(UrlError::Path);
    }
    if path.chars().any(char::is_control) {
        return Err(UrlError::Character);
    }
    Ok(Place::Ssh {
        user,
        host: host_checked(host)?,
        port: None,
        path: path.to_owned(),
    })
}

type Parts<'a> = (Option<String>, String, Option<u16>, &'a str);

fn parts(rest: &str) -> Result<Parts<'_>, UrlError> {
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    if authority.contains(['?', '#']) {
        return Err(UrlError::Host);
    }
    // Before the check of characters, so that a password is named as such.
    let (user, host_port) = match authority.rsplit_once('@') {
        Some((user, host_port)) => (Some(user_checked(user)?), host_port),
        None => (None, authority),
    };
    if path.chars().any(|c| c.is_control() || c == ' ') {
        return Err(UrlError::Character);
    }
    let (host, port) = match host_port.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').ok_or(UrlError::Host)?,
        None => host_port.split_at(host_port.find(':').unwrap_or(host_port.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => {
            let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
            let port = digits.parse().ok().filter(|port| digits_only && *port > 0);
            Some(port.ok_or(UrlError::Port)?)
        }
        None if port.is_empty() => None,
        None => return Err(UrlError::Host),
    };
    Ok((user, host_checked(host)?, port, path))
}

fn user_checked(user: &str) -> Result<String, UrlError> {
    let user = user.to_owned();
    if user.contains(':') || TOKEN_PREFIXES.iter().any(|prefix| user.starts_with(prefix)) {
        return Err(UrlError::Password);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+~".contains(c);
    if user.is_empty() || user.starts_with('-') || !user.chars().all(allowed) {
        return Err(UrlError::Host);
    }
    Ok(user)
}

fn host_checked(host: &str) -> Result<String, UrlError> {
    let is_address = host.parse::<IpAddr>().is_ok();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_name = !host.is_empty() && !host.starts_with('-') && host.chars().all(allowed);
    if is_address || is_name {
        Ok(host.to_owned())
    } else {
        Err(UrlError::Host)
    }
}

fn path_checked(path: &str) -> Result<PathBuf, UrlError> {
    if path.chars().any(char::is_control) {
        return Err(UrlError::Character);
    }
    let path = PathBuf::from(path);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(UrlError::Path)
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

fn is_loopback(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    name == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
