//! Puts operations on a tip, as the daemon's clone does it: what stands there, in a file or in the
//! history, is not put there again.

use std::collections::BTreeSet;

use threads::apply::{Applied, apply};
use threads::entry_id::EntryId;
use threads::operation::Operation;

use crate::remote::{Files, Remote, Tip};

/// What a push sends.
pub(crate) struct Replayed {
    pub(crate) files: Files,
    /// Whose commits are new: their trailers say so.
    pub(crate) brought: BTreeSet<EntryId>,
}

/// These operations on that tip.
pub(crate) fn replay<'a>(
    remote: &Remote,
    onto: Tip,
    operations: impl Iterator<Item = &'a Operation>,
) -> Replayed {
    let mut files = remote.files(onto).clone();
    let mut brought = BTreeSet::new();
    for operation in operations {
        if !in_history(remote, onto, operation) && put(&mut files, operation) {
            brought.insert(operation.id.clone());
        }
    }
    Replayed { files, brought }
}

/// Whether the operation stands in that tip, or did before it.
pub(crate) fn has_landed(remote: &Remote, tip: Tip, operation: &Operation) -> bool {
    let entries = remote.entries(tip, &operation.topic);
    entries.contains(&Some(operation.id.clone())) || in_history(remote, tip, operation)
}

/// Whether a trailer names it, since the tip that it was made on.
fn in_history(remote: &Remote, tip: Tip, operation: &Operation) -> bool {
    let made_on = operation.made_on.as_deref();
    let made_on = made_on.and_then(|text| text.parse().ok()).unwrap_or(0);
    let known: BTreeSet<Tip> = remote.history(made_on).collect();
    let since = remote
        .history(tip)
        .filter(|version| !known.contains(version));
    let mut since = since;
    since.any(|version| remote.brought(version).contains(&operation.id))
}

/// Puts the operation into its file by the real replay; whether it was not there.
pub(crate) fn put(files: &mut Files, operation: &Operation) -> bool {
    match apply(
        operation,
        files.get(&operation.topic).map(|bytes| &bytes[..]),
    ) {
        Applied::Present => false,
        Applied::Changed(bytes) => {
            files.insert(operation.topic.clone(), bytes.into());
            true
        }
    }
}
