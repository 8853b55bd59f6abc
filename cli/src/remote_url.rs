//! What the command line must know of a remote's address: that it holds no secret, and a name.

/// Beginnings of the access tokens that forges give out; a user name never begins so.
const TOKEN_BEGINNINGS: [&str; 8] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "ATBB",
];

/// The longest name that is derived from an address.
const NAME_CHARS_MAX: usize = 40;

/// Whether a password or an access token stands in the address.
pub(crate) fn holds_secret(url: &str) -> bool {
    let authority = match url.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or(rest),
        None => url.split('/').next().unwrap_or(url),
    };
    let Some((user, _)) = authority.rsplit_once('@') else {
        return false;
    };
    user.contains(':') || TOKEN_BEGINNINGS.iter().any(|token| user.starts_with(token))
}

/// The address as it may be shown: without a user's part where that could be a credential.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if holds_secret(url) {
            url.rsplit_once('@')
                .map_or(url, |(_, host)| host)
                .to_owned()
        } else {
            url.to_owned()
        };
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) if scheme.starts_with("http") || holds_secret(url) => {
            format!("{scheme}://{host}{path}")
        }
        Some(_) | None => url.to_owned(),
    }
}

/// Whether it is a folder of this machine, which no credential opens.
pub(crate) fn is_folder(url: &str) -> bool {
    url.starts_with("file://") || std::path::Path::new(url).is_absolute()
}

/// The host, without user and port.
pub(crate) fn host(url: &str) -> Option<String> {
    let authority = match url.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None => url,
    };
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_owned())
}

/// A name of `[a-z0-9-]` for the address, other than those that are taken.
pub(crate) fn name(url: &str, taken: &[String]) -> String {
    let path = url.trim_end_matches('/');
    let path = path.strip_suffix("/.git").unwrap_or(path);
    let last = path.rsplit(['/', ':', '\\']).next().unwrap_or(path);
    let stem = slug(last.strip_suffix(".git").unwrap_or(last));
    let free = |name: &String| !taken.contains(name);
    let numbered = (2..).map(|number: u32| format!("{stem}-{number}"));
    std::iter::once(stem.clone())
        .chain(numbered)
        .find(free)
        .unwrap_or(stem)
}

/// Whether the settings take it as a repository's name.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |each: u8| each.is_ascii_lowercase() || each.is_ascii_digit() || each == b'-';
    !name.is_empty() && name.bytes().all(allowed)
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(NAME_CHARS_MAX);
    match slug.trim_end_matches('-') {
        "" => "repository".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_an_address_is_seen() {
        fn check(url: &str, expected: bool, as_shown: &str) {
            assert_eq!(holds_secret(url), expected, "{url}");
            assert_eq!(shown(url), as_shown, "{url}");
        }
        check(
            "git@github.com:acme/t.git",
            false,
            "git@github.com:acme/t.git",
        );
        check(
            "ssh://git@h:22/acme/t.git",
            false,
            "ssh://git@h:22/acme/t.git",
        );
        check(
            "https://github.com/acme/t",
            false,
            "https://github.com/acme/t",
        );
        check("https://h/a@b:c", false, "https://h/a@b:c");
        check("https://alice@h/t", false, "https://h/t");
        check("https://alice:secret@h/t", true, "https://h/t");
        check("https://:secret@h/t", true, "https://h/t");
        check("https://alice:se@cret@h:8443/t", true, "https://h:8443/t");
        check("ssh://alice:secret@h/t", true, "ssh://h/t");
        check("alice:secret@h:t.git", true, "h:t.git");
        check(
            "https://ghp_abcdefg@github.com/a/b",
            true,
            "https://github.com/a/b",
        );
        check("file:///srv/a:b@c/t.git", false, "file:///srv/a:b@c/t.git");
        check("/srv/a:b@c/t.git", false, "/srv/a:b@c/t.git");
    }

    #[test]
    fn a_host_stands_without_user_and_port() {
        fn check(url: &str, expected: Option<&str>) {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
        check("git@github.com:acme/t.git", Some("github.com"));
        check("github.com:acme/t.git", Some("github.com"));
        check("ssh://git@h:22/acme/t.git", Some("h"));
        check("https://alice@h:8443/t", Some("h"));
        check("ssh://git@[::1]:22/t", Some("::1"));
        check("file:///srv/t", None);
    }

    #[test]
    fn a_name_comes_from_the_last_part_of_the_address() {
        fn check(url: &str, taken: &[&str], expected: &str) {
            let taken: Vec<String> = taken.iter().map(|&each| each.into()).collect();
            let derived = name(url, &taken);
            assert_eq!(derived, expected, "{url}");
            assert!(is_name(&derived), "{derived}");
        }
        check("git@github.com:acme/acme-threads.git", &[], "acme-threads");
        check("git@host:threads.git", &[], "threads");
        check("https://h/a/My.Threads_2/", &[], "my-threads-2");
        check("file:///srv/team/.git", &[], "team");
        check("/srv/git/t.git", &["t", "t-2"], "t-3");
        check("https://h/漢字", &[], "repository");
        check(
            &format!("/srv/{}.git", "x".repeat(90)),
            &[],
            &"x".repeat(NAME_CHARS_MAX),
        );
    }

    #[test]
    fn names_are_small_letters_digits_and_hyphens() {
        assert!(is_name("acme-2"));
        for wrong in ["", "Acme", "a_b", "a b", "a/b", "ü"] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
