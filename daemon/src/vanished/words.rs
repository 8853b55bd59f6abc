//! What a person is told of entries that vanished, and the command that shows them.

use std::collections::BTreeMap;

use repository::Clone;
use threads::topic::Topic;

use super::Loss;

/// How many topics are told by name.
pub(super) const TOPICS_TOLD_MAX: usize = 5;

/// The message and the hint; none where nothing is lost.
pub(super) fn of(losses: &[Loss], repository: &str, clone: &Clone) -> Option<(String, String)> {
    let newest = losses.last()?;
    let file = newest.entries.keys().next()?;
    let file = Topic::of_file_name(&format!("{file}.md"))
        .map_or_else(|| format!("{file}.md"), |topic| clone.file_path(&topic));
    let show = format!(
        "git --git-dir {} show {}",
        quoted(&clone.path().display().to_string()),
        quoted(&format!("{}:{file}", newest.tip)),
    );
    let others = match losses.len() {
        1 => String::new(),
        several => format!("({} older tips are under refs/backup/ too) ", several - 1),
    };
    let hint = format!(
        "What was there: {show} {others}— nothing is written back by itself. When you have seen to \
         it: watercooler sync --repository {repository}"
    );
    Some((message(losses), hint))
}

fn message(losses: &[Loss]) -> String {
    let mut topics: BTreeMap<&str, usize> = BTreeMap::new();
    for (topic, keys) in losses.iter().flat_map(|loss| &loss.entries) {
        *topics.entry(topic).or_default() += keys.len();
    }
    let entries: u64 = losses.iter().map(Loss::len).sum();
    let rewritten = losses.iter().any(|loss| loss.rewritten);
    let why = if rewritten {
        "The remote's history was rewritten: "
    } else {
        ""
    };
    let mut told: Vec<String> = topics
        .iter()
        .take(TOPICS_TOLD_MAX)
        .map(|(topic, count)| format!("{topic} ({count})"))
        .collect();
    if let Some(more @ 1..) = topics.len().checked_sub(TOPICS_TOLD_MAX) {
        told.push(format!("{more} more"));
    }
    let (noun, are) = if entries == 1 {
        ("entry", "is")
    } else {
        ("entries", "are")
    };
    format!(
        "{why}{entries} {noun} that stood on the remote {are} gone from it: {}.",
        told.join(", ")
    )
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
