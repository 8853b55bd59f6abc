//! Fills the outbox of a stopped daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// So many operations wait at most; source: `docs/choices.md`.
pub const OPERATIONS_MAX: usize = 10_000;

/// They change so many threads.
const TOPICS_LEN: usize = 120;

/// Lays as many operations into the outbox of a stopped daemon as make it `operations_len`, each
/// like the one that is there but for its number, ID and topic; the IDs of each topic. To say them
/// all would take a minute.
/// # Panics
/// Where no operation with the ID `first` is there, on the topic `topic-0`.
#[must_use]
pub fn fill(
    outbox: &Path,
    first: &str,
    operations_len: usize,
) -> BTreeMap<String, BTreeSet<String>> {
    let files = fs::read_dir(outbox).expect("it is there").flatten();
    let paths: Vec<_> = files.map(|file| file.path()).collect();
    let is_operation = |path: &&PathBuf| path.to_string_lossy().contains(first);
    let path = paths.iter().find(is_operation).expect("one waits");
    let text = fs::read_to_string(path).expect("it can be read");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (number, _) = name.split_once('-').expect("NUMBER-ID.json");
    let number: usize = number.parse().expect("a number");
    let mut written = BTreeMap::from([("topic-0".to_owned(), BTreeSet::from([first.to_owned()]))]);
    for more in 1..operations_len {
        let (topic, id) = (
            format!("topic-{}", more % TOPICS_LEN),
            format!("{more:026}"),
        );
        let text = text
            .replace(first, &id)
            .replace("\"topic-0\"", &format!("\"{topic}\""));
        let path = outbox.join(format!("{:012}-{id}.json", number + more));
        fs::write(path, text).expect("the machine's folder can be written");
        written.entry(topic).or_default().insert(id);
    }
    written
}
