//! The threads that stand alike for everybody who asks whose turn it is: many they are, and one of
//! each kind is asked for. Found once for all reads of a snapshot.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use threads::timestamp::Timestamp;
use threads::topic::Topic;

use crate::snapshot::{Shown, Summary};

/// The threads of a snapshot, in groups.
#[derive(Debug)]
pub(crate) struct Alike(Vec<Group>);

/// Threads that are the same reader's turn, whoever that is.
#[derive(Debug)]
struct Group {
    example: Arc<Shown>,
    newest_first: Vec<Place>,
}

type Place = (Reverse<Option<Timestamp>>, Topic);

impl Alike {
    /// Finds the groups.
    pub(crate) fn of<'a>(threads: impl Iterator<Item = (&'a Topic, &'a Arc<Shown>)>) -> Self {
        let mut groups: HashMap<_, Group> = HashMap::new();
        for (topic, shown) in threads {
            let group = groups
                .entry(stands(&shown.summary))
                .or_insert_with(|| Group {
                    example: Arc::clone(shown),
                    newest_first: Vec::new(),
                });
            let place = (Reverse(shown.summary.updated), topic.clone());
            group.newest_first.push(place);
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        for group in &mut groups {
            group.newest_first.sort_unstable();
        }
        Self(groups)
    }

    /// The topics of those groups whose example is chosen, newest first.
    pub(crate) fn topics(&self, mut is_chosen: impl FnMut(&Shown) -> bool) -> Vec<String> {
        let chosen = self.0.iter().filter(|group| is_chosen(&group.example));
        let mut places: Vec<&Place> = chosen.flat_map(|group| &group.newest_first).collect();
        // Each group is in order, which this sort makes use of.
        places.sort();
        let topics = places.into_iter().map(|(_, topic)| topic.as_str());
        topics.map(str::to_owned).collect()
    }
}

/// What decides whose turn it is.
fn stands(thread: &Summary) -> (&str, &str, Option<&str>, bool) {
    (
        &thread.ball,
        &thread.status,
        thread.authors.first().map(String::as_str),
        thread.closed,
    )
}

#[cfg(test)]
mod tests {
    use repository::BlobId;

    use super::*;

    fn thread(ball: &str, author: &str, second: usize) -> Arc<Shown> {
        let text = format!(
            "# t — T\nStatus: OPEN\nBall: {ball}\n\n---\nEntry: {author} \
             2026-01-01T00:00:{second:02}Z\n\nb\n"
        );
        let blob = BlobId::parse(&"0".repeat(40)).unwrap();
        Arc::new(Shown::settled(blob, text.as_bytes()).unwrap())
    }

    #[test]
    fn one_of_each_kind_is_asked_for_and_all_of_it_come_newest_first() {
        let threads = [
            ("a", thread("Claude", "Codex (bob)", 1)),
            ("b", thread("Codex", "Codex (bob)", 2)),
            ("c", thread("Claude", "Codex (bob)", 4)),
            ("d", thread("Claude", "Claude (carol)", 3)),
            ("e", thread("Claude", "Codex (bob)", 4)),
        ];
        let threads = threads.map(|(topic, shown)| (Topic::parse(topic).unwrap(), shown));
        let alike = Alike::of(threads.iter().map(|(topic, shown)| (topic, shown)));
        let mut asked = 0;
        let topics = alike.topics(|shown| {
            asked += 1;
            shown.summary.ball == "Claude"
        });
        assert_eq!(topics, ["c", "e", "d", "a"]);
        assert_eq!(asked, 3);
        assert!(alike.topics(|_| false).is_empty());
    }
}
