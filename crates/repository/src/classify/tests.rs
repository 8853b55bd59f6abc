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
fn words_of_daemons_proxies_and_certificates() {
    use {ErrorClass as Class, ErrorCode as Code};
    let check = |code, class, message: &str, expected| {
        let error = git2::Error::new(code, class, message);
        assert_eq!(meaning("", &error, Path::new("/")).0, expected, "{message}");
    };
    for (message, kind) in [
        ("remote error: no such repository: /x", Kind::NotFound),
        (
            "remote error: access denied or repository not exported: /x",
            Kind::NotFound,
        ),
        (
            "remote error: service not enabled: /x",
            Kind::CredentialRefused,
        ),
        ("remote error: No space left on device", Kind::Offline),
        ("failed to resolve address for h", Kind::Offline),
        ("failed to connect to h: Operation timed out", Kind::Offline),
        ("words that nobody has seen before", Kind::Offline),
    ] {
        check(Code::GenericError, Class::Net, message, kind);
    }
    for (message, kind) in [
        (
            "proxy authentication required but no callback set",
            Kind::CredentialMissing,
        ),
        (
            "proxy returned unexpected status: 401",
            Kind::CredentialRefused,
        ),
        ("proxy returned unexpected status: 502", Kind::Offline),
    ] {
        check(Code::GenericError, Class::Http, message, kind);
    }
    check(
        Code::Certificate,
        Class::Ssl,
        "hostname does not match certificate",
        Kind::HostKeyUnknown,
    );
}

/// A pack whose bytes a disk has turned, as it is read.
#[test]
fn a_corrupt_pack_is_damage() {
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .arg("-C")
            .arg(folder.path())
            .args(["-c", "user.name=c", "-c", "user.email=c@example.com"])
            .args(arguments)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{arguments:?}");
    };
    git(&["init", "--quiet"]);
    let words: String = (0..4096).map(|number| format!("{number} ")).collect();
    std::fs::write(folder.path().join("a"), &words).unwrap();
    git(&["add", "a"]);
    git(&["commit", "--quiet", "-m", "a"]);
    git(&["repack", "-adq"]);
    let repository = git2::Repository::open(folder.path()).unwrap();
    let blob = repository.revparse_single("HEAD:a").unwrap().id();
    drop(repository);

    let packs = std::fs::read_dir(folder.path().join(".git/objects/pack")).unwrap();
    let pack = packs
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "pack"))
        .unwrap();
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xa5);
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, bytes).unwrap();

    let repository = git2::Repository::open(folder.path()).unwrap();
    let error = repository.find_blob(blob).unwrap_err();
    let told = format!("{error:?}");
    let error = local(folder.path(), "read a blob", error);
    assert!(matches!(error, CloneError::Damaged { .. }), "{told}");
    assert_eq!(TransferError::from(error).kind, Kind::Damaged);
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
        plain(
            "Resolving deltas:   0% (0/51)\rResolving deltas: 100% (51/51), done.\nerror: locked"
        ),
        "error: locked"
    );
    assert_eq!(plain("disk: 97% full"), "disk: 97% full");
    assert_eq!(
        plain("\x1b[31mremote:\x1b[0m no\r\n\n  why \u{202e}\n"),
        "[31mremote:[0m no; why"
    );
    assert_eq!(
        plain(&"é".repeat(9999)).chars().count(),
        WORDS_CHARS_MAX + 1
    );
}
