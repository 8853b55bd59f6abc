//! What people do in the working tree, and what is seen of it.

use std::fs::{self, File};
use std::io::Write as _;
use std::time::Instant;

use super::super::looking::{EDITS_MAX, Seen};
use super::super::replaced::KEPT;
use super::*;

const THREAD: &str =
    "# t — Thread\nStatus: OPEN\nBall: Team\n\n---\nEntry: Bob 2026-01-01T00:00:00Z\n\nx\n";

impl Bench {
    fn look(&mut self, names: &[&str]) -> Seen {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.tree.look(&Sight::Names(names)).unwrap()
    }

    fn look_at_all(&mut self) -> Seen {
        self.tree.look(&Sight::All).unwrap()
    }
}

/// `TOPIC=TEXT(VERSIONS) … -STALE …`, late edits with `~` in front.
fn shown(bench: &Bench, seen: &Seen) -> String {
    let edits = seen.edits.iter().map(|edit| {
        let late = if edit.late { "~" } else { "" };
        let text = String::from_utf8_lossy(&edit.text);
        let bases: Vec<String> = (edit.versions.iter())
            .filter_map(|version| bench.tree.text(version))
            .map(|text| String::from_utf8(text).unwrap())
            .collect();
        format!("{late}{}={text}({})", edit.topic, bases.join(","))
    });
    let stale = seen.stale.iter().map(|topic| format!("-{topic}"));
    let mut all: Vec<_> = edits.chain(stale).collect();
    all.sort();
    all.join(" ")
}

#[test]
fn our_own_files_are_no_edits_and_what_people_write_is() {
    let mut bench = Bench::new();
    bench.check("a=1 b=1", "a:written b:written");
    bench.check("a=2", "a:written");
    let (named, all) = (bench.look(&["a.md", "b.md"]), bench.look_at_all());
    assert_eq!(
        (shown(&bench, &named), shown(&bench, &all)),
        ("".into(), "".into())
    );
    bench.write("a.md", "mine");
    let seen = bench.look(&["a.md"]);
    assert_eq!(shown(&bench, &seen), "a=mine(1,2)");
    // Until it is dealt with, also after a crash.
    let mut bench = bench.restarted();
    bench.check("a=3", "a:edited");
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), "a=mine(1,2)");
    bench.tree.dealt_with(&topic("a"), b"mine").unwrap();
    bench.check("a=3", "a:written");
    assert_eq!(bench.read("a.md"), "3");
    // An editor that still shows what it saved saves it once more, unchanged and with more.
    bench.write("a.md", "mine");
    let seen = bench.look(&["a.md"]);
    assert_eq!(shown(&bench, &seen), "-a");
    bench.write("a.md", "mine and more");
    let seen = bench.look(&["a.md"]);
    assert_eq!(shown(&bench, &seen), "a=mine and more(1,2,mine,3)");
}

#[test]
fn what_is_gone_or_empty_is_to_be_put_back() {
    let mut bench = Bench::in_directory("x");
    bench.check("a=1 b=1 c=1", "a:written b:written c:written");
    fs::remove_file(bench.path("a.md")).unwrap();
    bench.write("b.md", "");
    let seen = bench.look(&["a.md", "b.md", "never.md"]);
    assert_eq!(shown(&bench, &seen), "-a -b");
    fs::remove_dir_all(bench.root()).unwrap();
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), "-a -b -c");
    bench.check("a=1 b=1 c=1", "a:written b:written c:written");
    // What is wanted no more is no loss, and what an editor still shows of it is no new thread.
    bench.check("a=", "a:removed");
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), "");
    bench.write("a.md", "1");
    let seen = bench.look(&["a.md"]);
    assert_eq!(shown(&bench, &seen), "-a");
    bench.check("a=", "a:removed");
    assert!(!bench.path("a.md").exists());
}

#[test]
fn a_new_thread_is_seen_and_no_other_new_file() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    let others = [
        ("README.md", "# About\n\nno thread\n"),
        (".hidden.md", THREAD),
        ("a.md~", THREAD),
        ("#a.md#", THREAD),
        ("4913", THREAD),
        ("a.kept-20260101T000000Z.txt", THREAD),
    ];
    for (name, text) in others {
        bench.write(name, text);
    }
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), "");
    bench.write("new.md", THREAD);
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), format!("new={THREAD}()"));
    // A name that no thread can have everywhere is told, and so is what was kept.
    bench.write("con.md", THREAD);
    bench.look_at_all();
    let files: Vec<_> = bench
        .tree
        .left_alone()
        .into_iter()
        .map(|left| left.file)
        .collect();
    assert_eq!(files, ["a.kept-20260101T000000Z.txt", "con.md"]);
}

#[test]
fn what_an_editor_writes_into_a_replaced_file_is_seen_for_a_minute() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    let mut held = File::options()
        .append(true)
        .open(bench.path("a.md"))
        .unwrap();
    bench.check("a=2", "a:written");
    let seen = bench.look(&[]);
    assert_eq!(shown(&bench, &seen), "");
    held.write_all(b" and late").unwrap();
    let seen = bench.look(&[]);
    assert_eq!(shown(&bench, &seen), "~a=1 and late(1,2)");
    // Until it is dealt with, and after a crash.
    let mut bench = bench.restarted();
    let seen = bench.look(&[]);
    assert_eq!(shown(&bench, &seen), "~a=1 and late(1,2)");
    bench.tree.dealt_with(&topic("a"), b"1 and late").unwrap();
    let seen = bench.look(&[]);
    assert_eq!(shown(&bench, &seen), "");
    held.write_all(b"r").unwrap();
    let seen = bench.look(&[]);
    assert_eq!(shown(&bench, &seen), "~a=1 and later(1,2,1 and late)");
    bench.tree.dealt_with(&topic("a"), b"1 and later").unwrap();
    let later = Instant::now() + KEPT * 2;
    assert!(bench.tree.replaced.look(later).is_empty());
    let left = fs::read_dir(bench.tree.replaced_folder()).unwrap().count();
    assert_eq!(left, 0, "its time is over");
    assert_eq!(bench.tree.look_again_at(), None);
    assert_eq!(bench.read("a.md"), "2");
}

#[test]
fn what_was_written_between_the_look_and_the_exchange_comes_out() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    let (a, path) = (topic("a"), bench.path("a.md"));
    bench.write("a.md", "mine");
    // As if it had been found before that was written.
    let found = (&OnDisk::File(Hash::of(b"1")), Stamp::of(&path));
    let put = bench
        .tree
        .replaced
        .put((&a, &path), b"2", found, Instant::now());
    assert_eq!(put.unwrap(), Put::DoneLate);
    assert_eq!(bench.read("a.md"), "2");
    let seen = bench.look(&[]);
    assert_eq!(shown(&bench, &seen), "~a=mine(1)");
}

#[test]
fn other_things_are_left_alone_and_told() {
    let mut bench = Bench::new();
    bench.check("a=1 b=1", "a:written b:written");
    fs::create_dir(bench.path("c.md")).unwrap();
    File::create(bench.path("b.md"))
        .unwrap()
        .set_len(disk::EDIT_BYTES_MAX + 1)
        .unwrap();
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), "");
    let told: Vec<_> = bench.tree.left_alone();
    let told: Vec<_> = told
        .iter()
        .map(|left| format!("{} {}", left.file, left.why))
        .collect();
    assert_eq!(
        told,
        ["b.md is too long to be read", "c.md is no plain file"]
    );
    // What is mended is told no more.
    fs::remove_dir(bench.path("c.md")).unwrap();
    bench.write("b.md", "1");
    bench.look_at_all();
    bench.check("c=", "c:removed");
    assert!(bench.tree.left_alone().is_empty());
}

#[test]
fn a_text_is_kept_in_full_beside_its_thread_once() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    let first = bench.tree.keep_beside(&topic("a"), b"mine").unwrap();
    let second = bench.tree.keep_beside(&topic("a"), b"other").unwrap();
    let again = bench.tree.keep_beside(&topic("a"), b"mine").unwrap();
    assert_eq!(
        (bench.read(&first), bench.read(&second)),
        ("mine".into(), "other".into())
    );
    assert!(first != second && first == again && first.starts_with("a.kept-"));
    let mut bench = bench.restarted();
    bench.look_at_all();
    assert_eq!(bench.tree.left_alone().len(), 2);
    assert_eq!(
        bench.tree.keep_beside(&topic("a"), b"other").unwrap(),
        second
    );
    fs::remove_file(bench.path(&first)).unwrap();
    bench.look_at_all();
    assert_eq!(bench.tree.left_alone().len(), 1);
    let long = topic(&"ü".repeat(126));
    let name = bench.tree.keep_beside(&long, b"long").unwrap();
    assert_eq!(bench.read(&name), "long");
}

#[test]
fn the_lock_of_a_python_tool_is_waited_for() {
    let mut bench = Bench::new();
    bench.check("a=1 b=1", "a:written b:written");
    bench.write(".a.lock", "pid=1 time=x user=u cwd=/\n");
    bench.look_at_all();
    bench.check("a=2 b=2", "a:locked b:written");
    assert_eq!(bench.read("a.md"), "1");
    fs::remove_file(bench.path(".a.lock")).unwrap();
    let seen = bench.look(&[".a.lock"]);
    assert_eq!(shown(&bench, &seen), "-a");
    bench.check("a=2", "a:written");
    assert_eq!(bench.files(), ["a.md", "b.md"], "ours is given back");
}

#[test]
fn one_look_takes_so_many_edits() {
    let mut bench = Bench::new();
    for number in 0..=EDITS_MAX {
        fs::create_dir_all(bench.root()).unwrap();
        bench.write(&format!("t{number}.md"), THREAD);
    }
    let seen = bench.look_at_all();
    assert_eq!((seen.edits.len(), seen.more), (EDITS_MAX, true));
}

#[test]
fn what_was_taken_out_is_no_edit_after_a_crash_though_it_is_remembered_no_more() {
    let mut bench = Bench::new();
    for number in 0..=VERSIONS_MAX + 2 {
        bench.check(&format!("a={number}"), "a:written");
    }
    let out: Vec<_> = fs::read_dir(bench.tree.replaced_folder())
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert_eq!(out.len(), VERSIONS_MAX + 2, "all but the newest");
    let mut bench = bench.restarted();
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), "");
    // What is written into one after all is.
    let first = out.iter().find(|path| fs::read(path).unwrap() == b"0");
    fs::write(first.unwrap(), "late").unwrap();
    let seen = bench.look(&[]);
    assert!(shown(&bench, &seen).starts_with("~a=late("));
    bench.tree.dealt_with(&topic("a"), b"late").unwrap();
    for number in 0..=VERSIONS_MAX {
        bench.check(&format!("a=again-{number}"), "a:written");
    }
    let mut bench = bench.restarted();
    let seen = bench.look_at_all();
    assert_eq!(shown(&bench, &seen), "", "it was dealt with");
}

#[test]
fn a_text_goes_once_the_clone_has_it_and_with_its_version() {
    let mut bench = Bench::new();
    let texts = |bench: &Bench| {
        let memory = bench.folder.path().join("state").join("projected.jsonl");
        fs::read_dir(texts::folder_of(&memory)).unwrap().count()
    };
    for number in 0..=VERSIONS_MAX + 2 {
        bench.check(&format!("a={number}"), "a:written");
    }
    assert_eq!(texts(&bench), VERSIONS_MAX);
    let last = (VERSIONS_MAX + 2).to_string();
    let pushed = Text {
        bytes: last.as_bytes(),
        blob: BlobId::parse(&"1".repeat(40)),
    };
    let results = bench.tree.project_all(&[(&topic("a"), Some(pushed))]);
    assert!(matches!(results.unwrap()[..], [Ok(Projection::Unchanged)]));
    bench.check("b=1", "b:written");
    assert_eq!(texts(&bench), VERSIONS_MAX, "one more, and one less");
    let bench = bench.restarted();
    let newest = bench.tree.remembered[&topic("a")].newest();
    assert!(newest.unwrap().blob.is_some());
}
