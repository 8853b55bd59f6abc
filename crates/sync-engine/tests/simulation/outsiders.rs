//! What other programs, and people with git, do to a branch and to the files on it.

use sync_engine::moment::Moment;
use threads::entry_id::EntryId;
use threads::parse::parse;
use threads::timestamp::Timestamp;
use threads::topic::Topic;

use crate::chance::Chance;
use crate::people::EPOCH_SECONDS;
use crate::remote::read;

/// One thing that somebody does to the branch.
pub(crate) enum Deed {
    Append,
    /// Of one entry.
    Revert,
    RemoveFile,
    /// Back to an older tip, by force.
    Reset,
    /// Of what came last, by force.
    Squash,
    /// Of the branch.
    Delete,
    /// To every push.
    Close,
}

pub(crate) fn deed(chance: &mut Chance) -> Deed {
    match chance.below(100) {
        0..40 => Deed::Append,
        40..58 => Deed::Revert,
        58..62 => Deed::RemoveFile,
        62..68 => Deed::Reset,
        68..78 => Deed::Squash,
        78..83 => Deed::Delete,
        _ => Deed::Close,
    }
}

/// A thread's file with one more entry, as the Python watercooler and people with an editor write
/// it: nothing is escaped, and a fence that was left open stays open.
pub(crate) fn appended(
    file: Option<&[u8]>,
    topic: &Topic,
    id: Option<&EntryId>,
    opens_fence: bool,
    now: Moment,
) -> Vec<u8> {
    let time = Timestamp::from_unix_seconds(EPOCH_SECONDS + (now.as_ms() / 1_000) as i64);
    let mut bytes = file.map_or_else(
        || {
            let header = format!(
                "# {topic} — Thread\nStatus: OPEN\nBall: Team\nTopic: {topic}\nCreated: {time}\n"
            );
            header.into_bytes()
        },
        <[u8]>::to_vec,
    );
    let comment = id.map_or_else(String::new, |id| format!("<!-- Entry-ID: {id} -->\n"));
    let fence = if opens_fence { "```\nno end\n" } else { "" };
    let entry = format!(
        "\n---\nEntry: Codex (bob) {time}\nRole: critic\nType: Note\nTitle: By hand\n\nText.\n{comment}{fence}"
    );
    bytes.extend_from_slice(entry.as_bytes());
    bytes
}

/// A thread's file without one of its entries; none where its text cannot be taken out alone.
pub(crate) fn without(bytes: &[u8], chance: &mut Chance) -> Option<Vec<u8>> {
    let (thread, _) = parse(bytes);
    let entries = thread.entries();
    if entries.is_empty() {
        return None;
    }
    let taken = chance.below(entries.len() as u64) as usize;
    let raw = entries[taken].raw();
    let mut places = bytes.windows(raw.len()).enumerate();
    let (at, _) = places.find(|(_, window)| *window == raw)?;
    let left = [&bytes[..at], &bytes[at + raw.len()..]].concat();
    let before = read(bytes);
    let mut expected = before.to_vec();
    expected.remove(taken);
    (*read(&left) == expected).then_some(left)
}
