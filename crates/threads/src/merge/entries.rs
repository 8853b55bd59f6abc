//! The entries' part of an edit.

use std::collections::HashSet;

use crate::entry::Entry;
use crate::entry_id::EntryId;
use crate::hand_edit::{EntryEdit, HandEdit, Which, without_id};
use crate::id_comment::all_ids;
use crate::merge::closest::{Closest, words_gone};
use crate::merge::{Kept, added, text_of};
use crate::parse::normal;
use crate::thread::Thread;

/// Notes the entries that are new, changed and deleted.
pub(super) fn compare(
    versions: &[Thread],
    closest: &Closest<'_>,
    edited: &Thread,
    mut mint: impl FnMut() -> EntryId,
    edit: &mut HandEdit,
    kept: &mut Vec<Kept>,
) {
    let known = Known::of(versions, closest.base, edited);
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
    let newest = versions.last().and_then(Thread::newest).map(Which::of);
    let has_newest = newest.is_some_and(|newest| {
        let mut is = edited.entries().iter().map(Which::of);
        is.any(|is| is.id == newest.id && (is.id.is_some() || is.digest == newest.digest))
    });
    if has_newest && !kept.contains(&Kept::HalfWritten) {
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
    versions: &'t [Thread],
    base: &'t Thread,
    which: HashSet<Which>,
    digests: HashSet<String>,
    ids: HashSet<EntryId>,
    edited: HashSet<Which>,
    edited_ids: HashSet<EntryId>,
}

impl<'t> Known<'t> {
    fn of(versions: &'t [Thread], base: &'t Thread, edited: &Thread) -> Self {
        let all = |threads: &[Thread]| -> HashSet<Which> {
            threads
                .iter()
                .flat_map(Thread::entries)
                .map(Which::of)
                .collect()
        };
        let which = all(versions);
        let edited: HashSet<Which> = edited.entries().iter().map(Which::of).collect();
        Self {
            versions,
            base,
            digests: which.iter().map(|which| which.digest.clone()).collect(),
            ids: which.iter().filter_map(|which| which.id.clone()).collect(),
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

    /// The entry as the base has it, of two with the same ID the one that is not in the file. Where
    /// the base has none, as the version does that lost the fewest words by it, the newest of them:
    /// what somebody else wrote meanwhile is not taken for what the person saw.
    fn changed_from(&self, id: &EntryId, entry: &Entry) -> Standing {
        let is_it = |was: &&Entry| {
            let which = Which::of(was);
            which.id.as_ref() == Some(id) && !self.edited.contains(&which)
        };
        let in_base = self.base.entries().iter().find(is_it);
        let all = || self.versions.iter().rev().flat_map(Thread::entries);
        let least = || {
            all()
                .filter(is_it)
                .min_by_key(|was| words_gone(was.raw(), entry.raw()))
        };
        in_base
            .or_else(least)
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
        let mut known = self.versions.iter().flat_map(Thread::entries);
        entry.id.is_none() && known.any(|known| normal(known.raw()).starts_with(&text))
    }
}

fn begins_alike(one: &Entry, other: &Entry) -> bool {
    one.agent == other.agent && one.timestamp == other.timestamp
}
