//! Which server a remote's address leads to: the half of a credential's place that is not its
//! repository.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// By ssh, with keys.
    Ssh,
    /// By https (or http on this machine), with tokens.
    Web,
}

/// What an address says of its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// How it is spoken to.
    pub reach: Reach,
    /// Its name in lower case, with `:PORT` where the port is not the usual one.
    pub host: String,
    /// The user in the address.
    pub user: Option<String>,
    /// The path, as it stands in the address.
    pub path: String,
}

/// Whose a credential is: one repository's, at one host. It is offered nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The repository's name in the settings.
    pub repository: String,
    /// As [`Server::host`].
    pub host: String,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.repository, self.host)
    }
}

impl Server {
    /// Of a remote's address in one of the forms that the settings take; `None` for a folder and for
    /// anything else that no credential is for.
    #[must_use]
    pub fn of(url: &str) -> Option<Server> {
        let (reach, usual_port, rest) = match url.split_once("://") {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "https" => (Reach::Web, 443, rest),
                "http" => (Reach::Web, 80, rest),
                "ssh" => (Reach::Ssh, 22, rest),
                _ => return None,
            },
            None => return Self::of_short_form(url),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = user_and_host(authority);
        let (name, port) = match host.strip_prefix('[') {
            Some(bracketed) => {
                let (name, after) = bracketed.split_once(']')?;
                (name, after.strip_prefix(':'))
            }
            None => match host.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (host, None),
            },
        };
        let port = match port.filter(|port| !port.is_empty()) {
            Some(port) => Some(port.parse::<u16>().ok()?).filter(|port| *port != usual_port),
            None => None,
        };
        Some(Server {
            reach,
            host: shown(name, port)?,
            user,
            path: path.to_owned(),
        })
    }

    /// `[user@]host:path`, as ssh and scp have it.
    fn of_short_form(url: &str) -> Option<Server> {
        let (before, path) = match url.find("]:") {
            Some(end) => (&url[..=end], &url[end + 2..]),
            None => url.split_once(':')?,
        };
        let (user, host) = user_and_host(before);
        let is_drive = host.len() == 1 && user.is_none();
        if before.contains('/') || is_drive || path.is_empty() {
            return None;
        }
        let name = host.trim_start_matches('[').trim_end_matches(']');
        Some(Server {
            reach: Reach::Ssh,
            host: shown(name, None)?,
            user,
            path: path.to_owned(),
        })
    }

    /// The host's name without a port.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.host.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next().unwrap_or(bracketed),
            None => self.host.split(':').next().unwrap_or(&self.host),
        }
    }

    /// The place of that repository's credential here.
    #[must_use]
    pub fn place(&self, repository: &str) -> Place {
        Place {
            repository: repository.to_owned(),
            host: self.host.clone(),
        }
    }
}

fn user_and_host(authority: &str) -> (Option<String>, &str) {
    match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()).filter(|user| !user.is_empty()), host),
        None => (None, authority),
    }
}

fn shown(name: &str, port: Option<u16>) -> Option<String> {
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"/@\"'".contains(c);
    if name.is_empty() || !name.chars().all(is_plain) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let name = if name.contains(':') {
        format!("[{name}]")
    } else {
        name
    };
    Some(match port {
        Some(port) => format!("{name}:{port}"),
        None => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_server() {
        fn check(url: &str, expected: Option<(Reach, &str, Option<&str>, &str)>) {
            let server = Server::of(url);
            let found = server.as_ref().map(|one| {
                (
                    one.reach,
                    one.host.as_str(),
                    one.user.as_deref(),
                    one.path.as_str(),
                )
            });
            assert_eq!(found, expected, "{url}");
        }
        use Reach::{Ssh, Web};
        check(
            "git@GitHub.com:acme/t.git",
            Some((Ssh, "github.com", Some("git"), "acme/t.git")),
        );
        check(
            "ssh://git@h.example/t",
            Some((Ssh, "h.example", Some("git"), "/t")),
        );
        check("ssh://h.example:22/t", Some((Ssh, "h.example", None, "/t")));
        check(
            "ssh://h.example:2222/t",
            Some((Ssh, "h.example:2222", None, "/t")),
        );
        check("ssh://[::1]:2222/t", Some((Ssh, "[::1]:2222", None, "/t")));
        check("git@[::1]:t", Some((Ssh, "[::1]", Some("git"), "t")));
        check("alias:t.git", Some((Ssh, "alias", None, "t.git")));
        check("https://H.example/t", Some((Web, "h.example", None, "/t")));
        check(
            "https://al@h.example:8443/t",
            Some((Web, "h.example:8443", Some("al"), "/t")),
        );
        check(
            "https://h.example:443/t",
            Some((Web, "h.example", None, "/t")),
        );
        check(
            "http://127.0.0.1:80/t",
            Some((Web, "127.0.0.1", None, "/t")),
        );
        check("https://h.example:443443/t", None);
        check("file:///srv/t", None);
        check("git://127.0.0.1/t", None);
        check("/srv/t", None);
        check("C:\\t", None);
        check("c:/t", None);
        check("", None);
    }

    #[test]
    fn ports_make_other_hosts_and_names_are_without_them() {
        let name = |url| Server::of(url).unwrap().name().to_owned();
        assert_eq!(name("ssh://[::1]:2222/t"), "::1");
        assert_eq!(name("https://h.example:8443/t"), "h.example");
        assert_eq!(name("h.example:t"), "h.example");
    }
}
