//! Makes the [`Base`] of a tip from the one before: only changed blobs are read and parsed.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use repository::{Changed, Clone, CloneError, File, Tip};
use threads::header::HeaderForm;
use threads::topic::Topic;

use crate::snapshot::{Base, Missing, Shown};

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
    let mut missing = before.missing.clone();
    for changed in clone.changed(before.tip.as_ref(), tip)? {
        if let Missing::These(topics) = &mut missing {
            topics.remove(&changed.topic);
        }
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
        missing,
    }))
}

/// What can be read of `tip` in a clone that is damaged.
pub(crate) fn readable(clone: &Clone, tip: Option<&Tip>) -> Arc<Base> {
    let mut base = Base {
        tip: tip.copied(),
        missing: Missing::Unknown,
        ..Base::default()
    };
    let files = tip.map(|tip| clone.files(tip));
    if let Some(Ok(files)) = files {
        let mut missing = BTreeSet::new();
        for File { topic, blob } in files {
            match clone.look(&blob, |bytes| Shown::settled(blob, bytes)) {
                Ok(shown) => {
                    let shown = shown.map(Arc::new);
                    base.threads.extend(shown.map(|shown| (topic, shown)));
                }
                Err(_) => {
                    missing.insert(topic);
                }
            }
        }
        base.missing = Missing::These(missing);
    }
    Arc::new(base)
}

fn take(
    clone: &Clone,
    threads: &mut HashMap<Topic, Arc<Shown>>,
    changed: Changed,
) -> Result<(), CloneError> {
    let shown = match changed.blob {
        Some(blob) => {
            match clone.look(&blob, |bytes| Shown::settled(blob, bytes)) {
                Ok(shown) => shown,
                // Cloning anew would bring the same file.
                Err(error @ CloneError::TooLarge { .. }) => {
                    tracing::warn!(topic = %changed.topic, %error, "Not served");
                    None
                }
                Err(error) => return Err(error),
            }
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

/// The users who wrote what is new in those topics, each as a number that is the same each time:
/// the writers that share the remote, for the budget of pushes and the wait after a lost race.
pub(crate) fn writers(before: &Base, after: &Base, changed: &[Topic]) -> BTreeSet<u64> {
    let mut writers = BTreeSet::new();
    for topic in changed {
        let Some(shown) = after.threads.get(topic) else {
            continue;
        };
        let known = before.threads.get(topic);
        let known = known.map_or(0, |shown| shown.summary.entries.len());
        let new = shown.summary.entries.iter().skip(known);
        let new: BTreeSet<u32> = new.map(|entry| entry.author).collect();
        let authors = new
            .into_iter()
            .filter_map(|author| shown.summary.authors.get(author as usize));
        writers.extend(authors.map(|author| writer(author)));
    }
    writers
}

/// The user of an author `Name (user)`; one without is its own.
fn writer(author: &str) -> u64 {
    let user = author.rsplit_once('(').map_or(author, |(_, user)| user);
    let mut hasher = DefaultHasher::new();
    user.trim_end_matches(')').hash(&mut hasher);
    hasher.finish()
}
