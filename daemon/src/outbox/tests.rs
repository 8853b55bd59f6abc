//! What the outbox promises, over real folders, with a crash at each step.

use std::collections::HashSet;

use threads::hand_edit::HandEdit;
use threads::merge::EDITED_BYTES_MAX;
use threads::operation::{CodeTrailers, Operation, Seen};
use threads::topic::Topic;

use super::files::UnreadableWhy;
use super::records::{ANSWER_SECONDS_MAX, OVERHEAD_BYTES};
use super::*;

const NOON: i64 = 1_770_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(NOON + seconds)
}

fn id(text: &str) -> EntryId {
    EntryId::parse(text).unwrap()
}

fn operation(name: &str) -> Operation {
    Operation {
        format: 1,
        id: id(name),
        topic: Topic::parse("auth-refactor").unwrap(),
        agent: "Claude (alice)".into(),
        timestamp: at(0),
        role: "implementer".into(),
        entry_type: "Note".into(),
        title: format!("Title of {name}"),
        body: "Body \"with\" quotes, ä and \u{1f40d}\n".into(),
        ball: Some("Codex".into()),
        status: None,
        creates: None,
        seen: Seen {
            ball: Some("Claude".into()),
            status: Some("OPEN".into()),
            newest: None,
            entries_len: 3,
        },
        made_on: None,
        code: CodeTrailers {
            repo: None,
            branch: None,
            commit: None,
            spec: None,
        },
        key: Some(format!("key-{name}")),
        arguments_digest: Some(format!("digest-{name}")),
        edit: None,
    }
}

fn kept(name: &str) -> Kept {
    Kept {
        operation: operation(name),
        resent_as: Some(format!("session/{name}")),
    }
}

fn written(ball: &str) -> Written {
    Written {
        index: Some(3),
        ball: ball.into(),
        status: "OPEN".into(),
    }
}

/// A repository's state folder with an open outbox.
struct Bench {
    folder: tempfile::TempDir,
    outbox: Outbox,
    keeper: Keeper,
    unreadable: Vec<Unreadable>,
}

impl Bench {
    fn new() -> Self {
        Self::opened(tempfile::tempdir().unwrap(), at(0))
    }

    fn opened(folder: tempfile::TempDir, now: Timestamp) -> Self {
        let opened = Outbox::open(folder.path(), now).unwrap();
        Self {
            folder,
            outbox: opened.outbox,
            keeper: opened.keeper,
            unreadable: opened.unreadable,
        }
    }

    /// As after a crash: all that was in memory is gone.
    fn restarted(self) -> Self {
        self.restarted_at(at(0))
    }

    fn restarted_at(self, now: Timestamp) -> Self {
        Self::opened(self.folder, now)
    }

    fn keep(&mut self, names: &[&str]) {
        let slots: Vec<_> = names
            .iter()
            .map(|name| self.outbox.reserve(kept(name)).unwrap())
            .collect();
        for result in self.keeper.keep_all(&slots) {
            result.unwrap();
        }
        for name in names {
            self.outbox.kept(&id(name));
        }
    }

    fn settling(&self, names: &[&str], now: Timestamp) -> Settling {
        let done = names.iter().map(|name| (id(name), written("Codex")));
        self.outbox.settling(done.collect::<Vec<_>>(), now)
    }

    fn settle(&mut self, names: &[&str], now: Timestamp) {
        let settling = self.settling(names, now);
        self.keeper.settle(&settling).unwrap();
        self.outbox.settled(settling);
    }

    fn hold(&mut self, name: &str) {
        let slot = self.outbox.slot(&id(name)).unwrap();
        self.keeper.hold(&slot, "no entry", at(5)).unwrap();
        self.outbox.held(&slot, "no entry".into(), at(5));
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    fn files(&self, inside: &str) -> Vec<String> {
        names(&self.path(inside))
    }

    fn pending(&self) -> String {
        let names: Vec<_> = self
            .outbox
            .pending()
            .map(|kept| kept.operation.id.to_string())
            .collect();
        names.join(" ")
    }

    /// How each of these stands: `waits`, `held`, `done`, `-`; by ID, key and the same call sent
    /// again alike.
    fn check(&self, expected: &str) {
        for pair in expected.split_whitespace() {
            let (name, stands) = pair.split_once(':').unwrap();
            let now = at(10);
            let digest = format!("digest-{name}");
            let resent = format!("session/{name}");
            let key = format!("key-{name}");
            let found = [
                self.outbox.find(&id(name), now),
                self.outbox.find_key("Claude (alice)", &key, now),
                self.outbox.find_resent(&resent, Some(&digest), now),
            ];
            for found in found {
                let shown = match found {
                    None => "-",
                    Some(Found::Keeping(_)) => "keeping",
                    Some(Found::Pending(kept)) if kept.operation == operation(name) => "waits",
                    Some(Found::Held(held)) if held.kept.operation == operation(name) => "held",
                    Some(Found::Answered(answer)) if answer.title.ends_with(name) => "done",
                    Some(Found::Pending(_) | Found::Held(_) | Found::Answered(_)) => "another",
                };
                assert_eq!(shown, stands, "{name}");
            }
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_was_kept_is_there_after_a_crash_in_the_order_of_the_writes() {
    let mut bench = Bench::new();
    bench.keep(&["c"]);
    bench.keep(&["b", "a"]);
    bench.check("a:waits b:waits c:waits d:-");
    assert_eq!(bench.pending(), "c b a");
    assert_eq!(
        bench.files("outbox"),
        [
            "000000000001-c.json",
            "000000000002-b.json",
            "000000000003-a.json"
        ]
    );
    let mut bench = bench.restarted();
    bench.check("a:waits b:waits c:waits d:-");
    bench.keep(&["0"]);
    let bench = bench.restarted();
    assert_eq!(bench.pending(), "c b a 0");
    assert!(bench.unreadable.is_empty());
}

#[test]
fn what_is_reserved_is_found_and_not_pending_and_gone_after_a_crash() {
    let mut bench = Bench::new();
    bench.outbox.reserve(kept("a")).unwrap();
    bench.check("a:keeping");
    assert_eq!(bench.pending(), "");
    bench.restarted().check("a:-");
}

#[test]
fn what_is_not_kept_never_was() {
    let mut bench = Bench::new();
    fs::remove_dir_all(bench.path("outbox")).unwrap();
    let slots = ["a", "b"].map(|name| bench.outbox.reserve(kept(name)).unwrap());
    for result in bench.keeper.keep_all(&slots) {
        assert!(
            matches!(result, Err(KeepError::NotDurable(_))),
            "{result:?}"
        );
    }
    bench.outbox.not_kept(&id("a"));
    bench.outbox.not_kept(&id("b"));
    bench.check("a:- b:-");
    assert_eq!(bench.outbox.bytes, 0);
    fs::create_dir(bench.path("outbox")).unwrap();
    bench.keep(&["a"]);
    bench.check("a:waits");
    bench.restarted().check("a:waits b:-");
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let mut bench = Bench::new();
    let slots = ["a", "b", "c"].map(|name| bench.outbox.reserve(kept(name)).unwrap());
    fs::create_dir_all(bench.path("outbox/000000000002-b.json/x")).unwrap();
    let results = bench.keeper.keep_all(&slots);
    let ok: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(ok, [true, false, true]);
    assert_eq!(bench.files("outbox").len(), 3, "nothing is left aside");
}

#[test]
fn a_full_disk_is_told_apart() {
    for kind in [
        io::ErrorKind::StorageFull,
        io::ErrorKind::QuotaExceeded,
        io::ErrorKind::FileTooLarge,
    ] {
        let error = KeepError::from(io::Error::from(kind));
        assert!(matches!(error, KeepError::DiskFull(_)));
    }
    let error = KeepError::from(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
    assert!(matches!(error, KeepError::NotDurable(_)));
}

#[test]
fn a_done_operation_becomes_an_answer() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b", "c"]);
    bench.settle(&["b", "unknown"], at(7));
    bench.check("a:waits b:done c:waits");
    assert_eq!(bench.files("outbox").len(), 2);
    let bench = bench.restarted();
    bench.check("a:waits b:done c:waits");
    let Some(Found::Answered(answer)) = bench.outbox.find(&id("b"), at(10)) else {
        panic!("not answered");
    };
    assert_eq!(answer.outcome, written("Codex"));
    assert!(answer.ball_flipped);
    assert_eq!(answer.done_at, at(7));
    let file = fs::read_to_string(bench.path("answers/answers.jsonl")).unwrap();
    assert!(!file.contains("quotes"), "the body is dropped");
}

#[test]
fn a_crash_between_the_answer_and_the_removal_leaves_both_and_the_answer_counts() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b"]);
    let file = bench.path("outbox/000000000001-a.json");
    let bytes = fs::read(&file).unwrap();
    bench.settle(&["a"], at(0));
    fs::write(&file, bytes).unwrap();
    let bench = bench.restarted();
    bench.check("a:done b:waits");
    assert!(!file.exists());
    assert!(bench.unreadable.is_empty());
}

#[test]
fn a_settle_that_is_tried_again_leaves_one_answer() {
    let mut bench = Bench::new();
    bench.keep(&["a"]);
    let settling = bench.settling(&["a"], at(0));
    bench.keeper.settle(&settling).unwrap();
    bench.settle(&["a"], at(1));
    let bench = bench.restarted();
    bench.check("a:done");
    assert_eq!(bench.outbox.answers.len(), 1);
}

#[test]
fn a_settle_that_fails_leaves_the_operation_waiting() {
    let mut bench = Bench::new();
    bench.keep(&["a"]);
    bench.keeper.lock().journal.fail_from_now();
    let settling = bench.settling(&["a"], at(0));
    bench.keeper.settle(&settling).unwrap_err();
    bench.check("a:waits");
    let bench = bench.restarted();
    bench.check("a:waits");
    fs::remove_dir(bench.path("held")).unwrap();
    let slot = bench.outbox.slot(&id("a")).unwrap();
    bench.keeper.hold(&slot, "no entry", at(0)).unwrap_err();
    bench.check("a:waits");
    bench.restarted().check("a:waits");
}

#[test]
fn a_refused_operation_is_held_with_the_servers_words() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b"]);
    let file = bench.path("outbox/000000000001-a.json");
    let bytes = fs::read(&file).unwrap();
    bench.hold("a");
    bench.check("a:held b:waits");
    assert_eq!(bench.pending(), "b");
    // A crash before the removal leaves both, and the held one counts.
    fs::write(&file, bytes).unwrap();
    let mut bench = bench.restarted();
    bench.check("a:held b:waits");
    assert!(!file.exists());
    let held: Vec<_> = bench.outbox.held_ones().collect();
    assert_eq!((&*held[0].reason, held[0].at), ("no entry", at(5)));
    bench.keep(&["c"]);
    assert_eq!(bench.files("outbox").len(), 2);
    assert_eq!(bench.files("held").len(), 1);
}

#[test]
fn a_held_operation_is_released_to_its_old_place() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b"]);
    bench.hold("a");
    let held = bench.path("held/000000000001-a.json");
    let bytes = fs::read(&held).unwrap();
    let slots = bench.outbox.held_slots();
    for result in bench.keeper.release_all(&slots) {
        result.unwrap();
    }
    bench.outbox.released(&slots[0]);
    bench.check("a:waits b:waits");
    assert_eq!(bench.pending(), "a b");
    assert!(bench.outbox.slot(&id("a")).unwrap().was_held);
    assert!(!held.exists());
    let bench = bench.restarted();
    bench.check("a:waits b:waits");
    // A crash before the removal leaves both, and the held one counts.
    fs::write(&held, &bytes).unwrap();
    let bench = bench.restarted();
    bench.check("a:held b:waits");
    // What is done is done, whatever came back.
    let mut bench = bench;
    let slots = bench.outbox.held_slots();
    drop(bench.keeper.release_all(&slots));
    bench.outbox.released(&slots[0]);
    bench.settle(&["a"], at(6));
    fs::write(&held, &bytes).unwrap();
    bench.restarted().check("a:done b:waits");
}

#[test]
fn a_key_belongs_to_its_author_and_a_resent_call_to_its_arguments() {
    let mut bench = Bench::new();
    bench.keep(&["a"]);
    for state in ["waits", "done"] {
        bench.check(&format!("a:{state}"));
        let outbox = &bench.outbox;
        assert_eq!(outbox.find_key("Codex (alice)", "key-a", at(0)), None);
        assert_eq!(outbox.find_resent("session/a", Some("other"), at(0)), None);
        assert_eq!(outbox.find_resent("session/a", None, at(0)), None);
        if state == "waits" {
            bench.settle(&["a"], at(0));
        }
    }
}

#[test]
fn an_answer_is_forgotten_after_thirty_days() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b"]);
    bench.settle(&["a"], at(0));
    let last = at(ANSWER_SECONDS_MAX);
    let over = at(ANSWER_SECONDS_MAX + 1);
    for _ in 0..2 {
        assert!(bench.outbox.find(&id("a"), last).is_some());
        assert_eq!(bench.outbox.find(&id("a"), over), None);
        assert_eq!(bench.outbox.find_key("Claude (alice)", "key-a", over), None);
        bench = bench.restarted_at(last);
    }
    let mut bench = bench.restarted_at(over);
    assert_eq!(bench.outbox.find(&id("a"), last), None);
    // Its key may be in use again, and forgetting the old answer does not forget the new one.
    let mut again = kept("c");
    again.operation.key = Some("key-b".into());
    bench.settle(&["b"], at(0));
    let slot = bench.outbox.reserve(again).unwrap();
    assert!(bench.keeper.keep_all(&[slot])[0].is_ok());
    bench.outbox.kept(&id("c"));
    bench.keep(&["d"]);
    bench.settle(&["d"], over);
    let found = bench.outbox.find_key("Claude (alice)", "key-b", over);
    assert!(matches!(found, Some(Found::Pending(kept)) if kept.operation.id == id("c")));
    assert_eq!(bench.outbox.find(&id("b"), at(0)), None);
}

#[test]
fn the_newest_answers_are_remembered_and_the_file_is_rewritten() {
    let mut bench = Bench::new();
    let total = ANSWERS_MAX * 2 + 1_500;
    let mut batch = Vec::new();
    for n in 0..total {
        let name = format!("e{n}");
        bench.outbox.reserve(kept(&name)).unwrap();
        batch.push(name);
        if batch.len() == 500 {
            let names: Vec<_> = batch.iter().map(String::as_str).collect();
            bench.settle(&names, at(0));
            batch.clear();
        }
    }
    let check = |bench: &Bench| {
        assert_eq!(bench.outbox.answers.len(), ANSWERS_MAX);
        let oldest = total - ANSWERS_MAX;
        bench.check(&format!(
            "e0:- e{}:- e{oldest}:done e{}:done",
            oldest - 1,
            total - 1
        ));
        assert_eq!(bench.outbox.keys.len(), ANSWERS_MAX);
        assert_eq!(bench.outbox.resent.len(), ANSWERS_MAX);
        assert_eq!(bench.outbox.places.len(), ANSWERS_MAX);
        assert_eq!(bench.outbox.bytes, 0);
    };
    check(&bench);
    let file = fs::read_to_string(bench.path("answers/answers.jsonl")).unwrap();
    assert!(file.lines().count() <= ANSWERS_MAX * 2 + 1_000);
    check(&bench.restarted());
}

#[test]
fn one_operation_more_than_the_limit_is_refused() {
    let mut bench = Bench::new();
    for n in 0..OPERATIONS_MAX {
        bench.outbox.reserve(kept(&format!("e{n}"))).unwrap();
    }
    let full = bench.outbox.reserve(kept("more")).unwrap_err();
    assert_eq!(full.operations, OPERATIONS_MAX);
    bench.check("more:-");
    bench.outbox.not_kept(&id("e1"));
    bench.outbox.reserve(kept("more")).unwrap();
}

#[test]
fn what_is_held_hinders_no_write_and_has_a_limit_of_its_own() {
    let mut bench = Bench::new();
    for n in 0..OPERATIONS_MAX {
        assert_eq!(bench.outbox.room_to_hold(), OPERATIONS_MAX - n);
        bench.outbox.reserve(kept(&format!("e{n}"))).unwrap();
        let slot = bench.outbox.slot(&id(&format!("e{n}"))).unwrap();
        bench.outbox.held(&slot, String::new(), at(0));
    }
    assert_eq!((bench.outbox.room_to_hold(), bench.outbox.bytes), (0, 0));
    bench.outbox.reserve(kept("more")).unwrap();
    let one = bench.outbox.held_slots().swap_remove(0);
    bench.outbox.released(&one);
    assert_eq!(bench.outbox.room_to_hold(), 1);
    bench.outbox.held_bytes = BYTES_MAX;
    assert_eq!(bench.outbox.room_to_hold(), 0);
}

#[test]
fn one_byte_more_than_the_limit_is_refused() {
    let mut bench = Bench::new();
    let mut large = kept("0");
    large.operation.body = "x".repeat((1 << 20) - OVERHEAD_BYTES);
    large.operation.title = String::new();
    for n in 0..256 {
        large.operation.id = id(&format!("e{n}"));
        bench.outbox.reserve(large.clone()).unwrap();
    }
    assert_eq!(bench.outbox.bytes, BYTES_MAX);
    let full = bench.outbox.reserve(kept("more")).unwrap_err();
    assert_eq!(full.bytes, BYTES_MAX);
    bench.outbox.not_kept(&id("e0"));
    bench.outbox.reserve(kept("more")).unwrap();
}

#[test]
fn what_a_crash_left_aside_is_removed() {
    let mut bench = Bench::new();
    bench.keep(&["a"]);
    for folder in ["outbox", "held"] {
        let torn = format!("{folder}/.000000000009-z.json.1-2.aside");
        fs::write(bench.path(&torn), "{\"form").unwrap();
    }
    let bench = bench.restarted();
    assert_eq!(bench.files("outbox"), ["000000000001-a.json"]);
    assert!(bench.files("held").is_empty());
    assert!(bench.unreadable.is_empty());
}

#[test]
fn a_newer_format_is_left_alone_and_reported() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b"]);
    bench.hold("b");
    for (name, from, to) in [
        (
            "outbox/000000000001-a.json",
            "\"format\":1,\"operation\"",
            "\"format\":9,\"operation\"",
        ),
        (
            "held/000000000002-b.json",
            "\"operation\":{\"format\":1",
            "\"operation\":{\"format\":9",
        ),
    ] {
        let text = fs::read_to_string(bench.path(name)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(bench.path(name), text.replace(from, to)).unwrap();
    }
    fs::write(
        bench.path("outbox/000000000007-new.json"),
        "{\"format\":2,\"bytes\":[]}",
    )
    .unwrap();
    let mut bench = bench.restarted();
    bench.check("a:- b:-");
    let why: HashSet<_> = bench
        .unreadable
        .iter()
        .map(|one| format!("{:?}", one.why))
        .collect();
    assert_eq!(bench.unreadable.len(), 3);
    assert_eq!(
        why,
        ["NewerFormat(9)", "NewerFormat(2)"]
            .map(String::from)
            .into()
    );
    assert!(bench.unreadable.iter().all(|one| one.path.is_file()));
    let shown = bench.unreadable[0].to_string();
    assert!(shown.ends_with("b.json: of the newer format 9"), "{shown}");
    // Its number is not given again.
    bench.keep(&["c"]);
    assert!(
        bench
            .files("outbox")
            .contains(&"000000000008-c.json".to_owned())
    );
}

#[test]
fn an_unreadable_file_is_set_aside_and_reported_and_never_lost() {
    for (name, text) in [
        ("000000000002-x.json", ""),
        (
            "000000000002-x.json",
            "{\"format\":1,\"operation\":{\"format\":1",
        ),
        ("000000000002-x.json", "{\"format\":1}"),
        ("000000000002-x.json", "[]"),
        ("notes.txt", "anything"),
        ("x.json", "{}"),
    ] {
        let mut bench = Bench::new();
        bench.keep(&["a"]);
        fs::write(bench.path("outbox").join(name), text).unwrap();
        let bench = bench.restarted();
        bench.check("a:waits");
        let path = bench.path("outbox/unreadable").join(name);
        let why = UnreadableWhy::Damaged;
        assert_eq!(
            bench.unreadable,
            [Unreadable {
                path: path.clone(),
                why
            }],
            "{name}"
        );
        assert_eq!(fs::read_to_string(path).unwrap(), text);
        // Another one of that name does not replace it.
        fs::write(bench.path("outbox").join(name), "other").unwrap();
        let bench = bench.restarted();
        assert_eq!(bench.unreadable.len(), 1);
        assert_eq!(
            bench.files("outbox/unreadable"),
            [name.to_owned(), format!("{name}.2")]
        );
        assert!(bench.restarted().unreadable.is_empty());
    }
}

#[test]
fn a_file_whose_name_is_not_its_own_is_set_aside() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b"]);
    let (from, to) = (
        bench.path("outbox/000000000002-b.json"),
        "outbox/000000000002-z.json",
    );
    fs::rename(from, bench.path(to)).unwrap();
    let bench = bench.restarted();
    bench.check("a:waits b:- z:-");
    assert_eq!(bench.files("outbox/unreadable"), ["000000000002-z.json"]);
}

#[test]
fn a_file_over_the_limit_is_set_aside() {
    let bench = Bench::new();
    let file = fs::File::create(bench.path("outbox/000000000001-a.json")).unwrap();
    file.set_len(files::FILE_BYTES_MAX + 1).unwrap();
    let bench = bench.restarted();
    assert_eq!(bench.unreadable.len(), 1);
    // The largest body that there can be fits.
    let mut bench = bench.restarted();
    let mut large = kept("b");
    large.operation.body = "\u{1}".repeat(1 << 20);
    let slot = bench.outbox.reserve(large).unwrap();
    assert!(bench.keeper.keep_all(&[slot])[0].is_ok());
    let mut bench = bench.restarted();
    assert_eq!(bench.pending(), "b");
    // And so does the largest edit by hand, which counts with its text.
    let before = bench.outbox.bytes;
    let mut edited = kept("c");
    edited.operation.edit = Some(HandEdit {
        creates: Some("\u{1}".repeat(EDITED_BYTES_MAX)),
        ..HandEdit::default()
    });
    let slot = bench.outbox.reserve(edited).unwrap();
    assert!(bench.outbox.bytes - before >= EDITED_BYTES_MAX);
    assert!(bench.keeper.keep_all(&[slot])[0].is_ok());
    assert_eq!(bench.restarted().pending(), "b c");
}

#[test]
fn a_damaged_answer_is_reported_and_the_others_count() {
    let mut bench = Bench::new();
    bench.keep(&["a", "b"]);
    bench.settle(&["a"], at(0));
    bench.settle(&["b"], at(0));
    let file = bench.path("answers/answers.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("{\"id\":\"a\"", "{\"id\":!", 1)).unwrap();
    let bench = bench.restarted();
    bench.check("a:- b:done");
    assert_eq!(bench.unreadable.len(), 1);
    assert!(bench.path("answers/answers.jsonl.damaged").is_file());
}

#[test]
fn an_attempt_that_cannot_be_taken_back_is_uncertain() {
    let mut bench = Bench::new();
    let slot = bench.outbox.reserve(kept("a")).unwrap();
    let error = || io::Error::from(io::ErrorKind::Other);
    let path = bench.path("outbox/000000000001-a.json");
    fs::write(&path, "x").unwrap();
    assert!(matches!(
        bench.keeper.take_back(&slot, error()),
        KeepError::NotDurable(_)
    ));
    assert!(!path.exists());
    assert!(matches!(
        bench.keeper.take_back(&slot, error()),
        KeepError::NotDurable(_)
    ));
    fs::create_dir(&path).unwrap();
    assert!(matches!(
        bench.keeper.take_back(&slot, error()),
        KeepError::Uncertain(_)
    ));
}

#[test]
fn any_thread_keeps_and_settles() {
    let mut bench = Bench::new();
    let slots: Vec<_> = (0..40)
        .map(|n| bench.outbox.reserve(kept(&format!("e{n}"))).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for slots in slots.chunks(10) {
            let (keeper, outbox) = (bench.keeper.clone(), &bench.outbox);
            scope.spawn(move || {
                assert!(keeper.keep_all(slots).iter().all(Result::is_ok));
                let done = slots[..5].iter().map(|slot| {
                    let id = slot.kept.operation.id.clone();
                    (id, written(""))
                });
                keeper.settle(&outbox.settling(done, at(0))).unwrap();
            });
        }
    });
    let bench = bench.restarted();
    assert_eq!(bench.outbox.pending().count(), 20);
    assert_eq!(bench.outbox.answers.len(), 20);
    let ids: HashSet<_> = bench
        .outbox
        .answers
        .iter()
        .map(|answer| Arc::clone(answer).id.clone())
        .collect();
    assert_eq!(ids.len(), 20);
}
