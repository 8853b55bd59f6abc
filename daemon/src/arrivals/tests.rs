//! Arrivals: numbered once, kept, never skipped, whatever ends the daemon.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::snapshot::Mark;

const NOW: Time = Time::Now(1_000);

fn topic(name: &str) -> Topic {
    Topic::parse(name).unwrap()
}

/// A thread of entries with these keys.
fn thread(keys: &[u64]) -> Summary {
    let (thread, _) = threads::parse::parse(b"");
    let mark = |key: &u64| Mark {
        key: *key,
        author: 0,
        at: u32::try_from(*key).unwrap(),
    };
    Summary {
        title: String::new(),
        status: "OPEN".into(),
        ball: String::new(),
        form: thread.form(),
        closed: false,
        updated: None,
        entries: keys.iter().map(mark).collect(),
        authors: vec!["Claude (alice)".into()],
        newest: None,
        newest_title: String::new(),
    }
}

fn take(arrivals: &Arrivals, keys: &[u64], time: Time) -> Vec<u64> {
    let (topic, thread) = (topic("t"), thread(keys));
    let new = arrivals.take([(&topic, &thread)], time);
    new.iter().map(|each| each.key).collect()
}

fn keys_after(arrivals: &Arrivals, number: u64) -> Vec<u64> {
    let kept = arrivals.between(number, u64::MAX);
    kept.iter().map(|each| each.key).collect()
}

#[test]
fn an_entry_arrives_once_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    assert_eq!(take(&arrivals, &[1, 2], NOW), [1, 2]);
    assert_eq!(take(&arrivals, &[3, 2, 1, 4], NOW), [3, 4]);
    assert_eq!(take(&arrivals, &[4], NOW), [0_u64; 0]);
    assert_eq!(take(&arrivals, &[1, 2, 3, 4], NOW), [0_u64; 0]);
    assert_eq!(keys_after(&arrivals, 0), [1, 2, 3, 4]);
    assert_eq!(keys_after(&arrivals, 3), [4]);
    let some = arrivals.between(1, 3);
    assert_eq!(some.iter().map(|each| each.key).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn entries_that_are_the_same_in_everything_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    let (one, other) = (topic("one"), topic("other"));
    let twice = thread(&[7, 7]);
    let new = arrivals.take([(&one, &twice), (&other, &twice)], NOW);
    assert_eq!(new.len(), 4);
    let places: Vec<_> = new.iter().map(|each| each.place_in(&twice)).collect();
    assert_eq!(places, [Some(0), Some(1), Some(0), Some(1)]);
    assert_eq!(new[1].place_in(&thread(&[7])), None);
}

#[test]
fn what_stood_there_at_first_is_in_the_order_of_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    assert_eq!(
        take(&arrivals, &[30, 10, 2_000, 20], Time::Early(1_000)),
        [10, 20, 30, 2_000]
    );
    let at: Vec<_> = arrivals
        .between(0, u64::MAX)
        .iter()
        .map(|each| (each.at, each.early))
        .collect();
    assert_eq!(at, [(10, true), (20, true), (30, true), (1_000, true)]);
}

#[test]
fn a_restart_keeps_the_log_and_gives_no_number_twice() {
    let folder = tempfile::tempdir().unwrap();
    let first = Arrivals::open(folder.path());
    take(&first, &[1, 2], NOW);
    first.flush();
    take(&first, &[1, 2, 3], NOW);
    let held = first.bounds().last;
    // Killed: the third is not on the disk.
    let second = Arrivals::open(folder.path());
    assert_eq!(second.bounds().log, first.bounds().log);
    assert_eq!(take(&second, &[1, 2, 3], NOW), [3]);
    assert_eq!(keys_after(&second, held), [3]);
    second.close();
    let third = Arrivals::open(folder.path());
    assert_eq!(take(&third, &[1, 2, 3], NOW), [0_u64; 0]);
    assert_eq!(keys_after(&third, 0), [1, 2, 3]);
}

#[test]
fn nothing_is_written_by_a_log_that_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let old = Arrivals::open(folder.path());
    old.close();
    let new = Arrivals::open(folder.path());
    take(&old, &[1], NOW);
    old.flush();
    assert_eq!(take(&new, &[1], NOW), [1]);
    new.close();
    assert_eq!(keys_after(&Arrivals::open(folder.path()), 0), [1]);
}

#[test]
fn a_log_that_is_lost_or_torn_begins_anew_under_another_name() {
    fn check(spoil: impl Fn(&Path), is_same: bool) {
        let folder = tempfile::tempdir().unwrap();
        let before = Arrivals::open(folder.path());
        take(&before, &[1], NOW);
        before.close();
        spoil(folder.path());
        let after = Arrivals::open(folder.path());
        assert_eq!(after.bounds().log == before.bounds().log, is_same);
        assert_eq!(take(&after, &[1], NOW).is_empty(), is_same);
    }
    let journal = "arrivals.jsonl";
    check(|_| (), true);
    check(
        |folder| std::fs::remove_file(folder.join(journal)).unwrap(),
        false,
    );
    check(
        |folder| std::fs::write(folder.join(journal), "{}\n{\"head\":1}\n").unwrap(),
        false,
    );
    let torn = |folder: &Path| {
        let mut bytes = std::fs::read(folder.join(journal)).unwrap();
        bytes.extend(b"{\"arrival\":{\"n\":");
        std::fs::write(folder.join(journal), bytes).unwrap();
    };
    check(torn, true);
}

#[test]
fn what_is_kept_has_its_limit_and_what_was_known_stays_known() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    let many: Vec<u64> = (1..=ARRIVALS_MAX as u64 + 5).collect();
    assert_eq!(take(&arrivals, &many, NOW).len(), many.len());
    assert_eq!(arrivals.between(0, u64::MAX).len(), ARRIVALS_MAX);
    assert_eq!(arrivals.bounds().dropped, 5);
    arrivals.close();
    let again = Arrivals::open(folder.path());
    assert_eq!(again.bounds().dropped, 5);
    assert_eq!(take(&again, &many, NOW), [0_u64; 0]);
    let more: Vec<u64> = (20_000..20_003).collect();
    take(&again, &more, NOW);
    assert_eq!(again.bounds().dropped, 8);
    again.close();
    let last = Arrivals::open(folder.path());
    assert_eq!(
        (last.bounds().dropped, last.between(0, u64::MAX).len()),
        (8, ARRIVALS_MAX)
    );
    assert_eq!(take(&last, &many, NOW), [0_u64; 0]);
}

#[test]
fn the_journal_is_written_anew_before_it_grows_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    for round in 0..4_u64 {
        let begin = 1 + round * ARRIVALS_MAX as u64;
        let keys: Vec<u64> = (begin..begin + ARRIVALS_MAX as u64).collect();
        take(&arrivals, &keys, NOW);
        arrivals.flush();
    }
    let journal = std::fs::read_to_string(folder.path().join("arrivals.jsonl")).unwrap();
    assert!(journal.lines().count() <= 2 * ARRIVALS_MAX);
    assert_eq!(take(&Arrivals::open(folder.path()), &[1], NOW), [0_u64; 0]);
}

#[test]
fn a_time_finds_the_first_that_arrived_then_or_later() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    assert_eq!(arrivals.first_since(0), None);
    take(&arrivals, &[10, 30], Time::Early(1_000));
    take(&arrivals, &[10, 30, 5], NOW);
    let found = [0, 10, 11, 31, 1_000, 1_001].map(|time| arrivals.first_since(time));
    assert_eq!(found, [Some(1), Some(1), Some(2), Some(3), Some(3), None]);
}

#[test]
fn what_was_gone_when_all_was_written_anew_arrives_again() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    let topic = topic("t");
    let many: Vec<u64> = (1..=ARRIVALS_MAX as u64 + 5).collect();
    take(&arrivals, &many, NOW);
    arrivals.begin();
    let last = *many.last().unwrap();
    arrivals.forget([(&topic, &thread(&[1, last]), None)]);
    // Too much for steps: the file is written whole.
    arrivals.close();
    let again = Arrivals::open(folder.path());
    assert!(again.bounds().begun);
    assert_eq!(take(&again, &many, NOW), [1, last]);
}

#[test]
fn an_entry_that_was_gone_arrives_again() {
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::open(folder.path());
    let (topic, whole, less) = (topic("t"), thread(&[1, 2, 2]), thread(&[2]));
    take(&arrivals, &[1, 2, 2], NOW);
    arrivals.forget([(&topic, &whole, Some(&less))]);
    assert_eq!(take(&arrivals, &[2, 2, 1], NOW), [2, 1]);
    arrivals.forget([(&topic, &whole, None)]);
    assert_eq!(take(&arrivals, &[1, 2, 2], NOW), [1, 2, 2]);
    arrivals.close();
    // Gone while no daemon ran.
    let again = Arrivals::open(folder.path());
    again.forget_all_but([(&topic, &less)]);
    assert_eq!(take(&again, &[1, 2, 2], NOW), [1, 2]);
}

/// One run: what is shown, what readers hold.
struct Run {
    folder: tempfile::TempDir,
    arrivals: Arrivals,
    shown: Vec<u64>,
    gone: Vec<u64>,
    next: u64,
    /// Their cursors, and what each was told.
    readers: Vec<(u64, BTreeSet<u64>)>,
}

impl Run {
    fn step(&mut self, random: &mut fastrand::Rng) {
        let before = thread(&self.shown);
        match random.u8(0..9) {
            0 | 1 => {
                self.shown.push(self.next);
                self.next += 1;
            }
            // Somebody else's entry is put before one that waits here.
            2 => {
                let place = random.usize(0..=self.shown.len());
                self.shown.insert(place, self.next);
                self.next += 1;
            }
            3 => random.shuffle(&mut self.shown),
            4 => {
                if !self.shown.is_empty() {
                    let place = random.usize(0..self.shown.len());
                    self.gone.push(self.shown.remove(place));
                }
            }
            5 => self.shown.append(&mut self.gone),
            6 => self.arrivals.flush(),
            7 => {
                // Killed, with or without a flush before.
                self.arrivals = Arrivals::open(self.folder.path());
                let after = thread(&self.shown);
                self.arrivals.forget_all_but([(&topic("t"), &after)]);
            }
            8 => {
                let reader = random.usize(0..self.readers.len());
                self.ask(reader, random.usize(1..4));
                return;
            }
            _ => unreachable!("of nine"),
        }
        take(&self.arrivals, &self.shown, NOW);
        let after = thread(&self.shown);
        let change = (&topic("t"), &before, Some(&after));
        self.arrivals.forget([change]);
    }

    /// What is gone is passed over, as in an answer.
    fn ask(&mut self, reader: usize, limit: usize) {
        let (cursor, told) = &mut self.readers[reader];
        let mut passed_over = false;
        for arrival in self.arrivals.between(*cursor, u64::MAX).iter().take(limit) {
            if self.shown.contains(&arrival.key) {
                told.insert(arrival.key);
            } else {
                passed_over = true;
            }
            *cursor = arrival.number;
        }
        if passed_over {
            self.arrivals.flush();
        }
    }
}

#[test]
fn no_reader_skips_an_entry_whatever_happens_between_its_questions() {
    for seed in 0..100 {
        let mut random = fastrand::Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        let mut run = Run {
            arrivals: Arrivals::open(folder.path()),
            folder,
            shown: Vec::new(),
            gone: Vec::new(),
            next: 1,
            readers: vec![(0, BTreeSet::new()); 3],
        };
        for _ in 0..60 {
            run.step(&mut random);
        }
        take(&run.arrivals, &run.shown, NOW);
        for reader in 0..run.readers.len() {
            run.ask(reader, usize::MAX);
            let told = &run.readers[reader].1;
            let skipped: Vec<_> = run.shown.iter().filter(|key| !told.contains(key)).collect();
            assert!(
                skipped.is_empty(),
                "seed {seed}, reader {reader}: {skipped:?}"
            );
        }
    }
}
