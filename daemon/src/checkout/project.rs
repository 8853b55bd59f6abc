//! Which project a checkout is of, by the address of its remote: never more of that address than
//! everybody may see.

/// The longest name of a project that becomes a trailer.
const PROJECT_BYTES_MAX: usize = 200;

/// How the tokens of known forges begin.
const TOKEN_BEGINNINGS: [&str; 8] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "ATBB",
];

/// The address of `origin`, else of the first remote, in a configuration of git's.
pub(super) fn remote_in(configuration: &str) -> Option<String> {
    let mut remote: Option<String> = None;
    let mut first: Option<String> = None;
    for line in configuration.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            remote = remote_section(section);
        } else if let Some(name) = &remote
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("url")
        {
            let url = value_of(value);
            if name == "origin" {
                return Some(url);
            }
            first.get_or_insert(url);
        }
    }
    first
}

/// `NAME` of `remote "NAME"]`.
fn remote_section(section: &str) -> Option<String> {
    let inside = section.split(']').next()?.trim();
    let (kind, name) = inside.split_once(char::is_whitespace)?;
    let name = name.trim().strip_prefix('"')?.strip_suffix('"')?;
    kind.eq_ignore_ascii_case("remote").then(|| name.to_owned())
}

/// A value without its comment, quotes and escapes.
fn value_of(written: &str) -> String {
    let mut value = String::new();
    let mut quoted = false;
    let mut rest = written.trim().chars();
    while let Some(next) = rest.next() {
        match next {
            '"' => quoted = !quoted,
            '\\' => value.extend(rest.next()),
            '#' | ';' if !quoted => break,
            plain => value.push(plain),
        }
    }
    value.trim().to_owned()
}

/// `org/repo` of a remote's address, of a folder its last name; none where a part could be a secret.
pub(crate) fn project_of(url: &str) -> Option<String> {
    let (address, more) = match url.find(['?', '#']) {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    // A secret with such a character in it would be cut in the middle.
    if more.contains('@') {
        return None;
    }
    let path = match address.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => last_name(rest),
        Some((_, rest)) => after_user(rest).split_once('/')?.1,
        None if is_folder(address) => last_name(address),
        None => after_user(address).split_once(':')?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/-".contains(&byte);
    let is_secret = |part: &str| {
        let mut beginnings = TOKEN_BEGINNINGS.iter();
        beginnings.any(|beginning| part.starts_with(*beginning))
    };
    let is_plain = !path.is_empty()
        && path.len() <= PROJECT_BYTES_MAX
        && path.bytes().all(allowed)
        && !path.split('/').any(is_secret);
    is_plain.then(|| path.to_owned())
}

/// What stands behind the last `@`: a password may hold one, or a `/`, unescaped.
fn after_user(rest: &str) -> &str {
    rest.rsplit_once('@').map_or(rest, |(_, after)| after)
}

fn is_folder(address: &str) -> bool {
    let drive = address.as_bytes().get(1) == Some(&b':');
    drive || address.starts_with(['/', '.', '~', '\\']) || !address.contains(':')
}

/// The folders above are nobody's business.
fn last_name(path: &str) -> &str {
    let path = path.trim_end_matches(['/', '\\']);
    let path = path.strip_suffix("/.git").unwrap_or(path);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_named_without_any_secret() {
        fn check(url: &str, expected: Option<&str>) {
            assert_eq!(project_of(url).as_deref(), expected, "{url}");
        }
        check("git@github.com:acme/app.git", Some("acme/app"));
        check("github.com:acme/app", Some("acme/app"));
        check("https://github.com/acme/app.git/", Some("acme/app"));
        check("ssh://git@host:2222/acme/sub/app.git", Some("acme/sub/app"));
        check("https://alice:hunter2@host/acme/app", Some("acme/app"));
        check("https://hunter2@host/acme/app", Some("acme/app"));
        check("https://alice:hun@ter2@host/acme/app", Some("acme/app"));
        check("https://alice:hun/ter2@host/acme/app", Some("acme/app"));
        check("https://alice:hunter2@host", None);
        check("https://alice:hun?ter2@host/acme/app", None);
        check("https://alice:hun#ter2@host/acme/app", None);
        check("https://host/acme/app?token=hunter2", Some("acme/app"));
        check("https://host/acme/app?token=hun@ter2", None);
        check("https://host/ghp_hunter2/acme/app", None);
        check("https://host/acme/a p", None);
        check("https://host/acme/%68unter2", None);
        check("alice:hunter2@host:acme/app", Some("acme/app"));
        check("/home/alice/secret/app.git", Some("app"));
        check("file:///srv/git/app.git", Some("app"));
        check("/home/alice/app/.git", Some("app"));
        check("../app", Some("app"));
        check(r"C:\Users\alice\app", Some("app"));
        check("https://host", None);
        check("", None);
        check(
            &format!("https://host/{}", "x".repeat(PROJECT_BYTES_MAX)),
            Some(&"x".repeat(PROJECT_BYTES_MAX)),
        );
        check(
            &format!("https://host/x{}", "x".repeat(PROJECT_BYTES_MAX)),
            None,
        );
    }

    #[test]
    fn the_remote_is_origin_else_the_first() {
        fn check(configuration: &str, expected: Option<&str>) {
            assert_eq!(
                remote_in(configuration).as_deref(),
                expected,
                "{configuration}"
            );
        }
        check("", None);
        check("[core]\n url = no\n", None);
        check(
            "[remote \"up\"]\n\turl = u:1\n[remote \"origin\"]\n\tfetch = x\n\tURL=o:2\n",
            Some("o:2"),
        );
        check(
            "[remote \"up\"]\n\turl = u:1\n[remote \"b\"]\nurl = u:2\n",
            Some("u:1"),
        );
        check(
            "[Remote \"origin\"] ; mine\n url = \"a b\\\"c\" # why\n",
            Some("a b\"c"),
        );
        check("[remote \"origin\n url = x\n", None);
    }
}
