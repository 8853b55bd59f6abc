//! What a person saves becomes operations, undoes nobody's work and loses nothing.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use threads::apply::{Applied, apply, apply_all};
use threads::entry_id::EntryId;
use threads::hand_edit::HandEdit;
use threads::header::HeaderForm;
use threads::merge::{EDITED_BYTES_MAX, Kept, Merged, import};
use threads::operation::{Operation, Seen};
use threads::parse::parse;
use threads::timestamp::Timestamp;
use threads::topic::Topic;

use crate::generate::{File, START, file, write};

const CLASSIC: &str =
    "# t — Thread\nStatus: OPEN\nBall: Team\nTopic: t\nCreated: 2026-01-01T00:00:00Z\n";
const FRONT: &str =
    "---\ntopic: t\ntitle: T\nstatus: OPEN\nball: Team\nodd key:  x \n---\n\n# t — Thread\n";

fn entry(second: u32, body: &str, id: &str) -> String {
    let id = match id {
        "" => String::new(),
        id => format!("<!-- Entry-ID: {id} -->\n"),
    };
    format!("\n---\nEntry: Bob 2026-01-01T00:00:{second:02}Z\nTitle: T{second}\n\n{body}\n{id}")
}

fn minted() -> impl FnMut() -> EntryId {
    minted_from("M")
}

fn minted_from(prefix: &str) -> impl FnMut() -> EntryId + use<> {
    let (count, prefix) = (Cell::new(0), prefix.to_owned());
    move || {
        count.set(count.get() + 1);
        EntryId::parse(&format!("{prefix}{}", count.get())).unwrap()
    }
}

/// Of a thread of which nothing more is shown than the file has had.
fn merge(remembered: &[&[u8]], edited: &[u8], mint: impl FnMut() -> EntryId) -> Merged {
    threads::merge::merge(remembered, &[], edited, mint)
}

fn operation(merged: Merged, id: &str) -> Option<Operation> {
    Some(Operation::by_hand(
        merged.edit?,
        EntryId::parse(id).unwrap(),
        Topic::parse("t").unwrap(),
        "Human (alice)".to_owned(),
        Timestamp::from_unix_seconds(START),
        None,
    ))
}

/// The tip with the edit, twice put on and through its JSON once.
fn put(merged: &Merged, tip: &str) -> String {
    let Some(operation) = operation(merged.clone(), "E1") else {
        return tip.to_owned();
    };
    let json = serde_json::to_string(&operation).unwrap();
    let operation: Operation = serde_json::from_str(&json).unwrap();
    let file = (!tip.is_empty()).then_some(tip.as_bytes());
    match apply(&operation, file) {
        Applied::Present => tip.to_owned(),
        Applied::Changed(once) => {
            assert_eq!(
                apply(&operation, Some(&once)),
                Applied::Present,
                "{operation:?}"
            );
            String::from_utf8(once).unwrap()
        }
    }
}

#[track_caller]
fn check(remembered: &[&str], edited: &str, tip: &str, expected: &str, kept: &[Kept]) {
    let bytes: Vec<&[u8]> = remembered.iter().map(|text| text.as_bytes()).collect();
    let merged = merge(&bytes, edited.as_bytes(), minted());
    assert_eq!(merged.kept, kept, "{edited}");
    assert_eq!(put(&merged, tip), expected, "{edited}\n{merged:?}");
}

#[test]
fn what_was_seen_before_is_no_change() {
    for head in [CLASSIC, FRONT] {
        let (one, two, three) = (
            entry(1, "one", "A1"),
            entry(2, "two", ""),
            entry(3, "3", "A3"),
        );
        let old = format!("{head}{one}{two}");
        let new = format!("{old}{three}");
        let crlf = new.replace('\n', "\r\n");
        let marked = format!("\u{feff}{new}");
        let turned = format!("{head}{three}{two}{one}");
        for edited in [
            &new,
            &old,
            &crlf,
            &marked,
            &turned,
            "",
            "\n",
            &new[..new.len() - 30],
            &new[..20],
        ] {
            check(&[&old, &new], edited, &new, &new, &[]);
        }
    }
}

#[test]
fn a_change_is_made_where_it_was_seen_and_nothing_else_moves() {
    for end in ["\n", "\r\n"] {
        for head in [CLASSIC, FRONT] {
            let text = |parts: &[&str]| parts.concat().replace('\n', end);
            let (one, two, three) = (
                entry(1, "one", "A1"),
                entry(2, "two", ""),
                entry(3, "3", "A3"),
            );
            let other = one.replace("one", "```\nother");
            let base = text(&[head, &one, &two]);
            let tip = text(&[head, &one, &two, &three]);
            let fixed = two.replace("two", "too");
            check(
                &[&base],
                &text(&[head, &one, &fixed]),
                &tip,
                &text(&[head, &one, &fixed, &three]),
                &[],
            );
            let closed = head.replace("OPEN", "CLOSED");
            check(
                &[&base],
                &text(&[&closed, &one, &two]),
                &tip,
                &text(&[&closed, &one, &two, &three]),
                &[],
            );
            let named = head.replace("# t", "# name");
            check(
                &[&base],
                &text(&[&named, &one, &two]),
                &tip,
                &text(&[&named, &one, &two, &three]),
                &[],
            );
            check(
                &[&base],
                &text(&[head, &two]),
                &tip,
                &text(&[head, &two, &three]),
                &[],
            );
            // A fence that was left open swallows what follows.
            check(
                &[&base],
                &text(&[head, &other, &two]),
                &tip,
                &put(
                    &merge(
                        &[base.as_bytes()],
                        text(&[head, &other, &two]).as_bytes(),
                        minted(),
                    ),
                    &tip,
                ),
                &[],
            );
        }
    }
}

#[test]
fn what_both_changed_is_kept_twice() {
    let (one, two) = (entry(1, "one", "A1"), entry(2, "two", "A2"));
    let base = format!("{CLASSIC}{one}{two}");
    let ours = base.replace("one", "one of ours");
    let theirs = base.replace("one", "one of theirs");
    let both = format!("{theirs}{}", one.replace("one", "one of ours"));
    check(&[&base], &ours, &theirs, &both, &[]);
    let shown = parse(both.as_bytes()).0;
    assert!(
        shown
            .newest()
            .unwrap()
            .id
            .as_ref()
            .unwrap()
            .as_str()
            .starts_with("A1~")
    );
    // One of the two is edited, or taken out.
    let fixed = both.replace("one of ours", "one of ours, fixed");
    check(&[&base, &both], &fixed, &both, &fixed, &[]);
    let last = format!("{both}{}", entry(9, "last", "A9"));
    check(
        &[&base, &last],
        &last.replace(&one.replace("one", "one of ours"), ""),
        &last,
        &last.replace(&one.replace("one", "one of ours"), ""),
        &[],
    );
    // Somebody else took it out; ours is not lost.
    check(
        &[&base],
        &ours,
        &format!("{CLASSIC}{two}"),
        &format!("{CLASSIC}{two}{}", one.replace("one", "one of ours")),
        &[],
    );
    // What they changed is not deleted, and keeps its field.
    check(&[&base], &format!("{CLASSIC}{two}"), &theirs, &theirs, &[]);
    let closed = base.replace("OPEN", "CLOSED");
    let merged = base.replace("OPEN", "MERGED");
    check(&[&base], &closed, &merged, &merged, &[]);
    // An old buffer with a change of its own does not undo theirs.
    check(
        &[&base, &theirs],
        &base.replace("two", "2"),
        &theirs,
        &theirs.replace("two", "2"),
        &[],
    );
    check(&[&base, &theirs], &ours, &theirs, &both, &[]);
}

#[test]
fn new_entries_get_an_id_and_keep_their_words() {
    let base = format!("{FRONT}{}", entry(1, "one", "A1"));
    let odd = entry(3, "typed", "").replace("Title: T3", "Role:  Chief\nTitle: T3");
    let tip = format!("{base}{}", entry(2, "two", "A2"));
    check(
        &[&base],
        &format!("{base}{odd}"),
        &tip,
        &format!("{tip}{odd}<!-- Entry-ID: M1 -->\n"),
        &[],
    );
    let own = entry(4, "own", "P-4");
    check(
        &[&base, &tip],
        &format!("{base}{own}"),
        &tip,
        &format!("{tip}{own}"),
        &[],
    );
    // The same buffer once more, in which it has no ID.
    let typed = format!("{base}{odd}");
    let known = format!("{typed}<!-- Entry-ID: M1 -->\n");
    check(&[&base, &typed, &known], &typed, &known, &known, &[]);
    check(
        &[&base, &typed, &known],
        &typed.replace("typed", "typed on"),
        &known,
        &known.replace("typed", "typed on"),
        &[],
    );
    let new = format!("{CLASSIC}{}{own}", entry(2, "new", ""));
    let with_id = format!("{CLASSIC}{}{own}", entry(2, "new", "M1"));
    check(&[], &new, "", &with_id, &[]);
    check(&[], "# README\n\nno thread\n", "", "", &[]);
    // Somebody has made it meanwhile.
    check(
        &[],
        &new,
        &base,
        &format!("{base}{}{own}", entry(2, "new", "M1")),
        &[],
    );
}

#[test]
fn absence_proves_little() {
    let (one, two, three) = (
        entry(1, "one", "A1"),
        entry(2, "two", "A2"),
        entry(3, "3", "A3"),
    );
    let base = format!("{CLASSIC}{one}{two}{three}");
    check(&[&base], &format!("{CLASSIC}{one}{two}"), &base, &base, &[]);
    check(&[&base], CLASSIC, &base, &base, &[]);
    check(
        &[&base],
        &format!("{CLASSIC}{one}{three}"),
        &base,
        &format!("{CLASSIC}{one}{three}"),
        &[],
    );
    let old = format!("{CLASSIC}{one}{two}");
    let stale = format!("{CLASSIC}{two}{}", entry(4, "4", "A4"));
    check(
        &[&old, &base],
        &stale,
        &base,
        &format!("{base}{}", entry(4, "4", "A4")),
        &[],
    );
    // Half of a file whose entries were turned round.
    check(
        &[&base],
        &format!("{CLASSIC}{three}{one}"),
        &base,
        &base,
        &[],
    );
    check(
        &[&base],
        &base.replace("Ball: Team\n", ""),
        &base,
        &base,
        &[],
    );
}

#[test]
fn what_may_be_a_slip_is_kept() {
    let base = format!(
        "{CLASSIC}{}{}",
        entry(1, "one", "A1"),
        entry(2, "two", "A2")
    );
    let slip = |edited: &str, why: Kept| check(&[&base], edited, &base, &base, &[why]);
    slip(
        &base.replace("one", "<<<<<<< ours\n1\n=======\none\n>>>>>>> theirs"),
        Kept::ConflictMarkers,
    );
    slip(
        &base.replace("one\n<!-- Entry-ID: A1 -->", "one more"),
        Kept::HalfWritten,
    );
    slip(
        &base.replace("Entry: Bob 2026-01-01T00:00:02Z", "Entr"),
        Kept::HalfWritten,
    );
    slip(&base.replace("one", "```\none"), Kept::HalfWritten);
    slip(
        &base.replacen("\n\n---", "\n\nloose\n\n---", 1),
        Kept::LooseText,
    );
    slip(&base.replace("one", "o\0ne"), Kept::NoText);
    slip(
        &base.replace("one", &"1".repeat(EDITED_BYTES_MAX)),
        Kept::TooLong,
    );
    // The rest of the same save is merged.
    let long = entry(8, &"1".repeat(EDITED_BYTES_MAX / 2), "L8");
    let longer = long.replace("L8", "L9");
    check(
        &[&base],
        &format!("{base}{long}{longer}"),
        &base,
        &format!("{base}{long}"),
        &[Kept::TooLong],
    );
    assert_eq!(
        merge(
            &[],
            &[b"Entry: A 2026-01-01T00:00:00Z\n".as_slice(), b"\xff"].concat(),
            minted()
        )
        .kept,
        [Kept::NoText]
    );
}

#[test]
fn what_is_shown_is_no_new_entry_though_the_file_never_had_it() {
    let (one, typed) = (entry(1, "one", "A1"), entry(2, "typed", ""));
    let base = format!("{CLASSIC}{one}");
    // A daemon that was killed has kept the first entry, and not that the file had it.
    let shown = format!("{base}{typed}<!-- Entry-ID: M7 -->\n");
    let more = entry(3, "more", "");
    let edited = format!("{base}{typed}{more}");
    let expected = format!("{shown}{more}<!-- Entry-ID: M1 -->\n");
    for remembered in [&[base.as_bytes()][..], &[]] {
        let merged =
            threads::merge::merge(remembered, shown.as_bytes(), edited.as_bytes(), minted());
        assert_eq!(merged.kept, []);
        assert_eq!(put(&merged, &shown), expected);
        // What is shown and the file never had is not taken out by it.
        let stale = format!("{base}{more}");
        let merged =
            threads::merge::merge(remembered, shown.as_bytes(), stale.as_bytes(), minted());
        assert_eq!(put(&merged, &shown), expected);
    }
}

#[test]
fn a_stale_buffer_after_a_deletion_of_ones_own_undoes_nobodys_words() {
    let (one, two) = (entry(1, "one", "A1"), entry(2, "two", "A2"));
    let start = format!("{CLASSIC}{one}{two}{}", entry(3, "three", "A3"));
    // The deletion came to nothing, since the entry had changed meanwhile.
    let without = start.replace(&two, "");
    let theirs = start.replace("two", "theirs two");
    let expected = format!("{theirs}{}", two.replace("two", "ours two"));
    check(
        &[&start, &without, &theirs],
        &start.replace("two", "ours two"),
        &theirs,
        &expected,
        &[],
    );
}

#[test]
fn a_fence_that_somebody_opened_is_part_of_its_entry() {
    let open = "Entry: Bob 2026-01-01T00:00:01Z\nTitle: x\n<!-- Entry-ID: B -->\n```\n<!-- fence closed -->\n";
    let raw = |text: &str| parse(text.as_bytes()).0.entries()[0].raw().to_vec();
    let alone = raw(open);
    assert!(alone.ends_with(b"```\n<!-- fence closed -->"));
    // Where ours is put behind it, the entry stays the same.
    assert_eq!(raw(&format!("{open}```\n<!-- fence closed -->\n")), alone);
    let short = &open[..open.len() - "```\n<!-- fence closed -->\n".len()];
    let merged = merge(
        &[],
        format!("{short}{}", entry(2, "two", "A2")).as_bytes(),
        minted(),
    );
    put(&merged, open);
}

#[test]
fn a_field_that_needs_another_one_first_is_put_in_at_once() {
    let two = entry(2, "two", "A2");
    let base = two.trim_start();
    let merged = merge(
        &[base.as_bytes()],
        format!("{CLASSIC}{}", two.replace("two", "too")).as_bytes(),
        minted(),
    );
    // The rule before the entry closes what was no header until then.
    for tip in ["---\ntopic: t\n---Entry:\n", "", "Odd: x\n", base] {
        put(&merged, tip);
    }
}

/// The tip with an imported thread, twice put on.
fn imported(file: &str, tip: Option<&str>) -> (usize, String) {
    let edits: Vec<HandEdit> = import(file.as_bytes(), minted());
    let all = edits.iter().map(|edit| Merged {
        edit: Some(edit.clone()),
        kept: Vec::new(),
    });
    let text = all.fold(tip.unwrap_or_default().to_owned(), |tip, merged| {
        put(&merged, &tip)
    });
    (edits.len(), text)
}

#[test]
fn an_imported_thread_is_the_same_or_joins_the_one_that_is_there() {
    let (one, two) = (entry(1, "one", "A1"), entry(2, "two", "A2"));
    let file = format!("{CLASSIC}{one}{two}");
    assert_eq!(imported(&file, None), (1, file.clone()));
    let there = format!("{FRONT}{}{one}", entry(7, "there", "T7"));
    assert_eq!(imported(&file, Some(&there)), (1, format!("{there}{two}")));
    assert_eq!(import(b"# README\n", minted()), []);
    // One that is longer than an edit is brought by several.
    let long: Vec<String> = (0..9)
        .map(|number| {
            entry(
                number,
                &"x".repeat(EDITED_BYTES_MAX / 5),
                &format!("L{number}"),
            )
        })
        .collect();
    let file = format!("{FRONT}{}", long.concat());
    assert_eq!(imported(&file, None), (3, file.clone()));
    assert_eq!(imported(&file, Some(&file)), (3, file));
}

#[test]
fn commits_name_the_edit() {
    let base = format!("{CLASSIC}{}", entry(1, "one", "A1"));
    let of = |remembered: &[&[u8]]| {
        let merged = merge(remembered, base.replace("one", "1").as_bytes(), minted());
        operation(merged, "E7").unwrap().commit_message()
    };
    assert_eq!(
        of(&[base.as_bytes()]),
        "Human (alice): Edited by hand (t)\n\nWatercooler-Topic: t\nWatercooler-Operation: edit E7\n"
    );
    assert!(of(&[]).ends_with("Watercooler-Operation: create E7\n"));
}

/// One step of a person at a buffer.
#[derive(Debug, Clone)]
enum Step {
    Add(bool),
    Change(usize),
    Delete(usize),
    Swap,
    Cut(usize),
    Status(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<bool>().prop_map(Step::Add),
        3 => (0..9_usize).prop_map(Step::Change),
        1 => (0..9_usize).prop_map(Step::Delete),
        1 => Just(Step::Swap),
        1 => (0..99_usize).prop_map(Step::Cut),
        1 => (0..3_usize).prop_map(Step::Status),
    ]
}

/// The buffer after a step; every word that is written has the `mark` and is in `written`.
fn edited(
    text: &str,
    step: &Step,
    mark: &str,
    written: &mut Vec<String>,
    deleted: &mut Vec<String>,
) -> String {
    let parts: Vec<String> = text.split("\n---\nEntry: ").map(str::to_owned).collect();
    let (head, mut entries) = (parts[0].clone(), parts[1..].to_vec());
    let len = entries.len().max(1);
    let mut head = head;
    match step {
        Step::Add(with_id) => {
            let id = if *with_id {
                format!("<!-- Entry-ID: I{mark} -->\n")
            } else {
                String::new()
            };
            entries.push(format!(
                "Bob {mark} 2026-01-02T00:00:00Z\nTitle: {mark}\n\nw{mark}w\n{id}"
            ));
            written.push(format!("w{mark}w"));
        }
        Step::Change(at) => {
            // Half an entry has no body yet.
            if let Some(entry) = entries
                .get_mut(at % len)
                .filter(|entry| entry.contains("\n\n"))
            {
                *entry = entry.replacen("\n\n", &format!("\n\nw{mark}w "), 1);
                written.push(format!("w{mark}w"));
            }
        }
        Step::Delete(at) => {
            if at % len < entries.len() {
                deleted.push(entries.remove(at % len));
            }
        }
        Step::Swap => entries.reverse(),
        Step::Cut(part) => {
            let mut end = text.len() * part / 100;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            return text[..end].to_owned();
        }
        Step::Status(at) => {
            head = head
                .lines()
                .map(|line| {
                    if line.starts_with("Status") {
                        format!("Status: {}\n", ["OPEN", "DONE", "IN_REVIEW"][*at])
                    } else {
                        format!("{line}\n")
                    }
                })
                .collect();
            return head.trim_end_matches('\n').to_owned()
                + "\n"
                + &entries
                    .iter()
                    .map(|entry| format!("\n---\nEntry: {entry}"))
                    .collect::<String>();
        }
    }
    head + &entries
        .iter()
        .map(|entry| format!("\n---\nEntry: {entry}"))
        .collect::<String>()
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn scripts_of_two_people_lose_nothing(
        steps in prop::collection::vec((0..2_usize, step(), 0..3_usize, prop::bool::weighted(0.2)), 1..12),
        crlf in any::<bool>(),
    ) {
        let start = format!("{CLASSIC}{}{}{}", entry(1, "wonew", "A1"), entry(2, "wtwow", "A2"), entry(3, "wthreew", "A3"));
        // Each has a replica that shows the tip when they look at it.
        let mut tip = start.clone();
        let mut seen = [vec![start.clone()], vec![start.clone()]];
        let mut written = vec!["wonew".to_owned(), "wtwow".to_owned(), "wthreew".to_owned()];
        let mut deleted = Vec::new();
        let mut beside = Vec::new();
        let mut operations = Vec::new();
        let mut left = [None, None];
        for (turn, (who, step, behind, killed)) in steps.iter().enumerate() {
            let mine = &mut seen[*who];
            let at = mine.len().saturating_sub(1 + behind);
            let mark = format!("{who}x{turn}");
            let buffer = left[*who].take().unwrap_or_else(|| mine[at].clone());
            let mut text = edited(&buffer, step, &mark, &mut written, &mut deleted);
            if crlf && *who == 1 {
                text = text.replace('\n', "\r\n");
            }
            let versions: Vec<&[u8]> = mine.iter().map(|text| text.as_bytes()).collect();
            let mint = minted_from(&format!("M{mark}-"));
            let merged = threads::merge::merge(&versions, tip.as_bytes(), text.as_bytes(), mint);
            if !merged.kept.is_empty() {
                beside.push(text.clone());
            }
            if let Some(operation) = operation(merged, &format!("E{turn}")) {
                if let Applied::Changed(changed) = apply(&operation, Some(tip.as_bytes())) {
                    prop_assert_eq!(apply(&operation, Some(&changed)), Applied::Present);
                    tip = String::from_utf8(changed).unwrap();
                }
                operations.push(operation);
            }
            // Half of a file that was turned round, of which nobody knows, cannot be told from a
            // deletion; nor what is written on behind half of one from a change.
            if *killed && !matches!(step, Step::Swap | Step::Cut(_)) {
                // What is durable is shown again, and nobody knows that the file had it. The person
                // goes on with the file as they left it.
                left[*who] = Some(text.replace("\r\n", "\n"));
                continue;
            }
            mine.push(text.replace("\r\n", "\n"));
            mine.push(tip.clone());
        }
        let all = format!("{tip}{}{}", beside.concat(), deleted.concat());
        let (thread, _) = parse(tip.as_bytes());
        let mut ids: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
        for entry in thread.entries() {
            let plain = |id: &EntryId| id.as_str().split('~').next().map(str::to_owned);
            let said = format!("{} {}", entry.title, entry.body());
            ids.entry(said).or_default().insert(entry.id.as_ref().and_then(plain));
        }
        for (said, ids) in ids {
            prop_assert!(ids.len() == 1, "{} is doubled\n{}", said, tip);
        }
        for word in &written {
            prop_assert!(all.contains(word.as_str()), "{} is lost\n{}", word, tip);
        }
        for id in ["A1", "A2", "A3"] {
            let is_there = tip.contains(&format!("Entry-ID: {id} "));
            prop_assert!(is_there || deleted.iter().any(|entry| entry.contains(&format!("Entry-ID: {id} "))), "{id}\n{tip}");
        }
        // Another replica that takes all at once comes to the same file.
        let other = apply_all(&operations, Some(start.into_bytes()));
        prop_assert_eq!(other.map(|bytes| String::from_utf8(bytes).unwrap()), Some(tip));
    }

    #[test]
    fn any_bytes_are_merged_with_any(File(one) in file(), File(two) in file(), File(tip) in file(), say in write()) {
        prop_assert!(merge(&[&one], &one, minted()).is_nothing());
        prop_assert!(merge(&[&one, &two], &one, minted()).is_nothing());
        for remembered in [&[][..], &[one.as_slice()]] {
            if let Some(operation) = operation(merge(remembered, &two, minted()), "E1") {
                let said = say.operation(7, HeaderForm::Classic, Seen::default());
                for start in [None, Some(tip.clone()), Some(one.clone())] {
                    let once = apply_all([&operation, &said], start.clone());
                    let twice = apply_all([&operation, &operation, &said], start);
                    prop_assert_eq!(once, twice);
                }
            }
        }
    }
}
