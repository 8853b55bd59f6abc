//! What remotes refuse, found in how many parts.

use super::*;
use crate::event::Event;
use crate::moment::Span;
use crate::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;

/// Runs a delivery to its end against `send`; the whole and the parts that were sent.
fn run<T: Clone, E>(
    delivery: &mut Delivery<T, E>,
    mut send: impl FnMut(&[T]) -> Result<Taken, NotTaken<E>>,
) -> usize {
    let mut sends = 0;
    while let Some(part) = delivery.part().map(<[T]>::to_vec) {
        sends += 1;
        delivery.heard(send(&part));
    }
    sends
}

fn refused() -> NotTaken<()> {
    NotTaken::Refused("no".to_owned())
}

/// What a remote that refuses these does with operations 0..count, the last draw being `draw`:
/// what it took, what is held, and in how many parts besides the whole.
fn check(count: usize, refuses: impl Fn(usize) -> bool, draw: usize, expected: &str) {
    let mut delivery = Delivery::new((0..count).collect(), draw);
    let mut taken = Vec::new();
    let sends = run(&mut delivery, |some: &[usize]| {
        if some.iter().any(|one| refuses(*one)) {
            return Err(refused());
        }
        taken.extend_from_slice(some);
        Ok(Taken::New)
    });
    assert!(taken.iter().all(|one| !refuses(*one)));
    let delivered = delivery.end(|_| false);
    let held: Vec<usize> = delivered.at_fault.iter().map(|(one, _)| *one).collect();
    assert!(held.iter().all(|one| refuses(*one)));
    if held.len() < ALONE_MAX {
        assert!(taken.is_sorted(), "in the order of writing: {taken:?}");
    }
    let end = match (&delivered.refusal, delivered.clone().stop(held.len())) {
        (None, None) => "all taken",
        (Some(Refusal::OfSome(_)), None) => "some refused",
        (Some(Refusal::OfAll(_)), Some(Stop::Refused)) => "all refused",
        other => panic!("{other:?}"),
    };
    let found = format!(
        "{} taken, {held:?} held, {} parts, {end}",
        taken.len(),
        sends - 1
    );
    assert_eq!(found, expected);
}

#[test]
fn one_among_twenty_is_found() {
    let found = |held, parts| format!("19 taken, [{held}] held, {parts} parts, some refused");
    check(20, |one| one == 7, 10, &found(7, 7));
    check(20, |one| one == 0, 10, &found(0, 3));
    check(20, |one| one == 19, 10, &found(19, 7));
    let among_many = "999 taken, [77] held, 17 parts, some refused";
    check(1_000, |one| one == 77, 10, among_many);
}

#[test]
fn several_are_found() {
    let first = "1 taken, [0] held, 2 parts, some refused";
    check(2, |one| one == 0, 0, first);
    let second = "1 taken, [1] held, 2 parts, some refused";
    check(2, |one| one == 1, 0, second);
    let ends = |one| one == 0 || one == 19;
    let both = "18 taken, [0, 19] held, 9 parts, some refused";
    check(20, ends, 10, both);
    let all_but_one = "1 taken, [0, 1, 2, 3, 4, 6, 7] held, 10 parts, some refused";
    check(8, |one| one != 5, 2, all_but_one);
}

#[test]
fn what_is_taken_whole_is_not_sifted() {
    check(1, |_| false, 0, "1 taken, [] held, 0 parts, all taken");
    check(
        1_000,
        |_| false,
        0,
        "1000 taken, [] held, 0 parts, all taken",
    );
}

#[test]
fn where_nothing_is_taken_few_parts_say_so() {
    check(1, |_| true, 0, "0 taken, [] held, 0 parts, all refused");
    check(2, |_| true, 0, "0 taken, [] held, 2 parts, all refused");
    let in_four = "0 taken, [] held, 4 parts, all refused";
    check(1_000, |_| true, 3, in_four);
    // Not found this time; another draw finds it.
    check(1_000, |one| one != 5, 3, in_four);
}

#[test]
fn what_was_held_before_is_held_again_though_nothing_was_taken() {
    let mut delivery = Delivery::new(vec![1, 2], 0);
    run(&mut delivery, |_: &[u8]| Err(refused()));
    let delivered = delivery.end(|one| *one == 2);
    assert_eq!(delivered.at_fault, [(2, "no".to_owned())]);
    assert_eq!(delivered.clone().stop(1), Some(Stop::Refused));

    let mut delivery = Delivery::new(vec![2], 0);
    run(&mut delivery, |_: &[u8]| Err(refused()));
    let delivered = delivery.end(|_| true);
    assert_eq!(delivered.clone().stop(1), None, "nothing waits");
    assert_eq!(delivered.stop(0), Some(Stop::Refused), "no room to hold it");
}

#[test]
fn parts_are_limited_and_what_is_left_is_judged_by_the_next() {
    let mut delivery = Delivery::new((0..1_000).collect(), 0);
    let sends = run(&mut delivery, |some: &[usize]| {
        if some.iter().any(|one| one.is_multiple_of(2)) {
            Err(refused())
        } else {
            Ok(Taken::New)
        }
    });
    assert_eq!(sends, 1 + PARTS_MAX);
    let delivered = delivery.end(|_| false);
    let held = delivered.at_fault.len();
    assert!(0 < held && held < 500, "{held}");
    assert_eq!(delivered.stop(held), None);
}

#[test]
fn what_the_remote_had_already_proves_nothing() {
    let mut delivery = Delivery::new(vec![1, 2], 0);
    run(&mut delivery, |some: &[u8]| match some {
        [2] => Ok(Taken::Known),
        _ => Err(refused()),
    });
    let delivered = delivery.end(|_| false);
    assert_eq!(delivered.at_fault, []);
    assert_eq!(delivered.stop(0), Some(Stop::Refused));
}

/// A remote that refuses the whole, takes the first part and then fails.
#[test]
fn a_lost_race_ends_it_and_holds_only_what_was_judged() {
    for (answers, held) in [
        (vec![Err(refused()), Ok(Taken::New)], vec![]),
        (
            vec![Err(refused()), Err(refused()), Ok(Taken::New)],
            vec![1],
        ),
        (vec![Err(refused()), Err(refused())], vec![]),
        (vec![], vec![]),
    ] {
        let count = answers.len();
        let mut answers = answers.into_iter();
        let mut delivery = Delivery::new(vec![1, 2, 3], 0);
        let sends = run(&mut delivery, |_: &[u8]| {
            answers.next().unwrap_or(Err(NotTaken::Failed(())))
        });
        assert_eq!(sends, count + 1);
        delivery.heard(Ok(Taken::New));
        let delivered = delivery.end(|_| false);
        let at_fault = delivered.at_fault.iter().map(|(one, _)| *one);
        assert_eq!(at_fault.collect::<Vec<u8>>(), held);
        assert_eq!(delivered.stop(held.len()), Some(Stop::Failed(())));
    }
}

#[test]
fn the_engine_is_told_in_order() {
    let [done, held] = ["a", "b"].map(|id| vec![EntryId::parse(id).unwrap()]);
    let took = Span::from_ms(7);
    let pushed = Event::Pushed {
        done: done.clone(),
        held: held.clone(),
        took,
    };
    assert_eq!(events(done.clone(), held.clone(), None, took), [pushed]);
    let rejected = Event::PushRejected {
        took,
        at_once: true,
    };
    assert_eq!(
        events(
            vec![],
            vec![],
            Some(Stopped::Rejected { at_once: true }),
            took
        ),
        [rejected]
    );
    let offline = Trouble::new(TroubleKind::Offline);
    assert_eq!(
        events(
            done.clone(),
            held.clone(),
            Some(Stopped::Unknown(offline)),
            took
        ),
        [
            Event::TroubleFound {
                trouble: Trouble::new(TroubleKind::PushRefused)
            },
            Event::Settled {
                ids: [done.clone(), held].concat()
            },
            Event::PushUnknown { trouble: offline },
        ]
    );
    assert_eq!(
        events(done.clone(), vec![], Some(Stopped::Failed(offline)), took),
        [
            Event::Settled { ids: done },
            Event::PushFailed { trouble: offline },
        ]
    );
}
