//! Makes one edit by hand of what a person saved into a thread's file.
//!
//! Absence proves little: what is missing, was cut off or comes from an old buffer changes nothing.
//! What cannot be told from a slip is for the caller to keep in full beside the thread.

mod closest;
mod entries;
mod header;
mod import;

use std::fmt;

use crate::entry::Entry;
use crate::entry_id::EntryId;
use crate::hand_edit::{EntryEdit, HandEdit};
use crate::id_comment::id_comment;
use crate::lines::{is_blank, plain_lines, trim_blank_lines};
use crate::parse::{normal, parse};
use crate::thread::Thread;
use closest::Closest;

pub use import::import;

/// What a new file, or all changes of one save, come to at most, in bytes ([`HandEdit::weight`]).
pub const EDITED_BYTES_MAX: usize = 4 << 20;

/// What a save comes to. Both may be set: then a part was merged, and all of it is to be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// What is to be done to the thread; `None` where nothing is.
    pub edit: Option<HandEdit>,
    /// Why the whole text is to be kept beside the thread, too; empty where it need not be.
    pub kept: Vec<Kept>,
}

/// Why a text cannot be merged, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// It has the marks of a conflict.
    ConflictMarkers,
    /// A new or changed entry is no UTF-8, or has a NUL.
    NoText,
    /// It is over [`EDITED_BYTES_MAX`].
    TooLong,
    /// A changed entry has lost its ID, or the line that it begins with: somebody is still at it.
    HalfWritten,
    /// Lines before the first entry are neither a field nor the heading.
    LooseText,
    /// Another thread begins here, by its header, whose fields are gone.
    HeaderUnreadable,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kept::ConflictMarkers => "it has conflict markers",
            Kept::NoText => "an entry is no text",
            Kept::TooLong => "it is too long",
            Kept::HalfWritten => "an entry has lost its ID or its first line",
            Kept::LooseText => "there is new text before the first entry",
            Kept::HeaderUnreadable => "its header cannot be read",
        })
    }
}

/// Compares what a person saved with the versions that the file has had.
///
/// `remembered` are the versions that were written into the file, the newest last; the person's
/// base is the closest of them, the newest of those that are equally close. Without one nothing is
/// deleted. `shown` is the thread as it stands now, empty where there is none: an entry that it has is
/// no new one, also where the file never had that version. Without either the file is new. `mint` makes the IDs of new entries without one.
///
/// An entry is deleted where it stood in the base and the newest entry of the newest version is in
/// the file, and not where an equally close version has another text for it. An entry that a remembered version has is no change, wherever it stands. Added ones go
/// to the end. Of a file that is no thread, nothing comes.
pub fn merge(
    remembered: &[&[u8]],
    shown: &[u8],
    edited: &[u8],
    mint: impl FnMut() -> EntryId,
) -> Merged {
    let (thread, _) = parse(edited);
    let is_cut = |version: &&[u8]| normal(version).starts_with(trimmed(&normal(edited)));
    if is_blank(edited) || remembered.iter().chain([&shown]).any(is_cut) {
        return Merged::default();
    }
    let marked = |bytes: &[u8]| has_conflict_markers(bytes);
    if marked(edited) && !remembered.iter().any(|version| marked(version)) {
        return Merged::keeping(Kept::ConflictMarkers);
    }
    let versions: Vec<Thread> = remembered
        .iter()
        .map(|version| parse(version).0)
        .filter(Thread::is_thread)
        .collect();
    let (shown, _) = parse(shown);
    let closest = match closest::closest(&versions, &thread) {
        Some(closest) => closest,
        None if shown.is_thread() => Closest::without_versions(&shown),
        None => return created(&thread, edited, mint),
    };
    let mut merged = Merged::default();
    let mut edit = HandEdit::default();
    let versions = Versions {
        remembered: &versions,
        closest,
        shown: &shown,
    };
    header::compare(versions.closest.base, &thread, &mut edit, &mut merged.kept);
    entries::compare(&versions, &thread, mint, &mut edit, &mut merged.kept);
    shorten(&mut edit, &mut merged.kept);
    merged.kept.sort_unstable();
    merged.kept.dedup();
    merged.edit = Some(edit).filter(|edit| !edit.is_empty());
    merged
}

/// What a save is compared with.
#[derive(Debug)]
struct Versions<'t> {
    /// The newest last.
    remembered: &'t [Thread],
    closest: Closest<'t>,
    shown: &'t Thread,
}

impl<'t> Versions<'t> {
    /// The entries that the file has had, the newest first.
    fn entries(&self) -> impl Iterator<Item = &'t Entry> + use<'t> {
        self.remembered.iter().rev().flat_map(Thread::entries)
    }

    /// Those, and what is shown.
    fn all_entries(&self) -> impl Iterator<Item = &'t Entry> + use<'t> {
        self.entries().chain(self.shown.entries())
    }
}

impl Merged {
    /// Whether the save is nothing new.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.edit.is_none() && self.kept.is_empty()
    }

    fn keeping(why: Kept) -> Merged {
        Merged {
            edit: None,
            kept: vec![why],
        }
    }
}

/// Leaves out the changes beyond [`EDITED_BYTES_MAX`].
fn shorten(edit: &mut HandEdit, kept: &mut Vec<Kept>) {
    if edit.weight() <= EDITED_BYTES_MAX {
        return;
    }
    kept.push(Kept::TooLong);
    let mut entries = std::mem::take(&mut edit.entries);
    if edit.weight() > EDITED_BYTES_MAX {
        edit.fields.clear();
    }
    let mut sum = edit.weight();
    entries.retain(|entry| {
        let with = sum + entry.weight();
        let fits = with <= EDITED_BYTES_MAX;
        sum = if fits { with } else { sum };
        fits
    });
    edit.entries = entries;
}

/// A new file, byte for byte but for the IDs that its entries lack.
fn created(thread: &Thread, edited: &[u8], mut mint: impl FnMut() -> EntryId) -> Merged {
    if !thread.is_thread() {
        return Merged::default();
    }
    let text = match text_of(edited) {
        Ok(text) => text,
        Err(why) => return Merged::keeping(why),
    };
    let end = crate::header_edit::line_break(edited);
    let (mut whole, mut done) = (String::new(), 0);
    for entry in thread.entries().iter().filter(|entry| entry.id.is_none()) {
        let at = entry.start() + entry.raw().len();
        whole += &text[done..at];
        whole += &format!(
            "{}{}",
            break_before_id(entry.raw(), end),
            id_comment(&mint())
        );
        done = at;
    }
    whole += &text[done..];
    let edit = HandEdit {
        creates: Some(whole),
        ..HandEdit::default()
    };
    Merged {
        edit: Some(edit),
        kept: Vec::new(),
    }
}

/// An entry that has no body yet needs the blank line that ends its fields.
fn break_before_id(raw: &[u8], end: &str) -> String {
    let has_body = plain_lines(raw, 0..raw.len()).any(|line| is_blank(line.text(raw)));
    if has_body {
        end.to_owned()
    } else {
        end.repeat(2)
    }
}

/// A new entry's text, with an ID.
fn added(text: String, has_id: bool, mut mint: impl FnMut() -> EntryId) -> EntryEdit {
    let text = if has_id {
        text
    } else {
        format!(
            "{text}{}{}",
            break_before_id(text.as_bytes(), "\n"),
            id_comment(&mint())
        )
    };
    EntryEdit::Added { text }
}

fn text_of(bytes: &[u8]) -> Result<&str, Kept> {
    match std::str::from_utf8(bytes) {
        Ok(_) if bytes.len() > EDITED_BYTES_MAX => Err(Kept::TooLong),
        Ok(text) if !text.contains('\0') => Ok(text),
        Ok(_) | Err(_) => Err(Kept::NoText),
    }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    &bytes[..trim_blank_lines(bytes, 0..bytes.len())]
}

fn has_conflict_markers(bytes: &[u8]) -> bool {
    let has = |mark: &[u8]| {
        plain_lines(bytes, 0..bytes.len()).any(|line| line.text(bytes).starts_with(mark))
    };
    has(b"<<<<<<< ") || has(b">>>>>>> ")
}
