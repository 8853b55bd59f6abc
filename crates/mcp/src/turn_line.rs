//! The last line of a text: whose turn it is, where that changed since this connection last saw it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use protocol::answer::Done;

use crate::text;

/// Topics that one line names; the others are counted.
pub(crate) const TOPICS_MAX: usize = 10;

/// Repositories that one connection remembers; past this it forgets all and may say a turn again.
pub(crate) const REPOSITORIES_MAX: usize = 64;

/// What one connection has seen, for each repository.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    // Held for a look-up only, by the calls of one connection.
    seen: Mutex<HashMap<String, Vec<String>>>,
}

impl Turns {
    /// The line for this answer; `None` where nothing changed.
    pub(crate) fn line(&self, done: &Done) -> Option<String> {
        let repository = done.repository.as_ref()?;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = match seen.get(repository) {
            Some(known) => is_same(known, &done.your_turn),
            None => done.your_turn.is_empty(),
        };
        (!is_known).then(|| words(&done.your_turn))
    }

    /// Remembers what an answer told.
    pub(crate) fn saw(&self, done: &Done) {
        let Some(repository) = &done.repository else {
            return;
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.get_mut(repository) {
            known.clone_from(&done.your_turn);
            return;
        }
        if seen.len() >= REPOSITORIES_MAX {
            seen.clear();
        }
        seen.insert(repository.clone(), done.your_turn.clone());
    }
}

/// Whether both name the same topics, in whatever order.
fn is_same(one: &[String], other: &[String]) -> bool {
    let set = |topics: &[String]| topics.iter().cloned().collect::<BTreeSet<_>>();
    one == other || set(one) == set(other)
}

fn words(topics: &[String]) -> String {
    let count = match topics.len() {
        0 => return "No thread waits on you.".to_owned(),
        1 => "1 thread waits on you".to_owned(),
        more => format!("{more} threads wait on you"),
    };
    let mut names: Vec<_> = topics
        .iter()
        .take(TOPICS_MAX)
        .map(|topic| text::one_line(topic))
        .collect();
    if topics.len() > TOPICS_MAX {
        names.push(format!("and {} more", topics.len() - TOPICS_MAX));
    }
    format!("{count}: {}", names.join(", "))
}
