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

/// An entry with its body, exact.
pub(crate) fn whole(entry: &Entry, key: &str) -> String {
    format!(
        "<entry {}>\n{}\n</entry key={key}>",
        attributes(entry, key),
        entry.body
    )
}

/// An entry without its body.
pub(crate) fn empty(entry: &Entry, key: &str) -> String {
    format!("<entry {}/>", attributes(entry, key))
}

fn attributes(entry: &Entry, key: &str) -> String {
    format!(
        "index={} id={} author=\"{}\" time={} role={} type={} title=\"{}\" key={key}",
        entry.index,
        bare(entry.entry_id.as_deref().unwrap_or("null")),
        escaped(&entry.agent),
        bare(entry.timestamp.as_deref().unwrap_or("null")),
        bare(&entry.role),
        bare(&entry.entry_type),
        escaped(&entry.title),
    )
}

/// Quoted where it is no single word, since others write roles and types as they like.
fn bare(value: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.:+~".contains(c);
    if !value.is_empty() && value.chars().all(is_word) {
        value.to_owned()
    } else {
        format!("\"{}\"", escaped(value))
    }
}

fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in text::flat(value).chars() {
        match c {
            '"' => escaped.push_str("&quot;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}
