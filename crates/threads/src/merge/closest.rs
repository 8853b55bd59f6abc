//! The version that a person had before them.

use std::collections::HashMap;

use crate::hand_edit::Which;
use crate::header_lines::HeaderLines;
use crate::thread::Thread;

/// The version with the fewest changed entries and fields; of several the last.
pub(super) fn closest<'t>(versions: &'t [Thread], edited: &Thread) -> Option<&'t Thread> {
    let mut best: Option<(usize, &Thread)> = None;
    for version in versions {
        let changes = distance(version, edited);
        if best.is_none_or(|(least, _)| changes <= least) {
            best = Some((changes, version));
        }
    }
    best.map(|(_, version)| version)
}

fn distance(one: &Thread, other: &Thread) -> usize {
    let mut counts: HashMap<Which, isize> = HashMap::new();
    for entry in one.entries() {
        *counts.entry(Which::of(entry)).or_default() += 1;
    }
    for entry in other.entries() {
        *counts.entry(Which::of(entry)).or_default() -= 1;
    }
    let entries: usize = counts.values().map(|count| count.unsigned_abs()).sum();
    let (one, other) = (header_lines(one), header_lines(other));
    let differs = |field: &&crate::header_lines::KeyLine| {
        other.field(&field.key).map(|there| &there.value) != Some(&field.value)
    };
    entries + one.fields.iter().filter(differs).count()
}

/// The lines of a thread's header.
pub(super) fn header_lines(thread: &Thread) -> HeaderLines {
    HeaderLines::read(&thread.source.0, &thread.header, thread.entries_start())
}
