//! The frame around an entry in a text: what others wrote is data, and cannot close its frame.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::atomic::{AtomicU64, Ordering},
};

use protocol::answer::Entry;

use crate::text;

/// Gives each answer a key that nobody who wrote an entry can have known.
#[derive(Debug)]
pub(crate) struct FrameKeys {
    // Keyed by the operating system's randomness, and a keyed hash cannot be guessed.
    hasher: RandomState,
    given: AtomicU64,
}

impl FrameKeys {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            given: AtomicU64::new(0),
        }
    }

    /// Twelve hex digits.
    pub(crate) fn next(&self) -> String {
        let count = self.given.fetch_add(1, Ordering::Relaxed);
        format!("{:012x}", self.hasher.hash_one(count) >> 16)
    }
}

/// What a frame takes beside what others wrote, about.
pub(crate) const FRAME_BYTES: usize = 256;

/// An entry with its body, exact.
pub(crate) fn whole(into: &mut String, entry: &Entry, key: &str) {
    into.push_str("<entry ");
    attributes(into, entry, key);
    into.push_str(">\n");
    into.push_str(&entry.body);
    into.push_str("\n</entry key=");
    into.push_str(key);
    into.push('>');
}

/// An entry without its body.
pub(crate) fn empty(into: &mut String, entry: &Entry, key: &str) {
    into.push_str("<entry ");
    attributes(into, entry, key);
    into.push_str("/>");
}

fn attributes(into: &mut String, entry: &Entry, key: &str) {
    into.push_str("index=");
    into.push_str(&entry.index.to_string());
    into.push_str(" id=");
    bare(into, entry.entry_id.as_deref().unwrap_or("null"));
    into.push_str(" author=");
    quoted(into, &entry.agent);
    into.push_str(" time=");
    bare(into, entry.timestamp.as_deref().unwrap_or("null"));
    into.push_str(" role=");
    bare(into, &entry.role);
    into.push_str(" type=");
    bare(into, &entry.entry_type);
    into.push_str(" title=");
    quoted(into, &entry.title);
    into.push_str(" key=");
    into.push_str(key);
}

/// Quoted where it is no single word, since others write roles and types as they like.
fn bare(into: &mut String, value: &str) {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:+~".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_word) {
        into.push_str(value);
    } else {
        quoted(into, value);
    }
}

fn quoted(into: &mut String, value: &str) {
    into.push('"');
    for c in text::flat(value).chars() {
        match c {
            '"' => into.push_str("&quot;"),
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            other => into.push(other),
        }
    }
    into.push('"');
}
