//! Which proxy a remote is reached through, chosen as git and curl choose it. An address with a
//! password in it is never shown.

use std::fmt;

use crate::url::Scheme;
use crate::{Kind, TransferError};

/// A proxy's address, checked to be one that libgit2 takes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy(String);

impl Proxy {
    fn parse(text: &str) -> Option<Proxy> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return None;
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            Some(_) | None => (place, "1080"),
        };
        let name = |c: char| c.is_ascii_alphanumeric() || "._-:[]".contains(c);
        let is_host = !host.is_empty() && host.chars().all(name);
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        let is_user = user.chars().all(|c| c.is_ascii_graphic() && c != '/');
        let address = if user.is_empty() {
            format!("{scheme}://{host}:{port}")
        } else {
            format!("{scheme}://{user}@{host}:{port}")
        };
        (is_host && is_port && is_user).then_some(Proxy(address))
    }

    /// Whole, for libgit2 alone.
    pub(super) fn address(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&shown(&self.0))
    }
}

/// The proxy for `host`: what git's settings say (empty: none), else what the environment does;
/// none for the hosts of `no_proxy`. Source: git's http.c, `get_curl_handle`, and curl(1).
pub(super) fn chosen(
    configured: Option<String>,
    scheme: Scheme,
    host: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, TransferError> {
    let first = |names: &[&'static str]| {
        names.iter().find_map(|name| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.map(|value| (*name, value))
        })
    };
    let from_environment = || match scheme {
        Scheme::Https => first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        // In capitals a web server's caller could set it: curl reads this one in small letters.
        Scheme::Http => first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        Scheme::Git => None,
    };
    let Some((origin, text)) = configured
        .map(|text| ("git's http.proxy", text))
        .or_else(from_environment)
    else {
        return Ok(None);
    };
    let past = first(&["no_proxy", "NO_PROXY"]).is_some_and(|(_, hosts)| names(&hosts, host));
    if text.is_empty() || past {
        return Ok(None);
    }
    match Proxy::parse(&text) {
        Some(proxy) => Ok(Some(proxy)),
        None => Err(TransferError::new(
            Kind::SettingsInvalid,
            format!(
                "{origin} is '{}', which is no http proxy that can be used",
                shown(&text)
            ),
            "write it as http://HOST:PORT, or go past it with no_proxy",
        )),
    }
}

/// Whether the list of `no_proxy` names `host`: itself, a domain that it is in, or `*`.
fn names(list: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    list.split([',', ' '])
        .map(|name| name.trim_start_matches('.').to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .any(|name| {
            let inside = host.strip_suffix(&name);
            name == "*" || inside.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

/// Without the user and the password, and without what is unseen.
fn shown(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}{}", crate::classify::plain(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(configured: Option<&str>, variables: &[(&str, &str)], expected: &str) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let configured = configured.map(str::to_owned);
        let chosen = chosen(configured, Scheme::Https, "git.acme.example", variable);
        let chosen = match chosen {
            Ok(chosen) => chosen.map_or("none".to_owned(), |proxy| proxy.address().to_owned()),
            Err(trouble) => trouble.message,
        };
        assert_eq!(chosen, expected);
    }

    #[test]
    fn the_persons_git_comes_first_then_the_environment() {
        let variable = [("https_proxy", "http://env:3128")];
        check(None, &[], "none");
        check(None, &variable, "http://env:3128");
        check(Some("http://set:8080/"), &variable, "http://set:8080");
        check(Some("set:8080"), &[], "http://set:8080");
        check(Some("set"), &[], "http://set:1080");
        check(Some("http://[::1]:8080"), &[], "http://[::1]:8080");
        check(Some(""), &variable, "none");
        check(None, &[("ALL_PROXY", "all:1")], "http://all:1");
        check(None, &[("http_proxy", "http://other:1")], "none");
        check(None, &[("https_proxy", "")], "none");
        check(Some("http://al:p@w@h:1"), &[], "http://al:p@w@h:1");
    }

    #[test]
    fn hosts_of_no_proxy_are_gone_to_past_it() {
        let past = |list: &str, expected: &str| {
            check(Some("p:1"), &[("no_proxy", list)], expected);
        };
        past("acme.example", "none");
        past(".acme.example", "none");
        past("a.b, GIT.acme.example", "none");
        past("*", "none");
        past("cme.example", "http://p:1");
        past("other.example", "http://p:1");
        past("", "http://p:1");
    }

    #[test]
    fn an_address_that_is_none_is_told_without_its_password() {
        let no = |place: &str| format!("{place}, which is no http proxy that can be used");
        let git = "git's http.proxy is";
        check(
            Some("socks5://al:secret@h:1080"),
            &[],
            &no(&format!("{git} 'socks5://h:1080'")),
        );
        check(Some("http://h:0"), &[], &no(&format!("{git} 'http://h:0'")));
        check(
            Some("http://al:se\ncret@"),
            &[],
            &no(&format!("{git} 'http://'")),
        );
        check(
            None,
            &[("all_proxy", "al:secret@h:x")],
            &no("all_proxy is 'h:x'"),
        );
        let proxy = Proxy::parse("http://al:secret@h:1").unwrap();
        assert_eq!(format!("{proxy:?}"), "http://h:1");
    }
}
