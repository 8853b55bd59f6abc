//! The header's part of an edit.

use crate::hand_edit::{FieldEdit, HandEdit};
use crate::merge::Kept;
use crate::merge::closest::header_lines;
use crate::thread::Thread;

/// Notes the fields that have another value. A field or a line that is gone is no change.
pub(super) fn compare(base: &Thread, edited: &Thread, edit: &mut HandEdit, kept: &mut Vec<Kept>) {
    let (was, is) = (header_lines(base), header_lines(edited));
    if is.others.iter().any(|line| !was.others.contains(line)) {
        kept.push(Kept::LooseText);
    }
    if base.header.present && !edited.header.present {
        if !is.fields.is_empty() || is.heading.is_some() {
            kept.push(Kept::HeaderUnreadable);
        }
        return;
    }
    for field in &is.fields {
        let before = was.field(&field.key).map(|before| before.value.clone());
        if !field.value.is_empty() && before.as_ref() != Some(&field.value) {
            edit.fields.push(FieldEdit {
                key: field.key.clone(),
                was: before,
                is: field.value.clone(),
            });
        }
    }
    if let Some((_, heading)) = &is.heading {
        let before = was.heading.map(|(_, text)| text);
        if before.as_ref() != Some(heading) {
            if before.is_none() {
                kept.push(Kept::LooseText);
            }
            edit.fields.push(FieldEdit {
                key: "#".to_owned(),
                was: before,
                is: heading.clone(),
            });
        }
    }
}
