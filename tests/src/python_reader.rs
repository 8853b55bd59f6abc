//! Reads a thread as the Python tools do, faults included, to show that they understand our files.
//!
//! Mimics the older project's `thread_entries.py`, widened to the newer one's timestamps, and the
//! first-match-anywhere rule of its `metadata.py` for status and ball.

/// One entry as Python sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `Claude (alice)`.
    pub agent: String,
    /// As written.
    pub timestamp: String,
    /// Of the header, empty where absent.
    pub role: String,
    /// Of the header, empty where absent.
    pub entry_type: String,
    /// Of the header, empty where absent.
    pub title: String,
    /// The first ID comment of the entry.
    pub id: Option<String>,
    /// From the first blank line to the next entry, without its ID comment and separator.
    pub body: String,
}

/// The first value of `key` anywhere in the file; what Python shows as status or ball.
#[must_use]
pub fn first_value(text: &str, key: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, value)| name.eq_ignore_ascii_case(key) && !value.trim().is_empty())
        .map(|(_, value)| value.trim().to_owned())
}

/// How many lines set `key` before the first entry: more than one is a torn header.
#[must_use]
pub fn header_lines(text: &str, key: &str) -> usize {
    text.lines()
        .take_while(|line| entry_line(line).is_none())
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case(key))
        .count()
}

/// The entries in file order.
#[must_use]
pub fn entries(text: &str) -> Vec<Entry> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = starts(&lines);
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| entry(lines.get(*start..end)?))
        .collect()
}

/// Lines that begin an entry, those in code fences left out.
fn starts(lines: &[&str]) -> Vec<usize> {
    let mut fence: Option<(char, usize)> = None;
    let mut starts = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let mark = fence_mark(line.trim());
        match (fence, mark) {
            (None, Some(opened)) => fence = Some(opened),
            (Some((open, len)), Some((mark, found))) if open == mark && found >= len => {
                fence = None;
            }
            (None, None) if entry_line(line).is_some() => starts.push(number),
            (None | Some(_), None | Some(_)) => (),
        }
    }
    starts
}

fn fence_mark(line: &str) -> Option<(char, usize)> {
    let mark = line
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.chars().take_while(|other| *other == mark).count();
    (length >= 3).then_some((mark, length))
}

fn entry_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim().strip_prefix("Entry:")?;
    let (agent, timestamp) = rest.trim().rsplit_once(char::is_whitespace)?;
    let shape = b"0000-00-00T00:00:00";
    let digits = timestamp.as_bytes().get(..shape.len())?;
    let fits = digits
        .iter()
        .zip(shape)
        .all(|(found, wanted)| match wanted {
            b'0' => found.is_ascii_digit(),
            separator => found == separator,
        });
    fits.then_some((agent.trim(), timestamp))
}

fn entry(lines: &[&str]) -> Option<Entry> {
    let (agent, timestamp) = entry_line(lines.first()?)?;
    let blank = lines.iter().position(|line| line.trim().is_empty());
    let header = lines.get(1..blank.unwrap_or(lines.len()))?;
    let value = |key: &str| {
        let of_key = |line: &&str| {
            line.split_once(':')
                .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        };
        let found = header
            .iter()
            .filter_map(of_key)
            .find(|(name, _)| name == key);
        found.map(|(_, value)| value).unwrap_or_default()
    };
    let body = lines.get(blank.map_or(lines.len(), |at| at + 1)..)?;
    let id = lines.iter().find_map(|line| {
        let comment = line.trim().strip_prefix("<!-- Entry-ID:")?;
        comment.strip_suffix("-->").map(|id| id.trim().to_owned())
    });
    Some(Entry {
        agent: agent.to_owned(),
        timestamp: timestamp.to_owned(),
        role: value("role"),
        entry_type: value("type"),
        title: value("title"),
        id,
        body: body_text(body),
    })
}

fn body_text(lines: &[&str]) -> String {
    let text: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !line.trim().starts_with("<!-- Entry-ID:"))
        .collect();
    let text = text.join("\n");
    let text = text.trim_end();
    text.strip_suffix("\n---")
        .unwrap_or(text)
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREAD: &str = "# t1 — Thread\nStatus: OPEN\nBall: Codex (alice)\nTopic: t1\n\
        Created: 2026-11-22T14:58:22Z\n\n---\nEntry: Claude (alice) 2026-11-22T14:58:22Z\n\
        Role: planner\nType: Note\nTitle: T\n\nbody text\n```\nEntry: No (one) 2026-11-22T14:58:22Z\n\
        ```\n<!-- Entry-ID: 01A -->\n\n---\nEntry: Codex (bob) 2026-11-22T15:08:23.5+00:00\n\
        Role: pm\nType: Note\nTitle: U\n\nack\n";

    #[test]
    fn entries_are_found_outside_fences() {
        let found = entries(THREAD);
        let agents: Vec<&str> = found.iter().map(|entry| entry.agent.as_str()).collect();
        assert_eq!(agents, ["Claude (alice)", "Codex (bob)"]);
        assert_eq!(found[0].id.as_deref(), Some("01A"));
        assert_eq!(found[0].title, "T");
        assert!(found[0].body.starts_with("body text\n```"));
        assert!(found[0].body.ends_with("```"));
        assert_eq!(
            (found[1].id.as_deref(), found[1].body.as_str()),
            (None, "ack")
        );
    }

    #[test]
    fn the_first_value_anywhere_counts() {
        assert_eq!(first_value(THREAD, "Status").as_deref(), Some("OPEN"));
        assert_eq!(
            first_value(THREAD, "Ball").as_deref(),
            Some("Codex (alice)")
        );
        assert_eq!(header_lines(THREAD, "Ball"), 1);
    }
}
