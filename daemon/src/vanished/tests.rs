//! What counts as vanished, what comes back, what is told, and the limits.

use repository::BlobId;

use super::*;
use crate::snapshot::Shown;

const TIP: &str = "0123456789abcdef0123456789abcdef01234567";

/// A topic and its entries: `id:body`, or a body alone.
type Thread<'a> = (&'a str, &'a [&'a str]);

fn base(threads: &[Thread<'_>]) -> Base {
    let threads = threads.iter().map(|(topic, entries)| {
        let mut text = format!("# {topic} — Thread\nStatus: OPEN\nBall: Team\n\n");
        for entry in *entries {
            let (id, body) = entry.split_once(':').unwrap_or(("", entry));
            text += "---\nEntry: Codex (bob) 2026-01-05T09:00:00Z\nTitle: T\n\n";
            text += &format!("{body}\n");
            if !id.is_empty() {
                text += &format!("<!-- Entry-ID: {id} -->\n");
            }
            text += "\n";
        }
        let shown = Shown::settled(BlobId::parse(TIP).unwrap(), text.as_bytes()).unwrap();
        let topic = Topic::of_file_name(&format!("{topic}.md")).unwrap();
        (topic, Arc::new(shown))
    });
    Base {
        tip: Tip::parse(TIP),
        threads: threads.collect(),
        ..Base::default()
    }
}

fn loss(before: &[Thread<'_>], after: &[Thread<'_>]) -> Option<Loss> {
    let (before, after) = (base(before), base(after));
    Loss::between(
        &before,
        &after,
        &crate::base::changed(&before, &after),
        false,
    )
}

/// What vanished, by topic.
fn check(before: &[Thread<'_>], after: &[Thread<'_>], expected: &[(&str, usize)]) {
    let found = loss(before, after).map_or_else(Vec::new, |loss| {
        let counts = loss.entries.iter().map(|(t, keys)| (t.clone(), keys.len()));
        counts.collect()
    });
    let found: Vec<(&str, usize)> = found.iter().map(|(t, n)| (t.as_str(), *n)).collect();
    assert_eq!(found, expected, "{before:?} to {after:?}");
}

#[test]
fn entries_vanish_by_id_and_by_content() {
    let two: &[_] = &["A:one", "B:two"];
    check(&[("plan", two)], &[("plan", two)], &[]);
    check(
        &[("plan", two)],
        &[("plan", &["B:two", "A:one", "C:three"])],
        &[],
    );
    check(&[("plan", two)], &[("plan", &["B:two"])], &[("plan", 1)]);
    check(&[("plan", two)], &[], &[("plan", 2)]);
    // Other words under the same ID: it was edited.
    check(&[("plan", two)], &[("plan", &["A:uno", "B:two"])], &[]);
    // Without an ID the words are all there is.
    check(&[("plan", &["one"])], &[("plan", &["one", "two"])], &[]);
    check(&[("plan", &["one"])], &[("plan", &["uno"])], &[("plan", 1)]);
    // Another name, or another thread.
    check(&[("plan", two)], &[("scheme", two)], &[]);
    check(
        &[("plan", two), ("b", &["D:d"])],
        &[("plan", &["B:two"]), ("b", &["D:d", "A:one"])],
        &[],
    );
    check(
        &[("b", &["D:d"]), ("plan", two)],
        &[("c", &["A:one"])],
        &[("b", 1), ("plan", 1)],
    );
}

#[test]
fn what_comes_back_is_told_no_more() {
    let both: &[Thread<'_>] = &[("b", &["D:d"]), ("plan", &["A:one", "B:two"])];
    let mut vanished = Vanished::default();
    vanished.found(loss(both, &[]).unwrap());
    let topics = |base: &Base| base.threads.keys().cloned().collect::<Vec<_>>();
    for (threads, returned, left) in [
        (&[("other", &["E:e"][..])][..], false, 1),
        (&[("plan", &["A:one"][..])], true, 1),
        (&[("scheme", &["B:two"])], true, 1),
        (&[("b", &["D:d"])], true, 0),
        (both, false, 0),
    ] {
        let base = base(threads);
        assert_eq!(vanished.returned(&base, &topics(&base)), returned);
        assert_eq!(vanished.losses.len(), left, "{threads:?}");
    }
    assert!(!vanished.seen_to());
    vanished.found(loss(both, &[]).unwrap());
    assert!(vanished.seen_to() && !vanished.seen_to());
}

#[test]
fn one_entry_of_ours_is_counted_once() {
    let id = EntryId::parse("A").unwrap();
    let topic = |name| Topic::parse(name).unwrap();
    let one = |name| Loss::of_one(Tip::parse(TIP).unwrap(), &topic(name), &id);
    assert_eq!((one("plan").len(), one("plan").rewritten), (1, false));
    let mut vanished = Vanished::default();
    assert!(!vanished.knows(&one("plan")));
    vanished.found(loss(&[("plan", &["A:one", "B:two"])], &[]).unwrap());
    assert!(vanished.knows(&one("plan")) && !vanished.knows(&one("other")));
}

fn of(topics: usize, entries: u64) -> Loss {
    let keys: BTreeSet<u64> = (0..entries).collect();
    Loss {
        tip: Tip::parse(TIP).unwrap(),
        rewritten: false,
        entries: (0..topics)
            .map(|n| (format!("t{n}"), keys.clone()))
            .collect(),
        beyond: 0,
    }
}

#[test]
fn limits_forget_the_oldest_and_keep_the_number() {
    let mut vanished = Vanished::default();
    for entries in 1..=LOSSES_MAX as u64 + 1 {
        vanished.found(of(1, entries));
    }
    assert_eq!(vanished.losses.len(), LOSSES_MAX);
    assert_eq!(vanished.losses[0].len(), 2);

    let most = ENTRIES_MAX as u64;
    vanished.found(of(1, most + 1));
    assert_eq!(vanished.losses.len(), 1, "by name are at most so many");
    assert_eq!(vanished.losses[0].len(), most + 1);
    assert!(vanished.losses[0].named_len() <= ENTRIES_MAX);
}

#[test]
fn a_person_is_told_how_many_and_how_to_see_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = repository::CloneConfig {
        directory: "threads".to_owned(),
        branch: None,
    };
    let clone = Clone::open(&folder.path().join("clone.git"), config).unwrap();
    let mut vanished = Vanished::default();
    assert_eq!(vanished.words("acme", &clone), None);
    vanished.found(of(1, 1));
    let (message, hint) = vanished.words("acme", &clone).unwrap();
    assert_eq!(
        message,
        "1 entry that stood on the remote is gone from it: t0 (1)."
    );
    let place = clone.path().display();
    let show = format!("git --git-dir {place} show {TIP}:threads/t0.md —");
    assert!(hint.contains(&show), "{hint}");
    assert!(
        hint.ends_with("watercooler sync --repository acme"),
        "{hint}"
    );

    vanished.found(Loss {
        rewritten: true,
        ..of(words::TOPICS_TOLD_MAX + 2, 3)
    });
    let (message, hint) = vanished.words("acme", &clone).unwrap();
    assert_eq!(
        message,
        "The remote's history was rewritten: 22 entries that stood on the remote are gone from it: \
         t0 (4), t1 (3), t2 (3), t3 (3), t4 (3), 2 more."
    );
    assert!(hint.contains("(1 older tips"), "{hint}");
}

#[test]
fn it_survives_in_a_file_and_the_newest_write_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = VanishedFile::in_folder(folder.path());
    assert_eq!(file.read(), Vanished::default());
    let mut vanished = Vanished::default();
    vanished.found(of(2, 2));
    file.write(&vanished, 2);
    file.write(&Vanished::default(), 1);
    assert_eq!(file.read().losses, vanished.losses);

    for other in ["", "{", "{\"format\":2,\"losses\":[]}"] {
        std::fs::write(folder.path().join("vanished.json"), other).unwrap();
        assert_eq!(file.read(), Vanished::default(), "{other}");
    }
}
