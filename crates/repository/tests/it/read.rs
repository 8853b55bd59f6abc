//! Reading: what is served, what is skipped, what changed.

use std::fs;

use repository::{BLOB_BYTES_MAX, Changed, CloneError, HISTORY_COMMITS_MAX};

use crate::bench::{Bench, author, isolated_git, operation, succeeded, tip};

#[test]
fn plain_files_are_served_and_the_rest_is_listed() {
    let bench = Bench::new();
    let work = bench.path("work");
    bench.commit(
        "main",
        &[
            ("a.md", Some("A")),
            ("b.txt", Some("B")),
            (".dot.md", Some("C")),
            ("folder/c.md", Some("D")),
            ("folder.md/d.md", Some("E")),
            ("what?.md", Some("F")),
        ],
    );
    std::os::unix::fs::symlink("/etc/passwd", work.join("link.md")).unwrap();
    std::os::unix::fs::symlink("a.md", work.join("link")).unwrap();
    bench.git_in(&work, "add link.md link");
    let head = bench.git("rev-parse main");
    bench.git_in(
        &work,
        &format!("update-index --add --cacheinfo 160000,{head},module"),
    );
    let head = bench.commit("main", &[]);

    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    let files = clone.files(&tip(&head)).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.topic.as_str()).collect();
    assert_eq!(names, ["a"]);
    assert_eq!(clone.read(&files[0].blob).unwrap(), b"A");
    let skipped = clone.skipped(&tip(&head)).unwrap();
    let skipped: Vec<String> = skipped
        .iter()
        .map(|skipped| format!("{} {}", skipped.path, skipped.reason))
        .collect();
    assert_eq!(
        skipped,
        [
            "folder.md is a folder",
            "link is a symbolic link",
            "link.md is a symbolic link",
            "module is a submodule",
            "what?.md has a name that is no topic",
        ]
    );

    let nested = bench.clone_of("nested", "folder", None);
    nested.fetch(&bench.remote()).unwrap();
    assert_eq!(nested.files(&tip(&head)).unwrap().len(), 1);
    let absent = bench.clone_of("absent", "nowhere", None);
    absent.fetch(&bench.remote()).unwrap();
    assert!(absent.files(&tip(&head)).unwrap().is_empty());
    let blocked = bench.clone_of("blocked", "link", None);
    blocked.fetch(&bench.remote()).unwrap();
    assert!(blocked.files(&tip(&head)).unwrap().is_empty());
    assert_eq!(blocked.skipped(&tip(&head)).unwrap()[0].path, "link");
}

#[test]
fn changes_between_tips() {
    let bench = Bench::new();
    let first = bench.commit(
        "main",
        &[
            ("same.md", Some("1")),
            ("changed.md", Some("1")),
            ("removed.md", Some("1")),
        ],
    );
    let second = bench.commit(
        "main",
        &[
            ("changed.md", Some("2")),
            ("removed.md", None),
            ("added.md", Some("1")),
        ],
    );
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();
    let names = |changed: Vec<Changed>| {
        let mut names: Vec<String> = changed
            .into_iter()
            .map(|changed| format!("{} {}", changed.topic, changed.blob.is_some()))
            .collect();
        names.sort();
        names
    };
    let (first, second) = (tip(&first), tip(&second));
    assert_eq!(
        names(clone.changed(Some(&first), &second).unwrap()),
        ["added true", "changed true", "removed false"]
    );
    assert_eq!(clone.changed(None, &first).unwrap().len(), 3);
    assert!(clone.changed(Some(&second), &second).unwrap().is_empty());
}

#[test]
fn a_file_past_the_limit_is_not_read() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    bench.commit("main", &[("a.md", Some("x"))]);
    let write = |len: u64| {
        let file = bench.path("large");
        fs::File::create(&file).unwrap().set_len(len).unwrap();
        let mut git = isolated_git(&bench.remote_path());
        let id = succeeded(git.args(["hash-object", "-w", file.to_str().unwrap()]));
        let bob = "-c user.name=Bob -c user.email=bob@example.com";
        let line = format!("100644 blob {id}\tlarge.md\n");
        fs::write(bench.path("tree"), line).unwrap();
        let mut git = isolated_git(&bench.remote_path());
        git.arg("mktree")
            .stdin(fs::File::open(bench.path("tree")).unwrap());
        let tree = succeeded(&mut git);
        let commit = bench.git(&format!("{bob} commit-tree -p main -m large {tree}"));
        bench.git(&format!("update-ref refs/heads/main {commit}"));
        let fetched = clone.fetch(&bench.remote()).unwrap();
        clone.files(&fetched.tip.unwrap()).unwrap()[0].blob
    };
    assert_eq!(
        clone.read(&write(BLOB_BYTES_MAX)).unwrap().len() as u64,
        BLOB_BYTES_MAX
    );
    let error = clone.read(&write(BLOB_BYTES_MAX + 1)).unwrap_err();
    assert!(matches!(error, CloneError::TooLarge { bytes } if bytes == BLOB_BYTES_MAX + 1));
    let onto = clone.tip().unwrap();
    let error = clone.push(
        &bench.remote(),
        onto.as_ref(),
        &[operation("large", 1)],
        &author(),
    );
    assert!(
        matches!(error, Err(repository::PushError::Refused { .. })),
        "{error:?}"
    );
}

#[test]
fn trailers_name_the_entries_of_a_range() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let mut tips = Vec::new();
    for number in 1..=3 {
        let onto = clone.tip().unwrap();
        let pushed = clone.push(
            &bench.remote(),
            onto.as_ref(),
            &[operation("alpha", number)],
            &author(),
        );
        tips.push(pushed.unwrap().tip);
    }
    let since = |from: Option<&str>| clone.ids_since(from, &tips[2]).unwrap().len();
    assert_eq!(since(None), 3);
    assert_eq!(since(Some(&tips[0].to_string())), 2);
    assert_eq!(since(Some(&tips[2].to_string())), 0);
    assert_eq!(since(Some("0123456789012345678901234567890123456789")), 3);
    assert_eq!(since(Some("no commit")), 3);

    let commit_of = |number, tip| {
        let id = operation("alpha", number).id;
        clone.commit_of(&id, tip).unwrap()
    };
    assert_eq!(commit_of(2, &tips[2]), Some(tips[1]));
    assert_eq!(commit_of(3, &tips[2]), Some(tips[2]));
    assert_eq!(commit_of(3, &tips[1]), None);
}

#[test]
fn a_commit_of_the_python_watercooler_is_found() {
    let bench = Bench::new();
    bench.commit("main", &[("a.md", Some("x"))]);
    let clone = bench.clone("clone");
    let fetched = clone.fetch(&bench.remote()).unwrap();
    assert!(!clone.has_python_commit(&fetched.tip.unwrap()).unwrap());
    let tree = bench.git("rev-parse main^{tree}");
    let python = "-c user.name=Agent -c user.email=mcp@watercooler.dev";
    let commit = bench.git(&format!("{python} commit-tree -p main -m python {tree}"));
    bench.git(&format!("update-ref refs/heads/main {commit}"));
    bench.commit("main", &[("a.md", Some("y"))]);
    let fetched = clone.fetch(&bench.remote()).unwrap();
    assert!(clone.has_python_commit(&fetched.tip.unwrap()).unwrap());
}

#[test]
fn a_long_history_is_searched_to_its_limit() {
    let bench = Bench::new();
    // The oldest commit names an entry, and as many as the limit come after it.
    let mut stream = String::new();
    for number in 0..=HISTORY_COMMITS_MAX {
        let message = match number {
            0 => "Watercooler-Entry-ID: OLDEST",
            _ => "x",
        };
        let message = format!("s\n\n{message}");
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter B <b@example.com> {number} +0000\ndata {}\n{message}\n",
            message.len()
        ));
    }
    fs::write(bench.path("stream"), stream).unwrap();
    let mut import = isolated_git(&bench.remote_path());
    import.args(["fast-import", "--quiet"]);
    succeeded(import.stdin(fs::File::open(bench.path("stream")).unwrap()));
    let clone = bench.clone("clone");
    let tip = clone.fetch(&bench.remote()).unwrap().tip.unwrap();
    assert!(clone.ids_since(None, &tip).unwrap().is_empty());
    let before = crate::bench::tip(&bench.git("rev-parse main~1"));
    assert_eq!(clone.ids_since(None, &before).unwrap().len(), 1);
}

#[test]
fn readers_are_not_held_up_by_an_exchange() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    clone
        .push(&bench.remote(), None, &[operation("alpha", 1)], &author())
        .unwrap();
    bench.hook(
        "post-receive",
        "touch begun; while test ! -e done; do :; done",
    );
    let (begun, done) = (
        bench.remote_path().join("begun"),
        bench.remote_path().join("done"),
    );
    let onto = clone.tip().unwrap().unwrap();
    std::thread::scope(|scope| {
        let push = scope.spawn(|| {
            clone.push(
                &bench.remote(),
                Some(&onto),
                &[operation("alpha", 2)],
                &author(),
            )
        });
        crate::bench::wait_until("the push is under way", || begun.exists());
        let files = clone.files(&clone.tip().unwrap().unwrap()).unwrap();
        assert!(!clone.read(&files[0].blob).unwrap().is_empty());
        assert!(!push.is_finished());
        fs::write(&done, "").unwrap();
        push.join().unwrap().unwrap();
    });
}
