//! Random scripts: two people at their working trees and two agents, all at once, with everything
//! that editors and people do to files. In the end the trees and the remote are equal, every text
//! that was saved is in a thread once, or is kept beside it, and nothing was deleted.

#![allow(
    clippy::print_stderr,
    reason = "the seed and the figures are for the person who runs the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::*;

/// Threads, each with a script of its own, that are written at once.
const AT_ONCE: usize = 10;

/// What each person does to each of them, on the average.
const STEPS: usize = 4;

/// Names a seed, to have the same script again.
const SEED: &str = "WATERCOOLER_TEST_SEED";

#[test]
fn fifty_random_scripts_lose_nothing() {
    scripts(50);
}

#[test]
#[ignore = "takes many minutes: ./tests/run.sh edits"]
fn a_thousand_random_scripts_lose_nothing() {
    scripts(1000);
}

fn scripts(count: usize) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| now.map_or(1, |now| now.as_secs()));
    eprintln!("{SEED}={seed}");
    let remote = BareRepository::new();
    let mut people = ["alice", "bob"].map(|name| {
        let settings = Settings::of(name).remote(&remote.url());
        let mut machine = Machine::new(&settings);
        machine.start();
        Person {
            name,
            machine,
            buffers: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            saved: BTreeSet::new(),
        }
    });
    let mut written = 0;
    for batch in 0..count.div_ceil(AT_ONCE) {
        let topics: Vec<String> = (0..AT_ONCE.min(count - batch * AT_ONCE))
            .map(|number| format!("b{batch}-{number}"))
            .collect();
        written += a_batch(&remote, &mut people, &topics, seed + batch as u64);
    }
    remote.assert_sound();
    eprintln!("{count} scripts, {written} texts saved, none lost");
}

/// Runs the scripts of some threads and compares; gives how many texts people saved.
fn a_batch(
    remote: &BareRepository,
    people: &mut [Person; 2],
    topics: &[String],
    seed: u64,
) -> usize {
    let mut agents = [
        (&people[0], "claude-code"),
        (&people[1], "codex-mcp-client"),
    ]
    .map(|(person, client)| Shim::connect(&person.machine, client));
    let mut said = BTreeSet::new();
    for topic in topics {
        said.insert(said_by(&mut agents[0], topic, "begun"));
    }
    for person in people.iter() {
        wait_until("the threads are there", PATIENCE, || {
            topics.iter().all(|topic| person.file(topic).exists())
        });
    }
    let said_later = std::thread::scope(|scope| {
        let speaking = agents.each_mut().map(|agent| {
            scope.spawn(move || {
                let ids = topics.iter().map(|topic| said_by(agent, topic, "said"));
                ids.collect::<Vec<_>>()
            })
        });
        let mut seeds = [seed * 2, seed * 2 + 1].map(Dice).into_iter();
        for person in people.iter_mut() {
            let dice = seeds.next().expect("one each");
            scope.spawn(move || person.play(topics, dice));
        }
        speaking.map(|agent| agent.join().expect("an agent is always answered"))
    });
    said.extend(said_later.into_iter().flatten());
    for person in people.iter_mut() {
        person.rest();
    }
    wait_until("all are in step", PATIENCE, || {
        people.iter().all(|person| {
            let status = person.machine.repository("acme");
            status["pending"] == 0
                && status["state"] == "synced"
                && trees_are_equal(remote, &person.machine)
        })
    });
    compare(remote, people, topics, &said);
    people.iter_mut().map(Person::forget).sum()
}

fn said_by(agent: &mut Shim, topic: &str, title: &str) -> String {
    let said = agent.say(topic, title, "by an agent").structured;
    said["entry_id"].as_str().expect("an id").to_owned()
}

fn compare(
    remote: &BareRepository,
    people: &[Person; 2],
    topics: &[String],
    said: &BTreeSet<String>,
) {
    let texts: Vec<String> = topics
        .iter()
        .map(|topic| remote.text(&format!("{topic}.md")))
        .collect();
    let entries: Vec<_> = texts
        .iter()
        .flat_map(|text| python_reader::entries(text))
        .collect();
    for id in said {
        let there = entries
            .iter()
            .filter(|entry| entry.id.as_deref() == Some(id))
            .count();
        assert_eq!(there, 1, "the agents' entry {id}");
    }
    for person in people {
        let kept = person.kept();
        for title in &person.saved {
            let there = entries.iter().filter(|entry| entry.title == *title).count();
            assert!(there <= 1, "{title} is doubled");
            let is_kept = kept.iter().any(|text| text.contains(title.as_str()));
            assert!(
                there == 1 || is_kept,
                "{title} is lost\n{}",
                person.machine.logs()
            );
        }
    }
    for text in &texts {
        assert!(!text.contains("<<<<<<<"), "{text}");
        assert!(!text.contains('\0'), "{text}");
    }
}

/// A person at a laptop.
struct Person {
    name: &'static str,
    machine: Machine,
    /// What an editor still shows of a thread.
    buffers: BTreeMap<String, String>,
    /// The last text of a thread that was saved and may not have been seen yet, and what was new.
    unsettled: BTreeMap<String, (String, Vec<String>)>,
    /// The titles of all that was saved whole and not taken back.
    saved: BTreeSet<String>,
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Person {
    fn file(&self, topic: &str) -> PathBuf {
        self.machine.tree("acme").join(format!("{topic}.md"))
    }

    fn play(&mut self, topics: &[String], mut dice: Dice) {
        for _ in 0..topics.len() * STEPS {
            let topic = &topics[dice.below(topics.len())];
            match dice.below(40) {
                // Rarely: it takes back whatever nobody has seen yet.
                0 if dice.below(4) == 0 => self.delete_the_tree(),
                1 => self.kill_the_daemon(),
                2 | 3 => self.delete(topic),
                4..=8 => self.look(topic),
                9..=14 => self.save_a_stale_buffer(topic, &mut dice),
                15..=18 => self.save_half(topic, &mut dice),
                19..=23 => self.write_into_a_held_file(topic),
                24 | 25 => self.set_a_status(topic, &mut dice),
                _ => self.save(topic, &mut dice),
            }
        }
    }

    /// Opens a file in an editor, and keeps it there.
    fn look(&mut self, topic: &str) {
        if let Ok(text) = fs::read_to_string(self.file(topic)) {
            self.buffers.insert(topic.to_owned(), text);
        }
    }

    /// Reads a file, adds an entry, saves it.
    fn save(&mut self, topic: &str, dice: &mut Dice) {
        let mut text = fs::read_to_string(self.file(topic)).unwrap_or_default();
        if !is_whole(&text) {
            // Half of it was saved, or it was deleted.
            self.settle(topic);
            text = fs::read_to_string(self.file(topic)).unwrap_or_default();
        }
        if is_whole(&text) {
            self.save_with_an_entry(topic, &text, dice);
        }
    }

    /// Saves what an editor has shown since long ago, with one more entry.
    fn save_a_stale_buffer(&mut self, topic: &str, dice: &mut Dice) {
        self.settle(topic);
        if let Some(text) = self
            .buffers
            .get(topic)
            .filter(|text| is_whole(text))
            .cloned()
        {
            self.save_with_an_entry(topic, &text, dice);
        }
    }

    fn save_with_an_entry(&mut self, topic: &str, text: &str, dice: &mut Dice) {
        let (title, entry) = self.entry();
        let text = format!("{text}{entry}");
        let file = self.file(topic);
        let saved = if dice.below(2) == 0 {
            fs::write(&file, &text)
        } else {
            let aside = file.with_extension("md.tmp");
            fs::write(&aside, &text).and_then(|()| fs::rename(&aside, &file))
        };
        // The folder may be on its way out, or on its way back.
        if saved.is_ok() {
            self.note(topic, title, text);
        }
    }

    /// Saves half of a file, as a full disk or a crash leaves it.
    fn save_half(&mut self, topic: &str, dice: &mut Dice) {
        self.settle(topic);
        if let Ok(text) = fs::read_to_string(self.file(topic)) {
            let half = dice.below(text.len().max(1));
            let half = text.as_bytes()[..half].to_vec();
            if fs::write(self.file(topic), &half).is_ok() {
                let half = String::from_utf8_lossy(&half).into_owned();
                self.unsettled.insert(topic.to_owned(), (half, Vec::new()));
            }
        }
    }

    /// Appends through a handle that is older than what the file is replaced by.
    fn write_into_a_held_file(&mut self, topic: &str) {
        self.settle(topic);
        let Ok(mut held) = fs::File::options().append(true).open(self.file(topic)) else {
            return;
        };
        let (title, entry) = self.entry();
        let text = fs::read_to_string(self.file(topic)).unwrap_or_default();
        if is_whole(&text) && held.write_all(entry.as_bytes()).is_ok() {
            self.note(topic, title, text + &entry);
        }
    }

    fn set_a_status(&mut self, topic: &str, dice: &mut Dice) {
        let Ok(text) = fs::read_to_string(self.file(topic)) else {
            return;
        };
        let to = ["OPEN", "BLOCKED", "IN_REVIEW"][dice.below(3)];
        let lines = text.split_inclusive('\n').map(|line| {
            if line.starts_with("status: ") {
                format!("status: {to}\n")
            } else {
                line.to_owned()
            }
        });
        let changed: String = lines.collect();
        if is_whole(&text) && fs::write(self.file(topic), &changed).is_ok() {
            // What was saved before may not have been seen either.
            let before = self.unsettled.get_mut(topic);
            if let Some((last, _)) = before.filter(|(last, _)| *last == text) {
                *last = changed;
            }
        }
    }

    fn delete(&mut self, topic: &str) {
        self.take_back(topic);
        let _gone = fs::remove_file(self.file(topic));
        self.unsettled.insert(topic.to_owned(), Default::default());
    }

    fn delete_the_tree(&mut self) {
        // What nobody has seen yet is deleted by who wrote it.
        for topic in self.unsettled.keys().cloned().collect::<Vec<_>>() {
            self.take_back(&topic);
        }
        // It may be written at this moment.
        let _half = fs::remove_dir_all(self.machine.tree("acme"));
    }

    fn kill_the_daemon(&mut self) {
        self.machine.kill();
        if self.machine.daemon_pid().is_none() {
            self.machine.start();
        }
    }

    /// Nothing more happens here; all that was saved has been seen.
    fn rest(&mut self) {
        for topic in self.unsettled.keys().cloned().collect::<Vec<_>>() {
            self.settle(&topic);
        }
    }

    /// Waits until what was saved has been seen: a person who saves an old text over a new one that
    /// nobody has read has taken that back.
    fn settle(&mut self, topic: &str) {
        let Some((text, _)) = self.unsettled.remove(topic) else {
            return;
        };
        let file = self.file(topic);
        wait_until("what was saved is seen", PATIENCE, || {
            fs::read_to_string(&file).is_ok_and(|now| !now.is_empty() && now != text)
        });
    }

    /// What was saved last may never be seen.
    fn take_back(&mut self, topic: &str) {
        let Some((text, titles)) = self.unsettled.remove(topic) else {
            return;
        };
        let now = fs::read_to_string(self.file(topic)).unwrap_or_default();
        if now.is_empty() || now == text {
            self.saved.retain(|title| !titles.contains(title));
        }
    }

    fn note(&mut self, topic: &str, title: String, text: String) {
        self.saved.insert(title.clone());
        let unsettled = self.unsettled.entry(topic.to_owned()).or_default();
        unsettled.0 = text;
        unsettled.1.push(title);
    }

    fn entry(&self) -> (String, String) {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let title = format!("{}-{number}.", self.name);
        let second = usize::try_from(number % 3600).expect("an hour has few seconds");
        let entry = typed(
            &format!("{} {number}", self.name),
            second,
            &title,
            "by hand",
        );
        (title, entry)
    }

    /// All that was kept beside threads.
    fn kept(&self) -> Vec<String> {
        let entries = fs::read_dir(self.machine.tree("acme"))
            .into_iter()
            .flatten()
            .flatten();
        let kept = entries.filter(|entry| entry.file_name().to_string_lossy().contains(".kept-"));
        kept.filter_map(|entry| fs::read_to_string(entry.path()).ok())
            .collect()
    }

    fn forget(&mut self) -> usize {
        self.buffers.clear();
        std::mem::take(&mut self.saved).len()
    }
}

/// Whether the text is a file as it is saved, and not one in the middle of it.
fn is_whole(text: &str) -> bool {
    text.ends_with('\n') && text.contains("begun")
}

/// A sequence of numbers that its seed makes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        // Source: splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let limit = u64::try_from(limit).expect("a number fits");
        usize::try_from(mixed % limit).expect("it is below the limit")
    }
}
