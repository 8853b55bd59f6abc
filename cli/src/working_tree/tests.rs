//! Tests of what is shown without the socket.

use std::collections::BTreeMap;
use std::time::Duration;

use expect_test::{Expect, expect};
use platform::dirs::Dirs;
use protocol::hello::{Hello, Program, Speaks};

use super::*;
use crate::problem::Exit;
use crate::text::paint::Paint;

const CLASSIC: &str = "# auth — Thread\nStatus: OPEN\nBall: Codex (bob)\nTopic: auth\n\n---\n\
                       Entry: Claude (alice) 2026-01-05T09:00:00Z\nTitle: Start\n\nStatus: x\u{1b}[2J\n";
const FRONT: &str = "---\ntopic: db\ntitle: The database\nstatus: CLOSED\nball: Team\n---\n";

fn hello() -> Hello {
    Hello {
        folder: None,
        ..ipc::caller::hello(Program::Cli, Speaks::Requests)
    }
}

fn forbidden() -> Problem {
    Problem::new(FailureCode::DaemonUnavailable, "forbidden").exit(Exit::NotPermitted)
}

struct Home {
    folder: tempfile::TempDir,
    session: Session,
}

fn home(settings: &str) -> Home {
    let folder = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(folder.path());
    fs::write(&dirs.config, settings).unwrap();
    let session = Session {
        named_agent: None,
        dirs,
        hello: hello(),
        repository: None,
        json: false,
        paint: Paint::new(false),
        environment: BTreeMap::new(),
    };
    Home { folder, session }
}

impl Home {
    fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join("repositories").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_603_600);
        File::open(&path).unwrap().set_modified(written).unwrap();
    }
}

fn check_list(filter: Filter, expected: Expect) {
    let home = home("");
    home.write("local/auth.md", CLASSIC);
    home.write("local/db.md", FRONT);
    home.write("local/README.md", "# Read me\n");
    home.write("local/.hidden.md", CLASSIC);
    home.write("local/notes.txt", CLASSIC);
    expected.assert_eq(&list(&home.session, filter, &forbidden()).unwrap().text);
}

#[test]
fn the_threads_of_the_tree_are_listed() {
    check_list(
        Filter::All,
        expect![[r#"
        (files as of 2026-01-05 09:00; the daemon cannot be reached from this sandbox)
        auth  OPEN    Codex (bob)  2026-01-05 09:00  auth — Thread
        db    CLOSED  Team         2026-01-05 09:00  The database
    "#]],
    );
    check_list(
        Filter::Closed,
        expect![[r#"
        (files as of 2026-01-05 09:00; the daemon cannot be reached from this sandbox)
        db  CLOSED  Team  2026-01-05 09:00  The database
    "#]],
    );
    check_list(
        Filter::Mine,
        expect![[r#"
        (files as of 2026-01-05 09:00; the daemon cannot be reached from this sandbox)
        auth  OPEN  Codex (bob)  2026-01-05 09:00  auth — Thread
        Whose turn it is and what is new only the daemon knows.
    "#]],
    );
}

#[test]
fn a_list_has_the_fields_of_a_list_with_what_is_unknown_null() {
    let home = home("");
    home.write("local/auth.md", CLASSIC);
    let mut document = list(&home.session, Filter::Open, &forbidden())
        .unwrap()
        .document;
    document["freshness"]["age_seconds"] = Value::Null;
    expect![[r#"
        {
          "freshness": {
            "age_seconds": null,
            "fetched_at": null,
            "files_as_of": "2026-01-05T09:00:00Z",
            "head": null,
            "state": null
          },
          "next_cursor": null,
          "repository": "local",
          "threads": [
            {
              "ball": "Codex (bob)",
              "entries": null,
              "is_new": null,
              "last_author": null,
              "status": "OPEN",
              "title": "auth — Thread",
              "topic": "auth",
              "updated": "2026-01-05T09:00:00Z",
              "your_turn": null
            }
          ]
        }
    "#]]
    .assert_eq(&format!("{document:#}\n"));
}

#[test]
fn a_file_is_read_as_it_is_but_harmless() {
    let home = home("[[repository]]\nname = \"acme\"\ndirectory = \".watercooler\"\n");
    home.write("acme/.watercooler/auth.md", CLASSIC);
    let report = read(&home.session, "auth", &forbidden()).unwrap();
    expect![[r#"
        (files as of 2026-01-05 09:00; the daemon cannot be reached from this sandbox)
          # auth — Thread
          Status: OPEN
          Ball: Codex (bob)
          Topic: auth

          ---
          Entry: Claude (alice) 2026-01-05T09:00:00Z
          Title: Start

          Status: x␛[2J
    "#]]
    .assert_eq(&report.text);
    assert_eq!(report.document["file"], CLASSIC);
    for missing in ["none", "../auth", ".auth", "a/b", ""] {
        assert_eq!(
            read(&home.session, missing, &forbidden()).unwrap_err().code,
            "thread_not_found"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let home = home("");
    home.write("local/auth.md", CLASSIC);
    let link = home.folder.path().join("repositories/local/link.md");
    std::os::unix::fs::symlink("/etc/passwd", link).unwrap();
    assert_eq!(
        read(&home.session, "link", &forbidden()).unwrap_err().code,
        "thread_not_found"
    );
    assert!(
        !list(&home.session, Filter::All, &forbidden())
            .unwrap()
            .text
            .contains("link")
    );
}

#[test]
fn the_tree_is_chosen_by_name_code_or_because_it_is_the_only_one() {
    fn check(session: &Session, expected: &str) {
        match tree(session) {
            Ok(tree) => assert_eq!(tree.repository, expected),
            Err(problem) => assert_eq!(problem.code, expected),
        }
    }
    let two = "[[repository]]\nname = \"a\"\ncode = [\"/src\"]\n\
               [[repository]]\nname = \"b\"\ncode = [\"/src/deep\"]\n";
    let mut home = home(two);
    let session = &mut home.session;
    check(session, "repository_ambiguous");
    session.hello.folder = Some("/src/other".into());
    check(session, "a");
    session.hello.folder = Some("/src/deep/er".into());
    check(session, "b");
    session.repository = Some("a".into());
    check(session, "a");
    session.repository = Some("c".into());
    check(session, "repository_not_found");
    session.repository = None;
    session
        .environment
        .insert("WATERCOOLER_DIR".into(), "/threads".into());
    check(session, "/threads");
    check(&self::home("").session, "local");
}

#[test]
fn an_unreadable_tree_is_told_with_the_reason() {
    let problem = list(&home("").session, Filter::Open, &forbidden()).unwrap_err();
    assert_eq!(problem.exit.code(), 77);
}
