//! Where the entries of a thread stand in its file, small enough to hold for a long thread: each
//! entry is then read from its own bytes alone.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::Arc;

use crate::entry::{Entry, Source};
use crate::entry_id::EntryId;
use crate::parse::{entry_starts, normal, parse, same_bytes, separators};
use crate::thread::Thread;

/// A thread's entries by their place in its file, each once, as [`parse`] gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    places: Vec<Place>,
}

/// Where one entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    begin: u32,
    end: u32,
    /// Whether an entry before it has the same ID and other bytes.
    doubled: bool,
}

impl Outline {
    /// Goes once through a file and hands over each entry that [`parse`] would give, with the same
    /// fields, in file order. Nothing is kept of an entry but its place. A file over 4 GiB has no
    /// entries.
    pub fn read(bytes: &[u8], mut each: impl FnMut(&Entry)) -> (Head, Outline) {
        let (starts, _fence) = match u32::try_from(bytes.len()) {
            Ok(_) => entry_starts(bytes),
            Err(_) => (Vec::new(), None),
        };
        let header_len = starts.first().copied().unwrap_or(bytes.len());
        let head = Head(parse(&bytes[..header_len]).0);
        let separators = separators(bytes, &starts, head.0.header.front_end);
        let ends = separators.iter().skip(1).copied().chain([bytes.len()]);
        let mut reading = Reading::default();
        for (start, end) in starts.iter().zip(ends) {
            if let Some(entry) = reading.take(bytes, *start..end) {
                each(&entry);
            }
        }
        (
            head,
            Outline {
                places: reading.places,
            },
        )
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The bytes of the file that [`Outline::entry`] wants for that entry.
    ///
    /// # Panics
    /// Where there is no such entry.
    #[must_use]
    pub fn range(&self, index: usize) -> Range<usize> {
        let place = self.places[index];
        place.begin as usize..place.end as usize
    }

    /// The entry of that index, from the bytes of its range.
    ///
    /// # Panics
    /// Where there is no such entry.
    #[must_use]
    pub fn entry(&self, index: usize, bytes: &[u8]) -> Entry {
        let mut entry = alone(bytes);
        if self.places[index].doubled {
            entry.id = entry.id.map(|id| doubled(&id, &entry_bytes(bytes)));
        }
        entry
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes_len(&self) -> usize {
        self.places.capacity() * size_of::<Place>()
    }
}

/// What stands before a thread's first entry.
#[derive(Debug)]
pub struct Head(Thread);

impl Head {
    /// The header, as a thread without entries.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.0
    }
}

/// The entries so far, by a hash of their ID.
#[derive(Default)]
struct Reading {
    places: Vec<Place>,
    by_id: HashMap<u64, u32>,
}

impl Reading {
    /// The entry in that range; none where it is the same as an earlier one.
    fn take(&mut self, bytes: &[u8], range: Range<usize>) -> Option<Entry> {
        let mut entry = alone(&bytes[range.clone()]);
        let mut place = Place {
            begin: u32::try_from(range.start).ok()?,
            end: u32::try_from(range.end).ok()?,
            doubled: false,
        };
        if let Some(id) = entry.id.clone() {
            if let Some(first) = self.known(&id) {
                let first = &self.places[first];
                let first = alone(&bytes[first.begin as usize..first.end as usize]);
                if same_bytes(first.raw(), entry.raw()) {
                    return None;
                }
                let id = doubled(&id, entry.raw());
                if self.known(&id).is_some() {
                    return None;
                }
                entry.id = Some(id);
                place.doubled = true;
            }
            let shown = entry.id.as_ref().unwrap_or(&id);
            let at = u32::try_from(self.places.len()).ok()?;
            self.by_id.insert(hash(shown), at);
        }
        self.places.push(place);
        Some(entry)
    }

    fn known(&self, id: &EntryId) -> Option<usize> {
        self.by_id.get(&hash(id)).map(|place| *place as usize)
    }
}

fn alone(bytes: &[u8]) -> Entry {
    Entry::read(&Source(Arc::from(bytes)), 0..bytes.len()).0
}

fn entry_bytes(bytes: &[u8]) -> Vec<u8> {
    alone(bytes).raw().to_vec()
}

fn doubled(id: &EntryId, bytes: &[u8]) -> EntryId {
    id.doubled(&normal(bytes))
}

fn hash(id: &EntryId) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What an entry is, as everybody who reads it sees it.
    fn seen(entry: &Entry) -> impl PartialEq + std::fmt::Debug + use<> {
        (
            entry.id.clone(),
            entry.agent.clone(),
            entry.timestamp,
            (entry.role.clone(), entry.entry_type.clone()),
            entry.title.clone(),
            entry.body(),
        )
    }

    fn check(text: &[u8]) {
        let (whole, _) = parse(text);
        let mut heard = Vec::new();
        let (head, outline) = Outline::read(text, |entry| heard.push(seen(entry)));
        let expected: Vec<_> = whole.entries().iter().map(seen).collect();
        assert_eq!(heard, expected, "{:?}", String::from_utf8_lossy(text));
        let again: Vec<_> = (0..outline.len())
            .map(|index| seen(&outline.entry(index, &text[outline.range(index)])))
            .collect();
        assert_eq!(again, expected, "{:?}", String::from_utf8_lossy(text));
        let of = |thread: &Thread| {
            (
                thread.title(),
                thread.status(),
                thread.ball(),
                thread.form(),
                thread.created(),
                thread.header.present,
            )
        };
        assert_eq!(of(head.thread()), of(&whole));
    }

    const FRONT: &str = "---\ntopic: t\ntitle: T\nstatus: OPEN\nball: Codex\n---\n\n# t — Thread\n";
    const CLASSIC: &str = "# t — Thread\nStatus: OPEN\nBall: Codex\n";
    const ENTRY: &str = "\n---\nEntry: Codex (bob) 2026-01-01T00:00:00Z\nTitle: One\n\n";

    #[test]
    fn an_outline_gives_what_a_parse_gives() {
        let other = "other\n<!-- Entry-ID: 01A -->\n";
        let one = "one\n<!-- Entry-ID: 01A -->\n";
        check(b"");
        check(FRONT.as_bytes());
        check(b"# README\n\nno thread\n");
        for header in [FRONT, CLASSIC, "", "\u{feff}# t \u{2014} Thread\n"] {
            check(
                format!("{header}{ENTRY}{one}{ENTRY}{other}{ENTRY}{one}{ENTRY}{other}").as_bytes(),
            );
            check(format!("{header}{ENTRY}```\n{ENTRY}```\n\n---\n---\n{ENTRY}").as_bytes());
            check(
                format!("{header}{ENTRY}~~~~\nopen\n")
                    .replace('\n', "\r\n")
                    .as_bytes(),
            );
            check(
                format!("{header}{ENTRY}```\nx\n```\n<!-- fence closed -->\n{ENTRY}y").as_bytes(),
            );
        }
    }

    proptest! {
        #[test]
        fn an_outline_of_any_lines_gives_what_a_parse_gives(
            lines in proptest::collection::vec(prop_oneof![
                Just("---".to_owned()),
                Just("Entry: Codex (bob) 2026-01-01T00:00:00Z".to_owned()),
                Just("Entry: Bob 2026-01-02T00:00:00Z".to_owned()),
                Just("Title: T".to_owned()),
                Just("Status: OPEN".to_owned()),
                Just("# t \u{2014} Thread".to_owned()),
                Just("```".to_owned()),
                Just("~~~~".to_owned()),
                Just("<!-- fence closed -->".to_owned()),
                Just("<!-- Entry-ID: 01A -->".to_owned()),
                Just("<!-- Entry-ID: 01B -->".to_owned()),
                Just("Escaped: 1".to_owned()),
                Just(String::new()),
                "[a-z ]{0,5}",
            ], 0..40),
            end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
        ) {
            check(lines.join(end).as_bytes());
        }
    }
}
