//! A thread that another repository has from elsewhere, as edits that bring all of it.

use crate::entry_id::EntryId;
use crate::hand_edit::{EntryEdit, HandEdit};
use crate::merge::{EDITED_BYTES_MAX, added, created, text_of};
use crate::parse::{normal, parse};

/// The edits that bring a whole thread: where there is none of its name it is the same, byte for
/// byte but for IDs that its entries lack; else its entries are put behind those that are there,
/// each once. One edit, or several, each within [`EDITED_BYTES_MAX`]; none for what is no thread.
/// Of an entry that is no text, or longer than that, nothing comes.
pub fn import(file: &[u8], mut mint: impl FnMut() -> EntryId) -> Vec<HandEdit> {
    let (thread, _) = parse(file);
    if let Some(edit) = created(&thread, file, &mut mint).edit {
        return vec![edit];
    }
    if !thread.is_thread() {
        return Vec::new();
    }
    let head = String::from_utf8_lossy(&file[..thread.entries_start()]);
    let mut edits = vec![HandEdit {
        creates: Some(head.into_owned()),
        ..HandEdit::default()
    }];
    for entry in thread.entries() {
        let Ok(text) = text_of(&normal(entry.raw())).map(str::to_owned) else {
            continue;
        };
        let change: EntryEdit = added(text, entry.id.is_some(), &mut mint);
        let last = edits
            .last_mut()
            .filter(|last| last.weight() + change.weight() <= EDITED_BYTES_MAX);
        match last {
            Some(last) => last.entries.push(change),
            None => edits.push(HandEdit {
                entries: vec![change],
                ..HandEdit::default()
            }),
        }
    }
    edits
}
