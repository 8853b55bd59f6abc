//! What the settings file means, and what is said of a bad one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::account::Account;
use super::*;

fn account() -> Account {
    Account {
        user: "alice".into(),
        host: "laptop".into(),
        git_name: None,
        git_email: None,
    }
}

fn settings(text: &str) -> Settings {
    match file::parse(text) {
        Ok(file) => file.into_settings(&account()),
        Err(trouble) => panic!("{}", trouble.message),
    }
}

/// The complaint begins with the line and holds all of `words`.
fn check(text: &str, line: usize, words: &[&str]) {
    let trouble = file::parse(text).expect_err(text);
    let message = &trouble.message;
    let begin = format!("config.toml, line {line}: ");
    assert!(message.starts_with(&begin), "{message:?} for {text:?}");
    for word in words {
        assert!(message.contains(word), "{message:?} without {word:?}");
    }
    assert!(!trouble.hint.is_empty());
    assert!(!message.contains("hunter2"), "{message:?}");
}

const EXAMPLE: &str = r#"
credentials = "file"

[identity]
user  = "alice"
name  = "Alice Example"
email = "alice@example.com"

[agents]
default_ball = "Human"
canonical    = { "my-client" = "Mine" }
counterpart  = { "Claude" = "Codex", "Codex" = "Claude" }
writes_per_minute = 10
channel      = true

[sync]
poll_active     = "300ms"
poll_idle       = "2m"
push_delay      = "0s"
network_timeout = "10s"
fresh_wait      = "1s"

[notify]
ball    = false
entries = false
quiet   = "22:00-08:05"

[[repository]]
name      = "acme"
url       = "git@github.com:acme/acme-threads.git"
branch    = "threads/main"
directory = ".watercooler/"
code      = ["/home/alice/src/acme"]
header    = "front-matter"
ssh_key   = "/home/alice/.ssh/key"
sign      = "ssh"
signing_key = "/home/alice/.ssh/sign"
hints     = "https://hints.example.com"
muted     = true
paused    = true

[[repository]]
name = "notes-2"
url = ""
"#;

#[test]
fn everything_in_the_contract_is_read() {
    let settings = settings(EXAMPLE);
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let expected = Settings {
        credentials: CredentialStore::File,
        identity: Identity {
            user: "alice".into(),
            name: "Alice Example".into(),
            email: "alice@example.com".into(),
        },
        agents: Agents {
            default_ball: "Human".into(),
            canonical: [pair("my-client", "Mine")].into(),
            counterpart: [pair("Claude", "Codex"), pair("Codex", "Claude")].into(),
            writes_per_minute: 10,
            channel: true,
        },
        sync: Sync {
            poll_active: Duration::from_millis(300),
            poll_idle: Duration::from_secs(120),
            push_delay: Duration::ZERO,
            network_timeout: Duration::from_secs(10),
            fresh_wait: Duration::from_secs(1),
        },
        notify: Notify {
            ball: false,
            entries: false,
            quiet: Some(Quiet {
                from_minute: 22 * 60,
                to_minute: 8 * 60 + 5,
            }),
        },
        repositories: vec![
            RepositorySettings {
                name: "acme".into(),
                url: Some("git@github.com:acme/acme-threads.git".into()),
                branch: Some("threads/main".into()),
                directory: ".watercooler".into(),
                code: vec![PathBuf::from("/home/alice/src/acme")],
                header: HeaderChoice::FrontMatter,
                ssh_key: Some("/home/alice/.ssh/key".into()),
                sign: Sign::Ssh,
                signing_key: Some("/home/alice/.ssh/sign".into()),
                hints: Some("https://hints.example.com".into()),
                muted: true,
                paused: true,
                ..RepositorySettings::named("acme")
            },
            RepositorySettings::named("notes-2"),
        ],
    };
    assert_eq!(settings, expected);
}

#[test]
fn an_empty_file_is_all_defaults_and_the_local_repository() {
    let settings = settings("");
    let identity = &settings.identity;
    let shown = (&*identity.user, &*identity.name, &*identity.email);
    assert_eq!(shown, ("alice", "alice", "alice@laptop"));
    assert_eq!(settings.credentials, CredentialStore::Keychain);
    assert_eq!(settings.agents.default_ball, "Team");
    assert_eq!(settings.agents.writes_per_minute, 60);
    assert!(settings.agents.counterpart.is_empty() && !settings.agents.channel);
    let sync = settings.sync;
    let seconds = [
        sync.poll_active,
        sync.poll_idle,
        sync.network_timeout,
        sync.fresh_wait,
    ];
    assert_eq!(seconds.map(|span| span.as_secs()), [5, 60, 30, 5]);
    assert_eq!(sync.push_delay, Duration::from_millis(300));
    assert!(settings.notify.ball && settings.notify.entries && settings.notify.quiet.is_none());
    assert_eq!(settings.repositories, [RepositorySettings::named("local")]);
}

#[test]
fn an_author_is_who_git_says_and_then_the_user() {
    let git = Account {
        git_name: Some("Alice Git".into()),
        git_email: Some("git@example.com".into()),
        ..account()
    };
    let identity = |text: &str| {
        let file = file::parse(text).unwrap();
        let Identity { user, name, email } = file.into_settings(&git).identity;
        format!("{user}|{name}|{email}")
    };
    assert_eq!(identity(""), "alice|Alice Git|git@example.com");
    let bob = "[identity]\nuser = \"bob\"\nname = \"Bob\"";
    assert_eq!(identity(bob), "bob|Bob|git@example.com");
    let without_git = settings("[identity]\nuser = \"bob\"\nname = \"\"").identity;
    assert_eq!(
        (&*without_git.name, &*without_git.email),
        ("bob", "bob@laptop")
    );
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
    for (text, line, words) in [
        (
            "credential = \"file\"",
            1,
            ["`credential`", "`credentials`"],
        ),
        (
            "\n\n[sync]\npol_active = \"5s\"",
            4,
            ["`pol_active` in `sync`", "`poll_active`"],
        ),
        ("[identity]\n\nusr = 1", 3, ["`usr`", "`user`"]),
        (
            "[agents]\ndefault-ball = \"x\"",
            2,
            ["`default-ball`", "`default_ball`"],
        ),
        ("[notify]\nballs = true", 2, ["`balls`", "`ball`"]),
        (
            "[[repository]]\nname = \"a\"\nURL = \"x\"",
            3,
            ["`URL` in `repository`", "`url`"],
        ),
        (
            "[[repositories]]\nname = \"a\"",
            1,
            ["`repositories`", "`repository`"],
        ),
        (
            "poll_active = \"5s\"",
            1,
            ["`poll_active`", "it belongs into `sync`"],
        ),
        (
            "[sync]\nurl = \"x\"",
            2,
            ["`url`", "it belongs into `repository`"],
        ),
        ("sync.poll = \"5s\"", 1, ["`poll` in `sync`", "`poll_"]),
        ("repository = [{ nam = \"a\" }]", 1, ["`nam`", "`name`"]),
        (
            "[[repository]]\nname=\"a\"\n[[repository]]\nx=1\n[zzz]",
            4,
            ["`x`", "known"],
        ),
    ] {
        check(text, line, &words);
    }
}

#[test]
fn a_bad_value_is_named_with_its_key_and_line() {
    for (text, line, words) in [
        (
            "credentials = \"purse\"",
            1,
            &["`credentials`", "purse", "keychain"][..],
        ),
        ("\n[sync]\npoll_active = 5", 3, &["`poll_active`"]),
        (
            "[sync]\npoll_active = \"5 s\"",
            2,
            &["`poll_active`", "`5 s`", "\"5s\""],
        ),
        (
            "[sync]\npoll_active = \"49ms\"",
            2,
            &["`poll_active`", "`49ms`", "50ms to 24h"],
        ),
        ("[sync]\npoll_idle = \"25h\"", 2, &["`poll_idle`", "24h"]),
        (
            "[sync]\npush_delay = \"3001ms\"",
            2,
            &["`push_delay`", "0s to 3s"],
        ),
        ("[sync]\nnetwork_timeout = \"11m\"", 2, &["100ms to 10m"]),
        ("[sync]\nfresh_wait = \"61s\"", 2, &["0s to 1m"]),
        (
            "[sync]\nfresh_wait = \"99999999999999999999s\"",
            2,
            &["no duration"],
        ),
        (
            "[sync]\nfresh_wait = \"99999999999999999m\"",
            2,
            &["no duration"],
        ),
        (
            "[agents]\nwrites_per_minute = 0",
            2,
            &["`writes_per_minute`", "1 to 100000"],
        ),
        (
            "[agents]\nwrites_per_minute = 100001",
            2,
            &["`writes_per_minute`"],
        ),
        (
            "[agents]\nwrites_per_minute = -1",
            2,
            &["`writes_per_minute`", "-1"],
        ),
        ("[agents]\ndefault_ball = \" \"", 2, &["`default_ball`"]),
        ("[agents]\ncanonical = { a = 1 }", 2, &["`a`"]),
        ("[identity]\nuser = \"a (b)\"", 2, &["`user`", "`a (b)`"]),
        ("[identity]\nname = \"a <b>\"", 2, &["`name`"]),
        ("[notify]\nquiet = \"22-8\"", 2, &["`quiet`", "22:00-08:00"]),
        ("[notify]\nquiet = \"22:00-24:00\"", 2, &["`quiet`"]),
        ("[notify]\nquiet = \"22:60-23:00\"", 2, &["`quiet`"]),
        (
            "[[repository]]\nname = \"Acme\"",
            2,
            &["`name`", "`Acme`", "a-z"],
        ),
        ("[[repository]]\nname = \"\"", 2, &["`name`"]),
        ("[[repository]]\nurl = \"x\"", 1, &["`name`"]),
        ("[repository]\nname = \"a\"", 1, &["`repository`"]),
        ("credentials = \"file\"\nidentity = 3", 2, &["`identity`"]),
    ] {
        check(text, line, words);
    }
}

#[test]
fn what_is_no_toml_is_named_with_its_line() {
    for (text, line, words) in [
        ("a = ", 1, &[][..]),
        ("\n\n= 3", 3, &[]),
        ("[sync]\n[sync]", 2, &["sync"]),
    ] {
        check(text, line, words);
    }
}

#[test]
fn a_bad_value_of_a_repository_is_named_with_its_key_and_line() {
    let repository = "[[repository]]\nname = \"a\"\n";
    for (line, words) in [
        ("branch = \"a b\"", &["`branch`", "`a b`"][..]),
        ("branch = \"-f\"", &["`branch`"]),
        ("branch = \"a..b\"", &["`branch`"]),
        ("branch = \"a.lock\"", &["`branch`"]),
        ("branch = \"a//b\"", &["`branch`"]),
        ("directory = \"../x\"", &["`directory`", "`../x`"]),
        ("directory = \"/x\"", &["`directory`"]),
        ("directory = \"a/./b\"", &["`directory`"]),
        ("directory = \".Git\"", &["`directory`"]),
        ("directory = 'a\\b'", &["`directory`"]),
        ("code = [\"src/acme\"]", &["`code`", "absolute"]),
        ("code = \"/src/acme\"", &["`code`"]),
        ("ssh_key = \"key\"", &["`ssh_key`", "absolute"]),
        ("header = \"Classic\"", &["`header`", "front-matter"]),
        ("sign = true", &["`sign`"]),
        ("muted = \"yes\"", &["`muted`"]),
        ("url = \"a b\"", &["`url`"]),
    ] {
        check(&format!("{repository}{line}\n"), 3, words);
    }
}

#[test]
fn two_repositories_of_one_name_are_refused_at_the_second() {
    let text = "[[repository]]\nname = \"a\"\n\n[[repository]]\nname = \"a\"\n";
    check(text, 5, &["`name`", "another repository `a`"]);
}

#[test]
fn names_at_their_limits() {
    let named = |len: usize| format!("[[repository]]\nname = \"{}\"", "a".repeat(len));
    assert_eq!(settings(&named(64)).repositories[0].name.len(), 64);
    check(&named(65), 2, &["`name`"]);
    let user = |len: usize| format!("[identity]\nuser = \"{}\"", "ä".repeat(len));
    assert_eq!(settings(&user(64)).identity.user.chars().count(), 64);
    check(&user(65), 2, &["`user`"]);
}

#[test]
fn a_url_with_a_password_is_refused_and_the_password_never_repeated() {
    for url in [
        "https://alice:hunter2@example.com/x.git",
        "https://:hunter2@example.com/x.git",
        "https://alice:hunter2/@example.com/x.git",
        "https://alice:p@hunter2@example.com/x.git",
        "ssh://git:hunter2@example.com:22/x.git",
        "file://alice:hunter2@/x",
        "alice:hunter2@example.com:x.git",
        "  https://alice:hunter2@example.com/x.git  ",
    ] {
        assert!(values::has_password(url.trim()), "{url}");
        let text = format!("[[repository]]\nname = \"a\"\nurl = \"{url}\"\n");
        check(&text, 3, &["`url`", "password"]);
        // The same text at the wrong place.
        for key in [
            "branch",
            "muted",
            "header",
            "name",
            "directory",
            "code",
            "ssh_key",
        ] {
            let name = if key == "name" { "" } else { "name = \"a\"\n" };
            let text = format!("[[repository]]\n{name}{key} = \"{url}\"\n");
            let trouble = file::parse(&text).expect_err(&text);
            assert!(!trouble.message.contains("hunter2"), "{}", trouble.message);
        }
        check(&format!("[[repository]]\n\"{url}\" = 1"), 2, &[]);
        check(&format!("credentials = \"{url}\"  \"x"), 1, &[]);
    }
    for url in [
        "https://example.com/x.git",
        "https://alice@example.com:8443/x.git",
        "https://example.com:8443/@scope/x.git",
        "http://[::1]:8080/@scope/x.git",
        "ssh://git@example.com:2222/x.git",
        "git@github.com:acme/threads.git",
        "github.com:acme/threads@v2.git",
        "/srv/git/x.git",
        "C:/git/x@y.git",
        "file:///srv/a:b@c/x.git",
    ] {
        assert!(!values::has_password(url), "{url}");
        let text = format!("[[repository]]\nname = \"a\"\nurl = \"{url}\"\n");
        assert_eq!(settings(&text).repositories[0].url.as_deref(), Some(url));
    }
}

#[test]
fn a_home_path_is_expanded() {
    let Some(home) = std::env::home_dir() else {
        return;
    };
    let text = "[[repository]]\nname = \"a\"\ncode = [\"~/src\"]\nssh_key = \"~/.ssh/key\"\n";
    let repository = &settings(text).repositories[0];
    assert_eq!(repository.code, [home.join("src")]);
    assert_eq!(repository.ssh_key, Some(home.join(".ssh/key")));
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        Self { folder }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn load(&self) -> Loaded {
        load(&self.config(), &self.folder.path().join("state"))
    }

    /// What is in force after this edit: the repositories' names, and whether there is trouble.
    fn edited(&self, text: &str) -> (Vec<String>, bool) {
        fs::write(self.config(), text).unwrap();
        self.shown()
    }

    fn shown(&self) -> (Vec<String>, bool) {
        let loaded = self.load();
        let names = loaded.settings.repositories.into_iter().map(|one| one.name);
        (names.collect(), loaded.trouble.is_some())
    }
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const ACME: &str = "[identity]\nname = \"A\"\nemail = \"a@b\"\n[[repository]]\nname = \"acme\"\n";

#[test]
fn a_missing_file_is_an_empty_one() {
    let files = Files::new();
    assert_eq!(files.shown(), (named(&["local"]), false));
}

#[test]
fn a_bad_file_at_the_first_start_gives_no_repository_and_the_trouble() {
    let files = Files::new();
    assert_eq!(files.edited("nonsense"), (vec![], true));
    assert_eq!(files.edited("[[repository]]\nname = \"A\""), (vec![], true));
    fs::remove_file(files.config()).unwrap();
    fs::create_dir(files.config()).unwrap();
    assert_eq!(files.shown(), (vec![], true));
}

#[test]
fn a_bad_edit_keeps_the_last_good_settings_also_across_a_restart() {
    let files = Files::new();
    assert_eq!(files.edited(ACME), (named(&["acme"]), false));
    for bad in [
        "x = 1",
        "[[repository]]",
        "\u{0}",
        "[sync]\npoll_active = 5",
    ] {
        assert_eq!(files.edited(bad), (named(&["acme"]), true), "{bad}");
    }
    fs::write(files.config(), b"\xff\xfe").unwrap();
    assert_eq!(files.shown(), (named(&["acme"]), true));
    let other = ACME.replace("acme", "other");
    assert_eq!(files.edited(&other), (named(&["other"]), false));
    assert_eq!(files.edited("x = 1"), (named(&["other"]), true));
    // A file that is away for a moment does not take the place of the last good one.
    fs::remove_file(files.config()).unwrap();
    assert_eq!(files.shown(), (named(&["local"]), false));
    assert_eq!(files.edited("x = 1"), (named(&["other"]), true));
}

#[test]
fn a_damaged_copy_is_as_none() {
    let files = Files::new();
    files.edited(ACME);
    let copy = files.folder.path().join("state").join(LAST_GOOD);
    assert_eq!(fs::read_to_string(&copy).unwrap(), ACME);
    fs::write(&copy, "x = 1").unwrap();
    assert_eq!(files.edited("x = 1"), (vec![], true));
}

#[test]
fn a_copy_that_cannot_be_written_changes_nothing() {
    let files = Files::new();
    fs::remove_dir(files.folder.path().join("state")).unwrap();
    assert_eq!(files.edited(ACME), (named(&["acme"]), false));
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let files = Files::new();
    let limit = usize::try_from(FILE_BYTES_MAX).unwrap();
    let padded = |len: usize| format!("{ACME}#{}", "x".repeat(len - ACME.len() - 1));
    assert_eq!(files.edited(&padded(limit)), (named(&["acme"]), false));
    let other = padded(limit + 1).replace("acme", "last");
    assert_eq!(files.edited(&other), (named(&["acme"]), true));
}
