//! Makes the [`Base`] of a tip from the one before: only changed blobs are read and parsed.

use std::collections::HashMap;
use std::sync::Arc;

use repository::{Changed, Clone, CloneError, Tip};
use threads::header::HeaderForm;
use threads::topic::Topic;

use crate::snapshot::{Base, Shown};

/// The base of `tip`, made from `before` where there is one.
///
/// # Errors
/// Where the clone cannot be read.
pub(crate) fn advance(
    clone: &Clone,
    before: &Arc<Base>,
    tip: Option<&Tip>,
) -> Result<Arc<Base>, CloneError> {
    if before.tip.as_ref() == tip {
        return Ok(Arc::clone(before));
    }
    let Some(tip) = tip else {
        return Ok(Arc::default());
    };
    let mut threads = before.threads.clone();
    for changed in clone.changed(before.tip.as_ref(), tip)? {
        take(clone, &mut threads, changed)?;
    }
    let classic = threads
        .values()
        .any(|shown| shown.summary.form == HeaderForm::Classic);
    let python = classic || before.python || clone.has_python_commit(tip)?;
    Ok(Arc::new(Base {
        tip: Some(*tip),
        threads,
        python,
    }))
}

fn take(
    clone: &Clone,
    threads: &mut HashMap<Topic, Arc<Shown>>,
    changed: Changed,
) -> Result<(), CloneError> {
    let shown = match changed.blob {
        Some(blob) => {
            let bytes = clone.read(&blob)?;
            Shown::settled(blob, &bytes)
        }
        None => None,
    };
    match shown {
        Some(shown) => threads.insert(changed.topic, Arc::new(shown)),
        None => threads.remove(&changed.topic),
    };
    Ok(())
}

/// The topics that differ between two bases.
pub(crate) fn changed(before: &Base, after: &Base) -> Vec<Topic> {
    let same = |one: Option<&Arc<Shown>>, other: Option<&Arc<Shown>>| match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let mut topics: Vec<Topic> = after
        .threads
        .iter()
        .filter(|(topic, shown)| !same(before.threads.get(*topic), Some(shown)))
        .map(|(topic, _)| topic.clone())
        .collect();
    topics.extend(
        before
            .threads
            .keys()
            .filter(|t| !after.threads.contains_key(*t))
            .cloned(),
    );
    topics
}

/// How many distinct users wrote last in those topics: a lower bound of the writers that share the
/// remote, for the budget of pushes.
pub(crate) fn writers(base: &Base, changed: &[Topic]) -> u32 {
    let last = changed
        .iter()
        .filter_map(|topic| base.threads.get(topic)?.summary.authors.first());
    let users: std::collections::BTreeSet<&str> = last
        .map(|author| {
            author
                .rsplit_once('(')
                .map_or(author.as_str(), |(_, tag)| tag)
        })
        .collect();
    u32::try_from(users.len()).unwrap_or(u32::MAX)
}
