//! Pushing: what arrives, and what is told where it does not.

use std::fs;
use std::slice;
use std::time::Duration;

use repository::{Clone, Kind, PushError, Pushed, Remote, Tip};
use threads::operation::Operation;

use crate::bench::{Bench, author, count, operation, tip};

fn push(clone: &Clone, remote: &Remote, operations: &[Operation]) -> Result<Pushed, PushError> {
    let onto = clone.tip().expect("the clone is readable");
    clone.push(remote, onto.as_ref(), operations, &author())
}

/// As a daemon does: fetches and pushes again until the remote has not moved.
pub(crate) fn push_until_taken(clone: &Clone, remote: &Remote, operations: &[Operation]) -> Pushed {
    loop {
        match push(clone, remote, operations) {
            Ok(pushed) => return pushed,
            Err(PushError::Rejected { .. }) => {
                clone.fetch(remote).expect("a fetch after a rejection");
            }
            // A lock of the moment.
            Err(PushError::Failed(error)) if error.kind == Kind::Offline => (),
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[test]
fn the_first_push_makes_the_branch() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    let operations = [
        operation("alpha", 1),
        operation("alpha", 2),
        operation("beta", 1),
    ];
    let pushed = push(&clone, &bench.remote(), &operations).unwrap();
    assert_eq!(pushed.done.len(), 3);
    assert!(pushed.present.is_empty() && pushed.bytes_sent > 0);
    assert_eq!(bench.git("rev-parse main"), pushed.tip.to_string());
    assert_eq!(clone.tip().unwrap(), Some(pushed.tip));
    assert_eq!(bench.git("rev-list --count main"), "3");
    let alpha = bench.file("main", "alpha.md");
    assert_eq!(
        (count(&alpha, &operations[0]), count(&alpha, &operations[1])),
        (1, 1)
    );
    assert!(!clone.fetch(&bench.remote()).unwrap().moved);
    bench.check_sound("clone");
}

#[test]
fn commits_say_who_what_and_when() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let mut operation = operation("alpha", 7);
    operation.code.repo = Some("acme".to_owned());
    push(&clone, &bench.remote(), slice::from_ref(&operation)).unwrap();
    let line = bench.git("log -1 --format=%an|%ae|%cn|%ce|%at|%ct main");
    let at = operation.timestamp.as_unix_seconds();
    let who = "Alice Example|alice@example.com";
    assert_eq!(line, format!("{who}|{who}|{at}|{at}"));
    let message = bench.git("log -1 --format=%B main");
    assert_eq!(message, operation.commit_message().trim_end());
    let trailers = bench.git("log -1 --format=%(trailers:only) main");
    assert!(trailers.starts_with(&format!(
        "Watercooler-Entry-ID: {}\n",
        operation.id.as_str()
    )));
    assert!(trailers.contains("Watercooler-Topic: alpha"));
}

#[test]
fn a_remote_that_moved_before_is_not_overwritten() {
    let bench = Bench::new();
    let (ours, theirs) = (bench.clone("ours"), bench.clone("theirs"));
    let [first, second, third] = [1, 2, 3].map(|number| operation("alpha", number));
    push(&theirs, &bench.remote(), slice::from_ref(&first)).unwrap();
    ours.fetch(&bench.remote()).unwrap();
    push(&theirs, &bench.remote(), slice::from_ref(&second)).unwrap();

    let error = push(&ours, &bench.remote(), slice::from_ref(&third)).unwrap_err();
    assert!(matches!(error, PushError::Rejected { .. }), "{error:?}");
    push_until_taken(&ours, &bench.remote(), slice::from_ref(&third));
    let alpha = bench.file("main", "alpha.md");
    let at = |operation: &Operation| alpha.find(&operation.body).unwrap();
    assert!(at(&first) < at(&second) && at(&second) < at(&third));
    for operation in [&first, &second, &third] {
        assert_eq!(count(&alpha, operation), 1);
    }
    bench.check_sound("ours");
}

#[test]
fn a_remote_that_moves_meanwhile_is_not_overwritten() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    bench.commit("main", &[("readme.txt", Some("x"))]);
    clone.fetch(&bench.remote()).unwrap();
    // Moves the branch after the remote has told where it is.
    bench.hook(
        "pre-receive",
        "test -e moved && exit 0; touch moved; unset GIT_QUARANTINE_PATH; \
         tree=$(git rev-parse main^{tree}); \
         new=$(git -c user.name=B -c user.email=b commit-tree -p main -m theirs $tree); \
         git update-ref refs/heads/main $new",
    );
    let operation = operation("alpha", 1);
    let error = push(&clone, &bench.remote(), slice::from_ref(&operation)).unwrap_err();
    assert!(matches!(error, PushError::Rejected { .. }), "{error:?}");
    assert_eq!(bench.git("log -1 --format=%s main"), "theirs");
    push_until_taken(&clone, &bench.remote(), &[operation]);
    assert_eq!(bench.git("log -1 --skip=1 --format=%s main"), "theirs");
    bench.check_sound("clone");
}

#[test]
fn a_hook_that_refuses_is_heard() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    for hook in ["pre-receive", "update"] {
        bench.hook(
            hook,
            "echo 'no \x1b[31msecrets\x1b[0m in threads' >&2; exit 1",
        );
        let error = push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap_err();
        let PushError::Refused { reason } = error else {
            panic!("{error:?}")
        };
        assert!(reason.contains("no [31msecrets[0m in threads"), "{reason}");
        assert!(reason.contains("hook declined"), "{reason}");
        bench.remove_hook(hook);
    }
    assert_eq!(clone.tip().unwrap(), None);
    assert_eq!(bench.git("for-each-ref"), "");
    push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap();
}

#[test]
fn a_branch_that_is_checked_out_is_refused_by_git() {
    let bench = Bench::new();
    bench.commit("main", &[("readme.txt", Some("x"))]);
    let clone = bench.clone("clone");
    let remote = crate::bench::remote_at(bench.path("work").to_str().unwrap());
    clone.fetch(&remote).unwrap();
    let error = push(&clone, &remote, &[operation("alpha", 1)]).unwrap_err();
    assert!(matches!(error, PushError::Refused { .. }), "{error:?}");
}

#[test]
fn a_lock_left_on_the_remote_is_waited_for() {
    let bench = Bench::new();
    bench.commit("main", &[("readme.txt", Some("x"))]);
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    let lock = bench.remote_path().join("refs/heads/main.lock");
    fs::write(&lock, "").unwrap();
    let error = push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap_err();
    let PushError::Failed(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.kind, Kind::Offline);
    assert!(error.message.contains("main.lock"), "{error}");
    fs::remove_file(&lock).unwrap();
    push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap();
}

#[test]
fn an_unknown_outcome_is_told_and_its_repetition_adds_nothing() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap();
    // The branch has moved when this waits, and the answer does not come in time.
    bench.hook(
        "reference-transaction",
        "test \"$1\" = committed && sleep 60; :",
    );
    let mut remote = bench.remote();
    remote.timeout = Duration::from_secs(2);
    let operations = [operation("alpha", 2), operation("beta", 1)];
    let error = push(&clone, &remote, &operations).unwrap_err();
    let PushError::Unknown(error) = error else {
        panic!("{error:?}")
    };
    assert!(error.message.contains("did not answer"), "{error}");
    bench.remove_hook("reference-transaction");

    let applied = bench.git("rev-parse main");
    assert_eq!(bench.git("rev-list --count main"), "3");
    clone.fetch(&bench.remote()).unwrap();
    let pushed = push(&clone, &bench.remote(), &operations).unwrap();
    assert_eq!((pushed.tip, pushed.bytes_sent), (tip(&applied), 0));
    assert_eq!((pushed.done.len(), pushed.present.len()), (2, 2));
    assert_eq!(bench.git("rev-list --count main"), "3");
}

#[test]
fn what_happens_after_the_remotes_word_does_not_count() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    bench.hook("post-receive", "sleep 60; :");
    let mut remote = bench.remote();
    remote.timeout = Duration::from_secs(2);
    let pushed = push(&clone, &remote, &[operation("alpha", 1)]).unwrap();
    assert_eq!(bench.git("rev-parse main"), pushed.tip.to_string());
}

#[test]
fn hooks_of_a_file_remote_run() {
    let bench = Bench::new();
    bench.hook("post-receive", "touch hook-ran");
    let clone = bench.clone("clone");
    push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap();
    crate::bench::wait_until("the hook runs", || {
        bench.remote_path().join("hook-ran").exists()
    });
}

#[test]
fn an_entry_that_was_taken_out_is_not_put_back() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    push(&clone, &bench.remote(), &[operation("beta", 1)]).unwrap();
    let made_on = clone.tip().unwrap().map(|tip: Tip| tip.to_string());
    let [mut kept, mut removed] = [operation("alpha", 1), operation("alpha", 2)];
    kept.made_on.clone_from(&made_on);
    removed.made_on = made_on;
    push(&clone, &bench.remote(), slice::from_ref(&kept)).unwrap();
    let without = bench.file("main", "alpha.md");
    push(&clone, &bench.remote(), slice::from_ref(&removed)).unwrap();
    bench.commit("main", &[("alpha.md", Some(&without))]);

    clone.fetch(&bench.remote()).unwrap();
    let pushed = push(&clone, &bench.remote(), &[removed.clone(), kept]).unwrap();
    assert_eq!((pushed.present.len(), pushed.bytes_sent), (2, 0));
    assert_eq!(count(&bench.file("main", "alpha.md"), &removed), 0);
}

#[test]
fn threads_may_live_in_a_folder() {
    let bench = Bench::new();
    bench.commit(
        "main",
        &[
            ("src/code.rs", Some("fn main() {}\n")),
            ("alpha.md", Some("x\n")),
        ],
    );
    let before = bench.git("rev-parse main:src");
    let clone = bench.clone_of("clone", "docs/threads", None);
    clone.fetch(&bench.remote()).unwrap();
    push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap();
    push(
        &clone,
        &bench.remote(),
        &[operation("alpha", 2), operation("beta", 1)],
    )
    .unwrap();
    let listed = bench.git("ls-tree -r --name-only main");
    assert_eq!(
        listed,
        "alpha.md\ndocs/threads/alpha.md\ndocs/threads/beta.md\nsrc/code.rs"
    );
    assert_eq!(bench.git("rev-parse main:src"), before);
    assert_eq!(bench.file("main", "alpha.md"), "x");
    let topics = clone.files(&clone.tip().unwrap().unwrap()).unwrap();
    assert_eq!(topics.len(), 2);
    bench.check_sound("clone");
}

#[test]
fn what_is_no_plain_file_is_never_written_over() {
    let bench = Bench::new();
    let work = bench.path("work");
    bench.commit(
        "main",
        &[("readme.txt", Some("x")), ("real/a.md", Some("x"))],
    );
    std::os::unix::fs::symlink("/etc/passwd", work.join("alpha.md")).unwrap();
    std::os::unix::fs::symlink("real", work.join("docs")).unwrap();
    bench.git_in(&work, "add alpha.md docs");
    bench.commit("main", &[]);
    for (directory, clone, what) in [("", "one", "alpha.md"), ("docs", "two", "docs")] {
        let clone = bench.clone_of(clone, directory, None);
        clone.fetch(&bench.remote()).unwrap();
        let error = push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap_err();
        let PushError::Refused { reason } = error else {
            panic!("{error:?}")
        };
        assert_eq!(reason, format!("{what} is a symbolic link"));
    }
    assert!(bench.git("ls-tree main alpha.md").starts_with("120000"));
}

#[test]
fn an_executable_file_stays_one() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    push(&clone, &bench.remote(), &[operation("alpha", 1)]).unwrap();
    bench.commit("main", &[]);
    bench.git_in(&bench.path("work"), "update-index --chmod=+x alpha.md");
    bench.git_in(&bench.path("work"), "commit --quiet -m mode");
    bench.git_in(&bench.path("work"), "push --quiet origin main");
    push_until_taken(&clone, &bench.remote(), &[operation("alpha", 2)]);
    assert!(bench.git("ls-tree main alpha.md").starts_with("100755"));
}

#[test]
fn two_topics_that_differ_by_case_are_both_served() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let operations = [operation("Alpha", 1), operation("alpha", 1)];
    push(&clone, &bench.remote(), &operations).unwrap();
    let files = clone.files(&clone.tip().unwrap().unwrap()).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.topic.as_str()).collect();
    assert_eq!(names, ["Alpha", "alpha"]);
}

#[test]
fn authors_that_git_forbids_are_made_allowed() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let author = repository::Author {
        name: " <>\n".to_owned(),
        email: String::new(),
    };
    clone
        .push(&bench.remote(), None, &[operation("alpha", 1)], &author)
        .unwrap();
    let line = bench.git("log -1 --format=%an|%ae main");
    assert_eq!(line, "watercooler|watercooler@localhost");
}
