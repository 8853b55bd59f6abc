//! Edits by hand: a commit names them by a trailer, and by that alone they are known again.

use std::slice;

use threads::entry_id::EntryId;
use threads::hand_edit::HandEdit;
use threads::merge::merge;
use threads::operation::Operation;
use threads::timestamp::Timestamp;

use crate::bench::{Bench, author, count, operation, tip};
use crate::push::push_until_taken;

/// What a person's new text of the file `alpha.md` comes to, made on the branch's tip.
fn edit(bench: &Bench, number: u32, change: impl Fn(&str) -> String) -> Operation {
    let base = bench.file("main", "alpha.md");
    let mint = || EntryId::parse("01JGTMINTED").unwrap();
    let merged = merge(&[base.as_bytes()], &[], change(&base).as_bytes(), mint);
    Operation::by_hand(
        merged.edit.expect("it is another text"),
        EntryId::parse(&format!("01JGTEDIT{number}")).unwrap(),
        operation("alpha", 1).topic,
        "Human (alice)".to_owned(),
        Timestamp::from_unix_seconds(1_767_700_000),
        Some(bench.git("rev-parse main")),
    )
}

#[test]
fn an_edit_is_one_commit_and_is_not_put_on_again_by_what_undid_it() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let said = [1, 2, 3].map(|number| operation("alpha", number));
    push_until_taken(&clone, &bench.remote(), &said);
    let changed = edit(&bench, 1, |text| text.replace("Body 1", "Other words 1"));
    push_until_taken(&clone, &bench.remote(), slice::from_ref(&changed));
    let trailers = bench.git("log -1 --format=%(trailers:only) main");
    assert_eq!(
        trailers.trim(),
        "Watercooler-Topic: alpha\nWatercooler-Operation: edit 01JGTEDIT1"
    );
    assert!(bench.file("main", "alpha.md").contains("Other words 1"));

    // Somebody undoes it before its maker has heard of the push.
    let undone = bench
        .file("main", "alpha.md")
        .replace("Other words 1", "Body 1");
    bench.commit("main", &[("alpha.md", Some(&undone))]);
    let pushed = push_until_taken(&clone, &bench.remote(), slice::from_ref(&changed));
    assert_eq!(pushed.present, slice::from_ref(&changed.id));
    assert!(!bench.file("main", "alpha.md").contains("Other words 1"));

    // A new one, while another entry comes in.
    let again = edit(&bench, 2, |text| text.replace("Body 2", "Other words 2"));
    let more = operation("alpha", 4);
    let other = bench.clone("other");
    other.fetch(&bench.remote()).unwrap();
    push_until_taken(&other, &bench.remote(), slice::from_ref(&more));
    push_until_taken(&clone, &bench.remote(), &[again]);
    let text = bench.file("main", "alpha.md");
    assert!(
        text.contains("Other words 2") && text.contains("Body 1"),
        "{text}"
    );
    for operation in said.iter().chain([&more]) {
        assert_eq!(count(&text, operation), 1);
    }
    bench.check_sound("clone");
}

#[test]
fn an_entry_that_was_said_and_taken_out_stays_out() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let said = [1, 2].map(|number| operation("alpha", number));
    push_until_taken(&clone, &bench.remote(), &said);
    let gone = edit(&bench, 1, |text| {
        let (head, entries) = text.split_once("---\nEntry:").expect("the first entry");
        let (_, last) = entries.split_once("---\nEntry:").expect("the second");
        format!("{head}---\nEntry:{last}")
    });
    let all = [said[0].clone(), said[1].clone(), gone];
    for _ in 0..2 {
        push_until_taken(&clone, &bench.remote(), &all);
        let text = bench.file("main", "alpha.md");
        assert_eq!((count(&text, &said[0]), count(&text, &said[1])), (0, 1));
        assert_eq!(bench.git("rev-list --count main"), "3");
    }
    let ids = clone.ids_since(None, &tip(&bench.git("rev-parse main")));
    assert_eq!(ids.unwrap().len(), 3);
}

#[test]
fn an_edit_of_a_thread_that_is_gone_ends() {
    let bench = Bench::new();
    let clone = bench.clone("clone");
    let said = [1, 2].map(|number| operation("alpha", number));
    push_until_taken(&clone, &bench.remote(), &said);
    let closed = edit(&bench, 1, |text| {
        text.replace("status: OPEN", "status: DONE")
    });
    let changed = edit(&bench, 2, |text| text.replace("Body 1", "Other words"));
    bench.commit("main", &[("alpha.md", None), ("readme.txt", Some("x"))]);
    let pushed = push_until_taken(&clone, &bench.remote(), &[closed.clone(), changed]);
    assert_eq!(pushed.present, slice::from_ref(&closed.id));
    assert!(bench.file("main", "alpha.md").contains("Other words"));

    // In a branch that holds nothing.
    let local = bench.clone("local");
    let tip = local.commit_local(&[closed], &author()).unwrap();
    assert_eq!(tip, None);
}

#[test]
fn a_renamed_thread_takes_along_what_came_meanwhile() {
    let bench = Bench::new();
    let (clone, other) = (bench.clone("clone"), bench.clone("other"));
    let said = [1, 2, 3].map(|number| operation("alpha", number));
    push_until_taken(&clone, &bench.remote(), &said[..1]);
    let renamed = Operation::by_hand(
        HandEdit {
            moved_from: Some(operation("alpha", 1).topic),
            ..HandEdit::default()
        },
        EntryId::parse("01JGTRENAME").unwrap(),
        operation("beta", 1).topic,
        "Human (alice)".to_owned(),
        Timestamp::from_unix_seconds(1_767_700_000),
        Some(bench.git("rev-parse main")),
    );
    other.fetch(&bench.remote()).unwrap();
    push_until_taken(&other, &bench.remote(), &said[1..2]);
    // One push takes the rename and what is written under the new name.
    let more = operation("beta", 4);
    push_until_taken(&clone, &bench.remote(), &[renamed.clone(), more.clone()]);
    assert_eq!(bench.git("ls-tree --name-only main"), "beta.md");
    let beta = bench.file("main", "beta.md");
    for operation in [&said[0], &said[1], &more] {
        assert_eq!(count(&beta, operation), 1, "{beta}");
    }
    let trailers = bench.git("log -1 --skip=1 --format=%(trailers:only) main");
    assert!(trailers.contains("Watercooler-Operation: rename 01JGTRENAME"));

    // Where both names are taken, each entry stands once; put on again, it moves nothing.
    let text = format!("{beta}\n");
    bench.commit("main", &[("alpha.md", Some(&text))]);
    clone.fetch(&bench.remote()).unwrap();
    push_until_taken(&clone, &bench.remote(), slice::from_ref(&renamed));
    assert_eq!(bench.git("ls-tree --name-only main"), "alpha.md\nbeta.md");
    let again = Operation {
        id: EntryId::parse("01JGTAGAIN").unwrap(),
        ..renamed
    };
    push_until_taken(&clone, &bench.remote(), slice::from_ref(&again));
    assert_eq!(bench.git("ls-tree --name-only main"), "beta.md");
    let beta = bench.file("main", "beta.md");
    assert_eq!(count(&beta, &said[0]), 1, "{beta}");
    bench.check_sound("clone");
}
