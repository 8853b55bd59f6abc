//! Puts an edit by hand on any version of a thread's file. What the edit does not concern stays byte
//! for byte as it is.
//!
//! An entry that has changed here too stays, and the person's text goes to the end as another entry
//! with the same ID: readers show both. So it does where the entry is gone.

use crate::entry::FENCE_CLOSED;
use crate::fence::open_fence;
use crate::hand_edit::{EntryEdit, FieldEdit, HandEdit, Which};
use crate::header_edit::line_break;
use crate::header_lines::HeaderLines;
use crate::id_comment::id_comment;
use crate::lines::is_blank;
use crate::parse::{normal, parse};
use crate::thread::Thread;

use super::append;

/// How often an edit is put on at most, until it changes nothing more.
const PASSES_MAX: usize = 4;

/// The file with the edit; `None` where there is no file.
///
/// A field may find its place only when another field, or the first entry, is there. So the edit is
/// put on until nothing changes: whoever puts it on again finds all of it there.
pub(super) fn by_hand(edit: &HandEdit, file: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = file.unwrap_or_default().to_vec();
    for _ in 0..PASSES_MAX {
        let changed = once(edit, bytes.clone());
        if changed == bytes {
            break;
        }
        bytes = changed;
    }
    bytes
}

fn once(edit: &HandEdit, mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(text) = &edit.creates {
        bytes = created(text, bytes);
    }
    for field in &edit.fields {
        bytes = with_field(field, bytes);
    }
    for entry in &edit.entries {
        bytes = match entry {
            EntryEdit::Added { text } => with_added(text, bytes),
            EntryEdit::Changed { which, text } => with_changed(which, text, bytes),
            EntryEdit::Deleted { which } => without(which, bytes),
        };
    }
    bytes
}

/// A file with the entries of another that it lacks.
pub(super) fn joined(from: &[u8], there: Vec<u8>) -> Vec<u8> {
    created(&String::from_utf8_lossy(from), there)
}

/// A new file; where there is one meanwhile, it gets the entries that it lacks.
fn created(text: &str, bytes: Vec<u8>) -> Vec<u8> {
    if is_blank(&bytes) {
        return text.as_bytes().to_vec();
    }
    let (new, _) = parse(text.as_bytes());
    let entries = new.entries().iter();
    entries.fold(bytes, |bytes, entry| {
        with_added(&String::from_utf8_lossy(&normal(entry.raw())), bytes)
    })
}

fn with_field(field: &FieldEdit, bytes: Vec<u8>) -> Vec<u8> {
    let (thread, _) = parse(&bytes);
    let lines = HeaderLines::read(&bytes, &thread.header, thread.entries_start());
    let end = line_break(&bytes);
    let place = if field.key == "#" {
        let heading = lines.heading.as_ref();
        heading
            .filter(|(_, text)| Some(text) == field.was.as_ref())
            .map(|(line, _)| (line.start..line.end, field.is.clone()))
    } else if let Some(there) = lines.field(&field.key) {
        let was = field.was.as_deref().unwrap_or_default();
        let blank = if there.range.is_empty() { " " } else { "" };
        (there.value == was).then(|| (there.range.clone(), format!("{blank}{}", field.is)))
    } else if let Some(closing) = thread.header.closing {
        let text = format!("{}: {}{end}", field.key, field.is);
        Some((closing.start..closing.start, text))
    } else {
        let last = lines.fields.last().map(|field| field.line);
        let last = last.or(thread.header.heading);
        last.map(|last| {
            (
                last.end..last.end,
                format!("{end}{}: {}", field.key, field.is),
            )
        })
    };
    let Some((range, text)) = place else {
        return bytes;
    };
    let changed = [&bytes[..range.start], text.as_bytes(), &bytes[range.end..]].concat();
    // No value may move what stands behind it, or be read as another.
    let (after, _) = parse(&changed);
    let lines = HeaderLines::read(&changed, &after.header, after.entries_start());
    let is = if field.key == "#" {
        lines.heading.map(|(_, text)| text)
    } else {
        lines.field(&field.key).map(|there| there.value.clone())
    };
    if is.as_ref() == Some(&field.is) && same_entries(&thread, &after, None) {
        changed
    } else {
        bytes
    }
}

fn with_added(text: &str, mut bytes: Vec<u8>) -> Vec<u8> {
    let (thread, _) = parse(&bytes);
    let is_there = parse(text.as_bytes())
        .0
        .entries()
        .first()
        .is_some_and(|new| {
            let new = Which::of(new);
            thread
                .entries()
                .iter()
                .any(|entry| new.is(&Which::of(entry)))
        });
    if !is_there {
        let end = line_break(&bytes);
        let text = format!("---\n{}\n", text.trim_end_matches('\n'));
        append(&mut bytes, thread.fence, &text, end);
    }
    bytes
}

fn with_changed(which: &Which, text: &str, bytes: Vec<u8>) -> Vec<u8> {
    let (thread, _) = parse(&bytes);
    let Some(new) = parse(text.as_bytes()).0.entries().first().map(Which::of) else {
        return with_added(text, bytes);
    };
    let mut there = thread.entries().iter().map(Which::of);
    if there.clone().any(|there| new.is(&there)) {
        return bytes;
    }
    let Some(at) = there.position(|there| which.is(&there)) else {
        return with_added(text, bytes);
    };
    let id = Which::of(&thread.entries()[at]).id;
    let text = match id.filter(|_| new.id.is_none()) {
        Some(id) => format!("{text}\n{}", id_comment(&id)),
        None => text.to_owned(),
    };
    match replaced(&thread, &bytes, at, &text) {
        Some(changed) => changed,
        None => with_added(&text, bytes),
    }
}

/// The file with another text for one entry; none where that would move the others.
fn replaced(thread: &Thread, bytes: &[u8], at: usize, text: &str) -> Option<Vec<u8>> {
    let entry = &thread.entries()[at];
    let start = entry.start();
    let old_end = start + entry.raw().len();
    let piece = thread.pieces.iter().find(|piece| piece.contains(&start))?;
    let end = line_break(bytes);
    let opened = open_fence(text.as_bytes());
    let tail = if opened.is_none() && open_fence(entry.raw()).is_none() {
        bytes[old_end..piece.end].to_vec()
    } else {
        let closed = opened.filter(|_| piece.end < bytes.len());
        let closed = closed.map(|fence| format!("{}{end}{FENCE_CLOSED}{end}", fence.closer()));
        format!("{end}{}", closed.unwrap_or_default()).into_bytes()
    };
    let text = text.replace('\n', end);
    let parts = [&bytes[..start], text.as_bytes(), &tail, &bytes[piece.end..]];
    let changed = parts.concat();
    let (after, _) = parse(&changed);
    same_entries(thread, &after, Some(at)).then_some(changed)
}

/// The file without an entry, each time that it stands there; as it is where it has changed.
fn without(which: &Which, mut bytes: Vec<u8>) -> Vec<u8> {
    loop {
        let (thread, _) = parse(&bytes);
        let mut there = thread.entries().iter();
        let Some(gone) = there.find(|entry| which.is(&Which::of(entry))) else {
            return bytes;
        };
        let start = gone.start();
        let Some(piece) = thread.pieces.iter().find(|piece| piece.contains(&start)) else {
            return bytes;
        };
        let changed = [&bytes[..piece.start], &bytes[piece.end..]].concat();
        let others = |thread: &Thread| -> Vec<Vec<u8>> {
            let others = thread.entries().iter();
            let others = others.filter(|entry| !which.is(&Which::of(entry)));
            others.map(|entry| entry.raw().to_vec()).collect()
        };
        if others(&thread) != others(&parse(&changed).0) {
            return bytes;
        }
        bytes = changed;
    }
}

/// Whether all entries are the same, but for the one at `changed`.
fn same_entries(one: &Thread, other: &Thread, changed: Option<usize>) -> bool {
    one.entries().len() == other.entries().len()
        && one
            .entries()
            .iter()
            .zip(other.entries())
            .enumerate()
            .all(|(at, (one, other))| Some(at) == changed || one.raw() == other.raw())
}
