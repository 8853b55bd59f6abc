//! Which addresses are taken, how they are read, and that no secret is repeated.

use super::*;

fn check(text: &str, expected: Result<&str, UrlError>) {
    let got = RemoteUrl::parse(text);
    let got = got.as_ref().map(described).map_err(|error| *error);
    assert_eq!(got, expected.map(str::to_owned), "{text}");
}

fn described(url: &RemoteUrl) -> String {
    match url.place() {
        Place::Web {
            scheme,
            user,
            host,
            port,
            path,
        } => {
            format!("{} {user:?} {host} {port:?} {path}", scheme.as_str())
        }
        Place::Ssh {
            user,
            host,
            port,
            path,
        } => format!("ssh {user:?} {host} {port:?} {path}"),
        Place::File(path) => format!("file {}", path.display()),
    }
}

#[test]
fn addresses() {
    use UrlError as E;
    check(
        "https://h.example/a/b.git",
        Ok("https None h.example None /a/b.git"),
    );
    check(
        "https://al@h.example:8443/b",
        Ok("https Some(\"al\") h.example Some(8443) /b"),
    );
    check("HTTPS://h.example/b", Ok("https None h.example None /b"));
    check("ssh://git@h.example:2222/a b", Err(E::Character));
    check(
        "ssh://git@h.example:2222/a%20b",
        Ok("ssh Some(\"git\") h.example Some(2222) /a b"),
    );
    check("ssh://h.example/~al/b", Ok("ssh None h.example None ~al/b"));
    check("ssh://[::1]:22/b", Ok("ssh None ::1 Some(22) /b"));
    check(
        "git@h.example:a/b.git",
        Ok("ssh Some(\"git\") h.example None a/b.git"),
    );
    check("alias:b.git", Ok("ssh None alias None b.git"));
    check("al@[::1]:/b", Ok("ssh Some(\"al\") ::1 None /b"));
    check("/srv/a.git", Ok("file /srv/a.git"));
    check("file:///srv/a%20b.git", Ok("file /srv/a b.git"));
    check("file://localhost/srv/a.git", Ok("file /srv/a.git"));
    check(
        "http://127.0.0.1:80/b",
        Ok("http None 127.0.0.1 Some(80) /b"),
    );
    check("http://[::1]/b", Ok("http None ::1 None /b"));
    check("git://localhost/b", Ok("git None localhost None /b"));

    check("", Err(E::Empty));
    check(&format!("/{}", "x".repeat(URL_BYTES_MAX)), Err(E::TooLong));
    check("http://h.example/b", Err(E::NotLoopback));
    check("git://h.example/b", Err(E::NotLoopback));
    check("http://localhost.h.example/b", Err(E::NotLoopback));
    check("http://127.0.0.1@h.example/b", Err(E::NotLoopback));
    for scheme in ["ftp", "ext", "git+ssh", "javascript", "-ssh", ""] {
        check(&format!("{scheme}://h.example/b"), Err(E::Scheme));
    }
    check("ext::sh -c id", Err(E::Scheme));
    check("fd::17/x", Err(E::Scheme));
    check("a/b:c", Err(E::Scheme));
    check("./a", Err(E::Scheme));
    check("C:\\x", Err(E::Scheme));
    check("relative", Err(E::Scheme));
    check("file://other/srv/a.git", Err(E::Path));
    check("file://relative", Err(E::Path));
    check("https://h.example", Err(E::Path));
    check("https://h.example/", Err(E::Path));
    check("ssh://h.example/", Err(E::Path));
    check("ssh://h.example/%0aid", Err(E::Path));
    check("ssh://h.example/%zz", Err(E::Path));
    check("host:-upload-pack=id", Err(E::Path));
    check("host:", Err(E::Path));
}

#[test]
fn hosts_and_ports_cannot_become_options() {
    use UrlError as E;
    for host in [
        "-oProxyCommand=id",
        "",
        "a b",
        "a\nb",
        "a;b",
        "a$b",
        "a'b",
        "[::1",
        "::1",
    ] {
        check(
            &format!("ssh://{host}/b"),
            Err(if host == "::1" { E::Port } else { E::Host }),
        );
    }
    check("-oProxyCommand=id:b", Err(E::Host));
    check("-x@h.example:b", Err(E::Host));
    check("ssh://-x@h.example/b", Err(E::Host));
    check("ssh://h.example?x/b", Err(E::Host));
    for port in ["0", "65536", "-1", "+1", "x", ""] {
        check(&format!("ssh://h.example:{port}/b"), Err(E::Port));
    }
}

#[test]
fn a_password_is_refused_and_never_repeated() {
    for text in [
        "https://al:hunter2@h.example/b",
        "ssh://al:hunter2@h.example/b",
        "https://:hunter2@h.example/b",
        "https://ghp_hunter2@h.example/b",
        "https://glpat-hunter2@h.example/b",
        "al:hunter2@h.example:b",
        "https://al:hunter2 x@h.example/b",
    ] {
        let error = RemoteUrl::parse(text).unwrap_err();
        assert_eq!(error, UrlError::Password, "{text}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
    }
}

#[test]
fn what_is_shown_has_no_https_user() {
    let shown = |text: &str| RemoteUrl::parse(text).unwrap().shown().to_owned();
    assert_eq!(
        shown("https://al@h.example:8443/b"),
        "https://h.example:8443/b"
    );
    assert_eq!(shown("https://al@[::1]:8443/b"), "https://[::1]:8443/b");
    assert_eq!(shown("git@h.example:a/b.git"), "git@h.example:a/b.git");
    let url = RemoteUrl::parse("https://al@h.example/b").unwrap();
    assert!(!format!("{url} {url:?} {}", url.for_libgit2()).contains("al@"));
}

#[test]
fn loopback_is_told_by_host() {
    let loopback = |text: &str| RemoteUrl::parse(text).unwrap().is_loopback();
    assert!(loopback("ssh://127.0.0.1:22/b"));
    assert!(loopback("ssh://[::1]/b"));
    assert!(loopback("al@localhost:b"));
    assert!(!loopback("ssh://h.example/b"));
    assert!(!loopback("/srv/a.git"));
}
