//! Gathers where one working tree changed until each place has settled: bounded, and the same
//! however often it is told.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::working_tree::Sight;

/// A file is looked at when nothing has happened to it for this long,
pub(crate) const SETTLE: Duration = Duration::from_millis(250);

/// with what happened to others at most so much later: a file that gets another name is two names;
pub(crate) const TOGETHER: Duration = Duration::from_millis(20);

/// and at the latest this long after the first that happened.
pub(crate) const SETTLE_MAX: Duration = Duration::from_secs(2);

/// With more names than these the whole tree is looked at.
pub(crate) const NAMES_MAX: usize = 1024;

/// Where one working tree changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    // Held for a note or a look; the watcher's thread and the loop wait for each other that long.
    gathered: Mutex<Gathered>,
    told: Notify,
}

#[derive(Debug, Default)]
struct Gathered {
    names: HashMap<String, Touched>,
    all: Option<Touched>,
    late: Option<Touched>,
}

/// When something happened.
#[derive(Clone, Copy, Debug)]
struct Touched {
    first: Instant,
    last: Instant,
}

impl Changes {
    /// Something happened to this name.
    pub(crate) fn named(&self, name: &str) {
        // Editors' swap and backup files, and what we write aside, are nobody's text.
        let is_lock = name.starts_with('.') && name.ends_with(".lock");
        if is_lock || (name.ends_with(".md") && !name.starts_with('.')) {
            self.note(|gathered, now| {
                if gathered.names.len() >= NAMES_MAX && !gathered.names.contains_key(name) {
                    touch(&mut gathered.all, now);
                    gathered.names.clear();
                }
                if gathered.all.is_none() {
                    let mut touched = gathered.names.get(name).copied();
                    touch(&mut touched, now);
                    gathered
                        .names
                        .extend(touched.map(|touched| (name.to_owned(), touched)));
                }
            });
        }
    }

    /// Something happened to what had been taken out.
    pub(crate) fn late(&self) {
        self.note(|gathered, now| touch(&mut gathered.late, now));
    }

    /// Anything may have happened.
    pub(crate) fn all(&self) {
        self.note(|gathered, now| touch(&mut gathered.all, now));
    }

    /// Ends when something is gathered that was not.
    pub(crate) async fn told(&self) {
        self.told.notified().await;
    }

    /// When something will have settled.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        let gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.touched().map(Touched::due).min()
    }

    /// Takes what has settled by then.
    pub(crate) fn take_due(&self, now: Instant) -> Option<Sight> {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |touched: &Touched| touched.due() <= now;
        if gathered.all.as_ref().is_some_and(is_due) {
            *gathered = Gathered::default();
            return Some(Sight::All);
        }
        let late = gathered.late.take_if(|late| is_due(late)).is_some();
        let any_is_due = gathered.names.values().any(is_due);
        let is_with_it = |touched: &Touched| any_is_due && touched.due() <= now + TOGETHER;
        let due = gathered.names.extract_if(|_, touched| is_with_it(touched));
        let names: BTreeSet<String> = due.map(|(name, _)| name).collect();
        (late || !names.is_empty()).then_some(Sight::Names(names))
    }

    fn note(&self, note: impl FnOnce(&mut Gathered, Instant)) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = gathered.touched().next().is_none();
        note(&mut gathered, Instant::now());
        if was_empty {
            self.told.notify_one();
        }
    }
}

impl Gathered {
    fn touched(&self) -> impl Iterator<Item = &Touched> {
        let others = self.all.iter().chain(&self.late);
        self.names.values().chain(others)
    }
}

impl Touched {
    fn due(&self) -> Instant {
        (self.last + SETTLE).min(self.first + SETTLE_MAX)
    }
}

fn touch(touched: &mut Option<Touched>, now: Instant) {
    let first = touched.map_or(now, |touched| touched.first);
    *touched = Some(Touched { first, last: now });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sight: Option<Sight>) -> Vec<String> {
        match sight {
            Some(Sight::Names(names)) => names.into_iter().collect(),
            Some(Sight::All) => vec!["all".to_owned()],
            None => Vec::new(),
        }
    }

    #[test]
    fn a_name_is_due_when_it_has_settled_and_only_once() {
        let changes = Changes::default();
        assert_eq!(changes.due_at(), None);
        for name in [
            "a.md",
            "b.md",
            "a.md",
            ".a.md.swp",
            "a.md~",
            "4913",
            ".c.lock",
        ] {
            changes.named(name);
        }
        let due = changes.due_at().unwrap();
        assert_eq!(changes.take_due(due - SETTLE), None);
        let late = Instant::now() + SETTLE;
        assert_eq!(names(changes.take_due(late)), [".c.lock", "a.md", "b.md"]);
        assert_eq!(changes.take_due(late), None);
        changes.late();
        assert_eq!(
            changes.take_due(Instant::now() + SETTLE),
            Some(Sight::Names(BTreeSet::new()))
        );
    }

    #[test]
    fn what_never_settles_is_due_all_the_same() {
        let (first, last) = (Instant::now(), Instant::now() + SETTLE_MAX * 3);
        assert_eq!(Touched { first, last }.due(), first + SETTLE_MAX);
    }

    #[test]
    fn too_many_names_are_all_of_them() {
        let changes = Changes::default();
        for number in 0..NAMES_MAX {
            changes.named(&format!("{number}.md"));
        }
        changes.named("0.md");
        assert_eq!(changes.gathered.lock().unwrap().names.len(), NAMES_MAX);
        changes.named("more.md");
        changes.named("and-more.md");
        assert!(changes.gathered.lock().unwrap().names.is_empty());
        assert_eq!(changes.take_due(Instant::now() + SETTLE), Some(Sight::All));
        assert_eq!(changes.due_at(), None);
    }
}
