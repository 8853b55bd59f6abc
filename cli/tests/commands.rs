//! The program as a script meets it, against a daemon that answers what a test tells it to.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::fs;
use std::io::{BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use platform::dirs::Dirs;
use protocol::answer::{
    Answer, Delivery, Done, Freshness, Origin, Outcome, Probed, Reply, RepositoryListed,
    RepositoryState, Synced, Trouble, Written, WrittenDetails,
};
use protocol::failure::{Failure, FailureCode};
use protocol::frame;
use protocol::hello::{Hello, PROTOCOL, Welcome};
use protocol::request::{Ask, RepositoryForget, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the daemon does with a request.
enum Does {
    Answers(Box<Answer>),
    Fails(FailureCode),
    HangsUp,
}

fn answers(answer: Answer) -> Does {
    Does::Answers(Box::new(answer))
}

/// A home of its own.
struct Home {
    folder: TempDir,
    dirs: Dirs,
}

/// What the daemon heard.
struct Heard {
    hellos: Receiver<Hello>,
    asks: Receiver<Ask>,
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(folder.path());
    for folder in [&dirs.runtime, &dirs.state] {
        platform::private_folder::ensure(folder).unwrap();
    }
    Home { folder, dirs }
}

impl Home {
    fn run(&self, line: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_watercooler"))
            .args(line)
            .env_clear()
            .env("WATERCOOLER_HOME", self.folder.path())
            // None may start behind a test's back.
            .env(
                "WATERCOOLER_DAEMON",
                self.folder.path().join("no-such-daemon"),
            )
            .envs(variables.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that needs no input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs with `--json`; the exit code and the one document on standard output.
    fn json(&self, line: &[&str]) -> (i32, Value) {
        let ran = self.run(&[line, &["--json"]].concat(), &[], "");
        let document = serde_json::from_slice(&ran.stdout);
        let document = document.unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        (ran.status.code().unwrap(), document)
    }

    fn socket(&self) -> PathBuf {
        self.dirs.runtime.join("daemon.sock")
    }

    /// A daemon that does these in turn, one a request, over as many connections as it takes.
    fn daemon(&self, does: impl IntoIterator<Item = Does>) -> Heard {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let mut does: VecDeque<Does> = does.into_iter().collect();
        let (hello_to, hellos) = channel();
        let (ask_to, asks) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut from = BufReader::new(stream.try_clone().unwrap());
                let Ok(Some(hello)) = frame::read::<Hello>(&mut from) else {
                    continue;
                };
                hello_to.send(hello).unwrap();
                frame::write(&mut &stream, &welcome()).unwrap();
                serve(&stream, &mut from, &mut does, |ask| {
                    ask_to.send(ask).unwrap()
                });
            }
        });
        Heard { hellos, asks }
    }
}

fn welcome() -> Welcome {
    // The process of a daemon that has ended: a stop need not wait for it.
    let mut ended = Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    Welcome::Served {
        protocol: PROTOCOL,
        version: "0.1.0".into(),
        pid: ended.id(),
    }
}

fn serve(
    mut stream: &UnixStream,
    from: &mut BufReader<UnixStream>,
    does: &mut VecDeque<Does>,
    heard: impl Fn(Ask),
) {
    while let Ok(Some(ask)) = frame::read::<Ask>(from) {
        let id = ask.id;
        heard(ask);
        let outcome = match does.pop_front() {
            Some(Does::Answers(answer)) => Outcome::Done(Box::new(Done {
                repository: Some("acme".into()),
                your_turn: Vec::new(),
                answer: *answer,
            })),
            Some(Does::Fails(code)) => Outcome::Failed(Failure::new(code, "it failed", "try else")),
            Some(Does::HangsUp) | None => return,
        };
        frame::write(&mut stream, &Reply { id, outcome }).unwrap();
    }
}

fn freshness(state: RepositoryState) -> Freshness {
    Freshness {
        head: None,
        fetched_at: None,
        age_seconds: None,
        state,
        stale: false,
        as_of: None,
    }
}

fn written() -> Does {
    answers(Answer::Written(Written {
        topic: "auth".into(),
        entry_id: "01JGT".into(),
        index: 3,
        ball: "Codex".into(),
        status: "OPEN".into(),
        delivery: Delivery::Queued,
        delivery_reason: Some("syncing".into()),
        details: WrittenDetails::default(),
    }))
}

fn synced(state: RepositoryState, trouble: Option<&str>) -> Does {
    let trouble = trouble.map(|kind| Trouble {
        kind: kind.into(),
        message: "it is so".into(),
        hint: "do this".into(),
    });
    answers(Answer::Synced(Synced {
        state,
        head: None,
        pending: 0,
        trouble,
        freshness: freshness(state),
    }))
}

fn listed() -> Does {
    answers(Answer::Repositories(vec![RepositoryListed {
        name: "t".into(),
        url: Some("/srv/t.git".into()),
        branch: None,
        directory: String::new(),
        code: Vec::new(),
        state: None,
        origin: Origin::Settings,
    }]))
}

#[test]
fn without_a_daemon_a_status_has_exactly_two_keys() {
    let home = home();
    let absent = json!({"daemon": null, "repositories": []});
    assert_eq!(home.json(&["status"]), (69, absent.clone()));
    drop(UnixListener::bind(home.socket()).unwrap());
    assert_eq!(home.json(&["status"]), (69, absent));
    let ran = home.run(&["status"], &[], "");
    assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
}

#[test]
fn no_socket_nobody_behind_it_and_silence_have_words_of_their_own() {
    let home = home();
    let words = || {
        let ran = home.run(&["status"], &[], "");
        assert_eq!(ran.status.code(), Some(69));
        String::from_utf8(ran.stderr).unwrap()
    };
    let none = words();
    let listener = UnixListener::bind(home.socket()).unwrap();
    let silent = words();
    drop(listener);
    let stale = words();
    assert!(
        none != stale && stale != silent && none != silent,
        "{none}{stale}{silent}"
    );
}

#[test]
fn what_needs_no_daemon_starts_none() {
    let home = home();
    assert_eq!(home.json(&["daemon", "stop"]), (0, json!({"daemon": null})));
    let (code, listed) = home.json(&["repo", "list"]);
    assert_eq!((code, &listed[0]["name"]), (0, &json!("local")));
    assert_eq!(home.json(&["logs"]).0, 1);
    assert!(!home.dirs.logs().exists(), "a daemon was started");
    let (code, failed) = home.json(&["list"]);
    assert_eq!(
        (code, &failed["error"]["code"]),
        (69, &json!("daemon_unavailable"))
    );
}

#[test]
fn a_write_says_who_writes_and_carries_a_key() {
    let home = home();
    let heard = home.daemon([written()]);
    let line = [
        "say",
        "auth",
        "--title",
        "T",
        "-",
        "--json",
        "--repository",
        "acme",
    ];
    let ran = home.run(
        &line,
        &[("CLAUDECODE", "1"), ("WATERCOOLER_DIR", "/t")],
        "a\nbody\n",
    );
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(document["repository"], "acme");
    assert_eq!(document["entry_id"], "01JGT");
    assert!(document.get("_details").is_none());
    let hello = heard.hellos.recv().unwrap();
    assert_eq!(hello.agent.as_deref(), Some("Claude"));
    assert_eq!(
        hello.environment.get("WATERCOOLER_DIR").map(String::as_str),
        Some("/t")
    );
    let ask = heard.asks.recv().unwrap();
    assert_eq!(ask.context.repository.as_deref(), Some("acme"));
    let Request::Say(say) = ask.request else {
        panic!("{ask:?}")
    };
    assert_eq!(
        (say.topic.as_str(), say.body.as_str()),
        ("auth", "a\nbody\n")
    );
    assert!(
        say.delivery
            .idempotency_key
            .is_some_and(|key| key.len() >= 32)
    );
    assert_eq!(say.delivery.wait_seconds, None);
}

#[test]
fn a_write_whose_answer_is_lost_is_sent_once_more_under_its_key() {
    let home = home();
    let heard = home.daemon([Does::HangsUp, written()]);
    assert_eq!(home.json(&["ack", "auth"]).0, 0);
    let asks: Vec<Ask> = heard.asks.try_iter().collect();
    assert_eq!(asks.len(), 2);
    assert_eq!(asks[0].request, asks[1].request);
    let sessions: Vec<String> = heard.hellos.try_iter().map(|hello| hello.session).collect();
    assert_eq!(sessions[0], sessions[1]);
}

#[test]
fn a_write_that_is_lost_twice_is_uncertain_and_tells_its_key() {
    let home = home();
    let heard = home.daemon([Does::HangsUp, Does::HangsUp]);
    let (code, document) = home.json(&["handoff", "auth", "--key", "mine:1"]);
    assert_eq!((code, &document["error"]["code"]), (1, &json!("uncertain")));
    assert!(
        document["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("--key mine:1")
    );
    assert_eq!(heard.asks.try_iter().count(), 2);
}

#[test]
fn a_failure_is_one_document_and_its_exit_code() {
    fn check(code: FailureCode, exit: i32) {
        let home = home();
        let _heard = home.daemon([Does::Fails(code)]);
        let error = json!({"code": code.as_str(), "message": "it failed", "hint": "try else"});
        assert_eq!(
            home.json(&["read", "auth"]),
            (exit, json!({"error": error}))
        );
    }
    check(FailureCode::ThreadNotFound, 1);
    check(FailureCode::InvalidTopic, 2);
    check(FailureCode::ReadOnly, 77);
    check(FailureCode::VersionMismatch, 69);
}

#[test]
fn bad_usage_is_one_document_too() {
    let (code, document) = home().json(&["say", "auth"]);
    assert_eq!(
        (code, &document["error"]["code"]),
        (2, &json!("invalid_argument"))
    );
    let ran = home().run(&["no-such-command"], &[], "");
    assert_eq!(ran.status.code(), Some(2));
    assert!(ran.stdout.is_empty() && !ran.stderr.is_empty());
}

#[test]
fn a_sync_that_waits_and_is_not_in_step_fails() {
    let home = home();
    let out_of_step = || synced(RepositoryState::Offline, Some("offline"));
    let _heard = home.daemon([out_of_step(), out_of_step()]);
    assert_eq!(home.json(&["sync"]).0, 0);
    let (code, document) = home.json(&["sync", "--wait"]);
    assert_eq!((code, &document["state"]), (1, &json!("offline")));
    assert_eq!(document["error"]["code"], "offline");
    assert_eq!(document["repository"], "acme");
}

#[test]
fn a_repository_is_added_and_fetched() {
    fn check(fetch: Does, exit: i32) {
        let home = home();
        let heard = home.daemon([probed(None), answers(Answer::Accepted), fetch, listed()]);
        let (code, document) = home.json(&["repo", "add", "/srv/t.git", "--branch", "main"]);
        assert_eq!((code, &document["name"]), (exit, &json!("t")), "{document}");
        assert_eq!(document.get("error").is_some(), exit != 0);
        let settings = fs::read_to_string(&home.dirs.config).unwrap();
        let expected = "[[repository]]\nname = \"t\"\nurl = \"/srv/t.git\"\nbranch = \"main\"\n\
                        code = [\"/src/t\"]\n";
        assert_eq!(settings, expected);
        let asks: Vec<Ask> = heard.asks.try_iter().collect();
        assert!(matches!(&asks[0].request, Request::RepositoryProbe(_)));
        assert_eq!(asks[1].request, Request::SettingsReload);
        assert_eq!(asks[2].context.repository.as_deref(), Some("t"));
    }
    check(synced(RepositoryState::Synced, None), 0);
    check(synced(RepositoryState::Attention, Some("not_found")), 1);
    check(
        synced(RepositoryState::SignedOut, Some("credential_missing")),
        77,
    );
}

fn probed(kind: Option<&str>) -> Does {
    answers(Answer::Probed(Probed {
        branch: None,
        tip: None,
        trouble: kind.map(|kind| Trouble {
            kind: kind.into(),
            message: "M".into(),
            hint: "H".into(),
        }),
        checkout: Some("/src/t".into()),
    }))
}

#[test]
fn what_no_credential_opens_changes_nothing() {
    fn check(does: Does, exit: i32, code: &str) {
        let home = home();
        let _heard = home.daemon([does]);
        let (ended, document) = home.json(&["repo", "add", "/srv/t.git"]);
        assert_eq!((ended, &document["error"]["code"]), (exit, &json!(code)));
        assert!(!home.dirs.config.exists());
    }
    check(probed(Some("settings_invalid")), 2, "settings_invalid");
    check(probed(Some("not_found")), 1, "not_found");
    check(
        Does::Fails(FailureCode::InvalidArgument),
        2,
        "invalid_argument",
    );
}

#[test]
fn with_no_way_in_it_is_kept_and_the_next_commands_are_told() {
    let home = home();
    let _heard = home.daemon([
        probed(Some("credential_refused")),
        answers(Answer::Accepted),
        listed(),
    ]);
    let (code, document) = home.json(&["repo", "add", "git@h:a/t.git", "--name", "t"]);
    assert_eq!(
        (code, &document["error"]["code"]),
        (77, &json!("credential_refused"))
    );
    assert_eq!(
        document["next"][0],
        "watercooler credential add t --deploy-key"
    );
    let settings = fs::read_to_string(&home.dirs.config).unwrap();
    assert!(settings.contains("url = \"git@h:a/t.git\""), "{settings}");
}

#[test]
fn what_environments_named_is_listed_and_taken_out() {
    let home = home();
    let kept = json!([{"name": "t-012345", "url": "https://alice@h/t.git"}]);
    fs::write(home.dirs.state.join("environment.json"), kept.to_string()).unwrap();
    let (_, listed) = home.json(&["repo", "list"]);
    let shown = json!({"name": "t-012345", "url": "https://h/t.git", "branch": null,
        "directory": "", "code": [], "state": null, "origin": "environment"});
    assert_eq!(listed[1], shown);
    let heard = home.daemon([answers(Answer::Accepted)]);
    assert_eq!(home.json(&["repo", "remove", "t-012345"]).0, 0);
    let name = "t-012345".to_owned();
    let forget = Request::RepositoryForget(RepositoryForget { name });
    assert_eq!(heard.asks.recv().unwrap().request, forget);
}

#[test]
fn settings_that_the_daemon_refuses_are_put_back() {
    fn check(before: Option<&str>) {
        let home = home();
        if let Some(text) = before {
            fs::write(&home.dirs.config, text).unwrap();
        }
        let _heard = home.daemon([
            probed(None),
            Does::Fails(FailureCode::InvalidArgument),
            answers(Answer::Accepted),
        ]);
        assert_eq!(home.json(&["repo", "add", "/srv/t.git"]).0, 2);
        assert_eq!(
            fs::read_to_string(&home.dirs.config).ok().as_deref(),
            before
        );
    }
    check(None);
    check(Some("# mine\n[[repository]]\nname = \"a\"\n"));
}

#[test]
fn a_password_is_refused_and_stands_nowhere() {
    let home = home();
    let ran = home.run(
        &["repo", "add", "https://alice:hunter2@host/t.git"],
        &[],
        "",
    );
    assert_eq!(ran.status.code(), Some(2));
    let all = [ran.stdout, ran.stderr].concat();
    assert!(!String::from_utf8(all).unwrap().contains("hunter2"));
    assert!(!home.dirs.config.exists());
}

#[test]
fn a_removed_repository_leaves_its_files() {
    let home = home();
    fs::write(
        &home.dirs.config,
        "# mine\n\n[[repository]]\nname = \"a\"\n",
    )
    .unwrap();
    let _heard = home.daemon([answers(Answer::Accepted)]);
    let (code, document) = home.json(&["repo", "remove", "a"]);
    assert_eq!((code, &document["repository"]), (0, &json!("a")));
    assert!(
        document["working_tree"]
            .as_str()
            .unwrap()
            .ends_with("repositories/a")
    );
    assert_eq!(
        fs::read_to_string(&home.dirs.config).unwrap().trim_end(),
        "# mine"
    );
    let (code, document) = home.json(&["repo", "remove", "a"]);
    assert_eq!(
        (code, &document["error"]["code"]),
        (1, &json!("repository_not_found"))
    );
}

#[test]
fn a_stop_waits_for_the_end() {
    let home = home();
    let heard = home.daemon([Does::HangsUp]);
    assert_eq!(home.json(&["daemon", "stop"]), (0, json!({"daemon": null})));
    assert_eq!(heard.asks.recv().unwrap().request, Request::Stop);
}

#[test]
fn a_support_bundle_holds_no_secret_and_is_written_once() {
    let canary = "c4naryC4NARYc4naryC4NARY";
    let home = home();
    let settings =
        format!("[[repository]]\nname = \"a\"\nurl = \"https://x:{canary}@h.example/a\"\n");
    fs::write(&home.dirs.config, settings).unwrap();
    fs::create_dir_all(home.dirs.logs()).unwrap();
    let log = format!("fetching https://{canary}@h.example/a\nGITHUB_TOKEN={canary}\nstill said\n");
    fs::write(home.dirs.logs().join("watercoolerd.log"), log).unwrap();
    let done = home.run(&["support-bundle", "bundle.txt"], &[("SECRET", canary)], "");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let bundle = fs::read_to_string(home.folder.path().join("bundle.txt")).unwrap();
    assert!(!bundle.contains(canary), "{bundle}");
    for wanted in [
        "== doctor",
        "== status",
        "== settings",
        "h.example/a",
        "still said",
    ] {
        assert!(bundle.contains(wanted), "{wanted} in {bundle}");
    }
    let again = home.run(&["support-bundle", "bundle.txt"], &[], "");
    assert_eq!(again.status.code(), Some(2), "{again:?}");
}
