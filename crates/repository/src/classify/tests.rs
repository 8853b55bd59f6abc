//! Situations, as servers and programs put them, and what they mean.

use super::*;

fn check_stderr(stderr: &str, expected: Kind) {
    let error = git2::Error::new(ErrorCode::Eof, ErrorClass::Net, "early EOF");
    assert_eq!(
        meaning(stderr, &error, Path::new("/")).0,
        expected,
        "{stderr}"
    );
}

#[test]
fn words_of_ssh_and_servers() {
    check_stderr(
        "ssh: connect to host h port 22: Connection refused",
        Kind::Offline,
    );
    check_stderr(
        "ssh: Could not resolve hostname h: Name or service not known",
        Kind::Offline,
    );
    check_stderr("Connection closed by 1.2.3.4 port 22", Kind::Offline);
    check_stderr("", Kind::Offline);
    check_stderr("words that nobody has seen before", Kind::Offline);
    check_stderr(
        "No ED25519 host key is known for h and you have requested strict checking.\n\
         Host key verification failed.",
        Kind::HostKeyUnknown,
    );
    check_stderr(
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
        Kind::HostKeyChanged,
    );
    check_stderr(
        "git@h: Permission denied (publickey).",
        Kind::CredentialRefused,
    );
    check_stderr(
        "Warning: Identity file /k not accessible: No such file or directory.\n\
         git@h: Permission denied (publickey).",
        Kind::CredentialMissing,
    );
    check_stderr(
        "sign_and_send_pubkey: signing failed for ED25519 \"k\" from agent: agent refused operation\n\
         git@h: Permission denied (publickey).",
        Kind::KeychainLocked,
    );
    check_stderr("ERROR: Repository not found.", Kind::NotFound);
    check_stderr(
        "fatal: '/x' does not appear to be a git repository",
        Kind::NotFound,
    );
    check_stderr("bash: git-upload-pack: command not found", Kind::NotFound);
    check_stderr(
        "ERROR: The key you are authenticating with has been marked as read only.",
        Kind::CredentialRefused,
    );
    check_stderr(
        "/home/al/.ssh/config: line 3: Bad configuration option: x",
        Kind::SettingsInvalid,
    );
    check_stderr(
        "fatal: detected dubious ownership in repository at '/x'",
        Kind::SettingsInvalid,
    );
}

#[test]
fn words_of_libgit2() {
    let check = |code, class, message: &str, expected| {
        let error = git2::Error::new(code, class, message);
        assert_eq!(meaning("", &error, Path::new("/")).0, expected, "{message}");
    };
    use {ErrorClass as Class, ErrorCode as Code};
    let http = |status: u32| format!("unexpected http status code: {status}");
    check(
        Code::GenericError,
        Class::Http,
        &http(403),
        Kind::CredentialRefused,
    );
    check(Code::GenericError, Class::Http, &http(404), Kind::NotFound);
    check(
        Code::GenericError,
        Class::Http,
        &http(429),
        Kind::RateLimited,
    );
    check(Code::GenericError, Class::Http, &http(500), Kind::Offline);
    check(
        Code::GenericError,
        Class::Http,
        "invalid content-type: 'text/html'",
        Kind::Offline,
    );
    check(Code::Auth, Class::Http, "anything", Kind::CredentialRefused);
    check(
        Code::Certificate,
        Class::Ssl,
        "anything",
        Kind::HostKeyUnknown,
    );
    check(
        Code::GenericError,
        Class::Ssl,
        "the SSL certificate is invalid",
        Kind::HostKeyUnknown,
    );
    check(
        Code::GenericError,
        Class::Os,
        "failed to connect to h: Connection refused",
        Kind::Offline,
    );
    check(
        Code::Timeout,
        Class::Net,
        "could not read from socket",
        Kind::Offline,
    );
    check(
        Code::GenericError,
        Class::Os,
        "cannot extend packfile x: No space left",
        Kind::DiskFull,
    );
    check(
        Code::GenericError,
        Class::Zlib,
        "invalid distance too far back",
        Kind::Damaged,
    );
}

#[test]
fn verdicts_of_remotes() {
    let check = |status: &str, sideband: &str, expected| {
        assert_eq!(verdict(status, sideband), expected, "{status} {sideband}");
    };
    let race = "error: cannot lock ref 'refs/heads/main': is at 1 but expected 2";
    let lock =
        "error: cannot lock ref 'refs/heads/main': Unable to create 'main.lock': File exists.";
    check("failed to update ref", race, Verdict::Rejected);
    check("failed to update ref", lock, Verdict::Failed);
    check("failed to update ref", "", Verdict::Rejected);
    check("non-fast-forward", "", Verdict::Rejected);
    check("fetch first", "", Verdict::Rejected);
    check("hook declined", "", Verdict::Refused);
    check(
        "pre-receive hook declined",
        "no secrets here",
        Verdict::Refused,
    );
    check("protected branch hook declined", "", Verdict::Refused);
    check(
        "push declined due to repository rule violations",
        "",
        Verdict::Refused,
    );
    check("branch is currently checked out", "", Verdict::Refused);
    check("Internal Server Error", "", Verdict::Failed);
    check("unpacker error", "", Verdict::Failed);
    check("words that nobody has seen before", "", Verdict::Failed);
}

#[test]
fn others_words_are_one_bounded_line() {
    assert_eq!(
        plain("\x1b[31mremote:\x1b[0m no\r\n\n  why \u{202e}\n"),
        "[31mremote:[0m no; why"
    );
    assert_eq!(
        plain(&"é".repeat(9999)).chars().count(),
        WORDS_CHARS_MAX + 1
    );
}
