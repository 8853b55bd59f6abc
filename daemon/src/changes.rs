//! What differs between two snapshots of one repository, thread by thread.

use std::collections::BTreeSet;
use std::sync::Arc;

use threads::topic::Topic;

use crate::base;
use crate::snapshot::{Content, Shown, Snapshot};

/// A thread that is another than before.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) topic: Topic,
    /// None where it was not there.
    pub(crate) before: Option<Arc<Shown>>,
    /// None where it is gone.
    pub(crate) after: Option<Arc<Shown>>,
}

impl Change {
    /// Whether its ball is with somebody else.
    pub(crate) fn ball_moved(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before.summary.ball != after.summary.ball,
            (None, Some(_)) => true,
            (Some(_) | None, None) => false,
        }
    }
}

/// The threads whose text differs, in the order of their topics.
pub(crate) fn between(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut topics: BTreeSet<Topic> = BTreeSet::new();
    if !Arc::ptr_eq(&before.base, &after.base) {
        topics.extend(base::changed(&before.base, &after.base));
    }
    if !Arc::ptr_eq(&before.overlay, &after.overlay) {
        topics.extend(before.overlay.keys().cloned());
        topics.extend(after.overlay.keys().cloned());
        topics.extend(before.gone.iter().cloned());
        topics.extend(after.gone.iter().cloned());
    }
    let changes = topics.into_iter().map(|topic| Change {
        before: before.thread(&topic).map(Arc::clone),
        after: after.thread(&topic).map(Arc::clone),
        topic,
    });
    changes
        .filter(|change| !same(change.before.as_deref(), change.after.as_deref()))
        .collect()
}

fn same(before: Option<&Shown>, after: Option<&Shown>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return before.is_none() && after.is_none();
    };
    match (&before.content, &after.content) {
        (Content::Blob(one), Content::Blob(other)) => one == other,
        (Content::Bytes(one), Content::Bytes(other)) => one == other,
        // A push settled what was pending, mostly with the very same text.
        (Content::Bytes(_), Content::Blob(_)) | (Content::Blob(_), Content::Bytes(_)) => {
            let (one, other) = (&before.summary, &after.summary);
            one.entries == other.entries
                && one.ball == other.ball
                && one.status == other.status
                && one.title == other.title
        }
    }
}
