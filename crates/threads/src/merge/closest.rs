//! The version that a person had before them.

use std::collections::HashMap;

use crate::entry::Entry;
use crate::entry_id::EntryId;
use crate::hand_edit::Which;
use crate::header_lines::{HeaderLines, KeyLine};
use crate::thread::Thread;
use crate::timestamp::Timestamp;

/// The version that a person had before them, and those that are as close but for words.
#[derive(Debug)]
pub(super) struct Closest<'t> {
    pub(super) base: &'t Thread,
    /// The base is one of them.
    pub(super) equals: Vec<&'t Thread>,
}

impl<'t> Closest<'t> {
    /// Of a file of which no version is remembered, over what is shown.
    pub(super) fn without_versions(shown: &'t Thread) -> Self {
        Self {
            base: shown,
            equals: Vec::new(),
        }
    }
}

/// The version with the fewest changed entries and fields; of several the one of whose changed
/// entries the fewest words are gone, and of those the last.
pub(super) fn closest<'t>(versions: &'t [Thread], edited: &Thread) -> Option<Closest<'t>> {
    let is = Marks::of(edited);
    let mut best: Option<((usize, usize), Closest<'t>)> = None;
    for version in versions {
        let here = distance(&Marks::of(version), &is);
        match &mut best {
            Some((least, closest)) if here.0 == least.0 => {
                closest.equals.push(version);
                if here.1 <= least.1 {
                    *least = here;
                    closest.base = version;
                }
            }
            Some((least, _)) if here.0 > least.0 => (),
            Some(_) | None => {
                let equals = vec![version];
                let base = version;
                best = Some((here, Closest { base, equals }));
            }
        }
    }
    best.map(|(_, closest)| closest)
}

/// What tells one entry from the others of its file: its ID, else how it begins.
type Name = (Option<EntryId>, String, Option<Timestamp>, usize);

/// A version, as it is compared.
struct Marks<'t> {
    entries: HashMap<Name, (Which, &'t Entry)>,
    header: HeaderLines,
}

impl<'t> Marks<'t> {
    fn of(thread: &'t Thread) -> Self {
        let mut entries = HashMap::new();
        for entry in thread.entries() {
            let which = Which::of(entry);
            let mut name = match &which.id {
                Some(id) => (Some(id.clone()), String::new(), None, 0),
                None => (None, entry.agent.clone(), entry.timestamp, 0),
            };
            while entries.contains_key(&name) {
                name.3 += 1;
            }
            entries.insert(name, (which, entry));
        }
        Self {
            entries,
            header: header_lines(thread),
        }
    }
}

fn distance(was: &Marks<'_>, is: &Marks<'_>) -> (usize, usize) {
    let (mut changes, mut words) = (0, 0);
    for (name, (which, entry)) in &was.entries {
        match is.entries.get(name) {
            Some((same, _)) if same.digest == which.digest => (),
            Some((_, other)) => {
                changes += 1;
                words += words_gone(entry.raw(), other.raw());
            }
            None => changes += 1,
        }
    }
    let is_new = |name: &&Name| !was.entries.contains_key(*name);
    changes += is.entries.keys().filter(is_new).count();
    let differs = |field: &&KeyLine| {
        is.header.field(&field.key).map(|there| &there.value) != Some(&field.value)
    };
    changes += was.header.fields.iter().filter(differs).count();
    (changes, words)
}

/// How many words of a text are not in another.
pub(super) fn words_gone(was: &[u8], is: &[u8]) -> usize {
    let words = |text: &[u8]| -> Vec<Vec<u8>> {
        let words = text.split(u8::is_ascii_whitespace);
        words.map(<[u8]>::to_vec).collect()
    };
    let mut left: HashMap<Vec<u8>, usize> = HashMap::new();
    for word in words(is) {
        *left.entry(word).or_default() += 1;
    }
    let mut gone = 0;
    for word in words(was).iter().filter(|word| !word.is_empty()) {
        match left.get_mut(word) {
            Some(count) if *count > 0 => *count -= 1,
            Some(_) | None => gone += 1,
        }
    }
    gone
}

/// The lines of a thread's header.
pub(super) fn header_lines(thread: &Thread) -> HeaderLines {
    HeaderLines::read(&thread.source.0, &thread.header, thread.entries_start())
}
