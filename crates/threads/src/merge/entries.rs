//! The entries' part of an edit.

use std::collections::{HashMap, HashSet};

use crate::entry::Entry;
use crate::entry_id::EntryId;
use crate::hand_edit::{EntryEdit, HandEdit, Which, without_id};
use crate::id_comment::all_ids;
use crate::merge::closest::words_gone;
use crate::merge::{Kept, Versions, added, text_of};
use crate::parse::normal;
use crate::thread::Thread;

/// Notes the entries that are new, changed and deleted.
pub(super) fn compare(
    versions: &Versions<'_>,
    edited: &Thread,
    mut mint: impl FnMut() -> EntryId,
    edit: &mut HandEdit,
    kept: &mut Vec<Kept>,
) {
    let closest = &versions.closest;
    let known = Known::of(versions, edited);
    let mut left: Vec<&Entry> = known.missing();
    for entry in edited.entries() {
        let change = match known.judge(entry, &mut left) {
            Standing::Known => continue,
            Standing::Half => Err(Kept::HalfWritten),
            Standing::Changed(which) => text(entry).map(|text| EntryEdit::Changed { which, text }),
            Standing::New => text(entry).map(|text| added(text, entry.id.is_some(), &mut mint)),
        };
        match change {
            Ok(change) => edit.entries.push(change),
            Err(why) => kept.push(why),
        }
    }
    let holds = |last: &Entry| {
        let last = Which::of(last);
        let mut is = edited.entries().iter().map(Which::of);
        is.any(|is| is.id == last.id && (is.id.is_some() || is.digest == last.digest))
    };
    // Without the base's last one, or with half of one, the file may have been cut off.
    let newest = versions.remembered.last().and_then(Thread::newest);
    let has_newest = newest.is_some_and(holds) && closest.base.newest().is_some_and(holds);
    let is_cut = edited
        .newest()
        .is_some_and(|last| !known.which.contains(&Which::of(last)) && known.is_cut_off(last));
    if has_newest
        && !is_cut
        && is_in_order(closest.base, edited)
        && !kept.contains(&Kept::HalfWritten)
    {
        let in_all = |which: &Which| {
            let mut equals = closest.equals.iter();
            equals.all(|version| {
                version
                    .entries()
                    .iter()
                    .any(|entry| Which::of(entry) == *which)
            })
        };
        let gone = left.into_iter().map(Which::of).filter(in_all);
        edit.entries
            .extend(gone.map(|which| EntryEdit::Deleted { which }));
    }
}

/// Whether the entries of both stand in the same order. Else the newest does not show that all that
/// stood before it was saved.
fn is_in_order(base: &Thread, edited: &Thread) -> bool {
    let places: HashMap<Which, usize> = base.entries().iter().map(Which::of).zip(0..).collect();
    let there = edited.entries().iter().map(Which::of);
    let places: Vec<usize> = there
        .filter_map(|which| places.get(&which).copied())
        .collect();
    places.is_sorted()
}

fn text(entry: &Entry) -> Result<String, Kept> {
    text_of(&normal(entry.raw())).map(str::to_owned)
}

enum Standing {
    /// A remembered version has it, or what is left of it.
    Known,
    /// It was this one.
    Changed(Which),
    /// It is one that lost its ID or its first line, or swallowed one.
    Half,
    New,
}

/// What the remembered versions have, and the file.
struct Known<'t> {
    versions: &'t Versions<'t>,
    base: &'t Thread,
    which: HashSet<Which>,
    digests: HashSet<String>,
    ids: HashSet<EntryId>,
    edited: HashSet<Which>,
    edited_ids: HashSet<EntryId>,
}

impl<'t> Known<'t> {
    fn of(versions: &'t Versions<'t>, edited: &Thread) -> Self {
        let which: HashSet<Which> = versions.all_entries().map(Which::of).collect();
        let ids = versions.entries().filter_map(|entry| Which::of(entry).id);
        let edited: HashSet<Which> = edited.entries().iter().map(Which::of).collect();
        Self {
            versions,
            base: versions.closest.base,
            digests: which.iter().map(|which| which.digest.clone()).collect(),
            ids: ids.collect(),
            which,
            edited_ids: edited.iter().filter_map(|which| which.id.clone()).collect(),
            edited,
        }
    }

    /// The base's entries that are not in the file, and did not become another there. Of two with
    /// the same ID one may be missing.
    fn missing(&self) -> Vec<&'t Entry> {
        let base: HashSet<Which> = self.base.entries().iter().map(Which::of).collect();
        let others = self.edited.iter().filter(|is| !base.contains(is));
        let became: HashSet<&EntryId> = others.filter_map(|is| is.id.as_ref()).collect();
        let is_missing = |entry: &&Entry| {
            let which = Which::of(entry);
            match &which.id {
                Some(id) => !self.edited.contains(&which) && !became.contains(id),
                None => !self.edited.iter().any(|is| is.digest == which.digest),
            }
        };
        self.base.entries().iter().filter(is_missing).collect()
    }

    /// Judges an entry of the file; one that it comes from is taken out of `left`.
    fn judge(&self, entry: &Entry, left: &mut Vec<&Entry>) -> Standing {
        let which = Which::of(entry);
        if self.which.contains(&which) || which.id.is_none() && self.digests.contains(&which.digest)
        {
            let came = left
                .iter()
                .position(|was| Which::of(was).digest == which.digest);
            came.map(|at| left.remove(at));
            return Standing::Known;
        }
        if self.swallows(entry, &which) {
            return Standing::Half;
        }
        if self.is_cut_off(entry) {
            let came = left.iter().position(|was| begins_alike(was, entry));
            came.map(|at| left.remove(at));
            return Standing::Known;
        }
        match &which.id {
            Some(id) if self.ids.contains(id) => self.changed_from(id, entry),
            Some(_) => Standing::New,
            None => match left.iter().position(|was| begins_alike(was, entry)) {
                Some(at) => match Which::of(left.remove(at)) {
                    Which { id: Some(_), .. } => Standing::Half,
                    was @ Which { id: None, .. } => Standing::Changed(was),
                },
                None => Standing::New,
            },
        }
    }

    /// The entry as the base has it, of several with the same ID the one of which the fewest words
    /// are gone. Where the base has none, that of any version, the newest of them: what somebody else
    /// wrote meanwhile is not taken for what the person saw.
    fn changed_from(&self, id: &EntryId, entry: &Entry) -> Standing {
        let is_it = |was: &&Entry| {
            let which = Which::of(was);
            which.id.as_ref() == Some(id) && !self.edited.contains(&which)
        };
        let gone = |was: &&Entry| words_gone(was.raw(), entry.raw());
        let in_base = self.base.entries().iter().filter(is_it).min_by_key(gone);
        let others = || self.versions.entries().filter(is_it).min_by_key(gone);
        in_base
            .or_else(others)
            .map_or(Standing::New, |was| Standing::Changed(Which::of(was)))
    }

    /// Whether it holds the ID of another entry, which is gone: that has lost its first line.
    fn swallows(&self, entry: &Entry, which: &Which) -> bool {
        let ids = all_ids(entry.raw())
            .filter_map(|id| EntryId::parse(std::str::from_utf8(id).ok()?).ok());
        let mut others = ids.filter(|id| Some(id) != which.id.as_ref());
        others.any(|id| self.ids.contains(&id) && !self.edited_ids.contains(&id))
    }

    /// Whether an entry that is known begins with all of it.
    fn is_cut_off(&self, entry: &Entry) -> bool {
        let text = without_id(entry.raw());
        let mut known = self.versions.all_entries();
        entry.id.is_none() && known.any(|known| normal(known.raw()).starts_with(&text))
    }
}

fn begins_alike(one: &Entry, other: &Entry) -> bool {
    one.agent == other.agent && one.timestamp == other.timestamp
}
