//! Tests of the rules, each by itself: what happens when, and which popups come of it.

use jiff::tz::TimeZone;
use protocol::answer::RepositoryState;

use super::*;

/// What happens: at this second after noon.
#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    /// The threads of `acme` whose turn is alice's; `topic@author` names the last author.
    Turns(i64, &'a [&'a str]),
    /// An entry in `acme`: topic, author, how old it is.
    Entry(i64, &'a str, &'a str, i64),
    /// So many entries at once, each in a thread of its own.
    Many(i64, usize),
    /// It is looked what is due.
    Look(i64),
    /// The tray is started again.
    Restart,
    /// Alice puts a thread off.
    Snooze(i64, &'a str),
    /// All that is told is another setting.
    Settings(Notify),
    /// `acme` is muted, or these threads.
    Mute(bool, &'a [&'a str]),
    /// The clone is made anew: nothing is there.
    Gone(i64),
}

use Step::{Entry, Gone, Look, Many, Mute, Restart, Settings, Snooze, Turns};

/// Noon, in a zone that is not UTC.
fn moment(second: i64) -> Zoned {
    let noon: jiff::Timestamp = "2026-01-05T12:00:00+02:00".parse().unwrap();
    jiff::Timestamp::from_second(noon.as_second() + second)
        .unwrap()
        .to_zoned(TimeZone::fixed(jiff::tz::offset(2)))
}

fn summary(named: &str) -> ThreadSummary {
    let (topic, author) = named.split_once('@').unwrap_or((named, "Claude (bob)"));
    ThreadSummary {
        topic: topic.into(),
        title: format!("About {topic}"),
        status: "OPEN".into(),
        ball: "Human (alice)".into(),
        your_turn: true,
        is_new: true,
        entries: 1,
        updated: None,
        last_author: Some(author.into()),
    }
}

fn known() -> Known {
    Known {
        user: "alice".into(),
        repositories: vec![Repository {
            name: "acme".into(),
            state: RepositoryState::Synced,
            trouble: None,
            paused_until: None,
            is_settled: true,
            threads: 9,
            new_entries: 0,
            turns: Vec::new(),
            fresh: Vec::new(),
            muted: false,
            muted_topics: Vec::new(),
            folder: None,
        }],
        ..Known::default()
    }
}

struct Bench {
    rules: Rules,
    kept: Kept,
    known: Known,
    popups: Vec<String>,
}

impl Bench {
    fn look(&mut self, second: i64) {
        let due = self.rules.due(&self.known, &moment(second));
        if let Some(kept) = due.keep {
            self.kept = kept;
        }
        for popup in due.popups {
            let body = popup.body.replace('\n', " | ");
            self.popups
                .push(format!("{second} {} / {body}", popup.title));
        }
    }

    fn entry(&mut self, second: i64, topic: &str, author: &str, age: i64) {
        self.known.repositories[0].fresh.push(summary(topic));
        let entry = Arrived {
            place: ("acme".into(), topic.into()),
            agent: author.into(),
            title: format!("Title of {topic}"),
            timestamp: Some(moment(second - age).timestamp().to_string()),
        };
        self.rules.arrived(entry, &self.known, &moment(second));
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Turns(second, topics) => {
                self.known.repositories[0].turns = topics.iter().map(|it| summary(it)).collect();
                self.known.repositories[0].threads = 9;
                self.look(second);
            }
            Entry(second, topic, author, age) => self.entry(second, topic, author, age),
            Many(second, count) => {
                for number in 0..count {
                    self.entry(second, &format!("t{number:05}"), "Claude (bob)", 0);
                }
            }
            Look(second) => self.look(second),
            Restart => self.rules = Rules::new(self.kept.clone()),
            Snooze(second, topic) => {
                let place = ("acme".to_owned(), topic.to_owned());
                self.kept = self.rules.snooze(&place, &moment(second));
            }
            Settings(notify) => self.known.notify = notify,
            Mute(all, topics) => {
                self.known.repositories[0].muted = all;
                self.known.repositories[0].muted_topics =
                    topics.iter().map(|it| (*it).to_owned()).collect();
            }
            Gone(second) => {
                self.known.repositories[0].turns.clear();
                self.known.repositories[0].threads = 0;
                self.look(second);
            }
        }
    }
}

fn check(steps: &[Step<'_>], expected: &[&str]) {
    let mut bench = Bench {
        rules: Rules::new(Kept::default()),
        kept: Kept::default(),
        known: known(),
        popups: Vec::new(),
    };
    for step in steps {
        bench.step(*step);
    }
    assert_eq!(bench.popups, expected, "{steps:?}");
}

const A: &str = "Your turn: a / Claude (bob): About a";
const B: &str = "Your turn: b / Claude (bob): About b";

#[test]
fn a_turn_is_told_once_and_again_when_it_comes_again() {
    let told = format!("1 {A}");
    check(
        &[Turns(0, &[]), Turns(1, &["a"]), Turns(2, &["a"]), Look(500)],
        &[&told],
    );
    let again = format!("200 {A}");
    check(
        &[
            Turns(0, &[]),
            Turns(1, &["a"]),
            Turns(100, &[]),
            Turns(200, &["a"]),
        ],
        &[&told, &again],
    );
}

#[test]
fn what_stood_there_at_first_is_no_news() {
    check(&[Turns(0, &["a"]), Look(100)], &[]);
    let told = format!("1 {B}");
    check(&[Turns(0, &["a"]), Turns(1, &["a", "b"])], &[&told]);
}

#[test]
fn a_turn_is_told_once_over_restarts() {
    let told = format!("1 {A}");
    check(
        &[
            Turns(0, &[]),
            Turns(1, &["a"]),
            Restart,
            Turns(2, &["a"]),
            Restart,
            Look(900),
        ],
        &[&told],
    );
    // It came while no tray ran.
    let later = format!("90 {A}");
    check(&[Turns(0, &[]), Restart, Turns(90, &["a"])], &[&later]);
}

#[test]
fn a_clone_that_is_made_anew_tells_nothing_twice() {
    let told = format!("1 {A}");
    let steps = [
        Turns(0, &[]),
        Turns(1, &["a"]),
        Gone(100),
        Turns(200, &["a"]),
    ];
    check(&steps, &[&told]);
}

#[test]
fn a_thread_has_a_popup_a_minute_at_most() {
    let [first, later] = [format!("1 {A}"), format!("61 {A}")];
    let flips = [
        Turns(0, &[]),
        Turns(1, &["a"]),
        Turns(10, &[]),
        Turns(20, &["a"]),
        Look(60),
        Look(61),
    ];
    check(&flips, &[&first, &later]);
    check(
        &[
            Turns(0, &[]),
            Entry(0, "a", "Claude (bob)", 0),
            Look(2),
            Entry(3, "a", "Claude (bob)", 0),
            Entry(4, "a", "Claude (bob)", 0),
            Look(10),
            Look(62),
            Look(64),
        ],
        &[
            "2 acme/a / Claude (bob): Title of a",
            "62 acme/a: 2 new entries / Claude (bob): Title of a",
        ],
    );
}

#[test]
fn there_are_three_a_minute_and_one_digest_of_the_rest() {
    let [a, b] = [format!("1 {A}"), format!("2 {B}")];
    check(
        &[
            Turns(0, &[]),
            Turns(1, &["a"]),
            Turns(2, &["a", "b"]),
            Turns(3, &["a", "b", "c", "d", "e"]),
            Turns(4, &["a", "b", "c", "d", "e", "f"]),
            Look(60),
            Look(61),
        ],
        &[
            &a,
            &b,
            "3 3 threads: your turn / acme/c | acme/d | acme/e",
            "61 Your turn: f / Claude (bob): About f",
        ],
    );
}

#[test]
fn ten_thousand_entries_are_one_digest() {
    check(
        &[
            Turns(0, &[]),
            Many(1, 10_000),
            Look(2),
            Look(3),
            Look(70),
            Look(140),
        ],
        &[
            "3 10000 new entries / acme/t00000 | acme/t00001 | acme/t00002 | acme/t00003 | and 196 more",
        ],
    );
}

#[test]
fn nothing_is_said_of_what_the_person_or_their_agents_wrote() {
    let steps = [
        Turns(0, &[]),
        Entry(1, "a", "Human (alice)", 0),
        Entry(1, "b", "Claude (Alice)", 0),
        Look(5),
    ];
    check(&steps, &[]);
    check(
        &[
            Turns(0, &[]),
            Turns(1, &["a@Human (alice)"]),
            Turns(2, &["a"]),
        ],
        &[],
    );
    // An agent that hands over wants something.
    check(
        &[Turns(0, &[]), Turns(1, &["a@Claude (alice)"])],
        &["1 Your turn: a / Claude (alice): About a"],
    );
}

#[test]
fn old_entries_are_not_replayed() {
    let steps = [
        Turns(0, &[]),
        Entry(1, "a", "Claude (bob)", NEWS_SECONDS_MAX + 1),
        Entry(1, "b", "Claude (bob)", NEWS_SECONDS_MAX),
        Look(5),
    ];
    check(&steps, &["5 acme/b / Claude (bob): Title of b"]);
}

#[test]
fn in_quiet_hours_nothing_is_shown_and_turns_wait_for_their_end() {
    let quiet = |from, to| {
        Settings(Notify {
            quiet: Some((from, to)),
            ..Notify::default()
        })
    };
    let noon = 12 * 60;
    let steps = [
        Turns(0, &[]),
        quiet(noon, noon + 1),
        Turns(1, &["a"]),
        Entry(1, "b", "Claude (bob)", 0),
        Look(59),
        Look(60),
    ];
    let told = format!("60 {A}");
    check(&steps, &[&told]);
    // Over midnight.
    check(
        &[Turns(0, &[]), quiet(22 * 60, noon + 1), Turns(1, &["a"])],
        &[],
    );
    let told = format!("1 {A}");
    check(
        &[Turns(0, &[]), quiet(22 * 60, noon), Turns(1, &["a"])],
        &[&told],
    );
}

#[test]
fn what_is_muted_or_unwanted_is_never_told() {
    let entry = Entry(1, "b", "Claude (bob)", 0);
    check(
        &[
            Turns(0, &[]),
            Mute(true, &[]),
            Turns(1, &["a"]),
            entry,
            Look(5),
        ],
        &[],
    );
    check(
        &[
            Turns(0, &[]),
            Mute(true, &[]),
            Turns(1, &["a"]),
            Mute(false, &[]),
            Look(5),
        ],
        &[],
    );
    check(
        &[
            Turns(0, &[]),
            Mute(false, &["a", "b"]),
            Turns(1, &["a"]),
            entry,
            Look(5),
        ],
        &[],
    );
    let off = Settings(Notify {
        ball: false,
        entries: false,
        quiet: None,
    });
    check(&[Turns(0, &[]), off, Turns(1, &["a"]), entry, Look(5)], &[]);
}

#[test]
fn a_thread_that_was_put_off_is_told_again_if_it_is_still_their_turn() {
    let [told, again] = [format!("1 {A}"), format!("{} {A}", 2 + SNOOZE_SECONDS)];
    let (early, late) = (Look(1 + SNOOZE_SECONDS), Look(2 + SNOOZE_SECONDS));
    let begin = [Turns(0, &[]), Turns(1, &["a"]), Snooze(2, "a")];
    check(&[&begin[..], &[early, late]].concat(), &[&told, &again]);
    check(
        &[&begin[..], &[Restart, early, late]].concat(),
        &[&told, &again],
    );
    check(&[&begin[..], &[Turns(9, &[]), late]].concat(), &[&told]);
}

#[test]
fn what_was_read_meanwhile_is_not_told() {
    let mut bench = Bench {
        rules: Rules::new(Kept::default()),
        kept: Kept::default(),
        known: known(),
        popups: Vec::new(),
    };
    bench.step(Turns(0, &[]));
    bench.step(Entry(1, "a", "Claude (bob)", 0));
    bench.known.repositories[0].fresh.clear();
    bench.step(Look(5));
    assert!(bench.popups.is_empty());
}

#[test]
fn what_others_wrote_is_plain_and_short() {
    let long = format!("\u{1b}[2J{}", "x".repeat(500));
    let turn = Turn {
        of: &known().repositories[0],
        thread: &ThreadSummary {
            title: long,
            ..summary("a")
        },
    }
    .popup(true);
    assert_eq!(turn.title, "Your turn: acme/a");
    assert!(turn.body.starts_with("Claude (bob): ␣[2Jxxx"));
    assert_eq!(turn.body.chars().count(), LINE_CHARS_MAX);
}
